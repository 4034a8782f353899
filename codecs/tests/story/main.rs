//! What the pure media rules promise, told subject by subject through the crate's public face.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cmaf;
mod dash;
mod frame;
mod hls;
mod ladder;
mod limits;
mod order;
mod plan;
mod ranges;
mod rate;
mod sources;
