//! Whole runs against stubs: what is the system's fault, what the generator's, and what is left
//! when a run breaks off.

use super::*;
use crate::report::figures::Figure;
use crate::selftest::stub::{Manner, Stub};
use crate::selftest::{flow, prepared};
use std::time::Instant;

/// A fault at the first moment, and its command.
fn faulty(prepared: Prepared, command: &str) -> Prepared {
    let faults = [("break".to_owned(), command.to_owned())].into();
    Prepared { faults, ..prepared }
}

const FAULT: &str = "[[fault]]\nat_s = 0\nrun = 'break'\n";

async fn replayed(manner: Manner, scenario: &str) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let stub = Stub::start(manner).expect("a stub");
    let of = prepared(folder.path(), &stub, scenario).expect("a scenario");
    replay(&of).await.expect("a report")
}

/// A player asks for the next segment when the one before it has come: that it then wanted it
/// earlier is no lateness of the generator.
#[tokio::test]
async fn slow_segments_are_the_systems_fault() {
    let manner = Manner::Trudges { segment: Duration::from_millis(1500) };
    let scenario = format!("length_s = 8\nlate_after_s = 1\n{}", flow("player", 2));
    let report = replayed(manner, &scenario).await;
    let run = &report.runs[0];
    assert!(run.latencies["segment"].count > 8, "{:?}", run.counts);
    assert_eq!((run.counts.late, run.invalid.as_slice()), (0, &[][..]));
}

#[tokio::test]
async fn what_is_never_answered_is_a_timeout_of_a_valid_run_and_no_rate() {
    let scenario = format!("length_s = 2\ntimeout_s = 0.5\n{}", flow("list", 20));
    let report = replayed(Manner::Mutes, &scenario).await;
    let run = &report.runs[0];
    assert_eq!(run.counts.errors, [("timeout".to_owned(), run.counts.sent)].into());
    assert_eq!(Figure::Rate.of(run, "list"), Some(0.0));
    assert_eq!((run.invalid.as_slice(), report.verdict), (&[][..], Verdict::Good));
}

#[tokio::test]
async fn a_run_that_breaks_off_leaves_those_before_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let stub = Stub::start(Manner::Prompt).expect("a stub");
    let scenario = format!("length_s = 1\n{}{FAULT}", flow("list", 20));
    let of = prepared(folder.path(), &stub, &scenario).expect("a scenario");
    let once = format!("mkdir {}", folder.path().join("once").display());
    let report = replay(&Prepared { runs: 2, ..faulty(of, &once) }).await.expect("a report");
    let why = report.broken_off.unwrap_or_default();
    assert!(why.starts_with("Run 2 of 2 broke off: the command of fault break failed"), "{why}");
    assert_eq!((report.runs.len(), report.verdict), (1, Verdict::Invalid));
}

#[test]
fn a_run_that_breaks_off_ends_at_once() {
    let began = Instant::now();
    let folder = tempfile::tempdir().expect("a folder");
    let stub = Stub::start(Manner::Prompt).expect("a stub");
    let scenario = format!("length_s = 900\n{}{FAULT}", flow("list", 1));
    let of = prepared(folder.path(), &stub, &scenario).expect("a scenario");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let error = runtime.block_on(replay(&faulty(of, "false"))).expect_err("it broke off");
    assert!(error.to_string().contains("the command of fault break failed"), "{error:#}");
    // Waits for all threads of the run.
    drop(runtime);
    assert!(began.elapsed() < Duration::from_secs(300), "not with the last arrival");
}
