//! How fast views are settled and beats noted: `cargo bench -p playhouse-actors --bench engagement`
//! prints two tables. Real storage in a temporary folder (`TMPDIR` says on which disk), the settler
//! as in a node, contents as popular as Zipf says.
//!
//! Without cargo's `--bench` all numbers are a hundredth, which shows that it runs and no more.

mod beats;
mod processor;
mod settles;
mod zipf;

use tokio::runtime::Runtime;

fn main() {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let share = if is_bench { 1 } else { 100 };
    println!(
        "| views settled | contents | per second | processor time each | commits per second |"
    );
    println!("|---|---:|---:|---:|---:|");
    let runtime = Runtime::new().expect("a runtime starts");
    for (facts, contents) in [(200_000, 1_000), (200_000, 10_000), (200_000, 100_000)] {
        println!("{}", runtime.block_on(settles::measure(facts / share, contents)));
    }
    drop(runtime);
    println!("\n| beats noted | threads | stripes | per second | processor time each |");
    println!("|---|---:|---:|---:|---:|");
    for threads in [1, 2, 4, 8] {
        for split_rate in [u64::MAX, 1] {
            println!("{}", beats::measure("of one content", threads, split_rate, share));
        }
    }
    println!("{}", beats::measure("of 10,000 contents", 2, u64::MAX, share));
}
