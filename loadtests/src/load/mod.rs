//! One measurement: scripts on their connections, as fast as they are answered (closed loop) or at
//! a fixed rate (open loop).
//!
//! In an open loop a request's latency begins at its intended moment, and every request that is
//! due waits for the next free connection, so a system that stands still for a second is charged
//! for all that should have been sent meanwhile.

mod pacer;
mod tally;

pub(crate) use tally::Tally;

use crate::process::cpu_s;
use crate::script::Script;
use crate::wire::Wire;
use pacer::Pacer;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

/// After the end, what was sent may be answered for so long.
const GRACE: Duration = Duration::from_secs(5);
/// Before a connection that broke is made anew.
const BROKEN_REST: Duration = Duration::from_millis(10);

/// How to measure.
#[derive(Clone)]
pub(crate) struct Plan {
    /// Not counted: connections are made, caches fill.
    pub(crate) warm_up: Duration,
    /// Counted.
    pub(crate) length: Duration,
    /// Requests a second of an open loop; none for a closed one.
    pub(crate) rate: Option<f64>,
    /// Processes whose CPU time is told.
    pub(crate) pids: Vec<u32>,
    /// Tells the rate of each second on stderr.
    pub(crate) progress: bool,
}

/// Scripts, one for each connection.
pub(crate) type Scripts = Vec<Box<dyn Script>>;

/// What all connections share.
struct Shared {
    address: String,
    from: Instant,
    until: Instant,
    pacer: Option<Pacer>,
    taken: AtomicU64,
    tally: Mutex<Tally>,
}

/// Runs one measurement. The scripts come back, but for those that were not answered to the end.
///
/// # Errors
/// When a measured process has ended.
pub(crate) async fn run(
    address: &str,
    scripts: Scripts,
    plan: &Plan,
) -> anyhow::Result<(Tally, Scripts)> {
    let start = Instant::now();
    let from = start + plan.warm_up;
    let shared = Arc::new(Shared {
        address: address.to_owned(),
        from,
        until: from + plan.length,
        pacer: plan.rate.map(|rate| Pacer::new(start.into_std(), rate)),
        taken: AtomicU64::new(0),
        tally: Mutex::new(Tally::new()),
    });
    let connections = scripts.len() as u64;
    let mut lines = JoinSet::new();
    for script in scripts {
        let shared = Arc::clone(&shared);
        lines.spawn(async move {
            match &shared.pacer {
                Some(pacer) => paced(&shared, pacer, script).await,
                None => hurried(&shared, script).await,
            }
        });
    }
    let (spent, unsent) = tokio::join!(watch(&shared, plan), release(Arc::clone(&shared)));
    let (unsent, mut scripts) = (unsent?, Vec::new());
    let all = async {
        while let Some(Ok(script)) = lines.join_next().await {
            scripts.push(script);
        }
    };
    // What is not answered within the time is counted below, and dropped.
    let _ = timeout(GRACE, all).await;
    drop(lines);
    let mut tally = shared.tally();
    let mut told = std::mem::replace(&mut *tally, Tally::new());
    (told.server_cpu_s, told.own_cpu_s) = spent?;
    told.seconds = plan.length.as_secs_f64();
    told.unsent = unsent + connections - scripts.len() as u64;
    Ok((told, scripts))
}

impl Shared {
    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets due requests go, and answers how many nobody took.
async fn release(shared: Arc<Shared>) -> anyhow::Result<u64> {
    let Some(pacer) = &shared.pacer else { return Ok(0) };
    let (thread, until) = (Arc::clone(&shared), shared.until.into_std());
    let all = move || thread.pacer.iter().for_each(|pacer| pacer.release(until));
    tokio::task::spawn_blocking(all).await?;
    let end = Instant::now() + GRACE;
    while pacer.due.available_permits() > 0 && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    pacer.due.close();
    Ok(pacer.due.available_permits() as u64)
}

/// CPU seconds of the measured processes and of this one while it counts.
async fn watch(shared: &Shared, plan: &Plan) -> anyhow::Result<(f64, f64)> {
    sleep_until(shared.from).await;
    let own = [std::process::id()];
    let before = (cpu_s(&plan.pids)?, cpu_s(&own)?);
    let mut seen = 0;
    loop {
        let next = (Instant::now() + Duration::from_secs(1)).min(shared.until);
        sleep_until(next).await;
        if plan.progress {
            let events = shared.tally().events;
            let left = (shared.until - next).as_secs();
            eprintln!("{} events in this second, {left} s to go", events - seen);
            seen = events;
        }
        if next >= shared.until {
            return Ok((cpu_s(&plan.pids)? - before.0, cpu_s(&own)? - before.1));
        }
    }
}

/// One request after the other.
async fn hurried(shared: &Shared, mut script: Box<dyn Script>) -> Box<dyn Script> {
    let (mut wire, mut request) = (Wire::new(&shared.address), Vec::new());
    while Instant::now() < shared.until {
        let sent = Instant::now();
        let status = exchange(&mut wire, &mut *script, &mut request).await;
        let done = Instant::now();
        if done >= shared.from && done < shared.until {
            shared.tally().add(done - sent, Duration::ZERO, status, script.events());
        }
    }
    script
}

/// One due request after the other.
async fn paced(shared: &Shared, pacer: &Pacer, mut script: Box<dyn Script>) -> Box<dyn Script> {
    let (mut wire, mut request) = (Wire::new(&shared.address), Vec::new());
    while let Ok(permit) = pacer.due.acquire().await {
        permit.forget();
        let intended = Instant::from_std(pacer.intended(shared.taken.fetch_add(1, Relaxed)));
        let delay = Instant::now().saturating_duration_since(intended);
        let status = exchange(&mut wire, &mut *script, &mut request).await;
        if intended >= shared.from {
            let took = Instant::now().saturating_duration_since(intended);
            shared.tally().add(took, delay, status, script.events());
        }
    }
    script
}

/// The status of the answer; none when the connection broke.
async fn exchange(wire: &mut Wire, script: &mut dyn Script, request: &mut Vec<u8>) -> Option<u16> {
    request.clear();
    script.next(request);
    let status = wire.ask(request).await.map(|reply| reply.status).ok();
    script.answered(status.is_some_and(|status| status / 100 == 2));
    if status.is_none() {
        tokio::time::sleep(BROKEN_REST).await;
    }
    status
}
