//! What is known of a load test: the shape of what was found (`model`), and the looks at the
//! servers (`sampler`) and at the machine (`environment`) while it runs.

#[allow(dead_code, reason = "the replayer calls it")]
mod environment;
#[allow(dead_code, reason = "the replayer calls it")]
mod metrics;
#[allow(dead_code, reason = "the replayer fills it")]
pub(crate) mod model;
#[allow(dead_code, reason = "the replayer calls it")]
mod sampler;
#[allow(dead_code, reason = "the replayer calls it")]
mod scrape;
