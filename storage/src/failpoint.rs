//! Named points at which a test can end the process as `kill -9` would, or make it stand still.
//!
//! `PLAYHOUSE_FAILPOINT=name:n` kills the process the n-th time that `name` is reached;
//! `name:n:stop` stops it (SIGSTOP) until somebody lets it go on. Without the variable a point
//! costs one atomic load.

use rustix::process::{Signal, getpid, kill_process};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

static ARMED: OnceLock<Option<Armed>> = OnceLock::new();

struct Armed {
    name: String,
    left: AtomicU64,
    stops: bool,
}

/// Passes the point `name`; ends the process here when the environment asked for it.
///
/// Points: `blob.renamed`, `blob.carried`, `blob.cleared`, `tier.committed`, `catalog.fenced`,
/// `catalog.committed`, `staging.synced`, `parts.noted`, `parts.assembled`, `upload.before_ack`,
/// `segment.before_ack`, `outbox.appended`, `playback.before_ack`, `engagement.settled`,
/// `analytics.added`.
pub fn pass(name: &str) {
    let Some(armed) = ARMED.get_or_init(from_environment) else { return };
    if armed.name != name || armed.left.fetch_sub(1, Ordering::Relaxed) != 1 {
        return;
    }
    if armed.stops {
        kill_process(getpid(), Signal::STOP).expect("a process may stop itself");
    } else {
        // As `kill -9`: no destructor runs and no buffer is flushed.
        std::process::abort();
    }
}

fn from_environment() -> Option<Armed> {
    let text = std::env::var("PLAYHOUSE_FAILPOINT").ok()?;
    let mut parts = text.split(':');
    let name = parts.next()?.to_owned();
    let left = AtomicU64::new(parts.next().unwrap_or("1").parse().ok()?);
    Some(Armed { name, left, stops: parts.next() == Some("stop") })
}
