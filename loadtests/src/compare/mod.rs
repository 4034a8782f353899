//! `loadtests compare`: the node beside a server with one Redis `INCR` a request and beside a bare
//! group commit, with the same generator on the same machine in the same minutes.
//!
//! Rounds take turns and begin with another one each time, so that what drifts in one direction
//! favours nobody. Then each is asked at a share of its own limit, where latency means something.
//! Everything is started here in a temporary folder and ended by its process id.

mod servers;

use crate::at_least_one;
use crate::ingest::{Mode, Options as Ingest, end, scripts};
use crate::load::{self, Plan, Tally};
use crate::report::figures::Spread;
use crate::target::Target;
use servers::{Servers, Subject};
use std::path::PathBuf;
use std::time::Duration;

/// What is compared, and for how long.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Closed rounds of each.
    #[arg(long, default_value_t = 5, value_parser = at_least_one())]
    rounds: usize,
    /// Length of a round.
    #[arg(long, default_value_t = 6)]
    seconds: u64,
    /// Connections of closed rounds, each with one request under way.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Connections of open rounds.
    #[arg(long, default_value_t = 256)]
    open_connections: usize,
    /// Sessions of the node's events.
    #[arg(long, default_value_t = 4096)]
    sessions: usize,
    /// Share of its own limit at which each is asked in the end.
    #[arg(long, default_value_t = 0.7)]
    share: f64,
    /// Only the peers, without a node.
    #[arg(long)]
    peers_only: bool,
    /// Folder of `playhouse`, `peer_redis` and `peer_commit`; this program's own when not given.
    #[arg(long)]
    bin: Option<PathBuf>,
    /// What the node's content is made of; any short film.
    #[arg(long, default_value = "tests/media/bbb-720p-5s.mp4")]
    film: PathBuf,
    /// The node's configuration.
    #[arg(long, default_value = "cluster.toml")]
    config: PathBuf,
    /// Where data lies while it runs, so that all of it is on one disk; the system's temporary
    /// folder when not given.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// `key=value` for the node.
    #[arg(long)]
    set: Vec<String>,
}

/// What was measured of one subject.
struct Figures {
    closed: Vec<Tally>,
    open: Option<Tally>,
}

/// Runs the command; whether every measurement is good.
///
/// # Errors
/// When something does not start, or a load cannot be prepared.
pub(crate) async fn run(options: &Options) -> anyhow::Result<bool> {
    let servers = Servers::start(options).await?;
    let subjects = servers.subjects();
    let mut all: Vec<Figures> =
        subjects.iter().map(|_| Figures { closed: Vec::new(), open: None }).collect();
    for round in 0..options.rounds {
        for turn in 0..subjects.len() {
            let at = (round + turn) % subjects.len();
            let tally = measure(options, &subjects[at], None).await?;
            eprintln!("round {}: {}: {:.0}/s", round + 1, subjects[at].name, tally.rate());
            all[at].closed.push(tally);
        }
    }
    for (subject, figures) in subjects.iter().zip(&mut all) {
        let rate = options.share * median(&figures.closed, Tally::rate);
        figures.open = Some(measure(options, subject, Some(rate)).await?);
    }
    print(options, &subjects, &all);
    let good = |figures: &Figures| figures.closed.iter().chain(&figures.open).all(Tally::is_good);
    Ok(all.iter().all(good))
}

/// One measurement of one subject.
async fn measure(options: &Options, subject: &Subject, rate: Option<f64>) -> anyhow::Result<Tally> {
    let ingest = Ingest {
        server: subject.server.clone(),
        mode: subject.mode,
        token: subject.token.clone(),
        contents: Vec::new(),
        sessions: options.sessions,
        batch: 100,
        path: "/count".to_owned(),
        connections: if rate.is_some() { options.open_connections } else { options.connections },
        seconds: options.seconds,
        warm_up: 1,
        rate,
        then_share: None,
        server_pid: subject.pids.clone(),
        json: false,
    };
    let plan = Plan {
        warm_up: Duration::from_secs(1),
        length: Duration::from_secs(options.seconds),
        rate,
        pids: subject.pids.clone(),
        progress: false,
    };
    let target = Target::new(&ingest.server, &ingest.token)?;
    let prepared = scripts(&ingest, &target).await?;
    let (tally, scripts) = load::run(&target.address, prepared, &plan).await?;
    end(&target, scripts).await?;
    Ok(tally)
}

fn median(tallies: &[Tally], value: impl Fn(&Tally) -> f64) -> f64 {
    Spread::of(tallies.iter().map(value)).expect("each subject has a round").median
}

fn print(options: &Options, subjects: &[Subject], all: &[Figures]) {
    println!("\n## Highest rate, {} connections, each round\n", options.connections);
    println!("{}", Tally::HEAD);
    for (subject, figures) in subjects.iter().zip(all) {
        figures.closed.iter().for_each(|tally| println!("{}", tally.row(subject.name)));
    }
    let rates: Vec<f64> = all.iter().map(|it| median(&it.closed, Tally::rate)).collect();
    let of =
        |name: &str| subjects.iter().position(|subject| subject.name == name).map(|at| rates[at]);
    println!("\n## Medians\n");
    println!("| what | requests/s | events/s | ÷ redis | ÷ bare | server CPU s/M events |");
    println!("|---|---|---|---|---|---|");
    for ((subject, figures), rate) in subjects.iter().zip(all).zip(&rates) {
        // A request of many events is no match for one of one.
        let alike = subject.mode != Mode::Batch;
        let peer = |name| of(name).filter(|_| alike);
        let ratio = |name| peer(name).map_or("-".to_owned(), |peer| format!("{:.2}", rate / peer));
        println!(
            "| {} | {rate:.0} | {:.0} | {} | {} | {:.1} |",
            subject.name,
            median(&figures.closed, Tally::event_rate),
            ratio(servers::REDIS),
            ratio(servers::BARE),
            median(&figures.closed, Tally::server_cpu_per_million),
        );
    }
    let share = 100.0 * options.share;
    println!("\n## At {share:.0} % of its own limit, {} connections\n", options.open_connections);
    println!("{}", Tally::HEAD);
    for (subject, figures) in subjects.iter().zip(all) {
        figures.open.iter().for_each(|tally| println!("{}", tally.row(subject.name)));
    }
}

/// Which modes of the node are measured.
const OURS: [(&str, Mode); 3] =
    [("node, events", Mode::Events), ("node, views", Mode::Views), ("node, batches", Mode::Batch)];
