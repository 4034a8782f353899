//! What becomes of the nodes in each trial. Afterwards all of them run, and own their share.

use super::options::Trial;
use super::probe::{Probe, words};
use super::stage::Stage;
use super::world::{self, End};
use anyhow::{Context, bail, ensure};
use playhouse_tests::random::Random;
use rustix::process::{Signal, kill_process};
use std::time::{Duration, Instant};

/// Longer than a lease.
const PAST_THE_LEASE: Duration = Duration::from_secs(15);
/// A cut is mended after so long.
const PARTED: Duration = Duration::from_secs(20);
/// How often, and how long, somebody who flaps is away, and is there.
const FLAPS: usize = 8;
const FLAP: Duration = Duration::from_secs(2);
/// A node that finds out that it is dead ends within so long.
const ENDS_WITHIN: Duration = Duration::from_secs(30);
/// In which fenced transaction of its life a node stands still: in the middle of the load.
const STILL_IN: &str = "catalog.fenced:100:stop";
/// Nobody's suspicion ends a lease: there are not so many nodes.
const BY_LEASE: [&str; 1] = ["actors.cluster.suspects_needed=64"];

/// Runs a trial: what is to be said of it.
pub(super) async fn run(
    stage: &mut Stage,
    trial: Trial,
    kills: usize,
    random: &mut Random,
) -> anyhow::Result<String> {
    match trial {
        Trial::Kill => kill(stage, kills, random).await,
        Trial::KillByLease => by_lease(stage, kills, random).await,
        Trial::Stop => stop(stage, random).await,
        Trial::StopInCommit => stop_in_commit(stage, random).await,
        Trial::Nodes => part(stage, random, |it| world::part(End::Node(1), it)).await,
        Trial::OneWay => part(stage, random, |it| world::lose(End::Node(1), it)).await,
        Trial::Database => {
            let database = stage.database()?;
            part(stage, random, |it| world::part(it, database)).await
        }
        Trial::DatabaseOneWay => {
            let database = stage.database()?;
            part(stage, random, |it| world::lose(database, it)).await
        }
        Trial::Flapping => flap(stage, random).await,
        Trial::Rolling => roll(stage).await,
    }
}

fn any_node(stage: &Stage, random: &mut Random) -> u8 {
    *random.pick(&(1..=u8::try_from(stage.nodes.len()).unwrap_or(u8::MAX)).collect::<Vec<_>>())
}

async fn kill(stage: &mut Stage, kills: usize, random: &mut Random) -> anyhow::Result<String> {
    let mut waits = vec![];
    for _ in 0..kills {
        let victim = any_node(stage, random);
        let content = stage.one_of(victim, random).await?;
        let probe = Probe::of(stage, &content, victim);
        probe.ready().await?;
        let since = Instant::now();
        node(stage, victim).kill();
        waits.push(probe.first(since).await.with_context(|| format!("node {victim} killed"))?);
        node(stage, victim).start().await;
        stage.balanced().await?;
    }
    Ok(words(&mut waits))
}

async fn by_lease(stage: &mut Stage, kills: usize, random: &mut Random) -> anyhow::Result<String> {
    stage.set(&BY_LEASE);
    roll(stage).await?;
    let told = kill(stage, kills, random).await;
    stage.set(&[]);
    roll(stage).await?;
    told
}

/// One that stands still past its lease is dead: it says so and ends, and has done nothing.
async fn stop(stage: &mut Stage, random: &mut Random) -> anyhow::Result<String> {
    let victim = any_node(stage, random);
    let content = stage.one_of(victim, random).await?;
    let probe = Probe::of(stage, &content, victim);
    probe.ready().await?;
    let (since, pid) = (Instant::now(), node(stage, victim).pid());
    kill_process(pid, Signal::STOP)?;
    let first = probe.first(since).await?;
    tokio::time::sleep(PAST_THE_LEASE.saturating_sub(since.elapsed())).await;
    let told = ends_when_it_goes_on(stage, victim).await?;
    Ok(format!("{}; {told}", words(&mut [first])))
}

