//! The load generator: what a node takes, how soon, and beside what.
//!
//! It speaks only HTTP, on one thread by default, since it shares the machine with what it
//! measures. A command ends with exit code 1 when a request failed or the generator itself was
//! late, so that no script takes a spoiled figure for a good one. In a replay failures are part of
//! what is measured, and its code says more: 1 it could not be run, 2 wrong usage, 3 over a limit,
//! 4 counts wrong, 5 invalid.

mod clock;
mod compare;
mod freshness;
mod ingest;
mod load;
mod process;
mod random;
mod record;
mod replay;
mod report;
mod scenario;
mod scenarios;
mod script;
mod selftest;
mod sessions;
mod stream;
mod target;
mod wire;

use clap::Parser;
use clap::builder::RangedU64ValueParser;
use std::process::ExitCode;

/// Measures a Playhouse node, or a peer, over HTTP.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Threads of the generator.
    #[arg(long, global = true, default_value_t = 1)]
    threads: usize,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// The highest rate of acknowledged requests, and latencies at a fixed rate.
    Ingest(ingest::Options),
    /// The same beside a server with Redis and a bare group commit, all started here.
    Compare(compare::Options),
    /// Opens very many sessions, and wakes some that sleep.
    Sessions(sessions::Options),
    /// From an acknowledged view to the number on another connection's stream.
    Freshness(freshness::Options),
    /// Replays a scenario: an open load with players, spikes and faults, and an oracle.
    Replay(replay::Options),
    /// Lists the scenarios, or prints one.
    Scenarios(scenarios::Options),
    /// From an access log to a rate for each 100 ms, for `replay trace`.
    Record(record::Options),
    /// Proves against misbehaving stubs that a replay would have noticed.
    SelfTest(selftest::Options),
    /// Renders a report anew, with other limits if wanted, or makes a baseline of it.
    Report(report::Options),
    /// Ratios of two reports, and which of them are more than noise.
    CompareReports(report::CompareOptions),
}

/// How often, where never would measure nothing.
fn at_least_one() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match runtime(arguments.threads).and_then(|runtime| runtime.block_on(run(arguments.command))) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("loadtests: {error:#}");
            ExitCode::from(if error.is::<replay::Usage>() { 2 } else { 1 })
        }
    }
}

/// What the program ends with.
async fn run(command: Command) -> anyhow::Result<u8> {
    let good = match command {
        Command::Ingest(options) => ingest::run(&options).await,
        Command::Compare(options) => compare::run(&options).await,
        Command::Sessions(options) => sessions::run(&options).await,
        Command::Freshness(options) => freshness::run(&options).await,
        Command::Scenarios(options) => scenarios::run(&options),
        Command::Record(options) => record::run(&options),
        Command::SelfTest(options) => selftest::run(&options).await,
        Command::Replay(options) => return replay::run(&options).await,
        Command::Report(options) => return report::render(&options),
        Command::CompareReports(options) => return report::compare_reports(&options),
    };
    Ok(u8::from(!good?))
}

fn runtime(threads: usize) -> anyhow::Result<tokio::runtime::Runtime> {
    let mut builder = match threads {
        0 | 1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    Ok(builder.worker_threads(threads.max(1)).enable_all().build()?)
}
