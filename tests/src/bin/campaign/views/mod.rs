//! Every view counts, once: views over many contents, by sessions and by requests, sent twice and
//! out of order, while the node is killed again and again.
//!
//! The generator keeps the truth; at the end every content's settled views must equal it exactly,
//! and its unique viewers exactly or, above what is counted exactly, within the stated error.

mod options;
mod seed;

use anyhow::{Context, bail};
use options::Options;
use playhouse_tests::sandbox::Sandbox;
use playhouse_tests::views::{self, Report, Strike};
use std::time::{Duration, Instant};

/// Rules against inflation that see one address behind everybody are lifted: here it is true.
const SETTINGS: [&str; 1] = ["actors.playback.views_per_address_hour_max=0"];

/// Runs the campaign.
///
/// # Errors
/// When an option is wrong, the node does not do its part, or a count is not the truth.
pub(crate) async fn run(arguments: &[String]) -> anyhow::Result<()> {
    let options = Options::read(arguments)?;
    println!("seed {}\n", options.seed);
    let settings: Vec<_> =
        SETTINGS.into_iter().chain(options.settings.iter().map(String::as_str)).collect();
    let mut sandbox = Sandbox::started(&settings).await;
    let original = sandbox.upload(&playhouse_tests::clip());
    sandbox.stop().await;
    let contents = seed::copy(&sandbox.data(), &original, options.contents)?;
    sandbox.start().await;
    let crowd = views::Options {
        events: options.events,
        contents,
        kills: options.kills,
        players_max: options.players,
        connections: options.connections,
        seed: options.seed,
    };
    let began = Instant::now();
    let report = views::run(&mut sandbox, &crowd).await;
    let report = report.with_context(|| format!("seed {}; {}", options.seed, sandbox.log_end()))?;
    print(&options, &report, began.elapsed());
    let faults = &report.verdict.faults;
    if !faults.is_empty() {
        let first: Vec<_> = faults.iter().take(20).map(String::as_str).collect();
        bail!("{} contents are wrong (seed {}):\n{}", faults.len(), options.seed, first.join("\n"));
    }
    println!("\nevery content counts exactly what is true");
    Ok(())
}

fn print(options: &Options, report: &Report, took: Duration) {
    println!("| kill | views through % | ready again ms |\n|---|---|---|");
    for (at, Strike { progress, ready }) in report.strikes.iter().enumerate() {
        println!("| {} | {:.1} | {} |", at + 1, 100.0 * progress, ready.as_millis());
    }
    let (seconds, verdict) = (report.took.as_secs_f64(), &report.verdict);
    let (events, contents) = (options.events, options.contents);
    println!("\n| what | number |\n|---|---|");
    println!("| views tried, over {contents} contents | {events} |");
    println!("| in seconds, kills included | {seconds:.1} |");
    println!("| views a second | {:.0} |", events as f64 / seconds);
    println!("| requests acknowledged | {} |", report.requests);
    println!("| requests a second | {:.0} |", report.requests as f64 / seconds);
    println!("| cut or put off, and sent again | {} |", report.retries);
    println!("| sent twice on purpose | {} |", report.repeats);
    println!("| views that are true | {} |", verdict.expected);
    println!("| views settled | {} |", verdict.settled);
    println!("| views live | {} |", verdict.live);
    println!("| settled after the last request, s | {:.1} |", verdict.settled_after.as_secs_f64());
    println!("| contents that differ | {} |", verdict.faults.len());
    println!("| the whole run, s | {:.1} |", took.as_secs_f64());
    if !verdict.estimates.is_empty() {
        println!("\n| unique viewers | estimated | error % |\n|---|---|---|");
    }
    for (truth, told) in &verdict.estimates {
        let error = 100.0 * (*told as f64 / *truth as f64 - 1.0);
        println!("| {truth} | {told} | {error:+.2} |");
    }
}
