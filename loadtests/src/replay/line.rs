//! Requests on one connection: each has its deadline and is written down, however it ends.
//!
//! The deadline counts from the intended moment, as the user's patience does. A request whose
//! socket was cut on purpose is no error of the system: it is asked again by its player.

use super::kind::Kind;
use super::ledger::{Note, Outcome};
use super::run::Run;
use crate::wire::Wire;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// How often a trickle reads.
const SIPS_PER_S: u64 = 10;

/// A request that is about to be sent.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) kind: Kind,
    pub(crate) intended: Instant,
    pub(crate) request: &'a [u8],
}

/// How a request ended, for the one who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// An answer of this status; it stands in the connection until the next request.
    Answer(u16),
    /// The server may have taken it.
    Lost,
    /// It never left.
    NotSent,
}

impl Heard {
    pub(crate) fn is_good(self) -> bool {
        matches!(self, Self::Answer(status) if is_good(status))
    }
}

/// As users want it: done, or still what they have.
fn is_good(status: u16) -> bool {
    status / 100 == 2 || status == 304
}

/// Sends a request and reads its answer, with the body kept.
pub(crate) async fn ask(run: &Run, wire: &mut Wire, call: Call<'_>) -> Heard {
    let late = run.is_late(call.intended);
    let ended = timeout_at(run.deadline(call.intended), wire.ask(call.request)).await;
    let ended = ended.map(|answer| answer.map(|reply| reply.status));
    settle(run, wire, call, (late, ended))
}

/// Sends a request and reads its answer, with the body dropped.
pub(crate) async fn drain(run: &Run, wire: &mut Wire, call: Call<'_>) -> Heard {
    let late = run.is_late(call.intended);
    let whole = async {
        let (status, mut rest) = wire.ask_head(call.request).await?;
        let left = rest.left;
        rest.skip(left, &mut [0; 32 * 1024]).await?;
        wire.keep(rest);
        Ok(status)
    };
    let ended = timeout_at(run.deadline(call.intended), whole).await;
    settle(run, wire, call, (late, ended))
}

/// Sends a request and reads so many bytes of its answer in a second, until `until` at the latest.
/// What is measured is the time to the head: the rest is the reader's own slowness. A body that
/// breaks off counts as a second, failed request.
pub(crate) async fn trickle(
    run: &Run,
    wire: &mut Wire,
    call: Call<'_>,
    pace: (u64, Instant),
) -> Heard {
    let (bytes_per_s, until) = pace;
    let late = run.is_late(call.intended);
    let head = wire.ask_head(call.request);
    let (ended, rest) = match timeout_at(run.deadline(call.intended), head).await {
        Ok(Ok((status, rest))) => (Ok(Ok(status)), Some(rest)),
        Ok(Err(error)) => (Ok(Err(error)), None),
        Err(elapsed) => (Err(elapsed), None),
    };
    let heard = settle(run, wire, call, (late, ended));
    let Some(mut rest) = rest else { return heard };
    let sip = usize::try_from(bytes_per_s / SIPS_PER_S).unwrap_or(usize::MAX).max(1);
    while rest.left > 0 && Instant::now() < until {
        match timeout_at(until, rest.skip(sip, &mut [0; 8 * 1024])).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let call = Call { intended: Instant::now(), ..call };
                return settle(run, wire, call, (false, Ok(Err(error))));
            }
            // Nobody watches any more.
            Err(_) => break,
        }
        sleep(Duration::from_millis(1000 / SIPS_PER_S)).await;
    }
    wire.keep(rest);
    heard
}

type Ended = Result<std::io::Result<u16>, tokio::time::error::Elapsed>;

/// Writes down how it ended.
fn settle(run: &Run, wire: &mut Wire, call: Call<'_>, (late, ended): (bool, Ended)) -> Heard {
    let lost = if wire.was_sent() { Heard::Lost } else { Heard::NotSent };
    let (outcome, heard) = match ended {
        Ok(Ok(status)) if is_good(status) => (Outcome::Good, Heard::Answer(status)),
        Ok(Ok(status)) => (Outcome::Status(status), Heard::Answer(status)),
        Ok(Err(error)) => (Outcome::Broken(name(error.kind())), lost),
        Err(_) => (Outcome::Timeout, lost),
    };
    let took = match outcome {
        Outcome::Timeout => run.timeout(),
        _ => Instant::now().saturating_duration_since(call.intended),
    };
    let intended = run.since_start(call.intended);
    run.note(Note { kind: call.kind, intended, took, late, outcome });
    heard
}

fn name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ConnectionRefused => "refused",
        ErrorKind::InvalidData => "garbled",
        _ => "broken",
    }
}
