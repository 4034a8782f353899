//! The catalog's records and questions: what was committed comes back, and only what was asked.

use super::records::*;
use playhouse_storage::Error;
use playhouse_storage::catalog::{Catalog, ContentQuery, Moving, Write};
use playhouse_storage::model::*;
use std::sync::Arc;

pub(crate) async fn check(catalog: Arc<dyn Catalog>) {
    let fence = catalog.claim_shards(4).await.unwrap()[1];
    records_come_back_as_they_were(&*catalog, fence).await;
    a_deleted_content_takes_its_rows_along(&*catalog, fence).await;
    a_list_is_filtered_and_paged(&*catalog, fence).await;
    completed_uploads_that_wait_are_found(&*catalog, fence).await;
    contents_that_are_to_move_are_found(&*catalog, fence).await;
    dead_letters_are_replayed_once(&*catalog, fence).await;
    catalog.ping().await.unwrap();
}

async fn write(catalog: &dyn Catalog, fence: Fence, writes: Vec<Write>) {
    catalog.commit(commit(fence, writes)).await.unwrap();
}

async fn records_come_back_as_they_were(catalog: &dyn Catalog, fence: Fence) {
    let mut content = content("Ọjọ́ kan");
    let (mut upload, mut low) = (upload(content.id), rendition(content.id, "360p", 0));
    let (high, job) = (rendition(content.id, "1080p", 1), job(content.id, JobClass::Group, 0));
    let segments = [0, 1].map(|index| segment(content.id, "360p", index));
    let mut writes = vec![
        Write::InsertContent(Box::new(content.clone())),
        Write::InsertUpload(Box::new(upload.clone())),
        Write::InsertRendition(Box::new(high.clone())),
        Write::InsertRendition(Box::new(low.clone())),
        Write::InsertJob(Box::new(job.clone())),
    ];
    writes.extend(segments.iter().rev().map(|row| Write::InsertSegment(Box::new(row.clone()))));
    write(catalog, fence, writes).await;
    assert_eq!(catalog.content(content.id).await.unwrap().as_ref(), Some(&content));
    assert_eq!(catalog.upload(upload.id).await.unwrap().as_ref(), Some(&upload));
    assert_eq!(catalog.segments(content.id, "360p").await.unwrap(), segments);
    assert_eq!(catalog.jobs_of(content.id).await.unwrap(), [job]);
    assert_eq!(catalog.renditions(content.id).await.unwrap(), [low.clone(), high]);

    content = Content { source: None, kind: None, duration_s: None, row_version: 2, ..content };
    upload.state = UploadState::Terminated;
    upload.row_version = 2;
    low.state = RenditionState::Complete;
    low.row_version = 2;
    let writes = vec![
        Write::UpdateContent(Box::new(content.clone())),
        Write::UpdateUpload(Box::new(upload.clone())),
        Write::UpdateRendition(Box::new(low.clone())),
        Write::DeleteSegments(content.id, "360p".into()),
    ];
    write(catalog, fence, writes).await;
    assert_eq!(catalog.content(content.id).await.unwrap(), Some(content.clone()));
    assert_eq!(catalog.upload(upload.id).await.unwrap(), Some(upload));
    assert_eq!(catalog.rendition(content.id, "360p").await.unwrap(), Some(low));
    assert_eq!(catalog.rendition(content.id, "2160p").await.unwrap(), None);
    assert_eq!(catalog.segments(content.id, "360p").await.unwrap(), []);
    assert_eq!(catalog.content(ContentId::new()).await.unwrap(), None);
}

