//! Logs: readable on a terminal, one JSON object per line otherwise.
//!
//! `RUST_LOG` chooses what is told (default `info`). Logs go to stderr, so that stdout stays for
//! what scripts read: the one line that says `ready`.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// ractor opens a span at level info around each actor's life, and every message sent from within
/// one would carry it: 0.4 µs for each life, 50 ns for each message, and nothing that we say anew.
/// What breaks under lapin is told by who uses it, once. Every session of the link, and every
/// notice of PostgreSQL about what is there already, is no news.
const DEFAULT: &str = "info,ractor=warn,ractor_cluster=warn,tokio_postgres=warn,lapin=off";

/// Starts logging; once per process.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        logs.with_target(false).compact().init();
    } else {
        logs.json().flatten_event(true).init();
    }
}
