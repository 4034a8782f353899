//! The one configuration: each crate's `Config` nested under its name.
//!
//! Three layers, later overrides earlier: `cluster.toml`, `PLAYHOUSE_SECTION__KEY` variables,
//! dotted `key=value` arguments. The defaults are the schema: a key that they do not have is an
//! error that names the nearest one, a value of another type is an error that names the type.

mod cluster;
mod layers;
mod schema;

pub(crate) use cluster::ClusterConfig;

use crate::telemetry::TelemetryConfig;
use crate::worker::WorkerConfig;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use toml::Table;

/// Everything that can be set, section by section.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The process.
    pub(crate) node: NodeConfig,
    /// Its place among others.
    pub(crate) cluster: ClusterConfig,
    /// The engines.
    pub(crate) storage: playhouse_storage::Config,
    /// The actors.
    pub(crate) actors: playhouse_actors::Config,
    /// HTTP.
    pub(crate) gateway: playhouse_gateway::Config,
    /// A process that runs `playhouse worker`.
    pub(crate) worker: WorkerConfig,
    /// Traces and logs.
    pub(crate) telemetry: TelemetryConfig,
}

/// The process itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NodeConfig {
    /// Address and port of the HTTP listener. Loopback, because a fresh node has no TLS.
    pub(crate) listen: String,
    /// The folder that holds everything that outlives the process.
    pub(crate) data: PathBuf,
    /// Fixed number of shards; a catalog that was made with another number refuses it.
    pub(crate) shard_count: u16,
    /// Time from SIGTERM to the end of the process, milliseconds; what still runs then is dropped
    /// (nothing that was acknowledged is lost by it). Below the 10 s that most service managers
    /// give before SIGKILL.
    pub(crate) stop_ms: u64,
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            data: PathBuf::from("./data"),
            shard_count: 16,
            stop_ms: 8_000,
        }
    }
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum Error {
    /// The file cannot be read.
    #[error("{path}: {reason}")]
    File {
        /// Which file.
        path: String,
        /// Why, with the line when it is no TOML.
        reason: String,
    },
    /// A key that does not exist.
    #[error("unknown configuration key {key} (from {from}){}", nearest.as_ref()
        .map(|near| format!(": did you mean {near}?")).unwrap_or_default())]
    UnknownKey {
        /// Dotted.
        key: String,
        /// The layer that it came from.
        from: String,
        /// The known key that looks most like it.
        nearest: Option<String>,
    },
    /// A value of another type.
    #[error("configuration key {key} (from {from}) must be {expected}, not {found}")]
    WrongType {
        /// Dotted.
        key: String,
        /// The layer that it came from.
        from: String,
        /// The type of the default.
        expected: &'static str,
        /// What was given.
        found: String,
    },
    /// An argument that is not `key=value`.
    #[error("{0}: expected key=value")]
    NoAssignment(String),
    /// A value that its component does not take.
    #[error("configuration: {0}")]
    Invalid(String),
}

impl Config {
    /// The configuration as TOML, as `cluster.toml` would say it.
    pub(crate) fn to_toml(&self) -> String {
        toml::to_string(self).expect("the configuration is tables of plain values")
    }

    fn validate(&self) -> Result<(), String> {
        self.node
            .listen
            .parse::<std::net::SocketAddr>()
            .map_err(|_| format!("node.listen: {} is no address with a port", self.node.listen))?;
        if self.node.shard_count == 0 {
            return Err("node.shard_count: must be at least 1".to_owned());
        }
        self.storage.validate()?;
        self.cluster.validate(&self.storage)?;
        self.actors.validate().map_err(|error| format!("actors.{error}"))?;
        self.gateway.validate()?;
        self.worker.validate()?;
        self.telemetry.validate()?;
        let orphans_after_s = u64::from(self.storage.s3.orphans_after_h).saturating_mul(3600);
        if orphans_after_s < self.actors.upload_parts_life_s.saturating_add(3600) {
            return Err(
                "storage.s3.orphans_after_h must be above actors.upload_parts_life_s by an \
                        hour: else parts of uploads under way are taken for orphans"
                    .to_owned(),
            );
        }
        let notice_ms = if self.cluster.is_on() { self.cluster.notice_ms } else { 0 };
        let finish_ms = self.gateway.shutdown_s.saturating_mul(1000);
        if finish_ms.saturating_add(notice_ms) >= self.node.stop_ms {
            return Err("node.stop_ms must be above gateway.shutdown_s, and in a cluster above \
                        that and cluster.notice_ms, which are part of it"
                .to_owned());
        }
        if self.gateway.shutdown_s >= self.actors.runtime.stop_deadline_s {
            let keys = "actors.runtime.stop_deadline_s must be above gateway.shutdown_s";
            return Err(format!("{keys}: the listener is a service that stops within it"));
        }
        Ok(())
    }
}