async fn a_deleted_content_takes_its_rows_along(catalog: &dyn Catalog, fence: Fence) {
    let (gone, stays) = (content("gone"), content("stays"));
    for content in [&gone, &stays] {
        let writes = vec![
            Write::InsertContent(Box::new(content.clone())),
            Write::InsertRendition(Box::new(rendition(content.id, "360p", 0))),
            Write::InsertSegment(Box::new(segment(content.id, "360p", 0))),
            Write::InsertJob(Box::new(job(content.id, JobClass::Probe, 0))),
            Write::InsertDeadLetter(Box::new(dead_letter(content.id))),
        ];
        write(catalog, fence, writes).await;
    }
    write(catalog, fence, vec![Write::DeleteContent(gone.id)]).await;
    for (content, left) in [(&gone, 0), (&stays, 1)] {
        assert_eq!(catalog.content(content.id).await.unwrap().iter().count(), left);
        assert_eq!(catalog.renditions(content.id).await.unwrap().len(), left);
        assert_eq!(catalog.segments(content.id, "360p").await.unwrap().len(), left);
        assert_eq!(catalog.jobs_of(content.id).await.unwrap().len(), left);
        let letters = catalog.dead_letters(None, 100).await.unwrap();
        assert_eq!(letters.iter().filter(|row| row.content_id == content.id).count(), left);
    }
    write(catalog, fence, vec![Write::DeleteJobs(stays.id)]).await;
    assert_eq!(catalog.jobs_of(stays.id).await.unwrap(), []);
}

async fn a_list_is_filtered_and_paged(catalog: &dyn Catalog, fence: Fence) {
    let owned = |title: &str, status| Content {
        owner: "lister".into(),
        status,
        description: "100%_sure".into(),
        ..content(title)
    };
    let rows = [
        owned("Ìṣọ̀lá sings", Status::Published),
        owned("a draft", Status::Draft),
        owned("ÉCOLE film", Status::Published),
    ];
    for row in &rows {
        write(catalog, fence, vec![Write::InsertContent(Box::new(row.clone()))]).await;
    }
    let ask = |text: Option<&str>, statuses: &[Status], before, limit| ContentQuery {
        text: text.map(Into::into),
        owner: Some("lister".into()),
        statuses: statuses.to_vec(),
        before,
        limit,
    };
    let cases = [
        ("newest first", ask(None, &[], None, 9), vec!["ÉCOLE film", "a draft", "Ìṣọ̀lá sings"]),
        ("case of any script", ask(Some("école FILM"), &[], None, 9), vec!["ÉCOLE film"]),
        ("every word", ask(Some("sings film"), &[], None, 9), vec![]),
        ("no wildcard", ask(Some("100_"), &[], None, 9), vec![]),
        ("marks as such", ask(Some("0%_s"), &[Status::Draft], None, 9), vec!["a draft"]),
        (
            "several states",
            ask(None, &[Status::Draft, Status::Published], None, 2),
            vec!["ÉCOLE film", "a draft"],
        ),
        ("the next page", ask(None, &[], Some(rows[1].id), 2), vec!["Ìṣọ̀lá sings"]),
    ];
    for (name, query, expected) in cases {
        let found = catalog.contents(query).await.unwrap();
        assert_eq!(found.iter().map(|row| &row.title).collect::<Vec<_>>(), expected, "{name}");
    }
    let mut after = None;
    let mut unfinished = Vec::new();
    while let [id] = catalog.contents_unfinished(after, 1).await.unwrap()[..] {
        assert!(after < Some(id));
        unfinished.push(id);
        after = Some(id);
    }
    assert!(rows.iter().all(|row| unfinished.contains(&row.id)), "every stage here is encode");
}

async fn completed_uploads_that_wait_are_found(catalog: &dyn Catalog, fence: Fence) {
    let waiting = Content { stage: Stage::Receive, source: None, ..content("waits") };
    let completed =
        Upload { id: waiting.upload_id, state: UploadState::Completed, ..upload(waiting.id) };
    let deleted = Content { stage: Stage::Deleting, source: None, ..content("deleted") };
    let of_deleted =
        Upload { id: deleted.upload_id, state: UploadState::Completed, ..upload(deleted.id) };
    let writes = vec![
        Write::InsertContent(Box::new(waiting.clone())),
        Write::InsertContent(Box::new(deleted)),
        Write::InsertUpload(Box::new(completed.clone())),
        Write::InsertUpload(Box::new(of_deleted)),
    ];
    write(catalog, fence, writes).await;
    assert_eq!(catalog.uploads_not_handed_over(9).await.unwrap(), [completed.id]);
    assert!(!catalog.contents_unfinished(None, 99).await.unwrap().contains(&waiting.id));
}

