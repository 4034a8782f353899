//! What `loadtests replay` is given, and what of it a run is made of. What is wrong here is wrong
//! usage: it is found before anything is sent.

use super::plan::{Draw, Plan};
use crate::process::cpu_s;
use crate::random::Random;
use crate::report::limits::{self, Condition};
use crate::scenario::{self, Rate, Scenario, Trace};
use crate::target::Target;
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Most runs: their spread says no more with more of them.
const RUNS_MAX: u32 = 100;

/// Wrong usage; told with exit code 2.
#[derive(Debug)]
pub(crate) struct Usage(anyhow::Error);

impl Usage {
    /// Because of this.
    pub(crate) fn new(error: anyhow::Error) -> Self {
        Self(error)
    }
}

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl std::error::Error for Usage {}

/// What is replayed, where, and how often.
#[derive(Clone, clap::Args)]
pub(crate) struct Options {
    /// Name of a scenario (`loadtests scenarios` lists them), or a TOML file.
    scenario: String,
    /// Where the nodes listen; players move on to another one when theirs fails.
    #[arg(long, value_delimiter = ',', default_value = "http://127.0.0.1:8080")]
    server: Vec<String>,
    /// File with the bearer token of an administrator, such as a node's `admin-token`.
    #[arg(long)]
    token_file: PathBuf,
    /// Decides every moment and choice.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs of the same plan.
    #[arg(long, default_value_t = 3)]
    runs: u32,
    /// All rates times this.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Length of a run, seconds, warm-up included; the course of the rates is stretched to it. A
    /// trace is cut.
    #[arg(long)]
    length: Option<f64>,
    /// Folder of the report and the histograms; `load/SCENARIO` when not given.
    #[arg(long)]
    out: Option<PathBuf>,
    /// What must hold, such as `view.p99_ms<=50`, `all.errors_share<=0.001` or `all.rate>=500`.
    #[arg(long, value_parser = limits::parse)]
    limit: Vec<Condition>,
    /// A server's process; may be named more than once.
    #[arg(long, value_delimiter = ',')]
    pid: Vec<u32>,
    /// `NAME=COMMAND`: what a fault of the scenario runs, by the shell.
    #[arg(long)]
    fault: Vec<String>,
    /// Recorded rate (`loadtests record` makes one), for scenarios that replay one.
    #[arg(long)]
    trace: Option<PathBuf>,
    /// The file that uploads send, instead of made-up bytes.
    #[arg(long)]
    upload_file: Option<PathBuf>,
}

/// The same, read and checked.
pub(crate) struct Prepared {
    pub(super) name: String,
    pub(super) scenario: Scenario,
    pub(super) trace: Option<Trace>,
    pub(super) targets: Vec<Target>,
    pub(super) seed: u64,
    pub(super) runs: u32,
    pub(super) scale: f64,
    pub(super) out: PathBuf,
    pub(super) limits: Vec<Condition>,
    pub(super) pids: Vec<u32>,
    pub(super) faults: BTreeMap<String, String>,
    pub(super) file: Vec<u8>,
    pub(super) file_name: String,
    /// Files that decide what a run is, by what they are for: told in the report.
    pub(super) inputs: BTreeMap<&'static str, Value>,
}

impl Prepared {
    /// One run of a scenario against one server.
    pub(crate) fn plain(scenario: Scenario, target: Target, out: &Path) -> Self {
        Self {
            name: "plain".to_owned(),
            scenario,
            trace: None,
            targets: vec![target],
            seed: 1,
            runs: 1,
            scale: 1.0,
            out: out.to_owned(),
            limits: Vec::new(),
            pids: Vec::new(),
            faults: BTreeMap::new(),
            file: Vec::new(),
            file_name: String::new(),
            inputs: BTreeMap::new(),
        }
    }
}

impl Options {
    /// Reads and checks all of it.
    ///
    /// # Errors
    /// [`Usage`], when something is wrong.
    pub(super) fn prepare(&self) -> anyhow::Result<Prepared> {
        self.checked().map_err(|error| Usage(error).into())
    }