/// The variables that may be configuration. Others are nobody's business here, whatever bytes they
/// are made of.
///
/// # Errors
/// One of ours that is no text.
pub(crate) fn variables(
    all: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Vec<(String, String)>, Error> {
    let named = all.filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let ours = named.filter(|(name, _)| name.starts_with(layers::PREFIX));
    ours.map(|(name, value)| match value.into_string() {
        Ok(text) => Ok((name, text)),
        Err(_) => Err(Error::Invalid(format!("{name} is no UTF-8 text"))),
    })
    .collect()
}

/// Puts the three layers together. Without `file`, `cluster.toml` of the current folder is read
/// when it is there.
///
/// # Errors
/// See [`Error`]; the first thing that is wrong is told.
pub(crate) fn load(
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
    arguments: &[String],
) -> Result<Config, Error> {
    let defaults = defaults();
    let mut merged = defaults.clone();
    let standard = Path::new("cluster.toml");
    if let Some(path) = file.or_else(|| standard.exists().then_some(standard)) {
        layers::file(&mut merged, &defaults, path)?;
    }
    layers::environment(&mut merged, &defaults, environment)?;
    layers::arguments(&mut merged, &defaults, arguments)?;
    let config: Config = merged
        .try_into()
        .map_err(|error: toml::de::Error| Error::Invalid(error.message().to_owned()))?;
    config.validate().map_err(Error::Invalid)?;
    Ok(config)
}

/// The defaults as a table: the schema that the layers are held against.
fn defaults() -> Table {
    Table::try_from(Config::default()).expect("the configuration is tables of plain values")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(environment: &[(&str, &str)], arguments: &[&str]) -> Result<Config, String> {
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let arguments: Vec<_> = arguments.iter().map(|text| (*text).to_owned()).collect();
        load(Some(Path::new("/dev/null")), environment, &arguments)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn an_argument_overrides_the_environment() {
        let environment = [("PLAYHOUSE_NODE__LISTEN", "127.0.0.1:1")];
        let config = check(&environment, &["node.listen=127.0.0.1:2"]).expect("both keys exist");
        assert_eq!(config.node.listen, "127.0.0.1:2");
        let config = check(&environment, &[]).expect("the key exists");
        assert_eq!(config.node.listen, "127.0.0.1:1");
    }

    #[test]
    fn an_unknown_key_is_named_with_the_nearest() {
        let error = check(&[], &["node.lisen=127.0.0.1:2"]).expect_err("no such key");
        assert_eq!(
            error,
            "unknown configuration key node.lisen (from an argument): did you mean node.listen?"
        );
        let error = check(&[("PLAYHOUSE_NODE__DATTA", "x")], &[]).expect_err("no such key");
        assert!(error.contains("node.datta") && error.contains("node.data"), "{error}");
    }

    #[test]
    fn a_wrong_type_is_named_with_what_is_expected() {
        let error = check(&[], &["node.stop_ms=soon"]).expect_err("not a number");
        assert_eq!(
            error,
            "configuration key node.stop_ms (from an argument) must be an integer, not \"soon\""
        );
    }

    #[test]
    fn a_variable_that_is_no_text_is_named_when_it_is_ours() {
        use std::os::unix::ffi::OsStringExt as _;
        let bad = || OsString::from_vec(vec![0xff]);
        let of = |name: OsString| variables([(name, bad())].into_iter());
        assert_eq!(of("LANG".into()), Ok(vec![]));
        assert_eq!(of(bad()), Ok(vec![]));
        let error = of("PLAYHOUSE_NODE__DATA".into()).expect_err("no text").to_string();
        assert_eq!(error, "configuration: PLAYHOUSE_NODE__DATA is no UTF-8 text");
    }

    #[test]
    fn other_variables_of_ours_are_no_configuration() {
        assert!(check(&[("PLAYHOUSE_TOKEN", "x"), ("PLAYHOUSE_FAILPOINT", "a:1")], &[]).is_ok());
    }

    #[test]
    fn cluster_toml_says_every_key_with_its_default() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cluster.toml");
        let text = std::fs::read_to_string(path).expect("cluster.toml is in the repository");
        let written: Table = text.parse().expect("cluster.toml is TOML");
        let written = toml::to_string(&written).expect("a table prints");
        let defaults = toml::to_string(&defaults()).expect("a table prints");
        assert_eq!(written, defaults, "cluster.toml is not what the code says");
    }
}
