//! `loadtests ingest`: one kind of request, in a closed loop, an open one, or one after the other.

use crate::load::{self, Plan, Scripts, Tally};
use crate::script::{Events, Fixed, Session, Views};
use crate::target::{Content, Target};
use crate::wire::Wire;
use anyhow::ensure;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// What is sent.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mode {
    /// One heartbeat in a request, over many sessions.
    Events,
    /// Many heartbeats in a request.
    Batch,
    /// `POST …/views` with fresh keys; needs a token.
    Views,
    /// The same small body to `--path`.
    Incr,
}

/// What is measured, and how.
#[derive(Clone, clap::Args)]
pub(crate) struct Options {
    /// Where the node or peer listens.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    pub(crate) server: String,
    #[arg(long, value_enum, default_value = "events")]
    pub(crate) mode: Mode,
    /// Bearer token, for views.
    #[arg(long, env = "PLAYHOUSE_TOKEN", hide_env_values = true, default_value = "")]
    pub(crate) token: String,
    /// Ids of contents; the newest that are listed when none is named.
    #[arg(long, value_delimiter = ',')]
    pub(crate) contents: Vec<String>,
    /// Sessions that the events belong to.
    #[arg(long, default_value_t = 4096)]
    pub(crate) sessions: usize,
    /// Events in a request of mode `batch`.
    #[arg(long, default_value_t = 100)]
    pub(crate) batch: u64,
    /// Where mode `incr` posts to.
    #[arg(long, default_value = "/count")]
    pub(crate) path: String,
    /// Connections, each with one request under way. An open loop wants so many that one is free
    /// whenever a request is due.
    #[arg(long, default_value_t = 64)]
    pub(crate) connections: usize,
    /// Length of a measurement.
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
    /// Not counted before it.
    #[arg(long, default_value_t = 2)]
    pub(crate) warm_up: u64,
    /// Requests a second of an open loop, instead of a closed one.
    #[arg(long)]
    pub(crate) rate: Option<f64>,
    /// After the closed loop an open one at this share of its rate.
    #[arg(long)]
    pub(crate) then_share: Option<f64>,
    /// A process whose CPU time is told; may be named more than once.
    #[arg(long)]
    pub(crate) server_pid: Vec<u32>,
    /// Prints JSON instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the command; whether every measurement is good.
///
/// # Errors
/// When the load cannot be prepared.
pub(crate) async fn run(options: &Options) -> anyhow::Result<bool> {
    let target = Target::new(&options.server, &options.token)?;
    let mut scripts = scripts(options, &target).await?;
    let mut plan = Plan {
        warm_up: Duration::from_secs(options.warm_up),
        length: Duration::from_secs(options.seconds),
        rate: options.rate,
        pids: options.server_pid.clone(),
        progress: true,
    };
    let tally;
    (tally, scripts) = load::run(&target.address, scripts, &plan).await?;
    let mut told = vec![(name(plan.rate), tally)];
    if let (None, Some(share)) = (options.rate, options.then_share) {
        plan.rate = Some(share * told[0].1.rate());
        let tally;
        (tally, scripts) = load::run(&target.address, scripts, &plan).await?;
        told.push((name(plan.rate), tally));
    }
    end(&target, scripts).await?;
    print(options, &told);
    Ok(told.iter().all(|(_, tally)| tally.is_good()))
}

fn name(rate: Option<f64>) -> String {
    rate.map_or("closed loop".to_owned(), |rate| format!("open loop, {rate:.0}/s"))
}

fn print(options: &Options, told: &[(String, Tally)]) {
    if options.json {
        let rows = told.iter().map(|(name, tally)| json!({ "loop": name, "result": tally.json() }));
        println!("{:#}", json!(rows.collect::<Vec<_>>()));
        return;
    }
    println!("{}", Tally::HEAD);
    told.iter().for_each(|(name, tally)| println!("{}", tally.row(name)));
}

/// One script for each connection; sessions are opened here.
///
/// # Errors
/// When the node refuses a session, or has nothing to watch.
pub(crate) async fn scripts(options: &Options, target: &Target) -> anyhow::Result<Scripts> {
    let connections = options.connections;
    ensure!(connections > 0, "a load has connections");
    if options.mode == Mode::Incr {
        let one = |_| Box::new(Fixed::new(target, &options.path)) as _;
        return Ok((0..connections).map(one).collect());
    }
    let contents = target.contents(&options.contents).await?;
    if options.mode == Mode::Views {
        ensure!(!target.token.is_empty(), "views want a token (--token or PLAYHOUSE_TOKEN)");
        let one = |place| Box::new(Views::new(target, &contents, place)) as _;
        return Ok((0..connections).map(one).collect());
    }
    let batch = if options.mode == Mode::Batch { options.batch } else { 1 };
    let sessions = open(options, target, contents).await?;
    let script = |sessions| Box::new(Events::new(target, sessions, batch)) as _;
    Ok(sessions.into_iter().map(script).collect())
}

/// Sessions for each connection, at least one.
async fn open(
    options: &Options,
    target: &Target,
    contents: Vec<Content>,
) -> anyhow::Result<Vec<Vec<Session>>> {
    let each = options.sessions.div_ceil(options.connections).max(1);
    let (mut opening, contents) = (JoinSet::new(), Arc::new(contents));
    for connection in 0..options.connections {
        let (target, contents) = (target.clone(), Arc::clone(&contents));
        opening.spawn(async move {
            let (mut wire, mut sessions) = (Wire::new(&target.address), Vec::new());
            for place in connection * each..(connection + 1) * each {
                let content = &contents[place % contents.len()];
                let device = format!("load-{place}");
                sessions.push(Session::open(&target, &mut wire, content, &device).await?);
            }
            anyhow::Ok(sessions)
        });
    }
    let mut all = Vec::new();
    while let Some(opened) = opening.join_next().await {
        all.push(opened??);
    }
    Ok(all)
}

/// Ends what the scripts have begun, so that nothing of it burdens what is measured next.
///
/// # Errors
/// When the node refuses it.
pub(crate) async fn end(target: &Target, scripts: Scripts) -> anyhow::Result<()> {
    let mut ending = JoinSet::new();
    for mut script in scripts {
        let mut wire = Wire::new(&target.address);
        ending.spawn(async move {
            let mut request = Vec::new();
            while script.end(&mut request) {
                let status = wire.ask(&request).await?.status;
                ensure!(status / 100 == 2, "the end was answered {status}");
                request.clear();
            }
            Ok(())
        });
    }
    while let Some(ended) = ending.join_next().await {
        ended??;
    }
    Ok(())
}
