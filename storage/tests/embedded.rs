//! The embedded engines under the contract suites, and what only they have: one folder, one
//! process, files that a crash may have cut.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test says what it means by its name")]

mod contract;

use contract::eventlog::records;
use contract::records::{commit, content, job, upload};
use playhouse_storage::catalog::Write;
use playhouse_storage::catalog::sqlite::SqliteCatalog;
use playhouse_storage::eventlog::local::LocalLog;
use playhouse_storage::jobs::sqlite::SqliteJobs;
use playhouse_storage::model::{Fence, JobClass, Residency, UploadId};
use playhouse_storage::wakes::local::LocalWakes;
use playhouse_storage::{Config, DataDir, Error, Stores};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

async fn open(folder: &Path) -> Stores {
    Stores::open(&Config::default(), folder).await.unwrap()
}

async fn open_small(folder: &Path, change: impl FnOnce(&mut Config)) -> Stores {
    let mut config = Config::default();
    change(&mut config);
    Stores::open(&config, folder).await.unwrap()
}

/// The event log of a folder, opened beside its stores.
fn log(folder: &Path) -> LocalLog {
    LocalLog::open(&folder.join("events"), &Config::default()).unwrap()
}

#[tokio::test]
async fn the_catalog_keeps_its_contract() {
    let folder = TempDir::new().unwrap();
    contract::catalog::check(open(folder.path()).await.catalog).await;
}

#[tokio::test]
async fn the_catalog_keeps_its_fences() {
    let folder = TempDir::new().unwrap();
    contract::fences::check(open(folder.path()).await.catalog).await;
}

#[tokio::test]
async fn the_cache_keeps_its_contract() {
    let folder = TempDir::new().unwrap();
    contract::cache::check(open(folder.path()).await.cache.as_ref()).await;
}

#[tokio::test]
async fn the_timers_keep_their_contract() {
    let folder = TempDir::new().unwrap();
    contract::timers::check(open(folder.path()).await.catalog).await;
}

#[tokio::test]
async fn the_audit_log_keeps_its_contract() {
    let folder = TempDir::new().unwrap();
    contract::audit::check(open(folder.path()).await.catalog).await;
}

#[tokio::test]
async fn the_viewers_keep_their_contract() {
    let folder = TempDir::new().unwrap();
    contract::playback::check(&open(folder.path()).await).await;
}

#[tokio::test]
async fn the_counts_keep_their_contract() {
    let folder = TempDir::new().unwrap();
    contract::engagement::check(&open(folder.path()).await).await;
}

#[tokio::test]
async fn the_sums_keep_their_contract() {
    let folder = TempDir::new().unwrap();
    contract::analytics::check(&open(folder.path()).await).await;
}

#[tokio::test]
async fn the_members_keep_their_contract() {
    let folder = TempDir::new().unwrap();
    let stores = open(folder.path()).await;
    contract::membership::check(&stores, &stores).await;
}

#[tokio::test]
async fn viewers_are_found_again_after_a_restart() {
    use contract::playback::{change, put, viewer};
    use playhouse_storage::playback::ViewerState;
    let folder = TempDir::new().unwrap();
    {
        let stores = open(folder.path()).await;
        let fence = stores.catalog.claim_shards(1).await.unwrap()[0];
        let states = [
            (1, 1, change(1, 0, "a1")),
            (1, 2, change(1, 0, "a2")),
            (1, 3, change(1, 1, "b1")),
            (2, 1, change(2, 0, "c1")),
            (2, 2, ViewerState::Whole("c".into())),
            (3, 1, ViewerState::Whole("d".into())),
            (3, 2, change(3, 0, "d2")),
        ];
        for (number, version, state) in states {
            stores.playback.put(put(fence, number, version, state)).await.unwrap();
        }
    }
    let stores = open(folder.path()).await;
    let fence = stores.catalog.claim_shards(1).await.unwrap()[0];
    for (number, version, record, sessions) in
        [(1, 3, None, vec!["a2", "b1"]), (2, 2, Some("c"), vec![]), (3, 2, Some("d"), vec!["d2"])]
    {
        let found = stores.playback.load(viewer(number)).await.unwrap();
        assert_eq!((found.row_version, found.record.as_deref()), (version, record), "{number}");
        let mut states: Vec<_> = found.sessions.iter().map(|(_, state)| state.as_str()).collect();
        states.sort_unstable();
        assert_eq!(states, sessions, "{number}");
    }
    assert_eq!(stores.playback.tidy().await.unwrap(), 1, "what was replaced at the front");
    stores.playback.put(put(fence, 1, 4, change(1, 0, "a3"))).await.unwrap();
    assert_eq!(stores.playback.load(viewer(1)).await.unwrap().row_version, 4);
}

