//! What the kernel says about a process: the CPU time it has used, the memory it keeps.

use anyhow::Context;
use std::path::Path;

/// CPU seconds of processes, without their children (`proc(5)`, fields 14 and 15 of `stat`).
///
/// # Errors
/// When there is no such process.
pub(crate) fn cpu_s(pids: &[u32]) -> anyhow::Result<f64> {
    let mut ticks = 0;
    for pid in pids {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .with_context(|| format!("there is no process {pid}"))?;
        let (_, after) = stat.rsplit_once(')').context("a stat line names its program")?;
        for text in after.split_whitespace().skip(11).take(2) {
            ticks += text.parse::<u64>()?;
        }
    }
    // USER_HZ is 100 on every Linux that this runs on.
    Ok(ticks as f64 / 100.0)
}

/// Memory of a process.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    /// Resident now (`VmRSS`), bytes.
    pub(crate) now: u64,
    /// Most that was ever resident (`VmHWM`), bytes.
    pub(crate) peak: u64,
}

/// Memory of a process.
///
/// # Errors
/// When there is no such process.
pub(crate) fn memory(pid: u32) -> anyhow::Result<Memory> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("there is no process {pid}"))?;
    let read = |name: &str| -> anyhow::Result<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = line.with_context(|| format!("no {name}"))?.trim().trim_end_matches(" kB");
        Ok(kilobytes.parse::<u64>()? * 1024)
    };
    Ok(Memory { now: read("VmRSS:")?, peak: read("VmHWM:")? })
}

/// Bytes of all files below a folder.
pub(crate) fn folder_bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(facts) if facts.is_dir() => folder_bytes(&entry.path()),
        Ok(facts) => facts.len(),
        Err(_) => 0,
    });
    bytes.sum()
}
