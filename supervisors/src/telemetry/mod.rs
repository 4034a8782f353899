//! What a process tells of itself while it runs: its log, and the traces of its work.
//!
//! Logs are readable on a terminal, one JSON object per line otherwise. They go to stderr, so that
//! stdout stays for what scripts read: the one line that says `ready`. Traces go to a collector,
//! from a thread of its own: neither waits for the other, and nobody for either.

mod config;
mod export;
mod levels;
mod lines;
mod otlp;
mod panics;

pub(crate) use config::TelemetryConfig;

use anyhow::{Context, Result};
use config::LogFormat;
use export::Exporter;
use levels::LogLevels;
use lines::Traced;
use otlp::Teller;
use playhouse_actors::runtime::trace::{Sampling, Share, install};
use playhouse_gateway::Levels;
use std::io::IsTerminal;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, fmt, reload};

/// What tells of this process, until it is stopped.
pub(crate) struct Telemetry {
    levels: Arc<LogLevels>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Telemetry {
    /// Starts telling; once per process. `service` is the process's name in traces, unless
    /// `OTEL_SERVICE_NAME` has another.
    ///
    /// # Errors
    /// When there is no thread for it, or the certificates of the system cannot be used.
    pub(crate) fn start(config: &TelemetryConfig, service: &str, node: &str) -> Result<Self> {
        let levels = Arc::new(log(config)?);
        playhouse_storage::metrics::time_calls(config.timings);
        let exporter = exporter(config, service, node)?;
        let (stop, stopped) = oneshot::channel();
        let (kept, flush) = (Arc::clone(&levels), config.flush());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let tell = async move {
            let Some(mut exporter) = exporter else {
                tokio::select! { _ = stopped => {}, () = kept.keep() => {} }
                return;
            };
            tokio::select! {
                _ = stopped => {}
                () = kept.keep() => {}
                () = exporter.run() => {}
            }
            exporter.flush(Instant::now() + flush).await;
        };
        let thread = std::thread::Builder::new().name("telemetry".to_owned());
        let thread = thread.spawn(move || runtime.block_on(tell))?;
        Ok(Self { levels, stop, thread })
    }

    /// Changes what is logged.
    pub(crate) fn levels(&self) -> Arc<dyn Levels> {
        Arc::clone(&self.levels) as _
    }

    /// Sends what still waits to be told, within `telemetry.flush_ms`.
    pub(crate) fn stop(self) {
        // A thread that has ended by itself needs no word, and has been heard panicking.
        let _ = self.stop.send(());
        let _ = self.thread.join();
    }
}

/// Starts logging. `RUST_LOG` goes before the configuration.
fn log(config: &TelemetryConfig) -> Result<LogLevels> {
    let given = std::env::var("RUST_LOG").ok().filter(|given| !given.is_empty());
    let bad = given.as_ref().and_then(|given| levels::read(given).err());
    let good = given.filter(|_| bad.is_none());
    let usual = good.unwrap_or_else(|| config.log_filter.clone());
    let filter = levels::read(&usual).map_err(anyhow::Error::msg).context("log filter")?;
    let (filter, handle) = reload::Layer::new(filter);
    let terminal = std::io::stderr().is_terminal();
    let json = match config.log_format {
        LogFormat::Auto => !terminal,
        LogFormat::Json => true,
        LogFormat::Text => false,
    };
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(terminal);
    let lines = if json {
        let lines = lines.json().flatten_event(true);
        lines.map_event_format(|inner| Traced { inner, json }).boxed()
    } else {
        let lines = lines.with_target(false).compact();
        lines.map_event_format(|inner| Traced { inner, json }).boxed()
    };
    tracing_subscriber::registry().with(filter).with(lines).init();
    panics::tell();
    if let Some(why) = bad {
        tracing::warn!(why, "RUST_LOG is not followed, telemetry.log_filter is");
    }
    Ok(LogLevels::new(handle, usual))
}

/// The way to the collector, when there is one.
fn exporter(config: &TelemetryConfig, service: &str, node: &str) -> Result<Option<Exporter>> {
    let variable = |name| std::env::var(name).ok().filter(|given: &String| !given.is_empty());
    let Some(url) = config.traces_url(variable("OTEL_EXPORTER_OTLP_ENDPOINT")) else {
        return Ok(None);
    };
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let (host, pid) = (host.trim().to_owned(), std::process::id());
    let node = if node.is_empty() { host.as_str() } else { node };
    let teller = Teller {
        service: variable("OTEL_SERVICE_NAME").unwrap_or_else(|| service.to_owned()),
        instance: format!("{node}:{pid}"),
        host,
        pid,
    };
    tracing::info!(url, sampled_share = config.sampled_share, "traces are told");
    let (queue, exporter) = Exporter::new(url, teller, crate::remote::http(None)?, config);
    let sampling = Sampling {
        requests: Share::of(config.sampled_share),
        uploads: Share::of(config.uploads_sampled_share),
    };
    install(Arc::new(queue), sampling);
    Ok(Some(exporter))
}
