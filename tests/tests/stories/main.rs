//! One module per user story, each against real processes.
//!
//! Run them with `ops/test`, which builds the binaries first, or one of them with
//! `cargo test -p playhouse-tests --test stories who_you_are`.

mod bad_input;
mod browser;
mod chaos;
#[cfg(feature = "real-engines")]
mod cluster;
mod cold_and_back;
mod engines_away;
mod metrics_as_listed;
mod one_trace;
mod restart_in_the_middle;
mod resume_after_break;
mod shared;
#[cfg(feature = "real-engines")]
mod trace_across;
mod upload_and_watch;
mod upload_in_parts;
mod views_count_once;
mod who_you_are;
mod worker_killed;
#[cfg(feature = "real-engines")]
mod workers_share;
