//! Many orders of everything: step by step beside a model that only remembers, and several nodes at
//! once, whose history must hold. `SEED=n` repeats a run, its choices in the first, not its timing
//! in the second.

use super::*;
use futures_util::future::join_all;
use playhouse_storage::membership::Verdict;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;

const NAMES: [&str; 4] = ["ann", "bob", "cat", "dan"];
const STEPS: usize = 300;
const EACH: usize = 120;

pub(super) async fn check(house: &House<'_>) {
    let given = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(rand::random);
    // Shown when it fails.
    println!("SEED={seed}");
    every_step_is_as_in_the_model(house, &mut StdRng::seed_from_u64(seed)).await;
    no_history_has_two_owners(house, seed).await;
}

/// What there must be; leases end by words alone.
struct Model {
    lives: BTreeMap<&'static str, NodeLife>,
    living: HashSet<NodeLife>,
    suspicions: HashSet<(NodeLife, NodeLife)>,
    holdings: Vec<Holding>,
}

impl Model {
    fn holds(&self, life: &NodeLife) -> Vec<Fence> {
        let held = self.holdings.iter().filter(|it| it.owner.as_ref() == Some(life));
        held.map(|it| Fence { shard: it.shard, epoch: it.epoch }).collect()
    }

    fn claim(&mut self, me: &NodeLife, shards: &[ShardId]) -> Option<Vec<Fence>> {
        let mut fences = Vec::new();
        for it in self.holdings.iter_mut().filter(|it| shards.contains(&it.shard)) {
            let is_free = it.owner.as_ref().is_none_or(|owner| !self.living.contains(owner));
            if is_free && self.living.contains(me) {
                it.epoch.0 += 1;
                it.owner = Some(me.clone());
                fences.push(Fence { shard: it.shard, epoch: it.epoch });
            }
        }
        self.living.contains(me).then_some(fences)
    }

    fn release(&mut self, me: &NodeLife, fences: &[Fence]) {
        for it in &mut self.holdings {
            let fence = Fence { shard: it.shard, epoch: it.epoch };
            if it.owner.as_ref() == Some(me) && fences.contains(&fence) {
                it.owner = None;
            }
        }
    }

    fn suspect(&mut self, me: &NodeLife, other: &NodeLife) -> Option<bool> {
        if !self.living.contains(me) {
            return None;
        }
        self.suspicions.insert((me.clone(), other.clone()));
        let accusers = self.suspicions.iter().filter(|(by, of)| of == other && self.is_alive(by));
        if accusers.count() >= 2 {
            self.living.remove(other);
        }
        Some(!self.living.contains(other))
    }

    fn is_alive(&self, life: &NodeLife) -> bool {
        self.living.contains(life)
    }
}

async fn every_step_is_as_in_the_model(house: &House<'_>, random: &mut StdRng) {
    let mut model = Model {
        lives: BTreeMap::new(),
        living: HashSet::new(),
        suspicions: HashSet::new(),
        holdings: house.one.holdings().await.unwrap(),
    };
    for name in NAMES {
        let life = enter(house.one, name, LONG).await;
        model.living.insert(life.clone());
        model.lives.insert(name, life);
    }
    for step in 0..STEPS {
        let port = *[house.one, house.two].choose(random).unwrap();
        let names: Vec<_> = NAMES.choose_multiple(random, 2).copied().collect();
        one_step(port, &mut model, random, &names).await;
        assert_eq!(port.holdings().await.unwrap(), model.holdings, "after step {step}");
    }
    for life in model.lives.values() {
        house.one.leave(life).await.unwrap();
    }
}

async fn one_step(
    port: &dyn Membership,
    model: &mut Model,
    random: &mut StdRng,
    names: &[&'static str],
) {
    let (me, other) = (model.lives[names[0]].clone(), model.lives[names[1]].clone());
    let some: Vec<_> = all().into_iter().filter(|_| random.random_bool(0.4)).collect();
    match random.random_range(0..7) {
        0 => {
            let told = port.join("house", SHARDS, &newcomer(names[0]), LONG).await;
            assert_eq!(told.is_err(), model.is_alive(&me), "{told:?}");
            if let Ok(life) = told {
                assert_eq!(life.incarnation, me.incarnation + 1);
                model.living.insert(life.clone());
                model.lives.insert(names[0], life);
            }
        }
        1 => {
            let told = port.renew(&me, LONG).await;
            assert_eq!(is_over(&told), !model.is_alive(&me), "{told:?}");
        }
        2 | 3 => {
            let told = port.claim(&me, &some).await;
            assert_eq!(is_over(&told), !model.is_alive(&me), "{told:?}");
            assert_eq!(told.ok(), model.claim(&me, &some));
        }
        4 => {
            // Some of its own, some that it had before, some that are another's.
            let mut fences = [model.holds(&me), model.holds(&other)].concat();
            fences.retain(|fence| some.contains(&fence.shard));
            if let Some(first) = fences.first_mut().filter(|_| random.random_bool(0.3)) {
                first.epoch.0 -= 1;
            }
            port.release(&me, &fences).await.unwrap();
            model.release(&me, &fences);
        }
        5 => {
            let told = port.suspect(&me, &other, Verdict { by: 2, within: LONG }).await;
            assert_eq!(told.ok(), model.suspect(&me, &other));
        }
        _ if random.random_bool(0.3) => {
            port.leave(&me).await.unwrap();
            model.living.remove(&me);
            let held = model.holds(&me);
            model.release(&me, &held);
        }
        _ => {
            port.trust(&me, &other).await.unwrap();
            model.suspicions.remove(&(me, other));
        }
    }
}

/// What all nodes have seen, in the order in which they were told.
#[derive(Default)]
struct History {
    /// Who was given which shard at which epoch.
    granted: BTreeMap<(u16, u64), NodeLife>,
    dead: HashSet<NodeLife>,
}

impl History {
    /// The highest epoch of each shard that somebody was given.
    fn newest(&self) -> BTreeMap<u16, u64> {
        self.granted.keys().copied().collect()
    }
}

/// Leases are so short that some run out between two steps.
async fn no_history_has_two_owners(house: &House<'_>, seed: u64) {
    let history = Mutex::new(History::default());
    let nodes = NAMES.iter().enumerate().map(|(at, name)| {
        let port = if at % 2 == 0 { house.one } else { house.two };
        let random = StdRng::seed_from_u64(seed.wrapping_add(at as u64));
        Node { house, port, name, random, history: &history, life: None, fences: Vec::new() }
    });
    let nodes = join_all(nodes.map(async |mut node| {
        for _ in 0..EACH {
            node.step().await;
        }
        node
    }));
    for node in nodes.await {
        if let Some(life) = node.life {
            house.one.leave(&life).await.unwrap();
        }
    }
    let history = history.into_inner().unwrap();
    let lives: HashSet<_> = history.granted.values().collect();
    assert!(history.granted.len() > 50 && lives.len() > 8, "enough has happened");
    let holdings = house.one.holdings().await.unwrap();
    for (shard, epoch) in history.newest() {
        assert!(holdings[usize::from(shard)].epoch.0 >= epoch, "{shard}");
    }
}

struct Node<'a> {
    house: &'a House<'a>,
    port: &'a dyn Membership,
    name: &'static str,
    random: StdRng,
    history: &'a Mutex<History>,
    life: Option<NodeLife>,
    fences: Vec<Fence>,
}

