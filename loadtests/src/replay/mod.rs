//! `loadtests replay`: a scenario against a system, some times over, and the word about it.
//!
//! The load is open: all moments are fixed before the first request is sent, and nothing that is
//! slow makes any other request later. What comes out is told from the intended moments, with the
//! counts that the system must have in the end compared by an oracle.

mod api;
mod course;
mod hlog;
mod kind;
mod ledger;
mod line;
mod options;
mod oracle;
mod pacer;
mod plan;
mod player;
mod pool;
mod run;
mod settle;
mod story;
mod table;
#[cfg(test)]
mod tests;
mod upload;
mod validity;

pub(crate) use options::{Options, Prepared, Usage};

use crate::report::model::{self, Report, Verdict};
use crate::report::{self, Sampler, limits};
use crate::target::{Content, Target};
use anyhow::{Context, ensure};
use hlog::Writer;
use plan::{Draw, Plan};
use run::{Run, Setting};
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

/// Runs the command; what the program ends with.
///
/// # Errors
/// When it cannot be run.
pub(crate) async fn run(options: &Options) -> anyhow::Result<u8> {
    let prepared = options.prepare()?;
    let report = replay(&prepared).await?;
    let folder = &prepared.out;
    report::write(&report, folder)?;
    table::print(&report, folder);
    Ok(report.verdict.exit_code())
}

/// All runs of a scenario.
///
/// # Errors
/// When the system cannot be reached, or has nothing to watch.
pub(crate) async fn replay(prepared: &Prepared) -> anyhow::Result<Report> {
    let began = jiff::Timestamp::now().to_string();
    lift_descriptors(prepared.scenario.connections_max)?;
    std::fs::create_dir_all(&prepared.out)
        .with_context(|| format!("--out {}", prepared.out.display()))?;
    let contents = contents(prepared).await?;
    let setting = Setting {
        scenario: Arc::new(prepared.scenario.clone()),
        targets: Arc::new(prepared.targets.clone()),
        contents: Arc::new(contents),
        file: Arc::new(prepared.file.clone()),
        file_name: prepared.file_name.as_str().into(),
    };
    let environment = report::environment(&prepared.targets, &prepared.pids).await;
    let (runs, broken_off) = runs(prepared, &setting).await?;
    let mut report = Report {
        version: model::VERSION,
        began,
        scenario: spelled_out(prepared, &setting)?,
        name: prepared.name.clone(),
        seed: prepared.seed,
        environment,
        limits: limits::evaluate(&prepared.limits, &runs),
        broken_off,
        runs,
        verdict: Verdict::Invalid,
    };
    report.verdict = report::verdict(&report);
    Ok(report)
}

/// One run after the other, and why they broke off: what has been measured before is kept.
///
/// # Errors
/// When there is not even one.
async fn runs(
    prepared: &Prepared,
    setting: &Setting,
) -> anyhow::Result<(Vec<model::Run>, Option<String>)> {
    let (mut runs, all) = (Vec::new(), prepared.runs);
    for turn in 1..=all {
        eprintln!("{}: run {turn} of {all}", prepared.name);
        match one(prepared, setting, turn).await {
            Ok(run) => runs.push(run),
            Err(error) if runs.is_empty() => return Err(error),
            Err(error) => {
                return Ok((runs, Some(format!("Run {turn} of {all} broke off: {error:#}"))));
            }
        }
    }
    Ok((runs, None))
}

/// The scenario as it was run, with what the command line has made of it.
fn spelled_out(prepared: &Prepared, setting: &Setting) -> anyhow::Result<serde_json::Value> {
    let mut scenario = serde_json::to_value(&prepared.scenario)?;
    for (name, file) in &prepared.inputs {
        scenario[name] = file.clone();
    }
    scenario["scale"] = prepared.scale.into();
    scenario["contents"]["count"] = setting.contents.len().into();
    scenario["servers"] = setting.targets.len().into();
    Ok(scenario)
}

