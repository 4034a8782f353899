//! What a client sees of the whole HTTP side, over real embedded stores and real actors. Requests
//! go to the router itself; the listener has stories of its own beside it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod answers;
mod cluster;
mod contents;
mod engagement;
mod events;
mod heat;
mod house;
mod inspector;
mod logs;
mod metrics;
mod parts;
mod playback;
mod stopping;
mod uploads;
mod worker;
