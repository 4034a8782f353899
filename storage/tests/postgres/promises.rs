//! What is promised when several nodes, and a server that fails, meet in one database.

use crate::contract::playback::{change, put, viewer};
use crate::contract::records::{commit, content, event, rendition, time};
use crate::server::{Database, Way};
use futures_util::future::{join, join_all};
use jiff::Timestamp;
use playhouse_storage::catalog::{Commit, Write};
use playhouse_storage::engagement::NewView;
use playhouse_storage::model::*;
use playhouse_storage::playback::PutViewer;
use playhouse_storage::{Error, Stores};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

fn insert(title: &str) -> (ContentId, Vec<Write>) {
    let row = content(title);
    let low = rendition(row.id, "360p", 0);
    let id = row.id;
    (id, vec![Write::InsertContent(Box::new(row)), Write::InsertRendition(Box::new(low))])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_owner_waits_for_a_commit_and_the_last_one_commits_nothing_after_it() {
    let database = Database::new(Way::Direct).await;
    let (old, new) = (database.open().await, database.open().await);
    let first = old.catalog.claim_shards(4).await.unwrap()[2];
    // A commit of the old owner that has checked its fence and stands still.
    let still = database.client().await;
    still.batch_execute("BEGIN; SELECT * FROM shard WHERE shard = 2 FOR SHARE").await.unwrap();
    let mut claim = Box::pin(new.catalog.claim_shards(4));
    assert!(timeout(Duration::from_millis(300), &mut claim).await.is_err(), "it waits");
    let (id, writes) = insert("before");
    let before = Commit { fence: first, writes, events: vec![] };
    let before = timeout(Duration::from_secs(3), old.catalog.commit(before)).await;
    still.batch_execute("COMMIT").await.unwrap();
    let second = claim.await.unwrap()[2];
    assert_eq!(second.epoch.0, first.epoch.0 + 1);
    // Behind the one who waits it either came before or is a stranger; never half of it.
    let found = new.catalog.content(id).await.unwrap().is_some();
    assert_eq!(found, matches!(before, Ok(Ok(()))));
    let (id, writes) = insert("late");
    let error = old.catalog.commit(commit(first, writes)).await.unwrap_err();
    assert!(matches!(error, Error::Fenced { shard: 2, .. }), "{error}");
    assert_eq!(new.catalog.content(id).await.unwrap(), None);
    let (_, writes) = insert("of the new owner");
    new.catalog.commit(commit(second, writes)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_owners_at_once_never_both_commit() {
    let database = Database::new(Way::Direct).await;
    let nodes = [database.open().await, database.open().await];
    let mut fences = nodes[0].catalog.claim_shards(1).await.unwrap();
    let mut acknowledged = 0;
    for round in 0..10 {
        let (owner, next) = (&nodes[round % 2], &nodes[(round + 1) % 2]);
        let fence = fences[0];
        let commits = (0..12).map(|_| async {
            let (id, writes) = insert("raced");
            (id, owner.catalog.commit(commit(fence, writes)).await)
        });
        let (results, claimed) = join(join_all(commits), next.catalog.claim_shards(1)).await;
        fences = claimed.unwrap();
        for (id, result) in results {
            let found = next.catalog.content(id).await.unwrap().is_some();
            match result {
                Ok(()) => assert!(found),
                Err(Error::Fenced { .. }) => assert!(!found),
                Err(error) => panic!("{error}"),
            }
            acknowledged += usize::from(found);
        }
    }
    let rows = nodes[0].catalog.outbox(1000).await.unwrap();
    let sequences: Vec<_> = rows.iter().map(|row| row.sequence).collect();
    assert_eq!(sequences, (1..=acknowledged as u64).collect::<Vec<_>>(), "rising, without a gap");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fact_that_is_committed_late_is_not_skipped() {
    let database = Database::new(Way::Direct).await;
    let node = database.open().await;
    let fence = node.catalog.claim_shards(1).await.unwrap()[0];
    let (content, blocker) = (ContentId::new(), database.client().await);
    let taken = format!("BEGIN; INSERT INTO view_key VALUES ('second', '{content}', 0)");
    blocker.batch_execute(&taken).await.unwrap();
    let fact = |key: &str| NewFact {
        content,
        at: time(1),
        kind: FactKind::View { key: key.into(), viewer: None, origin: Origin::default() },
    };
    // It takes its first position, then waits in the middle.
    let facts = vec![fact("first"), fact("second")];
    let mut slow =
        Box::pin(node.playback.put(PutViewer { facts, ..put(fence, 1, 1, change(1, 0, "a")) }));
    assert!(timeout(Duration::from_millis(300), &mut slow).await.is_err());
    let view = NewView { content, at: time(2), key: "third".into(), viewer: None };
    assert!(node.engagement.view(view).await.unwrap());
    let found = node.engagement.facts(0, 9).await.unwrap();
    assert_eq!(found, [], "one below may still come");
    blocker.batch_execute("ROLLBACK").await.unwrap();
    slow.await.unwrap();
    let found = node.engagement.facts(0, 9).await.unwrap();
    assert_eq!(found.iter().map(|fact| fact.at).collect::<Vec<_>>(), [time(1), time(2), time(1)]);
    assert!(found.is_sorted_by_key(|fact| fact.position));
    assert_eq!(node.playback.load(viewer(1)).await.unwrap().row_version, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_is_committed_late_is_not_skipped_nor_removed() {
    let database = Database::new(Way::Direct).await;
    let node = database.open().await;
    let fences = node.catalog.claim_shards(2).await.unwrap();
    let blocker = database.client().await;
    let taken = "BEGIN; INSERT INTO outbox (shard, sequence, at, topic, event_key, payload) \
                 VALUES (0, 2, 0, '', '', '{}')";
    blocker.batch_execute(taken).await.unwrap();
    let tell = |fence, topics: &[&str]| Commit {
        fence,
        writes: vec![],
        events: topics.iter().map(|topic| event(topic)).collect(),
    };
    let mut slow = Box::pin(node.catalog.commit(tell(fences[0], &["a", "b"])));
    assert!(timeout(Duration::from_millis(300), &mut slow).await.is_err());
    node.catalog.commit(tell(fences[1], &["c"])).await.unwrap();
    assert_eq!(node.catalog.outbox(9).await.unwrap(), []);
    blocker.batch_execute("ROLLBACK").await.unwrap();
    slow.await.unwrap();
    let rows = node.catalog.outbox(9).await.unwrap();
    let topics: Vec<_> = rows.iter().map(|row| row.event.topic.as_str()).collect();
    assert_eq!(topics, ["a", "b", "c"]);
    node.catalog.outbox_done(rows[0].position).await.unwrap();
    assert_eq!(node.catalog.outbox(9).await.unwrap(), rows[1..]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_transaction_of_someone_else_holds_nothing_back() {
    let database = Database::new(Way::Direct).await;
    let node = database.open().await;
    let other = database.client().await;
    other
        .batch_execute("CREATE TABLE other (n int); BEGIN; INSERT INTO other VALUES (1)")
        .await
        .unwrap();
    let view = NewView { content: ContentId::new(), at: time(2), key: "k".into(), viewer: None };
    assert!(node.engagement.view(view).await.unwrap());
    assert_eq!(node.engagement.facts(0, 9).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_beside_many_writers_skips_nothing() {
    let database = Database::new(Way::Direct).await;
    let node = database.open().await;
    let fence = node.catalog.claim_shards(1).await.unwrap()[0];
    let content = ContentId::new();
    let (writers, each) = (12, 25);
    let write = async |writer: u64| {
        for n in 0..each {
            let kind = FactKind::Refused { reason: format!("{writer} {n}") };
            let facts = vec![NewFact { content, at: time(1), kind }; 2];
            let state = change(writer, 0, "s");
            let put = PutViewer { facts, ..put(fence, writer, n + 1, state) };
            node.playback.put(put).await.unwrap();
        }
    };
    let expected = (writers * each * 2) as usize;
    let read = async {
        let (mut after, mut seen) = (0, 0);
        while seen < expected {
            let facts = node.engagement.facts(after, 50).await.unwrap();
            seen += facts.len();
            after = facts.last().map_or(after, |fact| fact.position);
            tokio::task::yield_now().await;
        }
        after
    };
    let all = join(join_all((1..=writers).map(write)), read);
    let (_, last) = timeout(Duration::from_secs(60), all).await.expect("every fact was read");
    assert_eq!(node.engagement.facts(last, 9).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_migrate_once() {
    let database = Database::new(Way::Direct).await;
    let nodes = join_all((0..4).map(|_| database.open())).await;
    join_all(nodes.iter().map(|node| async { node.catalog.ping().await.unwrap() })).await;
    let client = database.client().await;
    let rows = client.query("SELECT version FROM schema_version ORDER BY 1", &[]).await.unwrap();
    let versions: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    assert!(!versions.is_empty());
    assert_eq!(versions, (1..=versions.len() as i64).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_from_the_future_is_refused() {
    let database = Database::new(Way::Direct).await;
    drop(database.open().await);
    let client = database.client().await;
    let sql = "INSERT INTO schema_version VALUES (99, '0099_from_the_future', 0)";
    client.batch_execute(sql).await.unwrap();
    let folder = TempDir::new().unwrap();
    let error = Stores::open(&database.config(), folder.path()).await.err().unwrap();
    assert!(matches!(error, Error::SchemaTooNew { found: 99, .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_lost_leave_no_half_write() {
    for way in [Way::Direct, Way::Pooled] {
        let database = Database::new(way).await;
        let node = database.open().await;
        let fences = node.catalog.claim_shards(4).await.unwrap();
        let write = async |fence: Fence| {
            let mut results = Vec::new();
            for _ in 0..40 {
                let (id, writes) = insert("cut");
                results.push((id, node.catalog.commit(commit(fence, writes)).await));
            }
            results
        };
        let cut = async {
            let client = database.client().await;
            for _ in 0..20 {
                database.cut(&client).await;
                sleep(Duration::from_millis(15)).await;
            }
        };
        let (results, ()) = join(join_all(fences.iter().map(|fence| write(*fence))), cut).await;
        let (mut kept, mut lost) = (0, 0);
        for (id, result) in results.into_iter().flatten() {
            let found = node.catalog.content(id).await.unwrap().is_some();
            let renditions = node.catalog.renditions(id).await.unwrap().len();
            assert_eq!(renditions, usize::from(found), "both rows or none");
            match result {
                Ok(()) => assert!(found, "acknowledged, so it is there"),
                Err(Error::Unavailable { .. }) => lost += 1,
                Err(error) => panic!("{error}"),
            }
            kept += usize::from(found);
        }
        let events = node.catalog.outbox(1000).await.unwrap();
        assert_eq!(events.len(), kept, "{lost} were not acknowledged");
        for fence in fences {
            let of: Vec<_> = events
                .iter()
                .filter(|it| it.shard == fence.shard.0)
                .map(|it| it.sequence)
                .collect();
            assert_eq!(of, (1..=of.len() as u64).collect::<Vec<_>>());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_only_reads_is_waited_out() {
    let database = Database::new(Way::Direct).await;
    let node = database.open().await;
    let fence = node.catalog.claim_shards(1).await.unwrap()[0];
    let client = database.client().await;
    let read_only = async |word: &str| {
        let current = client.query_one("SELECT current_database()", &[]).await.unwrap();
        let name: String = current.get(0);
        let sql = format!(
            "SET default_transaction_read_only = off; \
             ALTER DATABASE {name} SET default_transaction_read_only = {word}"
        );
        client.batch_execute(&sql).await.unwrap();
    };
    read_only("on").await;
    database.cut(&client).await;
    let (id, writes) = insert("while it is replaced");
    let mut write = Box::pin(node.catalog.commit(commit(fence, writes)));
    assert!(timeout(Duration::from_millis(500), &mut write).await.is_err(), "tried again");
    assert_eq!(node.catalog.content(id).await.unwrap(), None, "reads go on");
    let ping = timeout(Duration::from_millis(500), node.catalog.ping()).await;
    assert!(!matches!(ping, Ok(Ok(()))), "but it is not ready");
    read_only("off").await;
    write.await.unwrap();
    assert!(node.catalog.content(id).await.unwrap().is_some());
}

/// A claim held its rows while it waited for a node that stood still in its commit; meanwhile no
/// node of the cluster was ready.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_waits_for_another_keeps_nobody_from_being_ready() {
    let database = Database::new(Way::Direct).await;
    let node = database.open().await;
    node.catalog.claim_shards(4).await.unwrap();
    let still = database.client().await;
    still.batch_execute("BEGIN; SELECT * FROM shard FOR UPDATE").await.unwrap();
    let ping = timeout(Duration::from_millis(500), node.catalog.ping()).await;
    ping.expect("it waits for nobody").unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_served_in_time_is_told_and_changes_nothing() {
    let database = Database::new(Way::Direct).await;
    let mut config = database.config();
    config.postgres.statement_timeout_ms = 200;
    config.postgres.deadline_ms = 1_000;
    let node = database.open_with(&config).await;
    let fence = node.catalog.claim_shards(1).await.unwrap()[0];
    let still = database.client().await;
    still.batch_execute("BEGIN; SELECT * FROM shard FOR UPDATE").await.unwrap();
    let (id, writes) = insert("blocked");
    let error = node.catalog.commit(commit(fence, writes)).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    // A single statement has no limit of the server: it is cancelled at the deadline.
    still.batch_execute("LOCK TABLE fact").await.unwrap();
    let view = NewView { content: id, at: Timestamp::now(), key: "k".into(), viewer: None };
    let error = node.engagement.view(view.clone()).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    let waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
                   AND datname = current_database()";
    let all_gone = async {
        while still.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) > 0 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let all_gone = timeout(Duration::from_secs(5), all_gone).await;
    all_gone.expect("nobody waits for what nobody asks any more");
    still.batch_execute("COMMIT").await.unwrap();
    assert_eq!(node.catalog.content(id).await.unwrap(), None);
    assert!(node.engagement.view(view).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_beyond_the_bound_are_answered_busy() {
    let database = Database::new(Way::Direct).await;
    let mut config = database.config();
    config.postgres.calls_max = 4;
    let node = database.open_with(&config).await;
    let reads = join_all((0..50).map(|_| node.catalog.outbox(1))).await;
    let busy = reads.iter().filter(|read| matches!(read, Err(Error::Busy))).count();
    assert!(busy > 0 && busy < 50, "{busy}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_named_without_the_password() {
    let folder = TempDir::new().unwrap();
    let catalog = "postgres://ada:secret@127.0.0.1:1/house?sslmode=disable".to_owned();
    let config = playhouse_storage::Config { catalog, ..playhouse_storage::Config::default() };
    let error = Stores::open(&config, folder.path()).await.err().unwrap();
    let text = error.to_string();
    assert!(matches!(error, Error::Unavailable { .. }), "{text}");
    assert!(text.contains("cannot be reached") && !text.contains("secret"), "{text}");
}
