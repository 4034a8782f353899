//! Reports as files: written whole, and read with suspicion.
//!
//! A report may come from another build, or from a hand: what is read is bounded before anything
//! is drawn from it.

use super::model::{Latencies, Report, Run, VERSION};
use super::page;
use anyhow::{Context, ensure};
use serde_json::Value;
use std::path::Path;

/// Three runs of a day with all their series stay below it.
const BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Longer runs have no use for rows of a second.
const LENGTH_MAX_S: f64 = 7.0 * 86_400.0;
/// After the end, what was sent may still be answered.
const GRACE_S: f64 = 60.0;
/// Runs that a page can show.
const RUNS_MAX: usize = 100;

/// Writes `report.json` and `report.html` into a folder, which is made when it is not there.
///
/// # Errors
/// When the folder cannot be written.
pub(crate) fn write(report: &Report, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    save(&folder.join("report.json"), &serde_json::to_vec(report)?)?;
    save(&folder.join("report.html"), page::render(report).as_bytes())
}

/// Writes one file.
///
/// # Errors
/// When it cannot be written; the error names it.
pub(crate) fn save(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// JSON for people: indented, with an end of line.
///
/// # Errors
/// When a report is no JSON, which its shape does not allow.
pub(crate) fn text(report: &Report) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}

/// Reads a report.
///
/// # Errors
/// When there is none, it is of another version, or holds what no run can have found.
pub(crate) fn read(path: &Path) -> anyhow::Result<Report> {
    let name = path.display();
    let facts = std::fs::metadata(path).with_context(|| format!("cannot read {name}"))?;
    ensure!(facts.is_file(), "{name} is no file; name the report.json in it");
    ensure!(facts.len() <= BYTES_MAX, "{name} has {} bytes; {BYTES_MAX} at most", facts.len());
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {name}"))?;
    parse(&bytes).with_context(|| format!("{name} is no report that this program reads"))
}

fn parse(bytes: &[u8]) -> anyhow::Result<Report> {
    let value: Value = serde_json::from_slice(bytes)?;
    let version = value.get("version").context("it has no version")?;
    let same = version.as_u64() == Some(VERSION.into());
    ensure!(same, "it is of version {version}, and this program reads {VERSION}");
    let report: Report = serde_json::from_value(value)?;
    ensure!(report.runs.len() <= RUNS_MAX, "it has more than {RUNS_MAX} runs");
    for (at, run) in report.runs.iter().enumerate() {
        check(run).with_context(|| format!("run {}", at + 1))?;
    }
    Ok(report)
}

fn check(run: &Run) -> anyhow::Result<()> {
    let length = run.length_s;
    ensure!(length > 0.0 && length <= LENGTH_MAX_S, "it cannot have lasted {length} s");
    ensure!(
        (0.0..=length).contains(&run.warm_up_s),
        "warm-up of {} s in {length} s",
        run.warm_up_s
    );
    // A grace after the end may have rows too; they are drawn in the last column.
    let rows = run.seconds.len().max(run.heat.cells.len());
    ensure!(rows as f64 <= length + GRACE_S, "{rows} rows of seconds in {length} s");
    let edges = &run.heat.edges_ms;
    let rise = edges.windows(2).all(|two| two[0] < two[1]);
    ensure!(rise && edges.first().is_none_or(|edge| *edge > 0.0), "edges of heat do not rise");
    let fits = |row: &Vec<u64>| row.len() <= edges.len() + 1;
    ensure!(run.heat.cells.iter().all(fits), "heat has more buckets than edges");
    for (kind, latencies) in &run.latencies {
        ensure!(rises(latencies), "the curve of {kind} does not rise from 0 to 1");
    }
    Ok(())
}

fn rises(latencies: &Latencies) -> bool {
    let points = &latencies.curve;
    let inside = points.iter().all(|(quantile, _)| (0.0..=1.0).contains(quantile));
    inside && points.windows(2).all(|two| two[0].0 <= two[1].0 && two[0].1 <= two[1].1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let report = example::report();
        write(&report, &folder.path().join("a/b")).expect("written");
        let again = read(&folder.path().join("a/b/report.json")).expect("a report");
        // The last bit of a number may differ; what is shown of it may not.
        assert!(page::render(&again) == page::render(&report), "the same page");
    }

    fn refused(change: impl FnOnce(&mut Value), why: &str) {
        let mut value = serde_json::to_value(example::report()).expect("JSON");
        change(&mut value);
        let bytes = serde_json::to_vec(&value).expect("JSON");
        let error = format!("{:#}", parse(&bytes).expect_err(why));
        assert!(error.contains(why), "{error}");
    }

    #[test]
    fn what_no_run_can_have_found_is_refused() {
        refused(|it| it["version"] = json!(2), "it is of version 2, and this program reads 1");
        refused(|it| *it = json!([]), "it has no version");
        refused(|it| it["runs"][1]["length_s"] = json!(1e300), "run 2: it cannot have lasted");
        refused(|it| it["runs"][0]["length_s"] = json!(-1), "run 1: it cannot have lasted");
        refused(|it| it["runs"][0]["warm_up_s"] = json!(1e9), "warm-up of 1000000000 s");
        refused(|it| it["runs"][0]["heat"]["edges_ms"] = json!([0.0, 1.0]), "edges of heat");
        refused(|it| it["runs"][0]["heat"]["edges_ms"] = json!([1.0]), "more buckets than edges");
        refused(|it| it["runs"][0]["length_s"] = json!(31), "120 rows of seconds in 31 s");
        let curve = json!([[0.5, 9.0], [0.9, 3.0]]);
        refused(|it| it["runs"][0]["latencies"]["view"]["curve"] = curve, "the curve of view");
        refused(|it| it["seed"] = json!("x"), "invalid type");
    }
}
