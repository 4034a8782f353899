//! The runtime beside plain ractor, in the same run: `cargo bench -p playhouse-actors --bench
//! runtime` prints one table. With `-- --million`: one million entities in a node that has room
//! for a tenth of them. Nothing is written anywhere.
//!
//! Without cargo's `--bench` all numbers are a hundredth, which shows that it runs and no more.

mod ask;
mod memory;
mod million;
mod ours;
mod pair;
mod plain;
mod process;
mod spawn;
mod table;
mod tell;

use pair::Pair;
use std::future::Future;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// Pairs of measurements of each row, the warm-up apart.
const ROUNDS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let share = if words.contains(&"--bench") { 1 } else { 100 };
    let runtime = Runtime::new().expect("a runtime starts");
    match words.as_slice() {
        [memory::CHILD, side, actors] => {
            let actors = actors.parse().expect("a number of actors");
            println!("{}", on(&runtime, memory::measure(side == &memory::OURS, actors)));
        }
        words if words.contains(&"--million") => {
            on(&runtime, million::run(1_000_000 / share));
        }
        _ => table::print(&compare(&runtime, share), ROUNDS),
    }
}

fn compare(runtime: &Runtime, share: u64) -> Vec<Pair> {
    let mut pairs = tells(runtime, 1_000_000 / share);
    pairs.extend(asks(runtime, 256_000 / share));
    pairs.extend(service_asks(runtime, 256_000 / share));
    pairs.extend(spawns(runtime, 100_000 / share));
    pairs.push(pair::bytes(
        "bytes per idle actor that has answered once",
        ROUNDS,
        || memory::in_child(memory::PLAIN, 100_000 / share),
        || memory::in_child(memory::OURS, 100_000 / share),
    ));
    pairs
}

fn tells(runtime: &Runtime, messages: u64) -> Vec<Pair> {
    let loads = [
        ("tell, 1 sender", tell::Load { senders: 1, pause_every: None, messages }),
        ("tell, 4 senders", tell::Load { senders: 4, pause_every: None, messages }),
        ("tell, 1 sender that pauses", tell::Load { senders: 1, pause_every: Some(256), messages }),
    ];
    let measured = loads.map(|(name, load)| {
        let (plain, ours) = (|| on(runtime, tell::plain(load)), || on(runtime, tell::ours(load)));
        pair::rate(name, ROUNDS, plain, ours)
    });
    measured.into()
}

fn asks(runtime: &Runtime, asks: u64) -> Vec<Pair> {
    let loads = [
        ("ask, serial, 1 entity", ask::Load { in_flight: 1, actors: 1, asks: asks / 4 }),
        ("ask, serial, 1,000 entities", ask::Load { in_flight: 1, actors: 1_000, asks: asks / 4 }),
        ("ask, 64 in flight, 1 entity", ask::Load { in_flight: 64, actors: 1, asks }),
        ("ask, 64 in flight, 1,000 entities", ask::Load { in_flight: 64, actors: 1_000, asks }),
    ];
    let measured = loads.map(|(name, load)| {
        let (plain, ours) = (|| on(runtime, ask::plain(load)), || on(runtime, ask::ours(load)));
        pair::rate(name, ROUNDS, plain, ours)
    });
    measured.into()
}

fn service_asks(runtime: &Runtime, asks: u64) -> Vec<Pair> {
    let loads = [
        ("ask, serial, 1 service", ask::Load { in_flight: 1, actors: 1, asks: asks / 4 }),
        ("ask, 64 in flight, 1 service", ask::Load { in_flight: 64, actors: 1, asks }),
    ];
    let measured = loads.map(|(name, load)| {
        let (plain, ours) = (|| on(runtime, ask::plain(load)), || on(runtime, ask::service(load)));
        pair::rate(name, ROUNDS, plain, ours)
    });
    measured.into()
}

fn spawns(runtime: &Runtime, actors: u64) -> Vec<Pair> {
    let plain = || on(runtime, spawn::plain(actors));
    let plain_answered = || on(runtime, spawn::plain_answered(actors));
    let ours = || on(runtime, spawn::ours(actors));
    vec![
        pair::rate("spawn; ours: activate and answer", ROUNDS, plain, ours),
        pair::rate("spawn and answer; ours: activate and answer", ROUNDS, plain_answered, ours),
    ]
}

/// Runs a measurement on the runtime's own threads, as a node does, not on the one that waits.
fn on<T: Send + 'static>(
    runtime: &Runtime,
    measurement: impl Future<Output = T> + Send + 'static,
) -> T {
    runtime.block_on(async move {
        let mut task = JoinSet::new();
        task.spawn(measurement);
        task.join_next().await.expect("one task was spawned").expect("it does not panic")
    })
}
