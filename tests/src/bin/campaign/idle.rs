//! A node with nothing to do: how soon it is ready and how much memory it keeps.

use crate::process::resident_bytes;
use playhouse_tests::sandbox::Sandbox;
use std::time::{Duration, Instant};

/// Starts; the first one makes the data folder.
const STARTS: u32 = 5;

/// Runs the campaign.
///
/// # Errors
/// When the node's memory cannot be read.
pub(crate) async fn run() -> anyhow::Result<()> {
    println!("| start | ready ms | resident MB after 3 s |");
    println!("|---|---|---|");
    let mut sandbox = Sandbox::new(&[]);
    for start in 1..=STARTS {
        let began = Instant::now();
        sandbox.start().await;
        let ready = began.elapsed();
        tokio::time::sleep(Duration::from_secs(3)).await;
        let megabytes = resident_bytes(sandbox.pid())? / (1024.0 * 1024.0);
        println!("| {start} | {} | {megabytes:.1} |", ready.as_millis());
        sandbox.stop().await;
    }
    Ok(())
}
