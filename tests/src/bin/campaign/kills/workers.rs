//! Workers are killed, the node lives: the result is that of an uninterrupted run.

use super::ledger::Ledger;
use super::random::Random;
use super::samples::Pair;
use super::shape::Shape;
use super::{sound, whole};
use anyhow::Context;
use playhouse_tests::sandbox::Sandbox;
use rustix::process::{Signal, kill_process};
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};

/// No film of a campaign takes longer.
const PATIENCE: Duration = Duration::from_secs(600);

/// What a run came to.
struct Outcome {
    sandbox: Sandbox,
    content: Value,
    counts: whole::Counts,
    ledger: Ledger,
}

/// Runs the film uninterrupted and then under the kills; the faults.
///
/// # Errors
/// When either run does not come to its end.
pub(super) async fn run(
    file: &Path,
    pauses: &[Duration],
    random: &mut Random,
) -> anyhow::Result<Vec<String>> {
    println!("\n## Killing no one");
    let (calm, mut faults) = encode(file, &[], random).await?;
    println!("\n## Killing workers at random moments");
    let (rough, more) = encode(file, pauses, random).await?;
    faults.extend(more);
    if calm.counts != rough.counts {
        faults.push(format!("frames: {:?}, undisturbed {:?}", rough.counts, calm.counts));
    }
    faults.extend(compare(&calm, &rough).await?);
    if !faults.is_empty() {
        eprintln!("the node's log:\n{}", rough.sandbox.log());
    }
    Ok(faults.into_iter().map(|fault| format!("workers: {fault}")).collect())
}

async fn encode(
    file: &Path,
    pauses: &[Duration],
    random: &mut Random,
) -> anyhow::Result<(Outcome, Vec<String>)> {
    let sandbox = Sandbox::started(&[]).await;
    let client = sandbox.admin();
    let id = client.upload(std::fs::read(file)?, "").await;
    let mut ledger = Ledger::default();
    let mut kills = 0;
    for pause in pauses {
        kills += usize::from(kill_one(&sandbox, *pause, random, &mut ledger).await);
    }
    let content = whole::wait(&client, &id, PATIENCE).await;
    let content = content.with_context(|| format!("the node's log:\n{}", sandbox.log()))?;
    ledger.look(&sandbox.data());
    let (counts, faults) = whole::table(&sandbox, &content, file)?;
    println!(
        "\n{kills} workers killed\n\n| rendition | segments | made again | most by one kill |"
    );
    println!("|---|---|---|---|");
    for it in ledger.accounts() {
        println!("| {} | {} | {} | {} |", it.rendition, it.segments, it.again, it.worst);
    }
    Ok((Outcome { sandbox, content, counts, ledger }, faults))
}

/// Waits, then kills one of the workers, if there is one.
async fn kill_one(
    sandbox: &Sandbox,
    pause: Duration,
    random: &mut Random,
    ledger: &mut Ledger,
) -> bool {
    let began = Instant::now();
    while began.elapsed() < pause {
        tokio::time::sleep(Duration::from_millis(50)).await;
        ledger.look(&sandbox.data());
    }
    let workers = sandbox.workers();
    let chosen = usize::try_from(random.next()).unwrap_or_default() % workers.len().max(1);
    // It may have ended since it was listed.
    let killed = workers.get(chosen).is_some_and(|id| kill_process(*id, Signal::KILL).is_ok());
    ledger.look(&sandbox.data());
    killed
}

/// Init segments byte for byte, and how the sound differs.
async fn compare(calm: &Outcome, rough: &Outcome) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    println!("\n| rendition | init segment | segments | resumed at segment |");
    println!("|---|---|---|---|");
    let mut sounds = Vec::new();
    for rendition in whole::renditions(&rough.content) {
        let name = rendition["name"].as_str().unwrap_or_default();
        let (before, after) = (shape(calm, name).await?, shape(rough, name).await?);
        let equal = before.init == after.init;
        let verdict = if equal { "equal" } else { "differs" };
        let seams = rough.ledger.seams(name);
        println!("| {name} | {verdict} | {} | {seams:?} |", after.starts.len());
        if !equal || before.starts != after.starts {
            faults.push(format!("{name}: the init segment or the segments differ"));
        }
        if rendition["kind"] == "audio" {
            let at = seams.iter().filter_map(|index| after.starts.get(*index as usize));
            sounds.push((name.to_owned(), at.copied().collect::<Vec<_>>(), after));
        }
    }
    sound::head();
    for (name, seams, shape) in sounds {
        let (before, after) = (pcm(calm, &name)?, pcm(rough, &name)?);
        let pair = Pair { calm: &before, rough: &after };
        let boundaries = sound::Places { all: &shape.starts[1..], resumed: &seams };
        faults.extend(sound::row(&name, &boundaries, &pair));
    }
    Ok(faults)
}

async fn shape(outcome: &Outcome, name: &str) -> anyhow::Result<Shape> {
    let id = outcome.content["id"].as_str().unwrap_or_default();
    Shape::read(&outcome.sandbox.admin(), id, name).await
}

/// Everything that a rendition's sound decodes to.
fn pcm(outcome: &Outcome, name: &str) -> anyhow::Result<Vec<i16>> {
    let client = outcome.sandbox.admin();
    let id = outcome.content["id"].as_str().unwrap_or_default();
    let url = outcome.sandbox.url(&format!("/media/{id}/{name}/index.m3u8"));
    sound::decode(&url, client.token())
}
