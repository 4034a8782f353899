//! What happens beside the requests of a run: cuts, faults, the closing of seconds, the line that
//! tells how it goes.

use super::hlog::Writer;
use super::plan::{Plan, What};
use super::run::{Cutting, Run};
use crate::process::cpu_s;
use crate::report::model::Mark;
use crate::scenario::{Fault, Scenario};
use anyhow::{Context, ensure};
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use tokio::time::{Instant, sleep_until, timeout};

/// A line that is not rewritten comes so often, seconds.
const PLAIN_EVERY: u64 = 5;
/// No command of a fault takes longer: one that hangs would hold up the run for ever.
const FAULT_MAX: Duration = Duration::from_secs(120);
/// Requests may be intended before their own second is looked at: timers, retries.
const SLACK_S: u64 = 2;

/// Cuts all sockets of players at their moments, until the run is over.
pub(super) async fn cuts(run: &Run) -> Vec<Mark> {
    let mut cuts = run.of.scenario.cuts.clone();
    cuts.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    let mut marks = Vec::new();
    for cut in cuts {
        sleep_until(run.moment(Duration::from_secs_f64(cut.at_s))).await;
        let back_within = Duration::from_secs_f64(cut.back_within_s);
        run.cuts.send_replace(Cutting { back_within });
        marks.push(Mark { t_s: cut.at_s, what: "all players' sockets cut".to_owned() });
    }
    marks
}

/// Runs the commands of faults one after the other, each at its moment or when the one before it
/// has ended, and tells when that was.
///
/// # Errors
/// When one cannot be run or fails: then what should have happened has not.
pub(super) async fn faults(
    run: &Run,
    commands: &BTreeMap<String, String>,
) -> anyhow::Result<Vec<Mark>> {
    let mut faults: Vec<Fault> = run.of.scenario.faults.clone();
    faults.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    let mut marks = Vec::new();
    for fault in faults {
        let command = commands.get(&fault.run).context("every fault has a command")?;
        sleep_until(run.moment(Duration::from_secs_f64(fault.at_s))).await;
        let t_s = run.since_start(Instant::now()).as_secs_f64();
        let mut child = Command::new("sh");
        child.args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        let ended = timeout(FAULT_MAX, child.status()).await.with_context(|| {
            format!("the command of fault {} did not end within {FAULT_MAX:?}", fault.run)
        })?;
        let ended = ended.with_context(|| format!("fault {}", fault.run))?;
        ensure!(ended.success(), "the command of fault {} failed: {ended}", fault.run);
        marks.push(Mark { t_s, what: fault.run });
    }
    Ok(marks)
}

/// Moments that the scenario itself marks.
pub(super) fn marks(scenario: &Scenario) -> Vec<Mark> {
    let flips = scenario.flips.iter().map(|flip| (flip.at_s, "other contents are popular"));
    let rates = scenario.flows.iter().filter_map(|flow| flow.rate.mark());
    let mark = |(t_s, what): (f64, &str)| Mark { t_s, what: what.to_owned() };
    let mut marks: Vec<_> = flips.chain(rates).map(mark).collect();
    marks.sort_by(|a, b| a.t_s.total_cmp(&b.t_s));
    // Flows of a scenario mostly move together.
    marks.dedup_by(|a, b| a.what == b.what && (a.t_s - b.t_s).abs() < 1e-6);
    marks
}

/// CPU seconds from the end of the warm-up to the end of the run.
pub(super) struct Spent {
    pub(super) own_s: f64,
    /// Of the servers, where their processes are known and have lived through it.
    pub(super) servers_s: Option<f64>,
}

/// What the generator and the servers use of the machine.
///
/// # Errors
/// When the kernel does not tell of the generator.
pub(super) async fn cpu(run: &Run, pids: &[u32]) -> anyhow::Result<Spent> {
    let own = [std::process::id()];
    let servers = || if pids.is_empty() { None } else { cpu_s(pids).ok() };
    sleep_until(run.moment(Duration::from_secs_f64(run.of.scenario.warm_up_s))).await;
    let before = (cpu_s(&own)?, servers());
    sleep_until(run.end()).await;
    let servers_s = before.1.and_then(|before| Some(servers()? - before));
    Ok(Spent { own_s: cpu_s(&own)? - before.0, servers_s })
}

/// What is wanted of each second, for the line that tells how it goes.
pub(super) fn asked(plan: &Plan, length_s: f64) -> Vec<u64> {
    let mut asked = vec![0; length_s.ceil() as usize + 1];
    for arrival in &plan.arrivals {
        let place = usize::try_from(arrival.at.as_secs()).unwrap_or(usize::MAX);
        if let Some(count) = asked.get_mut(place) {
            // A player's session is more than one request; what it began with is one.
            *count += u64::from(!matches!(arrival.what, What::Upload { .. }));
        }
    }
    asked
}

/// Each second: closes what is complete, and tells how it goes. Never ends by itself.
pub(super) async fn tick(run: &Run, log: &Writer, asked: &[u64]) {
    let slack = run.timeout().as_secs() + SLACK_S;
    let (mut good, terminal) = (0, std::io::stderr().is_terminal());
    for second in 1_u64.. {
        sleep_until(run.moment(Duration::from_secs(second))).await;
        close(run, log, Some(second.saturating_sub(slack)));
        let (progress, p99_ms) = run.ledger().look();
        let reached = progress.good - good;
        good = progress.good;
        let place = usize::try_from(second - 1).unwrap_or(usize::MAX);
        let wanted = asked.get(place).copied().unwrap_or(0);
        let over = if Instant::now() >= run.end() { ", waiting for the last answers" } else { "" };
        let line = format!(
            "{second:>4} s  begun {wanted}/s  answered {reached}/s  errors {}  late {}  p99 of the \
             last 5 s {p99_ms:.1} ms{over}",
            progress.errors, progress.late
        );
        if terminal {
            log.tell(format!("\r\x1b[K{line}"));
        } else if second.is_multiple_of(PLAIN_EVERY) {
            log.tell(format!("{line}\n"));
        }
    }
}

/// Closes all seconds before this one, or all there are when the run is over.
pub(super) fn close(run: &Run, log: &Writer, before: Option<u64>) {
    loop {
        let closed = match before {
            Some(before) => run.ledger().close(before),
            None => run.ledger().close_last(),
        };
        let Some((second, book)) = closed else { return };
        log.append(second, book);
    }
}

/// Ends a line that was rewritten.
pub(super) fn end_line() {
    if std::io::stderr().is_terminal() {
        eprintln!();
    }
}
