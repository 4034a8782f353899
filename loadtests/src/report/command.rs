//! `loadtests report` and `loadtests compare-reports`: reports that lie in files, looked at again.

use super::compare::compare;
use super::files::{read, save, text, write};
use super::limits::{self, Condition};
use super::model::{Report, Verdict};
use super::{page, slim, verdict};
use anyhow::ensure;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

/// What is made of a report.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// A `report.json`, or a baseline.
    file: PathBuf,
    /// Folder of a new `report.json` and `report.html`; when not given only a page is made, beside
    /// the file and named as it is.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Other limits than those it was run with, such as `view.p99_ms<=50`; may be repeated.
    #[arg(long, value_parser = limits::parse)]
    limit: Vec<Condition>,
    /// Prints a baseline (figures and machine, no series) instead of rendering.
    #[arg(long, conflicts_with = "out")]
    as_baseline: bool,
}

/// Which reports are compared.
#[derive(clap::Args)]
pub(crate) struct CompareOptions {
    /// What it is compared to: a report or a baseline.
    base: PathBuf,
    /// What is compared.
    new: PathBuf,
    /// Also writes the comparison as a page of HTML.
    #[arg(long)]
    html: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Renders a report anew, or prints its baseline; the exit code is that of its verdict.
///
/// # Errors
/// When the file is no report, or the folder cannot be written.
pub(crate) fn render(options: &Options) -> anyhow::Result<u8> {
    let mut report = read(&options.file)?;
    if !options.limit.is_empty() {
        report.limits = limits::evaluate(&options.limit, &report.runs);
    }
    report.verdict = verdict(&report);
    if options.as_baseline {
        print(&baseline(&report)?)?;
        return Ok(0);
    }
    let written = match &options.out {
        Some(folder) => {
            write(&report, folder)?;
            folder.join("report.html")
        }
        None => {
            let beside = options.file.with_extension("html");
            save(&beside, page::render(&report).as_bytes())?;
            beside
        }
    };
    eprintln!("{}", written.display());
    verdict::reasons(&report).iter().for_each(|reason| eprintln!("{reason}"));
    Ok(report.verdict.exit_code())
}

/// Only a run whose figures and counts can be believed is what others are held against.
fn baseline(report: &Report) -> anyhow::Result<String> {
    let believed = matches!(report.verdict, Verdict::Good | Verdict::OverLimit);
    ensure!(believed, "no baseline is made of it: {}", verdict::reasons(report).join(" "));
    text(&slim(report))
}

/// Prints the ratios of two reports.
///
/// # Errors
/// When a file is no report, or the page cannot be written.
pub(crate) fn compare_reports(options: &CompareOptions) -> anyhow::Result<u8> {
    let (base, new) = (read(&options.base)?, read(&options.new)?);
    let comparison = compare(&base, &new);
    if let Some(path) = &options.html {
        save(path, page::comparison(&base, &new, &comparison).as_bytes())?;
    }
    let text = match options.json {
        true => serde_json::to_string(&comparison)?,
        false => comparison.table(),
    };
    print(&format!("{text}\n"))?;
    Ok(0)
}

/// A reader that has seen enough is no failure.
fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