#[tokio::test]
async fn a_viewer_whose_write_did_not_commit_is_as_before() {
    use contract::playback::{change, put, viewer};
    let folder = TempDir::new().unwrap();
    let stores = open_small(folder.path(), |config| config.catalog_bytes_max = 1 << 20).await;
    let fence = stores.catalog.claim_shards(1).await.unwrap()[0];
    let state = |version: u64| format!("{version}{}", "x".repeat(50_000));
    let mut version = 0;
    let error = loop {
        let next = put(fence, 1, version + 1, change(1, 0, &state(version + 1)));
        match stores.playback.put(next).await {
            Ok(()) => version += 1,
            Err(error) => break error,
        }
        assert!(version < 100);
    };
    assert!(matches!(error, Error::Full), "{error}");
    let found = stores.playback.load(viewer(1)).await.unwrap();
    assert_eq!((found.row_version, &found.sessions[0].1), (version, &state(version)));
    assert!(stores.playback.tidy().await.unwrap() > 0, "the way out of a full disk");
    stores.playback.put(put(fence, 1, version + 1, change(1, 0, "small"))).await.unwrap();
    assert_eq!(stores.playback.load(viewer(1)).await.unwrap().sessions[0].1, "small");
}

#[tokio::test]
async fn the_jobs_keep_their_contract() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("catalog.db");
    let catalog = Arc::new(SqliteCatalog::open(&path, &Config::default()).unwrap());
    let [one, other] = ["one", "other"].map(|it| Arc::new(SqliteJobs::new(catalog.clone(), it)));
    contract::jobs::check(catalog, one, other).await;
}

#[tokio::test]
async fn the_wake_ups_keep_their_contract() {
    let wakes = LocalWakes::new(1_000);
    contract::wakes::check(&wakes, &wakes).await;
}

