//! Campaigns: measurements over many inputs that take longer than a change should wait for.
//!
//! Each prints a Markdown table and ends with a non-zero exit when a promise is broken. They run
//! against real nodes (`PLAYHOUSE_BIN` names the folder of the binaries, else those beside this
//! one), and ffmpeg is the judge of what they make.

mod check;
mod cluster;
mod crowd;
mod engines;
mod events;
mod idle;
mod inputs;
mod kills;
mod ladder;
mod outages;
mod process;
mod verdict;
mod views;
mod watchers;

use anyhow::{Context, bail};
use std::path::Path;

const USAGE: &str = "usage: campaign inputs FILE… | kills FILE [--seed N] | ladder FILE | idle \
    | check FILE… \
    | watchers [--pairs N] [--seconds N] [--connections N] [--entities N] \
    | views [--events N] [--contents N] [--kills N] [--players N] [--connections N] [--seed N] \
    [key=value …] \
    | events [--events N] [--contents N] [--kills N] [--steady N] [--rate N] [--seed N] \
    [--log kafka://HOST:PORT] [key=value …] \
    | outages [--away-s N] [--only ENGINE] [--csv FILE] [--svg FILE] [--log FILE] \
    | cluster [--nodes N] [--kills N] [--only TRIAL] [--seed N] [--history FILE] [--logs DIR]";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((name, files)) if name == "inputs" && !files.is_empty() => inputs::run(files).await,
        Some((name, [file])) if name == "kills" => kills::run(Path::new(file), None).await,
        Some((name, [file, option, seed])) if name == "kills" && option == "--seed" => {
            let seed = seed.parse().context("a seed is a whole number")?;
            kills::run(Path::new(file), Some(seed)).await
        }
        Some((name, [file])) if name == "ladder" => ladder::run(Path::new(file)).await,
        Some((name, [])) if name == "idle" => idle::run().await,
        Some((name, files)) if name == "check" && !files.is_empty() => check::run(files),
        Some((name, options)) if name == "watchers" => watchers::run(options).await,
        Some((name, options)) if name == "events" => events::run(options).await,
        Some((name, options)) if name == "views" => views::run(options).await,
        Some((name, options)) if name == "cluster" => cluster::run(options).await,
        Some((name, options)) if name == "outages" => outages::run(options).await,
        _ => bail!(USAGE),
    }
}
