//! The limits of the HTTP side, each with its reason. Nested into `cluster.toml` as `[gateway]`.
//!
//! Everything that a client could make grow (headers, bodies, streams, connections, waiting) has
//! its bound here.

mod answers;
mod inspector;
mod playback;
mod rates;

pub use answers::AnswerLimits;
pub use inspector::InspectorLimits;
pub use playback::PlaybackLimits;
pub use rates::RateLimits;

use axum::http::HeaderName;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// Limits of the HTTP side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Longest `Upload-Metadata` header, bytes: a title, a long description and six short values.
    pub upload_metadata_bytes_max: usize,
    /// Received bytes after which an upload is made durable and its offset committed. 8 MiB is
    /// what a broken connection can cost at most, and makes a commit rare against the writes.
    pub upload_commit_bytes: u64,
    /// The same in seconds, for slow lines: what a broken connection can cost in time.
    pub upload_commit_s: u64,
    /// The URL of a part takes its PUT for so long; then another one is asked for. An hour sends
    /// most of a part of 5 GiB over 10 Mbit/s.
    pub upload_url_ttl_s: u64,
    /// Most URLs of parts in one answer: about half a megabyte of them.
    pub upload_urls_max: usize,
    /// Largest body that completes an upload in parts, bytes: 10,000 parts at some 80 each.
    pub upload_complete_bytes_max: usize,
    /// A body that brings no byte for so long is given up; what came is kept.
    pub body_stall_s: u64,
    /// Largest JSON body, bytes. The largest honest one is an edit with a long description.
    pub json_body_bytes_max: usize,
    /// Largest request head, bytes: metadata and a token fit, a memory attack does not.
    pub header_bytes_max: usize,
    /// Most header lines of a request. Browsers send about 20, proxies add a dozen.
    pub headers_max: usize,
    /// A request head must be whole within so many seconds (slow header attacks). It is also how
    /// long a connection is kept open for the next request.
    pub header_read_s: u64,
    /// A connection on which no byte moves either way for so long is closed. Above the time that
    /// any handler may take, and above the keep-alive of event streams.
    pub connection_idle_s: u64,
    /// After the last answer a connection takes and drops what the client still sends for so
    /// long, so that a refusal reaches a client that is in the middle of its body.
    pub connection_linger_ms: u64,
    /// Most open connections. Each costs about 20 kB and one descriptor; a node has 64 Ki.
    pub connections_max: usize,
    /// Connections that wait to be accepted, beyond which the system drops their first packet and a
    /// client tries again after a second at the earliest: a node that is busy for a third of a
    /// second must not cost anyone that. `net.core.somaxconn` (Linux: 4096) bounds it, too.
    pub accept_queue_max: u16,
    /// Requests under way get so long to finish when the node stops; below `node.stop_ms`, since
    /// entities and stores end after them.
    pub shutdown_s: u64,
    /// An entity must answer within so long. A fenced commit takes milliseconds; a loaded disk
    /// takes seconds.
    pub ask_deadline_ms: u64,
    /// The last commit of an upload seals the file, which may wait for gigabytes to reach the disk.
    pub finish_deadline_ms: u64,
    /// Most event streams at once. Each holds a listener and reads the catalog on every change.
    pub sse_streams_max: usize,
    /// A stream sends at most one snapshot, and one round of progress, in so many milliseconds.
    pub sse_debounce_ms: u64,
    /// A stream reads the catalog again after so long without a hint: hints may be lost.
    pub sse_refresh_s: u64,
    /// A comment is sent after so long without an event, for proxies that close silent streams.
    pub sse_keepalive_s: u64,
    /// A stream ends after so long and the page opens it again: a token may have expired since.
    pub sse_lifetime_s: u64,
    /// Contents on a page of a list when the client does not say.
    pub list_default: u32,
    /// Most contents on a page of a list.
    pub list_max: u32,
    /// Longest search text, bytes.
    pub search_bytes_max: usize,
    /// How long a token of `playhouse token` is valid when the caller does not say.
    pub token_ttl_s: u64,
    /// Most verified tokens that are remembered, so that their signature is not verified at each
    /// request (35 µs). Each costs some 600 bytes; beyond, those not used for longest are verified
    /// again.
    pub tokens_cached_max: usize,
    /// How long a viewer's cookie is kept. Browsers cut it at 400 days.
    pub viewer_cookie_ttl_s: u64,
    /// Marks the viewer's cookie `Secure`. On when the node stands behind TLS; plain HTTP on
    /// loopback would lose the cookie in some browsers.
    pub viewer_cookie_secure: bool,
    /// Networks whose `X-Forwarded-For` (or else `Forwarded`) is believed, and which are never
    /// taken for one client: the proxies in front of the node. This machine, unless others are.
    /// Whether a trace is sampled is theirs to say, too: they must set `traceparent` themselves or
    /// remove it.
    pub trusted_proxies: Vec<IpNet>,
    /// Networks from which `/metrics` is read without a token, beside `trusted_proxies`
    /// themselves: where Prometheus runs. Others need a token that may operate.
    pub metrics_networks: Vec<IpNet>,
    /// The header in which those proxies tell the country of a viewer by two letters (for example
    /// `cf-ipcountry`), for statistics; empty: nobody does, and it is unknown (`ZZ`). The proxy
    /// must set it itself on every request.
    pub country_header: String,
    /// Looking at actors, and ordering them about.
    pub inspector: InspectorLimits,
    /// Playback sessions, and what is counted of contents.
    pub playback: PlaybackLimits,
    /// How often one client may begin something.
    pub rates: RateLimits,
    /// Answers that are kept to be given again.
    pub answers: AnswerLimits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            upload_metadata_bytes_max: 12 * 1024,
            upload_commit_bytes: 8 * 1024 * 1024,
            upload_commit_s: 5,
            upload_url_ttl_s: 3_600,
            upload_urls_max: 1_000,
            upload_complete_bytes_max: 1 << 20,
            body_stall_s: 30,
            json_body_bytes_max: 64 * 1024,
            header_bytes_max: 32 * 1024,
            headers_max: 100,
            header_read_s: 15,
            connection_idle_s: 120,
            connection_linger_ms: 2_000,
            connections_max: 10_000,
            accept_queue_max: 4_096,
            shutdown_s: 5,
            ask_deadline_ms: 10_000,
            finish_deadline_ms: 60_000,
            sse_streams_max: 2_000,
            sse_debounce_ms: 250,
            sse_refresh_s: 15,
            sse_keepalive_s: 15,
            sse_lifetime_s: 3_600,
            list_default: 24,
            list_max: 100,
            search_bytes_max: 256,
            token_ttl_s: 30 * 86_400,
            tokens_cached_max: 20_000,
            viewer_cookie_ttl_s: 400 * 86_400,
            viewer_cookie_secure: false,
            trusted_proxies: vec![
                Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8).into(),
                Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128).into(),
            ],
            metrics_networks: Vec::new(),
            country_header: String::new(),
            inspector: InspectorLimits::default(),
            playback: PlaybackLimits::default(),
            rates: RateLimits::default(),
            answers: AnswerLimits::default(),
        }
    }
}

