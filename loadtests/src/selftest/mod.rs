//! `loadtests self-test`: the generator against servers that are wrong in known ways.
//!
//! A measurement is worth as much as its proof that it would have noticed. Each check says what it
//! must find by a closed form or an exact count, and what it found.

pub(crate) mod stub;

use crate::load::{self, Plan};
use crate::replay::{self, Prepared};
use crate::report::figures::{ALL, Figure};
use crate::report::model::{Report, Run};
use crate::scenario::Scenario;
use crate::script::Fixed;
use crate::target::Target;
use anyhow::Context;
use std::path::Path;
use std::time::Duration;
use stub::{Manner, Stub};

/// A second of silence in each ten.
const STALLS: Manner =
    Manner::Stalls { every: Duration::from_secs(10), lasts: Duration::from_secs(1) };
/// A tenth of all requests wait for up to a second, evenly: P(wait > x) = 0.1 (1 - x), which is
/// 0.01 at x = 0.9 s.
const P99_MS: f64 = 900.0;
/// Of 12,000 requests the 99th percentile is off by 9 ms (one standard deviation: the root of
/// 0.01 * 0.99 / 12,000, over a density of 0.1 a second); five of them, for the answers after a
/// stall that queue for the stub's one thread.
const TOLERANCE_MS: f64 = 45.0;
/// Two in a thousand.
const DROPPED_ONE_IN: u64 = 500;
/// A busy machine can keep the generator from its processor for a while; it then says so, which is
/// no wrong figure. A check that wants a valid run is tried so often.
const TRIES: u32 = 4;
/// The highest rate is looked for among these, requests a second.
const RATES: [u32; 12] =
    [1000, 2000, 4000, 6000, 8000, 12_000, 16_000, 20_000, 24_000, 32_000, 40_000, 50_000];

/// How it is run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leaves out the highest rate, which depends on the machine.
    #[arg(long)]
    quick: bool,
}

/// One line of the table.
struct Check {
    what: &'static str,
    expected: String,
    found: String,
    good: bool,
}

/// Runs the command; whether every check is good.
///
/// # Errors
/// When a stub does not start.
pub(crate) async fn run(options: &Options) -> anyhow::Result<bool> {
    let folder = tempfile::tempdir()?;
    let mut checks = stalls(folder.path()).await?;
    checks.push(crowded(folder.path()).await?);
    checks.push(drops(folder.path()).await?);
    checks.push(mutes(folder.path()).await?);
    checks.push(trudges(folder.path()).await?);
    for (what, manner, wrong) in [
        ("a stub that counts right, repeats included", Manner::Prompt, 0),
        ("a stub that counts one view twice", Manner::Doubles { nth: 50 }, 1),
        ("a stub that loses one acknowledged view", Manner::Loses { nth: 50 }, -1),
    ] {
        checks.push(counts(folder.path(), (what, manner, wrong)).await?);
    }
    if !options.quick {
        checks.push(highest(folder.path()).await?);
    }
    println!("\n| check | must be | found | |\n|---|---|---|---|");
    for Check { what, expected, found, good } in &checks {
        println!("| {what} | {expected} | {found} | {} |", if *good { "pass" } else { "FAIL" });
    }
    Ok(checks.iter().all(|check| check.good))
}

/// A run against a fresh stub, tried again while it is invalid, `tries` times at most.
async fn valid_one(
    folder: &Path,
    manner: Manner,
    scenario: &str,
    tries: u32,
) -> anyhow::Result<(Report, Stub)> {
    let mut turn = 1;
    loop {
        let stub = Stub::start(manner)?;
        let report = replayed(folder, &stub, scenario).await?;
        if only(&report)?.invalid.is_empty() || turn == tries {
            return Ok((report, stub));
        }
        eprintln!("the machine was busy: {}", only(&report)?.invalid.join("; "));
        turn += 1;
    }
}

/// The report of one run against a stub.
async fn replayed(folder: &Path, stub: &Stub, scenario: &str) -> anyhow::Result<Report> {
    replay::replay(&prepared(folder, stub, scenario)?).await
}

