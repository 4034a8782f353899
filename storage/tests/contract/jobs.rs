//! Claims and leases: one holder at a time, and a holder that was lost is not believed.

use super::records::*;
use playhouse_storage::Error;
use playhouse_storage::catalog::{Catalog, Write};
use playhouse_storage::jobs::Jobs;
use playhouse_storage::model::*;
use serde_json::json;
use std::sync::Arc;

const ALL: &[JobClass] = &[JobClass::Probe, JobClass::Opening, JobClass::Lowest, JobClass::Group];

/// `jobs` and `others` are the same queue, seen by two processes.
pub(crate) async fn check(catalog: Arc<dyn Catalog>, jobs: Arc<dyn Jobs>, others: Arc<dyn Jobs>) {
    let fence = catalog.claim_shards(4).await.unwrap()[0];
    a_process_frees_its_own_leases_and_no_others(&*catalog, [&*jobs, &*others], fence).await;
    what_waits_is_counted_and_found(&*catalog, &*jobs, fence).await;
    jobs_are_claimed_in_order(&*catalog, &*jobs, fence).await;
    a_lost_holder_is_refused(&*catalog, &*jobs, fence).await;
    a_job_given_back_waits(&*catalog, &*jobs, fence).await;
    a_released_job_is_claimed_at_once_and_its_old_token_holds_nothing(&*catalog, &*jobs, fence)
        .await;
    two_claims_never_share_a_job(&*catalog, &*jobs, fence).await;
}

fn ids(jobs: &[Job]) -> Vec<JobId> {
    jobs.iter().map(|job| job.id).collect()
}

async fn put(catalog: &dyn Catalog, fence: Fence, jobs: &[&Job]) {
    let writes = jobs.iter().map(|job| Write::InsertJob(Box::new((*job).clone()))).collect();
    catalog.commit(commit(fence, writes)).await.unwrap();
}

async fn claim(jobs: &dyn Jobs, classes: &[JobClass], now: i64) -> Option<(JobId, String)> {
    let job = jobs.claim(classes, time(now), time(now + 30)).await.unwrap()?;
    match job.state {
        JobState::Leased { token, until } if until == time(now + 30) => Some((job.id, token)),
        state => panic!("claimed, but {state:?}"),
    }
}

async fn refused(catalog: &dyn Catalog, fence: Fence, write: Write) {
    let row = content("of a lost worker");
    let writes = vec![Write::InsertContent(Box::new(row.clone())), write];
    let error = catalog.commit(commit(fence, writes)).await.unwrap_err();
    assert!(matches!(&error, Error::Conflict { what } if what.contains("lease")), "{error}");
    assert_eq!(catalog.content(row.id).await.unwrap(), None);
}

async fn what_waits_is_counted_and_found(catalog: &dyn Catalog, jobs: &dyn Jobs, fence: Fence) {
    assert_eq!(jobs.counts(time(0)).await.unwrap(), []);
    let waits = async |id: JobId, now| jobs.waits(id, time(now)).await.unwrap();
    let rows = [3, 4, 5].map(|at| job(ContentId::new(), JobClass::Group, at));
    let rested = Job { not_before: time(60), ..rows[2].clone() };
    put(catalog, fence, &[&rows[0], &rows[1], &rested]).await;
    let (id, _) = claim(jobs, ALL, 10).await.unwrap();
    let count = |waiting, resting, leased, oldest: Option<i64>| JobCount {
        class: JobClass::Group,
        waiting,
        resting,
        leased,
        oldest_waiting: oldest.map(time),
    };
    assert_eq!(jobs.counts(time(20)).await.unwrap(), [count(1, 1, 1, Some(4))]);
    assert_eq!(jobs.counts(time(60)).await.unwrap(), [count(3, 0, 0, Some(4))]);
    assert_eq!((waits(id, 20).await, waits(id, 40).await), (false, true), "leased until 40");
    assert_eq!((waits(rested.id, 59).await, waits(rested.id, 60).await), (false, true));
    assert!(!waits(JobId::new(), 60).await, "nobody knows it");
    let overdue = async |since, limit| ids(&jobs.overdue(time(since), limit).await.unwrap());
    assert_eq!(overdue(20, 9).await, [rows[1].id]);
    assert_eq!(overdue(60, 2).await, [id, rows[1].id], "the oldest first");
    // One that was put off waits since it has rested, one whose lease is over since that time.
    claim(jobs, ALL, 41).await.unwrap();
    claim(jobs, ALL, 42).await.unwrap();
    assert_eq!(jobs.counts(time(65)).await.unwrap(), [count(1, 0, 2, Some(60))]);
    claim(jobs, ALL, 61).await.unwrap();
    assert_eq!(jobs.counts(time(80)).await.unwrap(), [count(2, 0, 1, Some(71))]);
    for row in &rows {
        catalog.commit(commit(fence, vec![Write::DeleteJobs(row.content_id)])).await.unwrap();
    }
    assert_eq!(jobs.counts(time(0)).await.unwrap(), []);
}