    fn checked(&self) -> anyhow::Result<Prepared> {
        let sheet = scenario::find(&self.scenario)?;
        let trace = self.trace.as_deref().map(Trace::read).transpose()?;
        let scenario = sheet.read()?;
        let replays = scenario.flows.iter().any(|flow| matches!(flow.rate, Rate::Trace { .. }));
        ensure!(
            replays == trace.is_some(),
            "{}",
            if replays {
                "this scenario replays a recorded rate: name its file with --trace"
            } else {
                "this scenario replays no recorded rate: leave out --trace"
            }
        );
        let scenario = self.lengthened(scenario, trace.as_ref())?;
        let token = std::fs::read_to_string(&self.token_file)
            .with_context(|| format!("--token-file {}", self.token_file.display()))?;
        let targets = self.server.iter().map(|server| Target::new(server, &token));
        ensure!((1..=RUNS_MAX).contains(&self.runs), "--runs must be 1 to {RUNS_MAX}");
        ensure!(
            self.scale.is_finite() && self.scale > 0.0 && self.scale <= 1e6,
            "--scale must be above 0 and at most 1000000, and is {}",
            self.scale
        );
        cpu_s(&self.pid).context("--pid")?;
        let faults = faults(&self.fault, &scenario)?;
        let (file, file_name) = self.file(&scenario)?;
        self.fits(&scenario, trace.as_ref())?;
        Ok(Prepared {
            targets: targets.collect::<anyhow::Result<_>>().context("--server")?,
            seed: self.seed,
            runs: self.runs,
            scale: self.scale,
            inputs: self.inputs(&file)?,
            out: self.out.clone().unwrap_or_else(|| super::folder(&sheet.name)),
            limits: self.limit.clone(),
            pids: self.pid.clone(),
            name: sheet.name,
            scenario,
            trace,
            faults,
            file,
            file_name,
        })
    }

    /// The scenario in the length that is asked for: a trace is as long as it is, or cut.
    fn lengthened(&self, of: Scenario, trace: Option<&Trace>) -> anyhow::Result<Scenario> {
        match (trace, self.length) {
            (Some(trace), length) => {
                let whole = trace.length_s();
                let mut of = of;
                of.length_s = length.unwrap_or(whole).min(whole);
                of.warm_up_s = of.warm_up_s.min(of.length_s / 5.0);
                let length_s = of.length_s;
                of.stretched(length_s)
            }
            (None, Some(length)) => of.stretched(length).context("--length"),
            (None, None) => Ok(of),
        }
    }

    /// Whether the plan is not too long.
    fn fits(&self, scenario: &Scenario, trace: Option<&Trace>) -> anyhow::Result<()> {
        let (scale, seed, servers) = (self.scale, self.seed, self.server.len());
        let contents = scenario.contents.count_max;
        Plan::fits(&Draw { scenario, trace, scale, contents, servers, seed })
    }

    /// Two reports are of the same thing when these are the same, whatever they are called.
    fn inputs(&self, file: &[u8]) -> anyhow::Result<BTreeMap<&'static str, Value>> {
        let told = |path: &PathBuf, bytes: &[u8]| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            let digest = Sha256::digest(bytes);
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({ "name": name, "bytes": bytes.len(), "sha256": digest })
        };
        let mut inputs = BTreeMap::new();
        if let Some(path) = &self.trace {
            inputs.insert("trace", told(path, &std::fs::read(path).context("--trace")?));
        }
        if let Some(path) = &self.upload_file {
            inputs.insert("upload_file", told(path, file));
        }
        Ok(inputs)
    }

    /// What uploads send.
    fn file(&self, scenario: &Scenario) -> anyhow::Result<(Vec<u8>, String)> {
        let Some(path) = &self.upload_file else {
            let mut random = Random::new(self.seed, u64::MAX);
            let bytes = (0..scenario.uploads.bytes).map(|_| random.bits().to_le_bytes()[0]);
            return Ok((bytes.collect(), "noise.mp4".to_owned()));
        };
        let told = || format!("--upload-file {}", path.display());
        let bytes = std::fs::read(path).with_context(told)?;
        ensure!(!bytes.is_empty(), "{} is empty", told());
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok((bytes, name.with_context(told)?))
    }
}

/// The commands of all faults of a scenario.
fn faults(given: &[String], scenario: &Scenario) -> anyhow::Result<BTreeMap<String, String>> {
    let mut commands = BTreeMap::new();
    for text in given {
        let (name, command) =
            text.split_once('=').with_context(|| format!("--fault {text} is no NAME=COMMAND"))?;
        let known = scenario.faults.iter().any(|fault| fault.run == name);
        ensure!(known, "--fault {name}: the scenario has no such fault");
        commands.insert(name.to_owned(), command.to_owned());
    }
    for fault in &scenario.faults {
        ensure!(
            commands.contains_key(&fault.run),
            "the scenario runs the fault {0}: say what that is with --fault '{0}=COMMAND'",
            fault.run
        );
    }
    Ok(commands)
}
