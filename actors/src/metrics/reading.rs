//! What is just now: read when somebody asks, within a deadline, and told as gauges.
//!
//! What one node of a cluster looks after for all (the queue, the outbox) is told by that node
//! alone, so that sums over nodes are right. What could not be read in time is left out: a number
//! that is missing is true, an old one is not.

use super::{actors, counted};
use crate::Platform;
use crate::assemble::{Task, duty};
use crate::cluster::Citizen;
use crate::runtime::inspect::Meter;
use jiff::Timestamp;
use playhouse_storage::metrics::{Gauges, Level, SECONDS};
use playhouse_storage::model::{JobCount, Phase};
use prometheus_client::registry::{Registry, Unit};
use std::time::Duration;
use tokio::time::timeout;

/// A scrape is given up after 10 s; what an engine does not tell in a fraction of that is away.
const DEADLINE: Duration = Duration::from_millis(500);

/// What a node is like at one moment.
#[derive(Debug)]
pub struct Reading {
    meters: Vec<Meter>,
    shards: u64,
    streams: u64,
    citizen: Option<CitizenReading>,
    jobs: Option<Vec<JobCount>>,
    /// Seconds.
    outbox_lag_s: Option<f64>,
    at: Timestamp,
}

/// What a node of a cluster is like.
#[derive(Debug)]
struct CitizenReading {
    lease_left_s: f64,
    members: [(&'static str, usize); 3],
    peers: [(&'static str, usize); 2],
}

impl Reading {
    /// Reads a platform.
    pub async fn of(platform: &Platform) -> Self {
        let at = Timestamp::now();
        let (jobs, outbox_lag_s) = tokio::join!(jobs(platform, at), outbox_lag_s(platform, at));
        Self {
            meters: platform.inspector.meters(&SECONDS),
            shards: platform.directory.held().len() as u64,
            streams: platform.cells.viewers_now(),
            citizen: platform.citizen.as_ref().map(CitizenReading::of),
            jobs,
            outbox_lag_s,
            at,
        }
    }

    pub(super) fn register(self, registry: &mut Registry) {
        level(registry, "playhouse_shards_owned", "Shards that this node owns", self.shards as f64);
        let help = "Sessions that play through this node";
        level(registry, "playhouse_playback_streams", help, self.streams as f64);
        if let Some(citizen) = &self.citizen {
            counted::register_citizen(registry);
            citizen.register(registry);
        }
        if let Some(counts) = &self.jobs {
            queue(registry, counts, self.at);
        }
        if let Some(lag_s) = self.outbox_lag_s {
            let help = "Age of the oldest event that is not on the event log yet";
            seconds(registry, "playhouse_outbox_lag", help, lag_s);
        }
        actors::register(registry, self.meters);
    }
}

async fn jobs(platform: &Platform, at: Timestamp) -> Option<Vec<JobCount>> {
    if !duty(platform, Task::Scaler).holds() {
        return None;
    }
    timeout(DEADLINE, platform.engines.jobs.counts(at)).await.ok()?.ok()
}

async fn outbox_lag_s(platform: &Platform, at: Timestamp) -> Option<f64> {
    if !duty(platform, Task::Bridge).holds() {
        return None;
    }
    let oldest = timeout(DEADLINE, platform.engines.catalog.outbox(1)).await.ok()?.ok()?;
    Some(oldest.first().map_or(0.0, |event| age_s(event.at, at)))
}

impl CitizenReading {
    fn of(citizen: &Citizen) -> Self {
        let view = citizen.seen().view;
        let members = view.iter().flat_map(|view| &view.members);
        let mut counts = [("up", 0), ("draining", 0), ("dead", 0)];
        for member in members {
            let at = match (member.alive, member.phase) {
                (true, Phase::Up) => 0,
                (true, Phase::Draining) => 1,
                (false, _) => 2,
            };
            counts[at].1 += 1;
        }
        let peers = citizen.peers();
        let up = peers.iter().filter(|peer| peer.connected).count();
        Self {
            lease_left_s: citizen.lease_left().as_secs_f64(),
            members: counts,
            peers: [("up", up), ("down", peers.len() - up)],
        }
    }

    fn register(&self, registry: &mut Registry) {
        let help = "How long this node may own anything unless its lease is renewed";
        seconds(registry, "playhouse_lease_remaining", help, self.lease_left_s);
        let members = by_state(&self.members);
        registry.register("playhouse_cluster_members", "Members as this node sees them", members);
        let peers = by_state(&self.peers);
        registry.register("playhouse_peers", "Links of this node to the other members", peers);
    }
}

fn by_state(counts: &[(&'static str, usize)]) -> Gauges<1> {
    let gauges = Gauges::<1>::default();
    for (state, count) in counts {
        gauges.get_or_create(&[("state", *state)]).set(*count as f64);
    }
    gauges
}

fn queue(registry: &mut Registry, counts: &[JobCount], now: Timestamp) {
    let sum = |of: fn(&JobCount) -> u64| counts.iter().map(of).sum::<u64>() as usize;
    let states = [
        ("waiting", sum(|count| count.waiting)),
        ("resting", sum(|count| count.resting)),
        ("leased", sum(|count| count.leased)),
    ];
    registry.register("playhouse_jobs", "Encode jobs in the queue", by_state(&states));
    let oldest = counts.iter().filter_map(|count| count.oldest_waiting).min();
    let help = "Age of the oldest job that could be claimed";
    let age_s = oldest.map_or(0.0, |at| age_s(at, now));
    seconds(registry, "playhouse_jobs_oldest_waiting", help, age_s);
}

fn level(registry: &mut Registry, name: &str, help: &str, value: f64) {
    let gauge = Level::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

fn seconds(registry: &mut Registry, name: &str, help: &str, value: f64) {
    let gauge = Level::default();
    gauge.set(value);
    registry.register_with_unit(name, help, Unit::Seconds, gauge);
}

fn age_s(at: Timestamp, now: Timestamp) -> f64 {
    now.duration_since(at).as_secs_f64().max(0.0)
}
