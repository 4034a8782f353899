//! A node with nothing to do: how soon it is ready and how much memory it keeps.

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
        let pid = sandbox.pid().as_raw_nonzero();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes: f64 =
            resident.unwrap_or_default().trim().trim_end_matches(" kB").parse().unwrap_or(f64::NAN);
        println!("| {start} | {} | {:.1} |", ready.as_millis(), kilobytes / 1024.0);
        sandbox.stop().await;
    }
    Ok(())
}
