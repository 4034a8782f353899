//! Attempts that were lost: killed by an operator or the watchdog, or ended by a panic.
//!
//! A lost attempt is no failure of its work, so it counts nowhere: what is left of it is cleared
//! away, and its job goes back to the queue at once. What is lost again and again rests before it
//! is claimed again, by the rule for entities that crash (`runtime.crashes_max`), so that a job
//! that ends every runner does not keep the node busy.

use super::Workshop;
use super::body::Body;
use crate::content::later;
use crate::metrics;
use crate::runtime::{Backoff, History, Pulse, RestartPolicy, rest};
use jiff::Timestamp;
use playhouse_storage::Error;
use playhouse_storage::model::JobId;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// An attempt that was lost.
pub(super) struct Lost {
    pub(super) shop: Workshop,
    pub(super) job: JobId,
    pub(super) token: String,
    pub(super) body: Body,
    /// The job is not claimed before so long.
    pub(super) rest: Duration,
}

impl Lost {
    /// Clears away what is left of the attempt, then gives its job back. In this order: nobody
    /// begins anew while the old process still takes its share of the machine.
    pub(super) async fn mend(self, pulse: Pulse) {
        pulse.beat("waits for the end of a lost worker");
        let config = &self.shop.config.encode;
        self.body.clear(Duration::from_secs(config.worker_exit_s)).await;
        pulse.beat("gives the job back");
        self.release().await;
    }

    /// When the store takes nothing, the lease runs out and the job is claimed then.
    async fn release(&self) {
        let (job, jobs) = (self.job, &self.shop.jobs);
        for _ in 0..self.shop.config.ask_tries_max {
            let not_before = later(Timestamp::now(), self.rest);
            match jobs.release(job, &self.token, not_before).await {
                Ok(()) => {
                    metrics::attempt_lost();
                    tracing::info!(%job, rest = ?self.rest, "the job of a lost attempt is back");
                    return;
                }
                // It had reported its end before it was lost, or its content is gone.
                Err(Error::Conflict { .. }) => return,
                Err(error) => tracing::warn!(%job, %error, "a job was not given back yet"),
            }
            sleep(self.shop.config.runtime.retry_after()).await;
        }
    }
}

/// The losses of each job that still count.
#[derive(Default)]
pub(super) struct Losses(HashMap<JobId, History>);

impl Losses {
    /// Notes a loss: how long the job rests, by a die between 0 and 1. What nobody lost within
    /// the window is forgotten, so there are never more than the losses of one window.
    pub(super) fn note(
        &mut self,
        job: JobId,
        policy: &RestartPolicy,
        now: Instant,
        die: f64,
    ) -> Duration {
        self.0.retain(|_, history| history.counts(policy, now));
        let history = self.0.entry(job).or_default();
        let pause = rest(policy, history, now);
        history.record(policy, now);
        pause.map_or(Duration::ZERO, |pause| Backoff::jittered(pause, die))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Config;

    /// How long a job rests after each of these losses, milliseconds.
    fn check(losses_ms: &[u64]) -> Vec<u128> {
        let (policy, start) = (Config::default().entity_rules().restart, Instant::now());
        let (mut losses, job) = (Losses::default(), JobId::new());
        let mut note = |at: &u64| {
            losses.note(job, &policy, start + Duration::from_millis(*at), 1.0).as_millis()
        };
        losses_ms.iter().map(&mut note).collect()
    }

    #[test]
    fn a_lost_job_is_back_at_once_and_one_that_is_lost_each_time_rests() {
        assert_eq!(check(&[0, 10, 20, 30, 40, 50, 300, 800]), [0, 0, 0, 0, 0, 200, 400, 800]);
    }

    #[test]
    fn losses_long_ago_are_forgotten() {
        assert_eq!(check(&[0, 10, 20, 30, 40, 60_000]), [0; 6]);
        let policy = Config::default().entity_rules().restart;
        let (mut losses, start) = (Losses::default(), Instant::now());
        for hour in 0..100 {
            let now = start + Duration::from_secs(hour * 3_600);
            losses.note(JobId::new(), &policy, now, 1.0);
        }
        assert_eq!(losses.0.len(), 1, "only the last one still counts");
    }
}