/// One run of a scenario against a stub, without a warm-up.
pub(crate) fn prepared(folder: &Path, stub: &Stub, scenario: &str) -> anyhow::Result<Prepared> {
    let scenario = Scenario::parse(&format!("about = 'self-test'\nwarm_up_s = 0\n{scenario}"))?;
    Ok(Prepared::plain(scenario, Target::new(&stub.address, "self-test")?, folder))
}

/// A flow at a constant rate, as a scenario says it.
pub(crate) fn flow(of: &str, per_s: u32) -> String {
    format!("[[flow]]\nof = '{of}'\nrate = {{ shape = 'constant', per_s = {per_s} }}\n")
}

fn only(report: &Report) -> anyhow::Result<&Run> {
    report.runs.first().context("a report has runs")
}

/// The share that waits and how long, by the open load and by a closed loop.
async fn stalls(folder: &Path) -> anyhow::Result<Vec<Check>> {
    let scenario = format!("length_s = 30\n{}", flow("engagement", 400));
    let (report, stub) = valid_one(folder, STALLS, &scenario, TRIES).await?;
    let run = only(&report)?;
    let [p50, p99] = [Figure::P50, Figure::P99].map(|it| it.of(run, ALL).unwrap_or(0.0));
    let open = Check {
        what: "p99 at a constant rate, when 1 s of each 10 s is silent",
        expected: format!("{P99_MS:.0} ms ± {TOLERANCE_MS:.0}, p50 below 20 ms, valid"),
        found: format!("p50 {p50:.1} ms, p99 {p99:.1} ms{}", valid(run)),
        good: (p99 - P99_MS).abs() <= TOLERANCE_MS && p50 < 20.0 && run.invalid.is_empty(),
    };
    let target = Target::new(&stub.address, "")?;
    let plan = Plan {
        warm_up: Duration::ZERO,
        length: Duration::from_secs(20),
        rate: None,
        pids: Vec::new(),
        progress: false,
    };
    let scripts: load::Scripts = vec![Box::new(Fixed::new(&target, "/count"))];
    let (tally, _) = load::run(&target.address, scripts, &plan).await?;
    let (p99, most) = (tally.latency_ms(0.99), tally.latency_ms(1.0));
    let closed = Check {
        what: "the same by a closed loop, which leaves out what it did not send meanwhile",
        expected: "p99 below 50 ms: it is not to be believed".to_owned(),
        found: format!("p99 {p99:.2} ms, max {most:.0} ms"),
        good: p99 < 50.0,
    };
    Ok(vec![open, closed])
}

fn valid(run: &Run) -> String {
    match run.invalid.first() {
        None => String::new(),
        Some(why) => format!(", INVALID: {why}"),
    }
}

/// With one connection, what is due in a stall is late, and the run must say so.
async fn crowded(folder: &Path) -> anyhow::Result<Check> {
    let manner =
        Manner::Stalls { every: Duration::from_secs(2), lasts: Duration::from_millis(500) };
    let stub = Stub::start(manner)?;
    let scenario = format!("length_s = 4\nconnections_max = 1\n{}", flow("engagement", 200));
    let report = replayed(folder, &stub, &scenario).await?;
    let run = only(&report)?;
    Ok(Check {
        what: "a generator with one connection in a stall: it must not wait in silence",
        expected: "INVALID, exit code 5".to_owned(),
        found: format!("{} late, exit code {}", run.counts.late, report.verdict.exit_code()),
        good: !run.invalid.is_empty() && report.verdict.exit_code() == 5,
    })
}

/// Every connection that is closed without an answer is an error, or the run is invalid.
async fn drops(folder: &Path) -> anyhow::Result<Check> {
    let scenario = format!("length_s = 10\n{}", flow("list", 500));
    let manner = Manner::Drops { one_in: DROPPED_ONE_IN };
    let (report, stub) = valid_one(folder, manner, &scenario, TRIES).await?;
    let run = only(&report)?;
    let errors: u64 = run.counts.errors.values().sum();
    let dropped = stub.dropped();
    Ok(Check {
        what: "a stub that closes 0.2 % of its connections without an answer",
        expected: format!("{dropped} errors (`broken`), or INVALID"),
        found: format!("{errors} of {}{}", run.counts.intended, valid(run)),
        good: dropped > 0
            && (run.counts.errors.get("broken") == Some(&dropped) && errors == dropped
                || !run.invalid.is_empty()),
    })
}

