//! The configuration of a worker process, `[worker]`. How many jobs it takes at once, and what they
//! may use, is that of every pool: `[actors.encode]`.

use playhouse_storage::Secret;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A process that runs `playhouse worker`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WorkerConfig {
    /// Address of a node, which is told what came of a job.
    pub(crate) node_url: String,
    /// A token of the role `worker` (`playhouse token --role worker`); never shown.
    pub(crate) token: Secret,
    /// A folder for what is being made, emptied at each start. Each worker has its own.
    pub(crate) data: PathBuf,
    /// Time from SIGTERM to the end of the process, milliseconds. Jobs end at once and are given
    /// back; a machine that is taken away says so at least 30 s before.
    pub(crate) stop_ms: u64,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            node_url: "http://127.0.0.1:8080".to_owned(),
            token: Secret::default(),
            data: PathBuf::from("./worker"),
            stop_ms: 8_000,
        }
    }
}

impl WorkerConfig {
    /// What holds for every process that reads the section.
    ///
    /// # Errors
    /// One sentence that names the key.
    pub(crate) fn validate(&self) -> Result<(), String> {
        let is_http = |url: &reqwest::Url| matches!(url.scheme(), "http" | "https");
        if !self.node_url.parse().is_ok_and(|url| is_http(&url)) {
            return Err(format!("worker.node_url: {:?} is no http:// address", self.node_url));
        }
        if !(1_000..30_000).contains(&self.stop_ms) {
            return Err("worker.stop_ms must be from 1000 to 29999".to_owned());
        }
        Ok(())
    }

    /// What a worker cannot start without.
    ///
    /// # Errors
    /// One sentence that names the key.
    pub(crate) fn validate_in_use(&self) -> Result<(), String> {
        if self.token.is_empty() {
            return Err(
                "worker.token is missing: `playhouse token --role worker --subject NAME --data \
                 DIR`, with the data folder of the node, prints one"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_worker_cannot_use_is_named() {
        let with = |node_url: &str, stop_ms: u64| WorkerConfig {
            node_url: node_url.to_owned(),
            stop_ms,
            ..WorkerConfig::default()
        };
        assert_eq!(with("https://node.example:8443", 29_999).validate(), Ok(()));
        let told = with("127.0.0.1:8080", 8_000).validate().expect_err("no scheme");
        assert!(told.contains("worker.node_url"), "{told}");
        let told = with("http://node", 30_000).validate().expect_err("too long");
        assert!(told.contains("worker.stop_ms"), "{told}");
        let told = WorkerConfig::default().validate_in_use().expect_err("no token");
        assert!(told.contains("playhouse token --role worker"), "{told}");
    }
}
