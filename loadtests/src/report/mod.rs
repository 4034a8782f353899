//! What is told after a load test: `report.json` for machines, one HTML page for people, a word
//! for scripts.
//!
//! `model` is the shape of what was found; the rest turns it into limits that held or not
//! (`limits`), a word and its reasons (`verdict`), a page without network or script (`page`), a
//! baseline (`slim`) and ratios of two reports (`compare`). `sampler` and `environment` look at the
//! servers and at the machine while a load runs.

mod command;
mod compare;
#[allow(dead_code, reason = "the replayer calls it")]
mod environment;
#[cfg(test)]
mod example;
mod figures;
mod files;
pub(crate) mod limits;
#[allow(dead_code, reason = "the replayer calls it")]
mod metrics;
pub(crate) mod model;
mod page;
#[allow(dead_code, reason = "the replayer calls it")]
mod sampler;
#[allow(dead_code, reason = "the replayer calls it")]
mod scrape;
mod slim;
mod verdict;

pub(crate) use command::{CompareOptions, Options, compare_reports, render};
#[allow(unused_imports, reason = "the replayer calls it")]
pub(crate) use environment::environment;
#[allow(unused_imports, reason = "the replayer calls it")]
pub(crate) use files::write;
#[allow(unused_imports, reason = "the replayer calls it")]
pub(crate) use sampler::Sampler;
pub(crate) use slim::slim;
pub(crate) use verdict::verdict;
