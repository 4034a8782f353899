//! What the process tells of itself in its metrics: memory, files, disk, version. Names are those
//! of the client libraries of Prometheus
//! (<https://prometheus.io/docs/instrumenting/writing_clientlibs>).

use jiff::Timestamp;
use playhouse_actors::runtime::trace;
use playhouse_gateway::Telling;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use rustix::fs::statvfs;
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

type Seconds = Counter<f64, AtomicU64>;
type Level = Gauge<f64, AtomicU64>;

/// What a node with this data folder, which starts now, adds to its metrics.
pub(crate) fn telling(data: PathBuf) -> Telling {
    let started = Timestamp::now();
    Arc::new(move |registry| {
        version(registry);
        cpu(registry);
        let started_s = started.as_millisecond() as f64 / 1e3;
        let help = "When the node started, seconds since 1970";
        level(registry, "process_start_time", help, Some(Unit::Seconds), Some(started_s));
        let help = "Memory in use, resident";
        level(registry, "process_resident_memory", help, Some(Unit::Bytes), resident_bytes());
        level(registry, "process_open_fds", "Open file descriptors", None, open_fds());
        let most = getrlimit(Resource::Nofile).current.map(|most| most as f64);
        level(registry, "process_max_fds", "Most open file descriptors", None, most);
        disk(registry, &data);
        spans(registry);
    })
}

fn version(registry: &mut Registry) {
    let info = Family::<[(&'static str, &'static str); 1], Level>::default();
    info.get_or_create(&[("version", env!("CARGO_PKG_VERSION"))]).set(1.0);
    registry.register("playhouse_build_info", "The version of this program", info);
}

fn spans(registry: &mut Registry) {
    let (exported, dropped) = trace::told();
    let counters = playhouse_storage::metrics::Counters::<1>::default();
    for (outcome, count) in [("exported", exported), ("dropped", dropped)] {
        counters.get_or_create(&[("outcome", outcome)]).inc_by(count);
    }
    registry.register("playhouse_trace_spans", "Spans by what became of them", counters);
}

fn cpu(registry: &mut Registry) {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = Seconds::default();
    seconds.inc_by(used.tv_sec as f64 + used.tv_nsec as f64 / 1e9);
    let help = "Processor time of this process, user and system";
    registry.register_with_unit("process_cpu", help, Unit::Seconds, seconds);
}

/// Of the file system on which the data folder lies; blocks that only root may use are not free.
fn disk(registry: &mut Registry, data: &Path) {
    let found = statvfs(data).ok();
    let bytes = |blocks: fn(&rustix::fs::StatVfs) -> u64| {
        found.as_ref().map(|it| blocks(it) as f64 * it.f_frsize as f64)
    };
    let (free, size) = (bytes(|it| it.f_bavail), bytes(|it| it.f_blocks));
    let help = "Free on the file system of the data folder";
    level(registry, "playhouse_disk_free", help, Some(Unit::Bytes), free);
    let help = "Size of the file system of the data folder";
    level(registry, "playhouse_disk_size", help, Some(Unit::Bytes), size);
}

/// A value that could not be read is left out.
fn level(registry: &mut Registry, name: &str, help: &str, unit: Option<Unit>, value: Option<f64>) {
    let Some(value) = value else { return };
    let gauge = Level::default();
    gauge.set(value);
    match unit {
        Some(unit) => registry.register_with_unit(name, help, unit, gauge),
        None => registry.register(name, help, gauge),
    }
}

fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024.0)
}

fn open_fds() -> Option<f64> {
    // The listing has one open itself.
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode;

    #[test]
    fn a_process_knows_its_memory_files_and_disk() {
        let (mut registry, mut text) = (Registry::default(), String::new());
        telling(PathBuf::from("."))(&mut registry);
        encode(&mut text, &registry).expect("text has room");
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
            line.and_then(|value| value.parse::<f64>().ok()).unwrap_or_else(|| panic!("{text}"))
        };
        assert!(value("process_resident_memory_bytes") > 1e6);
        assert!((3.0..value("process_max_fds")).contains(&value("process_open_fds")));
        assert!(
            (0.0..value("playhouse_disk_size_bytes")).contains(&value("playhouse_disk_free_bytes"))
        );
        assert!(value("process_cpu_seconds_total") > 0.0);
    }
}