/// One run, from the counts before it to those after it.
async fn one(prepared: &Prepared, setting: &Setting, turn: u32) -> anyhow::Result<model::Run> {
    let scenario = &prepared.scenario;
    // Runs are repetitions: the same plan, so that what differs is the system.
    let plan = Plan::draw(Draw {
        scenario,
        trace: prepared.trace.as_ref(),
        scale: prepared.scale,
        contents: setting.contents.len(),
        servers: setting.targets.len(),
        seed: prepared.seed,
    })?;
    let before = settle::baseline(&setting.targets, &setting.contents).await?;
    let name = format!("run-{turn}.hlog");
    let run = Arc::new(Run::new(setting.clone(), &plan));
    let began = run.moment(Duration::ZERO).into_std();
    let sampler = Sampler::start(&prepared.targets, &prepared.pids, began)?;
    let log = Writer::begin(&prepared.out.join(&name), SystemTime::now())?;
    let asked = course::asked(&plan, scenario.length_s);
    let whole = async {
        tokio::try_join!(
            run::drive(&run, plan),
            async { Ok(course::cuts(&run).await) },
            course::faults(&run, &prepared.faults),
            course::cpu(&run, &prepared.pids),
        )
    };
    let (unended, mut marks, faults, spent) = tokio::select! {
        ended = whole => ended?,
        () = course::tick(&run, &log, &asked) => anyhow::bail!("the clock has stopped"),
    };
    course::close(&run, &log, None);
    log.end().await?;
    let samples = sampler.stop().await?;
    course::end_line();
    table::tell_cpu(&spent);
    let within = Duration::from_secs_f64(scenario.settle_within_s);
    let places = (setting.targets.as_slice(), setting.contents.as_slice());
    let oracle = settle::settle(&run.oracle, places, &before, within).await;
    delete_uploads(&run).await;
    marks.extend(faults);
    marks.extend(course::marks(scenario));
    marks.sort_by(|a, b| a.t_s.total_cmp(&b.t_s));
    let ledger = run.ledger();
    let counts = model::Counts { generator_cpu_s: spent.own_s, ..ledger.counts() };
    let (seconds, heat) = ledger.series();
    Ok(model::Run {
        warm_up_s: scenario.warm_up_s,
        length_s: scenario.length_s,
        invalid: validity::invalid(&counts, unended),
        counts,
        latencies: ledger.latencies(),
        seconds,
        heat,
        samples,
        marks,
        oracle,
        hlog: Some(name),
    })
}

/// The newest contents, at most as many as the scenario uses.
async fn contents(prepared: &Prepared) -> anyhow::Result<Vec<Content>> {
    let target = &prepared.targets[0];
    let list = target.get("/api/v1/content?limit=100").await?;
    let items = list["items"].as_array().context("a list has items")?;
    let ids = items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned));
    let ids: Vec<_> = ids.take(prepared.scenario.contents.count_max).collect();
    ensure!(!ids.is_empty(), "nothing is published at {}: upload a film first", target.address);
    target.contents(&ids).await
}

/// What uploads have made goes again, so that runs do not add up.
async fn delete_uploads(run: &Run) {
    let uploaded =
        std::mem::take(&mut *run.uploaded.lock().unwrap_or_else(PoisonError::into_inner));
    if !run.of.scenario.uploads.delete_after {
        return;
    }
    let target = &run.of.targets[0];
    let failed = delete(target, &uploaded).await;
    if failed > 0 {
        eprintln!("{failed} of {} uploaded contents could not be deleted", uploaded.len());
    }
}

/// Deletes contents one after the other; how many could not be.
async fn delete(target: &Target, ids: &[String]) -> usize {
    let (mut wire, mut failed) = (crate::wire::Wire::new(&target.address), 0);
    for id in ids {
        let deleted = target.ask(&mut wire, &format!("DELETE /api/v1/content/{id}")).await;
        failed += usize::from(deleted.is_err());
    }
    failed
}

/// As many descriptors as connections, and some for files.
fn lift_descriptors(connections: usize) -> anyhow::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let wanted = connections as u64 + 100;
    let known = getrlimit(Resource::Nofile);
    if known.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    let enough = known.maximum.is_none_or(|maximum| maximum >= wanted);
    ensure!(
        enough,
        "connections_max = {connections} wants {wanted} descriptors, and this process may have {}: \
         raise the limit (`ulimit -n`) or lower connections_max",
        known.maximum.unwrap_or_default()
    );
    setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: known.maximum })?;
    Ok(())
}

/// Where runs go when nothing else is said.
pub(super) fn folder(name: &str) -> std::path::PathBuf {
    Path::new("load").join(name)
}
