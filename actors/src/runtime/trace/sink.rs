//! Where spans go: one place for the process, set once at its start, and the numbers of what became
//! of them. Without it nothing is sampled and nothing is kept.

use super::{Context, Share, Span};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// Takes spans. It never waits.
pub trait Sink: Send + Sync {
    /// Whether one more would be taken; what has no room is not even described.
    fn has_room(&self) -> bool;

    /// Takes a span, or drops it.
    fn take(&self, span: Span);
}

/// Which traces are sampled that nobody outside has decided about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sampling {
    /// Of requests.
    pub requests: Share,
    /// Of requests that begin an upload: its whole way to the published rendition.
    pub uploads: Share,
}

struct Installed {
    sink: Arc<dyn Sink>,
    sampling: Sampling,
}

static INSTALLED: OnceLock<Installed> = OnceLock::new();
static EXPORTED: AtomicU64 = AtomicU64::new(0);
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Sends spans there from now on. Only the first of a process counts; false for any other.
pub fn install(sink: Arc<dyn Sink>, sampling: Sampling) -> bool {
    INSTALLED.set(Installed { sink, sampling }).is_ok()
}

/// The beginning of a trace for a request that brings none.
#[must_use]
pub fn begin(is_upload: bool) -> Context {
    let sampling = INSTALLED.get().map(|it| it.sampling).unwrap_or_default();
    Context::fresh(if is_upload { sampling.uploads } else { sampling.requests })
}

/// The sink, when it has room. What finds none is counted as dropped.
pub(super) fn with_room() -> Option<&'static Arc<dyn Sink>> {
    let sink = &INSTALLED.get()?.sink;
    if !sink.has_room() {
        note_dropped(1);
        return None;
    }
    Some(sink)
}

/// What became of the spans of this process: how many were exported, how many were dropped.
#[must_use]
pub fn told() -> (u64, u64) {
    (EXPORTED.load(Ordering::Relaxed), DROPPED.load(Ordering::Relaxed))
}

/// So many spans have arrived where they were sent.
pub fn note_exported(spans: u64) {
    EXPORTED.fetch_add(spans, Ordering::Relaxed);
}

/// So many spans are lost.
pub fn note_dropped(spans: u64) {
    DROPPED.fetch_add(spans, Ordering::Relaxed);
}
