//! Views, settlements that come twice or too late, and counters that are sent to sleep, in random
//! order beside a model that only counts: in the end both say the same. `SEED=n` repeats a run.

use crate::counting::{ask, check_counted, content, look, view};
use crate::house::{BY_HAND, DEADLINE, House};
use playhouse_actors::engagement::Request;
use playhouse_storage::model::{ContentId, Fact};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// What is to be counted, in plain sets.
#[derive(Default)]
struct Model {
    keys: HashSet<(ContentId, u64)>,
    viewers: HashSet<(ContentId, u64)>,
    likes: HashSet<(ContentId, u64)>,
}

struct Run {
    house: House,
    random: StdRng,
    contents: Vec<ContentId>,
    model: Model,
    /// Facts as someone has read them, perhaps long ago.
    read: Vec<Fact>,
}

impl Run {
    async fn view(&mut self, id: ContentId) {
        let (key, viewer) = (self.random.random_range(0..200), self.random.random_range(0..50));
        let view = view(id, &format!("key {key}"), viewer);
        let kept = self.house.stores.engagement.view(view).await.expect("an answer");
        assert_eq!(kept, self.model.keys.insert((id, key)), "once for its key");
        if kept {
            self.model.viewers.insert((id, viewer));
        }
    }

    async fn read(&mut self) {
        self.read = self.house.stores.engagement.facts(0, 1_000).await.expect("facts");
    }

    /// Settles what was read of a content: some, all, or more than is still there.
    async fn settle(&mut self, id: ContentId) {
        let of = self.read.iter().filter(|fact| fact.content == id).cloned();
        let mut facts: Vec<Fact> = of.collect();
        let some = self.random.random_range(0..=facts.len());
        facts.truncate(some);
        let counter = self.house.platform.counter(id);
        // Facts that were settled before are a conflict, which the settler meets by reading again.
        let _ = counter.ask(Request::Settle(facts), DEADLINE).await;
    }

    async fn like(&mut self, id: ContentId) {
        let (who, likes) = (self.random.random_range(0..10), self.random.random());
        ask(&self.house, id, Request::Like { who: format!("user {who}"), likes }).await;
        if likes {
            self.model.likes.insert((id, who));
        } else {
            self.model.likes.remove(&(id, who));
        }
    }

    async fn step(&mut self) {
        let id = *self.contents.choose(&mut self.random).expect("there are some");
        match self.random.random_range(0..100) {
            0..60 => self.view(id).await,
            60..72 => self.read().await,
            72..88 => self.settle(id).await,
            88..95 => self.like(id).await,
            95..98 => {
                self.house.platform.directory.stop_idle(Duration::ZERO);
            }
            _ => {
                let shown = look(&self.house, id).await.views;
                assert!(shown.live >= shown.settled, "{shown:?}");
            }
        }
    }

    async fn check(mut self) {
        self.read().await;
        let mut by_content: HashMap<ContentId, Vec<Fact>> = HashMap::new();
        self.read.drain(..).for_each(|it| by_content.entry(it.content).or_default().push(it));
        for (id, facts) in by_content {
            ask(&self.house, id, Request::Settle(facts)).await;
        }
        let of = |set: &HashSet<(ContentId, u64)>, id| {
            set.iter().filter(|(content, _)| *content == id).count() as u64
        };
        for id in self.contents {
            let (views, viewers) = (of(&self.model.keys, id), of(&self.model.viewers, id));
            check_counted(&self.house, id, views, viewers).await;
            assert_eq!(look(&self.house, id).await.likes, of(&self.model.likes, id));
        }
        self.house.close().await;
    }
}

async fn check_run(seed: u64) {
    println!("SEED={seed}");
    let house = House::with(|config| {
        // Nobody else settles.
        config.engagement.settle_poll_ms = BY_HAND;
        config.runtime.crashes_max = 10_000;
    })
    .await;
    let contents = vec![content(&house).await, content(&house).await, content(&house).await];
    let random = StdRng::seed_from_u64(seed);
    let mut run = Run { house, random, contents, model: Model::default(), read: vec![] };
    for _ in 0..1_500 {
        run.step().await;
    }
    run.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_exact_in_whatever_order_things_happen() {
    match std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => check_run(seed).await,
        None => {
            for seed in [1, 2, rand::random()] {
                check_run(seed).await;
            }
        }
    }
}