impl Config {
    /// Holds the values against each other.
    ///
    /// # Errors
    /// One sentence that names the key and how to mend it.
    pub fn validate(&self) -> Result<(), String> {
        for (key, value) in self.at_least_one() {
            if value == 0 {
                return Err(format!("gateway.{key} must be at least 1"));
            }
        }
        if self.header_bytes_max < 8 * 1024 {
            return Err("gateway.header_bytes_max must be at least 8192".to_owned());
        }
        if self.upload_metadata_bytes_max >= self.header_bytes_max {
            return Err(
                "gateway.upload_metadata_bytes_max must be below header_bytes_max".to_owned()
            );
        }
        if self.upload_url_ttl_s > 7 * 86_400 {
            return Err("gateway.upload_url_ttl_s must be at most 604800: S3 signs for no longer \
                        than a week"
                .to_owned());
        }
        let handler_ms = self.finish_deadline_ms.max(self.body_stall_s * 1_000);
        if self.connection_idle_s * 1_000 <= handler_ms {
            return Err("gateway.connection_idle_s must be above body_stall_s and \
                        finish_deadline_ms"
                .to_owned());
        }
        if self.connection_idle_s <= self.sse_keepalive_s {
            return Err("gateway.connection_idle_s must be above sse_keepalive_s".to_owned());
        }
        if self.list_default > self.list_max {
            return Err("gateway.list_default must not be above list_max".to_owned());
        }
        if !self.country_header.is_empty() && self.country_header.parse::<HeaderName>().is_err() {
            return Err("gateway.country_header must be the name of a header, or empty".to_owned());
        }
        self.inspector.validate().map_err(|error| format!("gateway.inspector.{error}"))?;
        self.playback.validate().map_err(|error| format!("gateway.playback.{error}"))
    }

    fn at_least_one(&self) -> [(&'static str, u64); 18] {
        [
            ("upload_commit_bytes", self.upload_commit_bytes),
            ("upload_commit_s", self.upload_commit_s),
            ("upload_url_ttl_s", self.upload_url_ttl_s),
            ("upload_urls_max", self.upload_urls_max as u64),
            ("upload_complete_bytes_max", self.upload_complete_bytes_max as u64),
            ("body_stall_s", self.body_stall_s),
            ("headers_max", self.headers_max as u64),
            ("header_read_s", self.header_read_s),
            ("connections_max", self.connections_max as u64),
            ("accept_queue_max", u64::from(self.accept_queue_max)),
            ("ask_deadline_ms", self.ask_deadline_ms),
            ("finish_deadline_ms", self.finish_deadline_ms),
            ("sse_streams_max", self.sse_streams_max as u64),
            ("sse_debounce_ms", self.sse_debounce_ms),
            ("sse_refresh_s", self.sse_refresh_s),
            ("sse_keepalive_s", self.sse_keepalive_s),
            ("list_default", u64::from(self.list_default)),
            ("tokens_cached_max", self.tokens_cached_max as u64),
        ]
    }

    pub(crate) fn ask_deadline(&self) -> Duration {
        Duration::from_millis(self.ask_deadline_ms)
    }

    pub(crate) fn finish_deadline(&self) -> Duration {
        Duration::from_millis(self.finish_deadline_ms)
    }

    pub(crate) fn body_stall(&self) -> Duration {
        Duration::from_secs(self.body_stall_s)
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, InspectorLimits};

    #[test]
    fn the_defaults_hold_against_each_other() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn a_zero_is_named() {
        let config = Config { sse_streams_max: 0, ..Config::default() };
        assert_eq!(config.validate(), Err("gateway.sse_streams_max must be at least 1".into()));
    }

    #[test]
    fn a_zero_of_the_inspector_is_named_with_its_section() {
        let inspector = InspectorLimits { looks_max: 0, ..InspectorLimits::default() };
        let config = Config { inspector, ..Config::default() };
        let error = config.validate().unwrap_err();
        assert_eq!(error, "gateway.inspector.looks_max must be at least 1");
    }

    #[test]
    fn a_connection_may_not_end_before_its_handler() {
        let config = Config { connection_idle_s: 20, ..Config::default() };
        assert!(config.validate().unwrap_err().contains("connection_idle_s"));
    }
}
