//! `kill -9` at any moment, of the node and of its workers: nothing that was acknowledged is
//! lost, and at most one segment per kill and rendition is made twice.
//!
//! Four runs over one file of constant frame rate: the node at random moments, the node at named
//! points, the workers at random moments, and the workers over its sound alone, which is long
//! enough to be hit. The first two are held against the promises, the others against an
//! uninterrupted run of the same file. A printed seed repeats the moments.

mod compare;
mod ledger;
mod nodes;
mod orphans;
mod samples;
mod shape;
mod sound;
mod whole;
mod workers;

use anyhow::bail;
use nodes::Strike;
use playhouse_tests::random::Random;
use std::path::Path;
use workers::Moment;

/// Kills at random moments, of nodes and of workers; half of the latter fall into sound.
const KILLS: usize = 10;
/// Named points of the node, in the order in which one upload passes them, with the times that
/// each is passed before it kills: the middle of what the film gives.
const POINTS: [&str; 7] = [
    "staging.synced:2",
    "upload.before_ack:1",
    "outbox.appended:1",
    "blob.renamed:8",
    "catalog.committed:12",
    "segment.before_ack:7",
    "blob.renamed:6",
];

/// Runs the campaign.
///
/// # Errors
/// When a promise is broken, or a run does not come to its end.
pub(crate) async fn run(file: &Path, seed: Option<u64>) -> anyhow::Result<()> {
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()) << 16 | 0x9e37);
    println!("seed {seed}\n");
    let mut random = Random::new(seed);
    let moments: Vec<Strike> =
        (0..KILLS).map(|_| Strike::After(random.pause(1_000, 8_000))).collect();
    let mut faults = nodes::run("the node at random moments", file, &moments).await?;
    let points: Vec<Strike> = POINTS.iter().map(|point| Strike::At((*point).to_owned())).collect();
    faults.extend(nodes::run("the node at named points", file, &points).await?);
    let at = |kill| Moment { pause: random.pause(500, 6_000), at_sound: kill < KILLS / 2 };
    let moments: Vec<Moment> = (0..KILLS).map(at).collect();
    faults.extend(workers::run(file, &moments, &mut random).await?);
    let folder = tempfile::tempdir()?;
    let long = sound::lengthen(file, folder.path())?;
    let at = |_| Moment { pause: random.pause(200, 1_800), at_sound: false };
    let moments: Vec<Moment> = (0..KILLS).map(at).collect();
    faults.extend(workers::run(&long, &moments, &mut random).await?);
    if faults.is_empty() {
        println!("\nno promise is broken");
        return Ok(());
    }
    bail!("broken promises (seed {seed}):\n{}", faults.join("\n"))
}