async fn contents_that_are_to_move_are_found(catalog: &dyn Catalog, fence: Fence) {
    let done = |published_s, tier, residency| Content {
        stage: Stage::Done,
        published_at: Some(time(published_s)),
        tier,
        residency,
        ..content("film")
    };
    let (anywhere, there) = (Residency::Global, Residency::Ng);
    let rows = [
        done(-900, Tier::Hot, anywhere),
        done(-800, Tier::Hot, there),
        done(-700, Tier::Hot, anywhere),
        done(-950, Tier::Cold, anywhere),
        done(-940, Tier::Cold, anywhere),
        done(-930, Tier::Cooled, anywhere),
        Content { stage: Stage::Encode, ..done(-990, Tier::Hot, anywhere) },
        done(-100, Tier::Hot, anywhere),
    ];
    for row in &rows {
        write(catalog, fence, vec![Write::InsertContent(Box::new(row.clone()))]).await;
    }
    // The third and the last but three were watched on day 50, the second long before.
    for (row, watched_day) in [(&rows[2], 50), (&rows[4], 50), (&rows[1], 7), (&rows[3], 49)] {
        let counter = Counter { watched_day, ..counter(row.id) };
        write(catalog, fence, vec![Write::InsertCounter(Box::new(counter))]).await;
    }
    let idle = |watched_before_day, residency| Moving::Idle {
        published_before: time(-500),
        watched_before_day,
        residency,
    };
    let cases = [
        (idle(50, None), 9, vec![0, 1]),
        (idle(51, None), 9, vec![0, 1, 2]),
        (idle(51, Some(anywhere)), 9, vec![0, 2]),
        (idle(51, Some(there)), 9, vec![1]),
        (idle(51, None), 1, vec![0]),
        (Moving::Wanted { since_day: 50 }, 9, vec![4]),
        (Moving::Wanted { since_day: 51 }, 9, vec![]),
    ];
    for (which, limit, expected) in cases {
        let found = catalog.contents_moving(which, limit).await.unwrap();
        let expected: Vec<_> = expected.into_iter().map(|at: usize| rows[at].id).collect();
        assert_eq!(found, expected, "{which:?}");
    }
    let under_way = catalog.contents_moving(Moving::UnderWay, 99).await.unwrap();
    assert!(under_way.contains(&rows[5].id), "{under_way:?}");
    let still = [&rows[..5], &rows[6..]].concat();
    assert!(still.iter().all(|row| !under_way.contains(&row.id)), "{under_way:?}");
}

async fn dead_letters_are_replayed_once(catalog: &dyn Catalog, fence: Fence) {
    let letters = [0, 1].map(|_| dead_letter(ContentId::new()));
    let writes = letters.iter().map(|row| Write::InsertDeadLetter(Box::new(row.clone())));
    write(catalog, fence, writes.collect()).await;
    let found = catalog.dead_letters(None, 1).await.unwrap();
    assert_eq!(found, letters[1..], "newest first");
    let next = catalog.dead_letters(Some(letters[1].id), 1).await.unwrap();
    assert_eq!(next, letters[..1]);
    let replay = || commit(fence, vec![Write::ReplayDeadLetter(letters[0].id, time(20))]);
    catalog.commit(replay()).await.unwrap();
    let replayed = catalog.dead_letter(letters[0].id).await.unwrap().unwrap();
    assert_eq!(replayed.replayed_at, Some(time(20)));
    let again = catalog.commit(replay()).await.unwrap_err();
    assert!(matches!(again, Error::Conflict { .. }), "{again}");
}