impl Node<'_> {
    async fn step(&mut self) {
        let ttl = Duration::from_millis(self.random.random_range(10..120));
        let Some(me) = self.life.clone() else {
            self.fences.clear();
            self.life = self.port.join("house", SHARDS, &newcomer(self.name), ttl).await.ok();
            return;
        };
        let knew_it_dead = self.history.lock().unwrap().dead.contains(&me);
        match self.random.random_range(0..8) {
            0 | 1 => {
                let told = self.port.renew(&me, ttl).await;
                self.heard(&told, &me, knew_it_dead);
            }
            2 | 3 => self.claim(&me, knew_it_dead).await,
            4 => {
                let count = self.random.random_range(0..=self.fences.len());
                let given: Vec<_> = self.fences.drain(..count).collect();
                self.port.release(&me, &given).await.unwrap();
            }
            5 => self.accuse(&me, knew_it_dead).await,
            6 => self.write().await,
            _ if self.random.random_bool(0.2) => {
                self.port.leave(&me).await.unwrap();
                self.history.lock().unwrap().dead.insert(me);
            }
            _ => self.look().await,
        }
    }

    /// Nobody who was known to be dead is answered as one who lives.
    fn heard<T: std::fmt::Debug>(
        &mut self,
        told: &Result<T, Error>,
        me: &NodeLife,
        knew_it_dead: bool,
    ) {
        match told {
            Ok(_) => assert!(!knew_it_dead, "{me:?} was dead, but {told:?}"),
            Err(error) => {
                assert!(is_over(told), "{error}");
                self.history.lock().unwrap().dead.insert(me.clone());
                self.life = None;
            }
        }
    }

    async fn claim(&mut self, me: &NodeLife, knew_it_dead: bool) {
        let some: Vec<_> = all().into_iter().filter(|_| self.random.random_bool(0.5)).collect();
        let told = self.port.claim(me, &some).await;
        self.heard(&told, me, knew_it_dead);
        for fence in told.unwrap_or_default() {
            let key = (fence.shard.0, fence.epoch.0);
            let twice = self.history.lock().unwrap().granted.insert(key, me.clone());
            assert_eq!(twice, None, "{fence:?} belongs to {me:?}");
            self.fences.push(fence);
        }
    }

    async fn accuse(&mut self, me: &NodeLife, knew_it_dead: bool) {
        let members = view(self.port).await.members;
        let others: Vec<_> = members.into_iter().filter(|it| it.life.name != me.name).collect();
        let Some(other) = others.choose(&mut self.random) else { return };
        let verdict = Verdict { by: 2, within: Duration::from_millis(200) };
        let told = self.port.suspect(me, &other.life, verdict).await;
        self.heard(&told, me, knew_it_dead);
        if matches!(told, Ok(true)) {
            self.history.lock().unwrap().dead.insert(other.life.clone());
        }
    }

    /// Nothing is written at an epoch that is older than one that was given before.
    async fn write(&mut self) {
        let Some(fence) = self.fences.choose(&mut self.random).copied() else { return };
        let newest = self.history.lock().unwrap().newest()[&fence.shard.0];
        if writes(self.house.catalog, fence).await {
            assert!(newest <= fence.epoch.0, "{fence:?} is past {newest}");
        }
    }

    async fn look(&mut self) {
        let (newest, dead) = {
            let history = self.history.lock().unwrap();
            (history.newest(), history.dead.clone())
        };
        let holdings = self.port.holdings().await.unwrap();
        for (shard, epoch) in newest {
            assert!(holdings[usize::from(shard)].epoch.0 >= epoch, "{shard} fell behind {epoch}");
        }
        let members = view(self.port).await.members;
        assert!(members.iter().all(|it| !(it.alive && dead.contains(&it.life))), "risen");
    }
}
