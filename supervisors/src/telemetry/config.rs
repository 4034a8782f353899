//! What is told of this process while it runs, `[telemetry]`: which traces, where to, and which
//! logs.

use super::levels;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// ractor opens a span at level info around each actor's life, and every message sent from within
/// one would carry it: 0.4 µs for each life, 50 ns for each message, and nothing that we say anew.
/// What breaks under lapin is told by who uses it, once. Every session of the link, and every
/// notice of PostgreSQL about what is there already, is no news.
const FILTER: &str = "info,ractor=warn,ractor_cluster=warn,tokio_postgres=warn,lapin=off";

/// Traces and logs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TelemetryConfig {
    /// Times every request and every call of an engine for `/metrics`. Off, `/metrics` lacks their
    /// rates and durations, and has all the rest.
    pub(crate) timings: bool,
    /// Address of an OpenTelemetry collector, `http://HOST:4318` (OTLP over HTTP); empty for
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`, and without that no traces are told.
    pub(crate) otlp_endpoint: String,
    /// Share of the requests whose traces are told, 0 to 1, unless a worker or a trusted proxy has
    /// decided. What fails is always told.
    pub(crate) sampled_share: f64,
    /// The same for requests that begin an upload, with all that becomes of it.
    pub(crate) uploads_sampled_share: f64,
    /// Spans that wait to be sent; one more is dropped and counted. About 1 kB each.
    pub(crate) spans_waiting_max: usize,
    /// Spans in one request to the collector: some 300 kB.
    pub(crate) batch_spans_max: usize,
    /// A batch that is not full is sent after so many milliseconds.
    pub(crate) export_every_ms: u64,
    /// A collector that has not answered for so many milliseconds is away; the batch is dropped.
    pub(crate) export_timeout_ms: u64,
    /// What still waits when the process ends is sent within so many milliseconds, or lost.
    pub(crate) flush_ms: u64,
    /// What is logged: a level, and levels of parts, as `RUST_LOG` has them, which comes first.
    pub(crate) log_filter: String,
    /// `json`, `text`, or `auto`: readable on a terminal, JSON lines otherwise.
    pub(crate) log_format: LogFormat,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    /// As text on a terminal, else as JSON.
    #[default]
    Auto,
    /// One object per line.
    Json,
    /// For people.
    Text,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            timings: true,
            otlp_endpoint: String::new(),
            sampled_share: 0.01,
            uploads_sampled_share: 0.01,
            spans_waiting_max: 4_096,
            batch_spans_max: 512,
            export_every_ms: 1_000,
            export_timeout_ms: 5_000,
            flush_ms: 1_000,
            log_filter: FILTER.to_owned(),
            log_format: LogFormat::Auto,
        }
    }
}

impl TelemetryConfig {
    /// # Errors
    /// One sentence that names the key.
    pub(crate) fn validate(&self) -> Result<(), String> {
        let is_http = |url: &reqwest::Url| matches!(url.scheme(), "http" | "https");
        let endpoint = &self.otlp_endpoint;
        if !endpoint.is_empty() && !endpoint.parse().is_ok_and(|url| is_http(&url)) {
            return Err(format!("telemetry.otlp_endpoint: {endpoint:?} is no http:// address"));
        }
        for (key, share) in [
            ("sampled_share", self.sampled_share),
            ("uploads_sampled_share", self.uploads_sampled_share),
        ] {
            if !(0.0..=1.0).contains(&share) {
                return Err(format!("telemetry.{key} must be from 0 to 1"));
            }
        }
        let (batch, waiting) = (self.batch_spans_max, self.spans_waiting_max);
        if batch == 0 || batch > waiting || waiting > 1_000_000 {
            return Err(
                "telemetry.batch_spans_max must be from 1 to telemetry.spans_waiting_max, \
                        and that at most 1000000"
                    .to_owned(),
            );
        }
        for (key, ms, most) in [
            ("export_every_ms", self.export_every_ms, 60_000),
            ("export_timeout_ms", self.export_timeout_ms, 60_000),
            ("flush_ms", self.flush_ms, 10_000),
        ] {
            if !(10..=most).contains(&ms) {
                return Err(format!("telemetry.{key} must be from 10 to {most}"));
            }
        }
        levels::read(&self.log_filter)
            .map(drop)
            .map_err(|error| format!("telemetry.log_filter: {error}"))
    }

    /// Where traces go, if anywhere: the address of the collector's traces.
    pub(super) fn traces_url(&self, variable: Option<String>) -> Option<String> {
        let own = Some(self.otlp_endpoint.clone()).filter(|own| !own.is_empty());
        let endpoint = own.or_else(|| variable.filter(|given| !given.is_empty()))?;
        Some(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
    }

    pub(super) fn export_every(&self) -> Duration {
        Duration::from_millis(self.export_every_ms)
    }

    pub(super) fn export_timeout(&self) -> Duration {
        Duration::from_millis(self.export_timeout_ms)
    }

    pub(super) fn flush(&self) -> Duration {
        Duration::from_millis(self.flush_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::TelemetryConfig as Config;

    #[test]
    fn a_collector_is_named_by_the_key_or_else_by_the_usual_variable() {
        let named = Config { otlp_endpoint: "http://a:4318/".to_owned(), ..Config::default() };
        let other = || Some("http://b:4318".to_owned());
        assert_eq!(named.traces_url(other()).as_deref(), Some("http://a:4318/v1/traces"));
        let none = Config::default();
        assert_eq!(none.traces_url(other()).as_deref(), Some("http://b:4318/v1/traces"));
        assert_eq!(none.traces_url(None), None);
    }

    #[test]
    fn what_cannot_be_told_is_refused_by_its_key() {
        let wrong = |config: Config, key: &str| {
            let error = config.validate().expect_err("it is wrong");
            assert!(error.starts_with(key), "{error}");
        };
        assert_eq!(Config::default().validate(), Ok(()));
        let filter = || "info,playhouse=loud".to_owned();
        wrong(Config { log_filter: filter(), ..Config::default() }, "telemetry.log_filter");
        wrong(Config { sampled_share: 1.5, ..Config::default() }, "telemetry.sampled_share");
        wrong(Config { batch_spans_max: 0, ..Config::default() }, "telemetry.batch_spans_max");
        let otlp_endpoint = "localhost:4318".to_owned();
        wrong(Config { otlp_endpoint, ..Config::default() }, "telemetry.otlp_endpoint");
        wrong(Config { flush_ms: 60_000, ..Config::default() }, "telemetry.flush_ms");
    }
}
