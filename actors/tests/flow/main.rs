//! The flow on real engines, in process, with the real worker: from the first byte of an upload to
//! a content whose renditions are all complete.

mod analytics;
mod counting;
mod crashes;
mod expiry;
mod heat;
mod house;
mod interleavings;
mod losses;
mod parts;
mod publishing;
mod refusals;
mod remote;
mod schemas;
mod uploads;
mod viewers;
