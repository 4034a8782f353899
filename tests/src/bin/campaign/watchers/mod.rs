//! What it costs a busy node to be watched by one page and one terminal.
//!
//! Rounds of the same load with and without watchers take turns, first on a node with the
//! entities of the load alone, then with as many resident ones as a node keeps; there the answer
//! times of the inspector are told too. The promise is about the first: at most 1 % of the
//! throughput and of the node's CPU time per request. It counts as broken when the cost is above
//! that by more than what the rounds differ among themselves.

mod answers;
mod figures;
mod load;
mod options;
mod rounds;
mod watch;

use crate::process::resident_bytes;
use anyhow::{Context, bail, ensure};
use load::{Load, Status};
use options::Options;
use playhouse_tests::client::Client;
use playhouse_tests::random::Random;
use playhouse_tests::sandbox::Sandbox;
use rounds::Rounds;
use std::time::{Duration, Instant};

/// Uploads that the load asks about: more than its connections, so that asks seldom meet.
const UPLOADS: usize = 200;
/// The node counts its residents about once a second; a busy machine is late.
const COUNTED_WITHIN: Duration = Duration::from_secs(20);

/// Runs the campaign.
///
/// # Errors
/// When an option is wrong, the node does not do its part, or the promise is broken.
pub(crate) async fn run(arguments: &[String]) -> anyhow::Result<()> {
    let options = Options::read(arguments)?;
    let resident_max =
        format!("actors.runtime.entities_resident_max={}", options.entities + 10 * UPLOADS);
    // Nobody falls asleep while the campaign lasts.
    let sandbox = Sandbox::started(&[&resident_max, "actors.runtime.idle_s=86400"]).await;
    let client = sandbox.admin();
    let load = Load::new(&sandbox, uploads(&client).await?, Status::Ok);
    let rounds = Rounds { sandbox: &sandbox, load: &load, options: &options };
    println!("## The entities of the load\n");
    let promise = rounds.run().await?;
    let ids = fill(&sandbox, &client, &options).await?;
    answers::print(&client, &ids).await?;
    println!("\n## {} more resident entities\n", options.entities);
    rounds.run().await?;
    if promise.is_broken() {
        bail!("to be watched costs more than {} %", 100.0 * rounds::AIM);
    }
    Ok(())
}

/// Uploads that have begun and get no byte: where they stand is told from memory.
async fn uploads(client: &Client) -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::new();
    while ids.len() < UPLOADS {
        let created = client.create(1_000_000, "filename ZmlsbS5tcDQ=").await;
        ensure!(created.status == 201, "creation was answered {}", created.text());
        let id = created.header("location").rsplit('/').next();
        ids.push(id.context("an upload has an address")?.to_owned());
    }
    Ok(ids)
}

/// Loads an entity for each of many unknown uploads, and tells what it keeps in memory.
async fn fill(
    sandbox: &Sandbox,
    client: &Client,
    options: &Options,
) -> anyhow::Result<Vec<String>> {
    let ids = unknown(options.entities);
    let (began, before) = (Instant::now(), resident_bytes(sandbox.pid())?);
    Load::new(sandbox, ids.clone(), Status::NotFound).once(options.connections).await?;
    let took = began.elapsed();
    let bytes = resident_bytes(sandbox.pid())? - before;
    let resident = counted(client, ids.len()).await?;
    println!("\n## The inspector at {resident} resident entities\n");
    println!(
        "loaded in {:.1} s; the node grew by {:.1} MB, {:.0} bytes for each entity\n",
        took.as_secs_f64(),
        bytes / (1024.0 * 1024.0),
        bytes / ids.len() as f64
    );
    Ok(ids)
}

/// Waits until the node, which counts its residents now and then, has counted all of them.
async fn counted(client: &Client, least: usize) -> anyhow::Result<u64> {
    let began = Instant::now();
    loop {
        let totals = client.get("/admin/api/tree?depth=0").await.json()["totals"].take();
        let resident = totals["entities"].as_u64().unwrap_or_default();
        if resident >= least as u64 {
            return Ok(resident);
        }
        ensure!(began.elapsed() < COUNTED_WITHIN, "only {resident} are resident: {totals}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Ids of uploads that there are not.
fn unknown(count: usize) -> Vec<String> {
    let mut random = Random::new(0x9E37_79B9_7F4A_7C15);
    let mut id = || {
        let (high, low) = (random.next(), random.next());
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xFFFF,
            (high & 0x0FFF) | 0x7000,
            ((low >> 48) & 0x3FFF) | 0x8000,
            low & 0xFFFF_FFFF_FFFF
        )
    };
    (0..count).map(|_| id()).collect()
}