/// The node stops itself behind the check of a fence, with the transaction open.
async fn stop_in_commit(stage: &mut Stage, random: &mut Random) -> anyhow::Result<String> {
    let victim = any_node(stage, random);
    let armed = node(stage, victim);
    ensure!(armed.stop().await.success(), "node {victim} did not stop in order");
    armed.start_armed(STILL_IN).await;
    stage.balanced().await?;
    let began = Instant::now();
    while !stands_still(node(stage, victim).pid().as_raw_nonzero().get()) {
        ensure!(began.elapsed() < 4 * PAST_THE_LEASE, "node {victim} commits nothing");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let since = Instant::now();
    let content = stage.one_of(victim, random).await?;
    let first = Probe::of(stage, &content, victim).first(since).await?;
    tokio::time::sleep(PAST_THE_LEASE.saturating_sub(since.elapsed())).await;
    let told = ends_when_it_goes_on(stage, victim).await?;
    Ok(format!("{}; {told}", words(&mut [first])))
}

fn stands_still(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, after)| after.starts_with('T'))
}

async fn ends_when_it_goes_on(stage: &mut Stage, victim: u8) -> anyhow::Result<String> {
    let since = Instant::now();
    let still = node(stage, victim);
    kill_process(still.pid(), Signal::CONT)?;
    let ended = still.wait_ended(ENDS_WITHIN).await;
    let took = since.elapsed().as_secs_f64();
    ensure!(ended.code() == Some(1), "node {victim} ended with {ended}");
    still.start().await;
    stage.balanced().await?;
    Ok(format!("it ended by itself {took:.2} s after it went on, exit code 1"))
}

/// Cuts a node off as `cut` says it, and mends it again.
async fn part(
    stage: &mut Stage,
    random: &mut Random,
    cut: impl Fn(End) -> anyhow::Result<()>,
) -> anyhow::Result<String> {
    let victim = 2;
    let content = stage.one_of(victim, random).await?;
    let probe = Probe::of(stage, &content, victim);
    probe.ready().await?;
    let since = Instant::now();
    cut(End::Node(victim))?;
    let first = probe.first(since).await?;
    tokio::time::sleep(PARTED.saturating_sub(since.elapsed())).await;
    world::mend();
    let came_back = again(stage).await?;
    Ok(format!("{}; {came_back}", words(&mut [first])))
}

async fn flap(stage: &mut Stage, random: &mut Random) -> anyhow::Result<String> {
    let victim = any_node(stage, random);
    let nodes = (1..).zip(&stage.nodes).map(|(it, _)| it);
    let mut ends: Vec<End> = nodes.filter(|it| *it != victim).map(End::Node).collect();
    ends.push(stage.database()?);
    for _ in 0..FLAPS {
        for end in &ends {
            world::part(End::Node(victim), *end)?;
        }
        tokio::time::sleep(FLAP).await;
        world::mend();
        tokio::time::sleep(FLAP).await;
    }
    again(stage).await
}

async fn roll(stage: &mut Stage) -> anyhow::Result<String> {
    let mut took = vec![];
    for number in 1..=u8::try_from(stage.nodes.len())? {
        let since = Instant::now();
        ensure!(node(stage, number).stop().await.success(), "node {number} did not stop in order");
        took.push(format!("{:.2}", since.elapsed().as_secs_f64()));
        node(stage, number).start().await;
        stage.balanced().await?;
    }
    Ok(format!("handed over and ended after {} s", took.join(", ")))
}

/// Starts whoever has ended by itself, until every node owns its share.
async fn again(stage: &mut Stage) -> anyhow::Result<String> {
    let mut ended = 0;
    for (number, it) in (1..).zip(&mut stage.nodes) {
        let Some(status) = it.ended() else { continue };
        let number: u8 = number;
        if status.code() != Some(1) {
            bail!("node {number} ended with {status}: {}", it.log_end());
        }
        ended += 1;
        it.wait_ended(Duration::ZERO).await;
        it.start().await;
    }
    let back = stage.balanced().await?.as_secs_f64();
    Ok(format!("{ended} nodes had ended by themselves; all had their share {back:.1} s later"))
}

fn node(stage: &mut Stage, number: u8) -> &mut playhouse_tests::sandbox::Sandbox {
    &mut stage.nodes[usize::from(number) - 1]
}
