//! What is told after a load test: `report.json` for machines, one HTML page for people, a word
//! for scripts.
//!
//! `model` is the shape of what was found; the rest turns it into limits that held or not
//! (`limits`), a word and its reasons (`verdict`), a page without network or script (`page`), a
//! baseline (`slim`) and ratios of two reports (`compare`). `sampler` and `environment` look at the
//! servers and at the machine while a load runs.

mod command;
mod compare;
mod environment;
#[cfg(test)]
mod example;
pub(crate) mod figures;
mod files;
pub(crate) mod limits;
mod metrics;
pub(crate) mod model;
mod page;
mod sampler;
mod scrape;
mod slim;
mod verdict;

pub(crate) use command::{CompareOptions, Options, compare_reports, render};
pub(crate) use environment::environment;
pub(crate) use files::write;
pub(crate) use sampler::Sampler;
pub(crate) use slim::slim;
pub(crate) use verdict::{DIFFERENCES_TOLD, LATE_SHARE_MAX, verdict};
