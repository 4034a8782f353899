//! Ladder, segment plan, CMAF, HLS, DASH and the worker protocol, as plain functions.
//!
//! No I/O, no threads, no clock: data in, data out. The server and the confined worker share it,
//! so both sides mean the same by a segment.

pub mod cmaf;
pub mod dash;
pub mod hls;
pub mod ladder;
pub mod language;
pub mod limits;
pub mod media;
pub mod order;
pub mod plan;
pub mod rate;
pub mod worker;
mod xml;
