//! Workers whose node was killed: they end by themselves, and make nothing afterwards.

use anyhow::{Context, ensure};
use std::path::Path;
use std::time::{Duration, Instant};

/// An orphaned worker ends within this time.
const ORPHANS_WITHIN: Duration = Duration::from_secs(10);

/// Waits until no worker of the node with this data folder runs.
///
/// # Errors
/// When one goes on.
pub(super) async fn wait(data: &Path) -> anyhow::Result<()> {
    let began = Instant::now();
    while any(data)? {
        ensure!(began.elapsed() < ORPHANS_WITHIN, "a worker outlives its node");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// Whether a process that was started to write into this folder still runs.
fn any(data: &Path) -> anyhow::Result<bool> {
    let data = data.to_str().context("the sandbox has a plain name")?;
    let lives = |process: std::fs::DirEntry| {
        // One that has ended meanwhile has no command line.
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        line.contains("codec-worker") && line.contains(data)
    };
    Ok(std::fs::read_dir("/proc")?.flatten().any(lives))
}