/// What is never answered is an error of the system, and a rate of nothing.
async fn mutes(folder: &Path) -> anyhow::Result<Check> {
    let scenario = format!("length_s = 2\ntimeout_s = 0.5\n{}", flow("list", 50));
    let (report, _stub) = valid_one(folder, Manner::Mutes, &scenario, TRIES).await?;
    let run = only(&report)?;
    let (sent, timeouts) = (run.counts.sent, run.counts.errors.get("timeout").copied());
    let rate = Figure::Rate.of(run, "list").unwrap_or(f64::NAN);
    Ok(Check {
        what: "a stub that never answers",
        expected: format!("{sent} timeouts, 0 answers a second, valid"),
        found: format!("{} timeouts, {rate}/s{}", timeouts.unwrap_or(0), valid(run)),
        good: sent > 0 && timeouts == Some(sent) && rate == 0.0 && run.invalid.is_empty(),
    })
}

/// A player asks for the next segment when the one before it has come: it is the film that is
/// slow, not the generator that is late.
async fn trudges(folder: &Path) -> anyhow::Result<Check> {
    let manner = Manner::Trudges { segment: Duration::from_millis(1200) };
    let scenario = format!("length_s = 8\n{}", flow("player", 5));
    let (report, _stub) = valid_one(folder, manner, &scenario, TRIES).await?;
    let run = only(&report)?;
    let p50 = Figure::P50.of(run, "segment").unwrap_or(0.0);
    Ok(Check {
        what: "a film of segments of 2 s that each take 1.2 s",
        expected: "p50 of segments 1200 ms ± 100, valid".to_owned(),
        found: format!("p50 {p50:.0} ms{}", valid(run)),
        good: (p50 - 1200.0).abs() <= 100.0 && run.invalid.is_empty(),
    })
}

/// The oracle finds one view too many or too few among a thousand, and none where there is none.
async fn counts(folder: &Path, of: (&'static str, Manner, i64)) -> anyhow::Result<Check> {
    let (what, manner, wrong) = of;
    let more = "[views]\nrepeat_share = 0.2\nrepeat_within_s = 1\n";
    let flows = format!("{}{}", flow("view", 200), flow("like", 20));
    let scenario = format!("length_s = 5\nsettle_within_s = 3\n{more}{flows}");
    let (report, _stub) = valid_one(folder, manner, &scenario, TRIES).await?;
    let oracle = &only(&report)?.oracle;
    let difference = oracle.views_settled.cast_signed() - oracle.views_true.cast_signed();
    let code = report.verdict.exit_code();
    let expected = if wrong == 0 { 0 } else { 4 };
    Ok(Check {
        what,
        expected: format!("{wrong} too many, exit code {expected}"),
        found: format!("{difference} of {} too many, exit code {code}", oracle.views_true),
        good: difference == wrong && code == expected && oracle.views_unknown == 0,
    })
}

/// The highest rate at which a run is valid, and what a request costs the generator there.
async fn highest(folder: &Path) -> anyhow::Result<Check> {
    let mut best = None;
    for rate in RATES {
        let scenario = format!("length_s = 5\n{}", flow("engagement", rate));
        let (report, stub) = valid_one(folder, Manner::Prompt, &scenario, 2).await?;
        let run = only(&report)?;
        if !run.invalid.is_empty() || !run.counts.errors.is_empty() {
            break;
        }
        // The stub is a thread of this process: its share is taken off.
        let own_s = run.counts.generator_cpu_s - stub.cpu_s()?;
        let p99 = Figure::P99.of(run, ALL).unwrap_or(0.0);
        best = Some((rate, 1e6 * own_s / run.counts.sent.max(1) as f64, p99));
    }
    let (rate, cpu_us, p99) = best.unwrap_or((0, 0.0, 0.0));
    Ok(Check {
        what: "highest valid rate on one machine with its stub, and what a request costs",
        expected: "1000/s at least".to_owned(),
        found: format!("{rate}/s, {cpu_us:.1} µs CPU a request, p99 {p99:.1} ms"),
        good: rate >= RATES[0],
    })
}
