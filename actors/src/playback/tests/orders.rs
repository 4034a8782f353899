//! In whatever order, batches and repetitions events arrive, the sums are those of one in order.

use super::disk::{Dies, Life};
use super::player::{events, muddle};
use super::{START, Sums, open, sums, told, with_seeds};
use crate::playback::{Config, Event};
use playhouse_storage::model::ContentId;
use rand::Rng;

/// The sums after these batches, each heard at its time, and after everybody has gone.
fn outcome(duration_s: Option<f64>, batches: &[(i64, Vec<Event>)]) -> (Sums, Vec<String>) {
    let mut life = Life::new(Config::default());
    let session = life.open(open(ContentId::new(), "tv", duration_s), START);
    for (now, batch) in batches {
        life.tell(session, batch, *now, Dies::Never);
    }
    life.rest(START + 3_600_000);
    let told = told(&life.record, &life.config);
    (sums(&life.disk.facts), told)
}

#[test]
fn order_repetition_and_batches_change_no_sum() {
    with_seeds(|random| {
        let duration_s = random.random_range(2.0..600.0);
        let events = events(random, duration_s);
        let known = random.random_bool(0.9).then_some(duration_s);
        let at = |event: &Event| event.at.as_millisecond();
        let in_order: Vec<_> = events.iter().map(|it| (at(it), vec![it.clone()])).collect();
        let last = at(events.last().expect("a start"));
        let expected = outcome(known, &in_order);
        for _ in 0..5 {
            let batches = muddle(random, &events);
            let muddled: Vec<_> = (last..).step_by(500).zip(batches).collect();
            assert_eq!(outcome(known, &muddled), expected);
        }
    });
}
