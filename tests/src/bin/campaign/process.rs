//! What the kernel says about a process: the CPU time it has used, the memory it keeps.

use anyhow::Context;
use rustix::process::Pid;

/// CPU seconds of a process and of its children that have ended (`proc(5)`, fields 14 to 17).
///
/// # Errors
/// When there is no such process.
pub(crate) fn cpu_s(pid: Pid) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()))?;
    let (_, after) = stat.rsplit_once(')').context("a stat line names its program")?;
    let ticks = after.split_whitespace().skip(11).take(4).map(|text| text.parse::<f64>());
    // USER_HZ is 100 on every Linux that this runs on.
    Ok(ticks.sum::<Result<f64, _>>()? / 100.0)
}

/// Resident memory of a process, bytes (`VmRSS`).
///
/// # Errors
/// When there is no such process.
pub(crate) fn resident_bytes(pid: Pid) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.context("the node has no memory")?.trim().trim_end_matches(" kB");
    Ok(kilobytes.parse::<f64>()? * 1024.0)
}
