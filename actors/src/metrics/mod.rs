//! What a node tells of itself in numbers (`GET /metrics`), beside what is counted of its engines.
//!
//! What happens is counted where it happens, in the counters of [`counted`]; what is, is read when
//! somebody asks ([`Reading`]), so that nobody pays for it before. Labels are small fixed sets:
//! never an id. Names and units follow <https://prometheus.io/docs/practices/naming>.

mod actors;
mod cache;
mod commits;
mod counted;
mod reading;

pub use cache::CacheMeter;
pub use counted::{upload_bytes, view_told};
pub use reading::Reading;

pub(crate) use commits::Counted;
pub(crate) use counted::{
    Reported, attempt_ended, attempt_lost, events_told, lease_renewed, playback_told,
    session_opened, shards_moved,
};

use prometheus_client::registry::Registry;

/// Adds what actors count, and what is just now, to what a node tells.
pub fn register(registry: &mut Registry, reading: Reading) {
    counted::register(registry);
    cache::register(registry);
    reading.register(registry);
}