#[tokio::test]
async fn the_blobs_keep_their_contract() {
    let (folder, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    contract::blobs::check(open(folder.path()).await.blobs, outside.path()).await;
}

#[tokio::test]
async fn a_file_of_another_file_system_is_adopted_as_well() {
    let other = Path::new("/dev/shm");
    let outside = TempDir::new_in(other).unwrap();
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    contract::blobs::check(open(folder.path()).await.blobs, outside.path()).await;
}

#[tokio::test]
async fn the_staging_keeps_its_contract() {
    let folder = TempDir::new().unwrap();
    let stores = open(folder.path()).await;
    contract::staging::check(stores.staging, stores.blobs).await;
}

#[tokio::test]
async fn two_shelves_keep_their_contract() {
    let (folder, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let stores = open_small(folder.path(), |config| config.cold = "file:slow".into()).await;
    contract::tiers::check(&*stores.blobs, outside.path()).await;
}

#[tokio::test]
async fn uploads_in_parts_keep_their_contract() {
    let folder = TempDir::new().unwrap();
    let stores = open(folder.path()).await;
    contract::parts::check(&*stores.staging, &*stores.blobs).await;
}

#[tokio::test]
async fn the_event_log_keeps_its_contract() {
    let folder = TempDir::new().unwrap();
    contract::eventlog::check(&*open(folder.path()).await.events, 0).await;
    contract::eventlog::check_local(&log(folder.path())).await;
    // The same over many small files.
    let folder = TempDir::new().unwrap();
    let config =
        Config { event_file_bytes: 300_000, event_record_bytes_max: 10_000, ..Config::default() };
    let log = LocalLog::open(&folder.path().join("events"), &config).unwrap();
    contract::eventlog::check(&log, 0).await;
    contract::eventlog::check_local(&log).await;
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let (row, staged) = (content("kept"), UploadId::new());
    let old: Fence = {
        let stores = open(folder.path()).await;
        let fence = stores.catalog.claim_shards(2).await.unwrap()[0];
        let waiting = Write::InsertJob(Box::new(job(row.id, JobClass::Probe, 0)));
        let writes = vec![Write::InsertContent(Box::new(row.clone())), waiting];
        stores.catalog.commit(commit(fence, writes)).await.unwrap();
        stores.blobs.put("kept", bytes::Bytes::from_static(b"kept")).await.unwrap();
        stores.events.append("t", records(0..2)).await.unwrap();
        let mut member = stores.events.subscribe("g", &["t"]).await.unwrap();
        assert_eq!(member.next(1, Duration::ZERO).await.unwrap().len(), 1);
        member.commit().await.unwrap();
        let mut writer = stores.staging.open(staged, Residency::Global, 1, 0).await.unwrap();
        writer.write(bytes::Bytes::from_static(b"staged")).await.unwrap();
        writer.sync().await.unwrap();
        std::fs::write(stores.data_dir.temporary().join("leftover"), b"x").unwrap();
        fence
    };
    std::fs::write(folder.path().join("blobs/.tmp/half"), b"x").unwrap();

    let stores = open(folder.path()).await;
    assert_eq!(stores.catalog.content(row.id).await.unwrap().as_ref(), Some(&row));
    assert_eq!(stores.catalog.outbox(9).await.unwrap().len(), 1);
    assert_eq!(stores.catalog.jobs_of(row.id).await.unwrap().len(), 1);
    assert_eq!(stores.blobs.size("kept").await.unwrap(), 4);
    assert_eq!(log(folder.path()).read("t", 0, 9).await.unwrap().len(), 2);
    stores.events.append("t", records(2..3)).await.unwrap();
    let mut member = stores.events.subscribe("g", &["t"]).await.unwrap();
    let left = member.next(9, Duration::ZERO).await.unwrap();
    assert_eq!(left.iter().map(|it| it.offset).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(stores.staging.list().await.unwrap(), [staged]);
    assert!(stores.staging.open(staged, Residency::Global, 2, 6).await.is_ok());
    let new = stores.catalog.claim_shards(2).await.unwrap()[0];
    assert_eq!(new.epoch.0, old.epoch.0 + 1);
    assert!(!stores.data_dir.temporary().join("leftover").exists());
    assert!(!folder.path().join("blobs/.tmp/half").exists());
}

#[tokio::test]
async fn a_folder_belongs_to_one_at_a_time() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("new/data");
    let stores = open(&folder).await;
    let mode = std::fs::metadata(&folder).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let error = DataDir::open(&folder).unwrap_err();
    let shown = folder.canonicalize().unwrap();
    assert!(matches!(&error, Error::InUse { path } if Path::new(path) == shown), "{error}");
    drop(stores);
    DataDir::open(&folder).unwrap();
}

#[tokio::test]
async fn a_full_catalog_says_so_and_goes_on_reading() {
    let folder = TempDir::new().unwrap();
    let stores = open_small(folder.path(), |config| config.catalog_bytes_max = 1 << 20).await;
    let fence = stores.catalog.claim_shards(1).await.unwrap()[0];
    let mut kept = Vec::new();
    let error = loop {
        let mut row = content("fills");
        row.description = "x".repeat(50_000);
        match stores
            .catalog
            .commit(commit(fence, vec![Write::InsertContent(Box::new(row.clone()))]))
            .await
        {
            Ok(()) => kept.push(row.id),
            Err(error) => break error,
        }
        assert!(kept.len() < 100);
    };
    assert!(matches!(error, Error::Full), "{error}");
    assert!(!kept.is_empty());
    for id in &kept {
        assert!(stores.catalog.content(*id).await.unwrap().is_some());
    }
    assert_eq!(stores.catalog.outbox(1000).await.unwrap().len(), kept.len());
    let room = vec![Write::DeleteContent(kept[0])];
    stores.catalog.commit(commit(fence, room)).await.unwrap();
    let small = Write::InsertUpload(Box::new(upload(kept[0])));
    stores.catalog.commit(commit(fence, vec![small])).await.unwrap();
}

#[tokio::test]
async fn a_full_queue_answers_busy() {
    let folder = TempDir::new().unwrap();
    let stores = open_small(folder.path(), |config| {
        config.catalog_queue_max = 1;
        config.catalog_reads_max = 1;
        config.catalog_readers = 1;
    })
    .await;
    let fence = stores.catalog.claim_shards(1).await.unwrap()[0];
    let commits = (0..200).map(|_| stores.catalog.commit(commit(fence, Vec::new())));
    let results = futures_util::future::join_all(commits).await;
    let busy = results.iter().filter(|result| matches!(result, Err(Error::Busy))).count();
    let done = results.iter().filter(|result| result.is_ok()).count();
    assert!(busy > 0 && done > 0 && busy + done == 200, "{busy} busy, {done} done");
    assert_eq!(stores.catalog.outbox(1000).await.unwrap().len(), done);
    let reads = (0..20).map(|_| stores.catalog.outbox(1));
    let reads = futures_util::future::join_all(reads).await;
    assert!(reads.iter().any(|read| matches!(read, Err(Error::Busy))));
}

#[tokio::test]
async fn a_schema_from_the_future_is_refused() {
    let folder = TempDir::new().unwrap();
    drop(open(folder.path()).await);
    let conn = rusqlite::Connection::open(folder.path().join("catalog.db")).unwrap();
    conn.execute_batch("INSERT INTO schema_version VALUES (99, '0099_from_the_future', 0)")
        .unwrap();
    drop(conn);
    let error = Stores::open(&Config::default(), folder.path()).await.err().unwrap();
    assert!(matches!(error, Error::SchemaTooNew { found: 99, .. }), "{error}");
    std::fs::write(folder.path().join("catalog.db"), b"this is no database, whatever it says")
        .unwrap();
    let error = Stores::open(&Config::default(), folder.path()).await.err().unwrap();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
}

#[tokio::test]
async fn a_torn_tail_is_cut_off_wherever_it_was_torn() {
    let folder = TempDir::new().unwrap();
    open(folder.path()).await.events.append("t", records(0..3)).await.unwrap();
    let path = folder.path().join("events/t/00000000000000000000.log");
    let whole = std::fs::read(&path).unwrap();
    let third = &whole[whole.len() / 3 * 2..];
    let mut flipped = third.to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    let tails = [&third[..1], &third[..8], &third[..third.len() - 1], &flipped, &[0xff; 12]];
    for (tail, next) in tails.into_iter().zip(3..) {
        OpenOptions::new().append(true).open(&path).unwrap().write_all(tail).unwrap();
        let log = log(folder.path());
        assert_eq!(log.append("t", records(next..next + 1)).await.unwrap(), next);
        let found = log.read("t", 0, 99).await.unwrap();
        assert_eq!(
            found.iter().map(|(at, _)| *at).collect::<Vec<_>>(),
            (0..=next).collect::<Vec<_>>()
        );
        assert_eq!(found.last().unwrap().1, records(next..next + 1)[0]);
    }
}

#[tokio::test]
async fn old_files_of_a_topic_go_and_their_offsets_are_not_given_again() {
    let folder = TempDir::new().unwrap();
    let small = |config: &mut Config| {
        config.event_file_bytes = 20_000;
        config.event_topic_bytes = 60_000;
        config.event_record_bytes_max = 10_000;
        config.event_topics_max = 1;
    };
    let mut config = Config::default();
    small(&mut config);
    let open = || LocalLog::open(&folder.path().join("events"), &config).unwrap();
    let log = open();
    for first in (0..1000).step_by(10) {
        log.append("t", records(first..first + 10)).await.unwrap();
    }
    let kept: u64 = std::fs::read_dir(folder.path().join("events/t"))
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert!((60_000..120_000).contains(&kept), "{kept} bytes are kept");
    let oldest = log.read("t", 0, 1).await.unwrap()[0].0;
    assert!(oldest > 0);
    assert_eq!(log.read("t", 999, 5).await.unwrap().len(), 1);
    let error = log.append("u", records(0..1)).await.unwrap_err();
    assert!(error.to_string().contains("event_topics_max = 1"), "{error}");
    drop(log);
    let log = open();
    assert_eq!(log.append("t", records(1000..1001)).await.unwrap(), 1000);
    assert_eq!(log.read("t", 0, 1).await.unwrap()[0].0, oldest);
}

#[tokio::test]
async fn a_writer_too_many_is_answered_busy_and_idle_uploads_cost_none() {
    let folder = TempDir::new().unwrap();
    let stores = open_small(folder.path(), |config| config.staging_writers_max = 2).await;
    let ids: Vec<_> = (0..5).map(|_| UploadId::new()).collect();
    for id in &ids {
        drop(stores.staging.open(*id, Residency::Global, 5, 0).await.unwrap());
    }
    let first = stores.staging.open(ids[0], Residency::Global, 6, 0).await.unwrap();
    let second = stores.staging.open(ids[1], Residency::Global, 6, 0).await.unwrap();
    assert!(matches!(
        stores.staging.open(ids[2], Residency::Global, 6, 0).await.err(),
        Some(Error::Busy)
    ));
    drop((first, second));
    let late = stores.staging.open(ids[2], Residency::Global, 4, 0).await.err();
    assert!(matches!(late, Some(Error::Revoked)), "a forgotten upload still knows its grants");
    assert!(stores.staging.open(ids[2], Residency::Global, 6, 0).await.is_ok());
}

#[tokio::test]
async fn an_unknown_engine_is_named() {
    let folder = TempDir::new().unwrap();
    let config = Config { events: "nats://localhost".into(), ..Config::default() };
    let error = Stores::open(&config, folder.path()).await.err().unwrap().to_string();
    assert!(error.contains("`nats`") && error.contains("`local:PATH`"), "{error}");
}
