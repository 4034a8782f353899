//! Named points at which a test can end the process as `kill -9` would.
//!
//! `PLAYHOUSE_FAILPOINT=name:n` kills the process the n-th time that `name` is reached. Without
//! the variable a point costs one atomic load.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

static ARMED: OnceLock<Option<(String, AtomicU64)>> = OnceLock::new();

/// Passes the point `name`; ends the process here when the environment asked for it.
///
/// Points: `blob.renamed`, `blob.carried`, `blob.cleared`, `tier.committed`,
/// `catalog.committed`, `staging.synced`, `parts.noted`, `parts.assembled`, `upload.before_ack`,
/// `segment.before_ack`, `outbox.appended`, `playback.before_ack`, `engagement.settled`,
/// `analytics.added`.
pub fn pass(name: &str) {
    let Some((armed, left)) = ARMED.get_or_init(from_environment) else { return };
    if armed == name && left.fetch_sub(1, Ordering::Relaxed) == 1 {
        // As `kill -9`: no destructor runs and no buffer is flushed.
        std::process::abort();
    }
}

fn from_environment() -> Option<(String, AtomicU64)> {
    let text = std::env::var("PLAYHOUSE_FAILPOINT").ok()?;
    let (name, count) = text.split_once(':').unwrap_or((&text, "1"));
    Some((name.to_owned(), AtomicU64::new(count.parse().ok()?)))
}
