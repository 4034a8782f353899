//! The actors, by kind of entity and by service.

use crate::runtime::inspect::{LifeSums, Meter};
use playhouse_storage::metrics::{Level, SECONDS};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::sync::atomic::AtomicU64;

/// Kinds and services have names that are made up nowhere but in the program.
type By<const N: usize> = [(&'static str, String); N];

/// Adds what is known of the actors.
pub(super) fn register(registry: &mut Registry, meters: Vec<Meter>) {
    now(registry, &meters);
    let lives: Vec<_> = meters
        .into_iter()
        .filter_map(|Meter { role, kind, sums, .. }| Some((role, kind, sums?)))
        .collect();
    since_start(registry, &lives);
    messages(registry, &lives);
    registry.register_collector(Box::new(Times(lives)));
}

fn now(registry: &mut Registry, meters: &[Meter]) {
    let mut gauge = |name: &str, help: &str, of: fn(&Meter) -> f64| {
        let gauges = Family::<By<2>, Level>::default();
        for meter in meters {
            gauges.get_or_create(&by(meter.role, &meter.kind)).set(of(meter));
        }
        registry.register(name, help, gauges);
    };
    gauge("playhouse_actors", "Actors that are there", |it| it.alive as f64);
    gauge("playhouse_actor_mailbox_messages", "Messages that wait or are being handled", |it| {
        it.mailbox as f64
    });
    gauge(
        "playhouse_actor_mailbox_oldest_seconds",
        "Age of the oldest message in any mailbox",
        |it| it.oldest_s,
    );
    let unwell = Family::<By<3>, Level>::default();
    for meter in meters {
        let [role, kind] = by(meter.role, &meter.kind);
        for (state, count) in [("slow", meter.slow), ("stuck", meter.stuck)] {
            let labels = [role.clone(), kind.clone(), ("state", state.to_owned())];
            unwell.get_or_create(&labels).set(count as f64);
        }
    }
    let help = "Actors that take too long over a message, or block their thread";
    registry.register("playhouse_actors_unwell", help, unwell);
}

fn since_start(registry: &mut Registry, lives: &[(&'static str, String, LifeSums)]) {
    let counters = |of: fn(&LifeSums) -> u64| {
        let counters = Family::<By<2>, Counter>::default();
        for (role, kind, sums) in lives {
            counters.get_or_create(&by(role, kind)).inc_by(of(sums));
        }
        counters
    };
    registry.register("playhouse_actor_starts", "Lives that began", counters(|it| it.starts));
    registry.register(
        "playhouse_actor_crashes",
        "Lives that did not end in order",
        counters(|it| it.crashes),
    );
    let asleep = Family::<By<1>, Counter>::default();
    let busy = Family::<By<2>, Counter<f64, AtomicU64>>::default();
    for (role, kind, sums) in lives {
        busy.get_or_create(&by(role, kind)).inc_by(sums.busy_s);
        if *role == "entity" {
            asleep.get_or_create(&[("kind", kind.clone())]).inc_by(sums.passivations);
        }
    }
    registry.register("playhouse_actor_passivations", "Entities that were sent to sleep", asleep);
    let help = "Time that was spent in handlers";
    registry.register_with_unit("playhouse_actor_busy", help, Unit::Seconds, busy);
}

fn messages(registry: &mut Registry, lives: &[(&'static str, String, LifeSums)]) {
    let counters = Family::<By<3>, Counter>::default();
    for (role, kind, sums) in lives {
        let outcomes = [
            ("handled", sums.handled),
            ("refused", sums.refused),
            ("expired", sums.expired),
            ("undelivered", sums.undelivered),
        ];
        for (outcome, count) in outcomes {
            let [role, kind] = by(role, kind);
            let labels = [role, kind, ("outcome", outcome.to_owned())];
            counters.get_or_create(&labels).inc_by(count);
        }
    }
    let help = "Messages by what came of them";
    registry.register("playhouse_actor_messages", help, counters);
}

fn by(role: &str, kind: &str) -> By<2> {
    [("role", role.to_owned()), ("kind", kind.to_owned())]
}

/// How long messages took: the runtime's own buckets, told by these bounds.
#[derive(Debug)]
struct Times(Vec<(&'static str, String, LifeSums)>);

impl Collector for Times {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut metric = encoder.encode_descriptor(
            "playhouse_actor_message_duration",
            "Time in the handler of a message",
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        for (role, kind, sums) in &self.0 {
            let bounds = SECONDS.into_iter().chain([f64::INFINITY]);
            let buckets: Vec<_> = bounds.zip(sums.times.iter().copied()).collect();
            let count = sums.times.iter().sum();
            let labels = by(role, kind);
            metric.encode_family(&labels)?.encode_histogram::<NoLabelSet>(
                sums.busy_s,
                count,
                &buckets,
                None,
            )?;
        }
        Ok(())
    }
}
