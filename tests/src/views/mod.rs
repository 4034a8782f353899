//! A crowd that watches and posts views while the node is killed, and an oracle that knows
//! exactly what must have been counted.
//!
//! Half of the crowd's views come by playback sessions (open, start, heartbeats, end), half by
//! `POST …/views`. Requests are sent twice, out of order, and again after they were cut, until
//! they are acknowledged: so everything that was begun counts in the end, once.

mod carry;
mod choice;
mod crowd;
mod judge;
mod oracle;
mod plan;
mod strikes;

pub use judge::{UNIQUE_EXACT_MAX, Verdict};
pub use strikes::Strike;

use crate::random::Random;
use crate::sandbox::Sandbox;
use std::time::{Duration, Instant};

/// What the crowd does.
#[derive(Clone, Debug)]
pub struct Options {
    /// Views that are tried: half by sessions, half by requests.
    pub events: usize,
    /// What is watched; the first takes half of all, the others follow Zipf's law.
    pub contents: Vec<String>,
    /// Times that the node is killed.
    pub kills: usize,
    /// Sessions that play at once.
    pub players_max: usize,
    /// Connections, each with one request under way.
    pub connections: usize,
    /// Repeats the choices, not the moments of the machine.
    pub seed: u64,
}

/// What came of it.
#[derive(Debug)]
pub struct Report {
    /// Requests that were acknowledged.
    pub requests: u64,
    /// Requests that were cut or put off, and sent again.
    pub retries: u64,
    /// Requests that were sent again although they were acknowledged.
    pub repeats: u64,
    /// From the first request to the last acknowledgement.
    pub took: Duration,
    /// Each kill.
    pub strikes: Vec<Strike>,
    /// Settled counts beside the oracle's.
    pub verdict: Verdict,
}

/// Sends the crowd to a running node, kills it meanwhile, and compares at the end.
///
/// # Errors
/// When the node refuses what it must take, forgets what it acknowledged, or stays away.
pub async fn run(sandbox: &mut Sandbox, options: &Options) -> anyhow::Result<Report> {
    let (server, token) = (sandbox.url(""), sandbox.admin().token().to_owned());
    let mut random = Random::new(options.seed);
    let moments = strikes::moments(options.kills, &mut random);
    let crowd = crowd::Crowd::new(options, random);
    let began = Instant::now();
    let carrying = async {
        let done = carry::all(&crowd, &server, &token, options).await;
        (done, began.elapsed())
    };
    let (done, strikes) = tokio::join!(carrying, strikes::run(sandbox, &crowd, &moments));
    let (acknowledged, took) = done;
    let carry::Counts { requests, retries, repeats } = acknowledged?;
    let oracle = crowd.into_oracle();
    let verdict = judge::compare(&server, &options.contents, &oracle).await?;
    Ok(Report { requests, retries, repeats, took, strikes, verdict })
}
