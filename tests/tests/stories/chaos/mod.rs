//! Goal: whatever actor panics, is killed or hangs, at whatever moment: nothing that was
//! acknowledged is lost, every content ends published, and nothing is left behind.
//! Method: for a minute a random actor of every kind suffers a random fault every 200 ms, while
//! creators upload and viewers watch. The seed is printed; `PLAYHOUSE_SEED` gives it again.

mod creators;
mod faults;
mod rest;
mod viewers;

use playhouse_tests::media;
use playhouse_tests::random::Random;
use playhouse_tests::sandbox::Sandbox;
use std::time::{Duration, Instant, SystemTime};

/// How long faults go on.
const LASTS: Duration = Duration::from_secs(60);
/// Time to mend everything afterwards, on two busy cores with an unoptimised build.
const MENDED_WITHIN: Duration = Duration::from_secs(240);

/// A run of faults has its own limits: handlers are given up soon, and no number of restarts is
/// too many.
const SETTINGS: [&str; 12] = [
    "actors.runtime.handler_report_ms=300",
    "actors.runtime.handler_kill_ms=1500",
    "actors.runtime.crashes_max=100000",
    "actors.runtime.service_restarts_max=100000",
    "actors.runtime.service_backoff_first_ms=20",
    "actors.runtime.service_backoff_max_ms=200",
    "actors.encode.poll_s=1",
    "actors.encode.worker_silence_s=3",
    "actors.encode.worker_exit_s=1",
    "actors.encode.attempt_kill_ms=5000",
    "actors.tiers.move_kill_s=2",
    "actors.analytics.wait_ms=100",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_while_every_kind_of_actor_panics_hangs_and_is_killed() {
    let seed = seed();
    println!("PLAYHOUSE_SEED={seed}");
    let mut sandbox = Sandbox::started(&SETTINGS).await;
    let film = sandbox.folder().join("film.mp4");
    media::make_film(&film, "640x360", "25", 14);
    let bytes = std::fs::read(&film).expect("the film was made");

    let until = Instant::now() + LASTS;
    let creators = creators::Creators::new(sandbox.admin(), bytes, until);
    let mut faults = faults::Faults::new(sandbox.admin(), Random::new(seed));
    let mut viewers = viewers::Viewers::new(sandbox.admin());
    let (uploads, (), ()) = tokio::join!(
        creators.upload_on_and_on(),
        faults.befall(until),
        viewers.watch(until, creators.published()),
    );
    println!(
        "{} uploads, {} segments watched, {}",
        uploads.len(),
        viewers.watched(),
        faults.table()
    );
    assert_eq!(sandbox.ended(), None, "the node lives");
    faults.assert_befell_every_kind();

    let client = sandbox.admin();
    let uploads = rest::assert_published(&client, uploads, MENDED_WITHIN).await;
    rest::assert_bytes_are_whole(&sandbox, &uploads, &film);
    rest::assert_plays(&sandbox, &client, &uploads).await;
    viewers.assert_served_still().await;
    rest::assert_nothing_is_left(&sandbox, &client).await;
    rest::assert_work_goes_on(&client, &film).await;
}

fn seed() -> u64 {
    let given = std::env::var("PLAYHOUSE_SEED").ok().and_then(|text| text.parse().ok());
    given.unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        since.map_or(1, |since| since.subsec_nanos().into())
    })
}
