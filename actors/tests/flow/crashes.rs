//! Workers that die, hang or never start, and a node that goes down: nothing stays in limbo.

use crate::house::{DEADLINE, House, at_rest, clip, worker};
use playhouse_actors::Config;
use playhouse_actors::content::{Reply, Request};
use playhouse_storage::model::{ContentId, RenditionState, Stage, UploadMetadata};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A worker that does `instead` at those starts that `which` (a shell test of `$n`) names.
fn saboteur(folder: &Path, which: &str, instead: &str) -> PathBuf {
    let path = folder.join("saboteur");
    let starts = folder.join("starts");
    let script = format!(
        "#!/bin/sh\necho >> {starts}\nn=$(wc -l < {starts})\n\
         if [ {which} ]; then {instead}; fi\nexec {worker} \"$@\"\n",
        starts = starts.display(),
        worker = worker().display(),
    );
    std::fs::write(&path, script).expect("the script is written");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("it is executable");
    path
}

async fn house(saboteur: PathBuf) -> House {
    House::with(|config: &mut Config| {
        config.encode.worker_path = saboteur;
        config.encode.worker_silence_s = 2;
    })
    .await
}

pub(crate) async fn check_all_complete(house: &House, id: ContentId) {
    let content = house.wait(id, at_rest).await;
    assert_eq!(content.stage, Stage::Done, "{:?}", content.blocked);
    for rendition in house.stores.catalog.renditions(id).await.expect("renditions") {
        assert_eq!(rendition.state, RenditionState::Complete, "{}", rendition.name);
    }
    let letters = house.stores.catalog.dead_letters(None, 10).await.expect("letters");
    assert!(letters.iter().all(|letter| letter.replayed_at.is_some()), "{letters:?}");
    let work = house.stores.data_dir.temporary().join("work");
    let left = std::fs::read_dir(work).expect("the work folder").count();
    assert_eq!(left, 0, "attempts leave nothing behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_survives_workers_that_are_killed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Four kills in all: whichever jobs they hit, none has five attempts in a row.
    let odd = "$((n % 2)) = 1 -a $n -lt 8";
    let house = house(saboteur(folder.path(), odd, "kill -9 $$")).await;
    let id = house.upload(&clip(), UploadMetadata::default()).await;
    check_all_complete(&house, id).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_hangs_is_killed_and_its_job_done_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let house = house(saboteur(folder.path(), "$n -le 2", "exec sleep 1000")).await;
    let id = house.upload(&clip(), UploadMetadata::default()).await;
    check_all_complete(&house, id).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_attempts_end_in_dead_letters_and_an_operator_replays_them() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let house = house(saboteur(folder.path(), "$n -gt 1", "kill -9 $$")).await;
    let id = house.upload(&clip(), UploadMetadata::default()).await;
    let failed = house.wait(id, at_rest).await;
    assert_eq!(failed.stage, Stage::Failed);
    assert_eq!(failed.blocked.expect("a reason").code, "encode_failed");
    let letters = house.stores.catalog.dead_letters(None, 10).await.expect("letters");
    assert_eq!(letters.len(), 5, "one for each rendition");
    assert!(letters.iter().all(|letter| letter.attempts == 5), "{letters:?}");

    saboteur(folder.path(), "$n -lt 0", "true");
    for letter in letters {
        let reply = house.platform.pipeline(id).ask(Request::Replay(letter.id), DEADLINE).await;
        assert!(matches!(reply, Ok(Reply::Content(_))), "{reply:?}");
    }
    check_all_complete(&house, id).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_goes_down_in_the_middle_goes_on_when_it_is_back() {
    let house = House::build().await;
    let id = house.upload(&clip(), UploadMetadata::default()).await;
    house.wait(id, |content| content.stage == Stage::Encode).await;
    let house = house.reopen().await;
    check_all_complete(&house, id).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_what_is_being_encoded_leaves_nothing() {
    let house = House::build().await;
    let id = house.upload(&clip(), UploadMetadata::default()).await;
    house.wait(id, |content| content.stage == Stage::Encode).await;
    let reply = house.platform.pipeline(id).ask(Request::Delete, DEADLINE).await;
    assert!(matches!(reply, Ok(Reply::Deleted)), "{reply:?}");
    assert_eq!(house.stores.catalog.renditions(id).await.expect("an answer"), vec![]);
    assert_eq!(house.stores.catalog.jobs_of(id).await.expect("an answer"), vec![]);
    house.close().await;
}