async fn jobs_are_claimed_in_order(catalog: &dyn Catalog, jobs: &dyn Jobs, fence: Fence) {
    let (mine, other) = (ContentId::new(), ContentId::new());
    let old_group = job(mine, JobClass::Group, 0);
    let new_group = job(other, JobClass::Group, 5);
    let opening = job(other, JobClass::Opening, 9);
    put(catalog, fence, &[&new_group, &opening, &old_group]).await;
    assert_eq!(jobs.waiting(ALL, mine).await.unwrap(), 2);
    assert_eq!(jobs.waiting(&[JobClass::Opening], other).await.unwrap(), 0);
    assert_eq!(claim(jobs, &[], 10).await, None);
    assert_eq!(claim(jobs, &[JobClass::Probe], 10).await, None);
    for expected in [&opening, &old_group, &new_group] {
        let (id, token) = claim(jobs, ALL, 10).await.unwrap();
        assert_eq!(id, expected.id);
        catalog.commit(commit(fence, vec![Write::FinishJob { id, token }])).await.unwrap();
    }
    assert_eq!(claim(jobs, ALL, 10).await, None);
}

async fn a_lost_holder_is_refused(catalog: &dyn Catalog, jobs: &dyn Jobs, fence: Fence) {
    let row = job(ContentId::new(), JobClass::Lowest, 0);
    put(catalog, fence, &[&row]).await;
    let (id, first) = claim(jobs, ALL, 0).await.unwrap();
    assert_eq!(claim(jobs, ALL, 29).await, None, "leased until 30");
    assert_eq!(jobs.next_due(time(0)).await.unwrap(), Some(time(30)));
    jobs.renew(id, &first, time(50)).await.unwrap();
    assert_eq!(claim(jobs, ALL, 49).await, None, "renewed until 50");
    let hold = |token: &str| Write::HoldJob { id, token: token.to_owned() };
    catalog.commit(commit(fence, vec![hold(&first)])).await.unwrap();

    let (again, second) = claim(jobs, ALL, 50).await.unwrap();
    assert_eq!(again, id);
    assert_ne!(second, first);
    let error = jobs.renew(id, &first, time(99)).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error}");
    let token = || first.clone();
    let requeue = Write::RequeueJob { id, token: token(), not_before: time(0), work: json!(0) };
    for late in [hold(&first), Write::FinishJob { id, token: token() }, requeue] {
        refused(catalog, fence, late).await;
    }
    catalog.commit(commit(fence, vec![hold(&second)])).await.unwrap();
    assert_eq!(ids(&jobs.release_own().await.unwrap()), [id]);
    refused(catalog, fence, hold(&second)).await;
    let (_, third) = claim(jobs, ALL, 50).await.unwrap();
    catalog.commit(commit(fence, vec![Write::FinishJob { id, token: third }])).await.unwrap();
}

async fn a_job_given_back_waits(catalog: &dyn Catalog, jobs: &dyn Jobs, fence: Fence) {
    let row = job(ContentId::new(), JobClass::Group, 0);
    put(catalog, fence, &[&row]).await;
    let (id, token) = claim(jobs, ALL, 0).await.unwrap();
    let requeue = Write::RequeueJob { id, token, not_before: time(40), work: json!([7]) };
    catalog.commit(commit(fence, vec![requeue])).await.unwrap();
    let stored = catalog.jobs_of(row.content_id).await.unwrap();
    assert_eq!(stored, [Job { work: json!([7]), not_before: time(40), ..row }]);
    assert_eq!(claim(jobs, ALL, 39).await, None);
    assert_eq!(jobs.next_due(time(39)).await.unwrap(), Some(time(40)));
    assert_eq!(jobs.next_due(time(40)).await.unwrap(), None, "that is no future any more");
    let (id, token) = claim(jobs, ALL, 40).await.unwrap();
    catalog.commit(commit(fence, vec![Write::FinishJob { id, token }])).await.unwrap();
}

