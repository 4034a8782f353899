//! Every event reaches its topic and counts once: events from the outbox over the bridge and the
//! log to the sums by the minute, while the node that carries and adds them is killed again and
//! again.
//!
//! The outbox is filled in the catalog of a node that stands still, so the figure is that of the
//! way from there on. After the kills a second, smaller lot is written at a steady rate while the
//! node runs, and what each event took to its topic is measured.

mod fill;
mod options;
mod topic;
mod truth;

use anyhow::{Context, bail, ensure};
use fill::Outbox;
use options::Options;
use playhouse_tests::sandbox::Sandbox;
use std::path::Path;
use std::time::{Duration, Instant};
use topic::{Seen, Topic};
use truth::Truth;

/// A node that does not go on for so long is broken.
const STANDSTILL: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(20);
/// Adding up what was added takes longer than a look at the outbox.
const LONG_LOOK: Duration = Duration::from_millis(200);

/// Runs the campaign.
///
/// # Errors
/// When an option is wrong, the node stands still, or an event is missing or counted otherwise than
/// once.
pub(crate) async fn run(arguments: &[String]) -> anyhow::Result<()> {
    let options = Options::read(arguments)?;
    println!("seed {}\n", options.seed);
    let settings: Vec<_> = options.settings.iter().map(String::as_str).collect();
    let mut sandbox = Sandbox::started(&settings).await;
    sandbox.stop().await;
    let catalog = sandbox.data().join("catalog.db");
    let mut truth = Truth::new(&options);
    Outbox::open(&catalog)?.fill(&mut truth, options.events)?;
    let topic = Topic::open(&options, &sandbox.data())?;

    let began = Instant::now();
    let kills = carry(&mut sandbox, &catalog, &options, &truth).await?;
    let took = began.elapsed();
    let delays = match options.steady {
        0 => Seen::default(),
        _ => steady(&catalog, &options, &mut truth, &topic).await?,
    };
    added(&catalog, &truth).await?;
    sandbox.stop().await;
    let seen = topic.all(&truth, &sandbox.data()).await?;
    print(&options, &kills, took, &seen, &delays);
    let faults = truth.faults(&catalog, &seen)?;
    if !faults.is_empty() {
        bail!("{} things are wrong:\n{}", faults.len(), faults[..faults.len().min(20)].join("\n"));
    }
    println!("\nevery event is on its topic, and counts once");
    Ok(())
}

/// Starts the node, kills it whenever the next share of the events has left the outbox, and waits
/// until everything is added. Answers how many had left at each kill.
async fn carry(
    sandbox: &mut Sandbox,
    catalog: &Path,
    options: &Options,
    truth: &Truth,
) -> anyhow::Result<Vec<u64>> {
    let mut kills = Vec::new();
    sandbox.start().await;
    let outbox = Outbox::open(catalog)?;
    let strikes = truth::strikes(options);
    let (mut last, mut moved) = (0, Instant::now());
    while let Some(strike) = strikes.get(kills.len()) {
        let carried = outbox.carried(truth)?;
        if carried > last {
            (last, moved) = (carried, Instant::now());
        }
        ensure!(moved.elapsed() < STANDSTILL, "{carried} carried; {}", sandbox.log_end());
        if carried >= *strike {
            sandbox.kill();
            kills.push(carried);
            sandbox.start().await;
        }
        tokio::time::sleep(LOOK).await;
    }
    added(catalog, truth).await.with_context(|| sandbox.log_end())?;
    Ok(kills)
}

/// Waits until everything that was told is added.
async fn added(catalog: &Path, truth: &Truth) -> anyhow::Result<()> {
    let sums = Outbox::open(catalog)?;
    let (mut last, mut moved) = (0, Instant::now());
    loop {
        let added = truth.added(&sums)?;
        if added >= truth.told {
            return Ok(());
        }
        if added > last {
            (last, moved) = (added, Instant::now());
        }
        ensure!(moved.elapsed() < STANDSTILL, "{added} of {} are added", truth.told);
        tokio::time::sleep(LONG_LOOK).await;
    }
}

/// Tells events at a steady rate, each transaction with the time at which it was begun.
async fn steady(
    catalog: &Path,
    options: &Options,
    truth: &mut Truth,
    topic: &Topic,
) -> anyhow::Result<Seen> {
    let reader = topic.follow(truth, options.steady)?;
    let outbox = Outbox::open(catalog)?;
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    let each = (options.rate / 100).max(1);
    let mut left = options.steady;
    while left > 0 {
        tick.tick().await;
        let some = left.min(each);
        outbox.fill(truth, some)?;
        left -= some;
    }
    reader.await.context("the reader of the topic ended")?
}

fn print(options: &Options, kills: &[u64], took: Duration, seen: &Seen, delays: &Seen) {
    let events = options.events as f64;
    println!("| what | number |\n|---|---|");
    println!("| events | {} |", options.events);
    println!("| log | {} |", if options.brokers.is_some() { "Kafka protocol" } else { "local" });
    println!("| kills | {} |", kills.len());
    println!("| from the outbox to the sums, kills included, s | {:.1} |", took.as_secs_f64());
    println!("| events a second | {:.0} |", events / took.as_secs_f64());
    println!("| records on the topic | {} |", seen.records);
    println!("| of them repeats | {} |", seen.records - seen.events());
    if let (Some(half), Some(most)) = (delays.percentile(50.0), delays.percentile(99.0)) {
        println!("| events at {} a second | {} |", options.rate, options.steady);
        println!("| from commit to topic, p50 ms | {half:.1} |");
        println!("| from commit to topic, p99 ms | {most:.1} |");
    }
}
