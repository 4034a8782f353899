//! Workers are killed, the node lives: the result is that of an uninterrupted run.

use super::compare::{self, Outcome};
use super::ledger::Ledger;
use super::whole;
use anyhow::Context;
use playhouse_tests::random::Random;
use playhouse_tests::sandbox::Sandbox;
use rustix::process::{Signal, kill_process};
use std::path::Path;
use std::time::{Duration, Instant};

/// No film of a campaign takes longer.
const PATIENCE: Duration = Duration::from_secs(600);

/// Distance of two looks for segments: a worker makes a segment of sound in less than a second.
const LOOK: Duration = Duration::from_millis(5);
/// About the time of that, milliseconds.
const SEGMENT_MS: u64 = 50;

/// When a worker is killed.
pub(super) struct Moment {
    /// After so long.
    pub(super) pause: Duration,
    /// Or within the segment after the next one of sound, which is soon over.
    pub(super) at_sound: bool,
}

/// Runs the film uninterrupted and then under the kills; the faults.
///
/// # Errors
/// When either run does not come to its end.
pub(super) async fn run(
    file: &Path,
    moments: &[Moment],
    random: &mut Random,
) -> anyhow::Result<Vec<String>> {
    println!("\n## Killing no one: {}", file.display());
    let (calm, mut faults) = encode(file, &[], random).await?;
    println!("\n## Killing workers at random moments");
    let (rough, more) = encode(file, moments, random).await?;
    faults.extend(more);
    if calm.counts != rough.counts {
        faults.push(format!("frames: {:?}, undisturbed {:?}", rough.counts, calm.counts));
    }
    faults.extend(compare::compare(file, &calm, &rough).await?);
    if !faults.is_empty() {
        eprintln!("the node's log:\n{}", rough.sandbox.log());
    }
    Ok(faults.into_iter().map(|fault| format!("workers: {fault}")).collect())
}

async fn encode(
    file: &Path,
    moments: &[Moment],
    random: &mut Random,
) -> anyhow::Result<(Outcome, Vec<String>)> {
    let sandbox = Sandbox::started(&[]).await;
    let client = sandbox.admin();
    let id = client.upload(std::fs::read(file)?, "").await;
    let mut ledger = Ledger::default();
    let mut kills = 0;
    for moment in moments {
        kills += usize::from(kill_one(&sandbox, moment, random, &mut ledger).await);
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

/// Waits for a moment, then kills one of the workers, if there is one.
async fn kill_one(
    sandbox: &Sandbox,
    moment: &Moment,
    random: &mut Random,
    ledger: &mut Ledger,
) -> bool {
    let (began, sounds) = (Instant::now(), ledger.segments("audio"));
    while began.elapsed() < moment.pause {
        tokio::time::sleep(LOOK).await;
        ledger.look(&sandbox.data());
        if moment.at_sound && ledger.segments("audio") > sounds {
            tokio::time::sleep(random.pause(0, SEGMENT_MS)).await;
            break;
        }
    }
    let workers = sandbox.workers();
    let chosen = usize::try_from(random.next() >> 1).unwrap_or(0) % workers.len().max(1);
    // It may have ended since it was listed.
    let killed = workers.get(chosen).is_some_and(|id| kill_process(*id, Signal::KILL).is_ok());
    ledger.look(&sandbox.data());
    killed
}