async fn a_released_job_is_claimed_at_once_and_its_old_token_holds_nothing(
    catalog: &dyn Catalog,
    jobs: &dyn Jobs,
    fence: Fence,
) {
    let row = job(ContentId::new(), JobClass::Group, 0);
    put(catalog, fence, &[&row]).await;
    let (id, first) = claim(jobs, ALL, 0).await.unwrap();
    jobs.release(id, &first, time(1)).await.unwrap();
    let stored = catalog.jobs_of(row.content_id).await.unwrap();
    assert_eq!(stored, [Job { not_before: time(1), ..row }], "its work is as it was");
    let hold = |token: &str| Write::HoldJob { id, token: token.to_owned() };
    refused(catalog, fence, hold(&first)).await;
    assert_eq!(claim(jobs, ALL, 0).await, None, "it rests until 1");
    let (_, second) = claim(jobs, ALL, 1).await.unwrap();
    for stranger in [first.as_str(), "nobody"] {
        let error = jobs.release(id, stranger, time(0)).await.unwrap_err();
        assert!(matches!(error, Error::Conflict { .. }), "{error}");
    }
    catalog.commit(commit(fence, vec![hold(&second)])).await.unwrap();
    catalog
        .commit(commit(fence, vec![Write::FinishJob { id, token: second.clone() }]))
        .await
        .unwrap();
    let error = jobs.release(id, &second, time(0)).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "it is done: {error}");
}

/// A node that started took away every job of the workers beside it.
async fn a_process_frees_its_own_leases_and_no_others(
    catalog: &dyn Catalog,
    processes: [&dyn Jobs; 2],
    fence: Fence,
) {
    let rows = [0, 1].map(|at| job(ContentId::new(), JobClass::Group, at));
    put(catalog, fence, &[&rows[0], &rows[1]]).await;
    let mut held = Vec::new();
    for jobs in processes {
        held.push(claim(jobs, ALL, 10).await.unwrap());
    }
    let [first, second] = [held[0].clone(), held[1].clone()];
    let hold = |(id, token): (JobId, String)| vec![Write::HoldJob { id, token }];
    assert_eq!(ids(&processes[0].release_own().await.unwrap()), [first.0]);
    refused(catalog, fence, hold(first).remove(0)).await;
    catalog.commit(commit(fence, hold(second.clone()))).await.unwrap();
    assert_eq!(processes[0].release_own().await.unwrap(), []);

    // Whoever claims a job whose lease ran out holds it from then on.
    let (id, token) = claim(processes[1], ALL, 10).await.unwrap();
    let requeue = Write::RequeueJob { id, token, not_before: time(0), work: json!(0) };
    catalog.commit(commit(fence, vec![requeue])).await.unwrap();
    let third = claim(processes[0], ALL, 20).await.unwrap();
    let fourth = claim(processes[0], ALL, 40).await.unwrap();
    assert_eq!(fourth.0, second.0, "its lease was over at 40");
    assert_eq!(processes[1].release_own().await.unwrap(), []);
    for (id, token) in [third, fourth] {
        catalog.commit(commit(fence, vec![Write::FinishJob { id, token }])).await.unwrap();
    }
}

async fn two_claims_never_share_a_job(catalog: &dyn Catalog, jobs: &dyn Jobs, fence: Fence) {
    let rows: Vec<_> = (0..20).map(|at| job(ContentId::new(), JobClass::Group, at)).collect();
    put(catalog, fence, &rows.iter().collect::<Vec<_>>()).await;
    let claims = (0..30).map(|_| claim(jobs, ALL, 60));
    let claimed = futures_util::future::join_all(claims).await;
    let mut ids: Vec<_> = claimed.into_iter().flatten().map(|(id, _)| id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 20);
}
