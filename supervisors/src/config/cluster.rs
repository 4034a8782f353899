//! The place of this node among others, `[cluster]`. How ownership runs is `[actors.cluster]`.

use playhouse_storage::model::NodeName;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// A node that is one of several.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ClusterConfig {
    /// Name of the cluster; empty for a node that is alone. A database belongs to one cluster.
    pub(crate) name: String,
    /// Name of this node, as in its certificate: a-z, 0-9 and -.
    pub(crate) node: String,
    /// Address and port of the link between nodes.
    pub(crate) listen: String,
    /// Where other nodes reach that; empty for `listen`.
    pub(crate) link: String,
    /// Where an operator reaches this node; empty for `node.listen`.
    pub(crate) http: String,
    /// After SIGTERM `/readyz` refuses while everything is served for so long, so that a proxy
    /// notices and sends nothing more: above the interval of its checks.
    pub(crate) notice_ms: u64,
    /// What fails together: a rack, a data centre.
    pub(crate) zone: String,
    /// Share of the shards beside the others', 1 to 64.
    pub(crate) weight: u16,
    /// The authority that signs the certificates of all nodes, PEM. Without it the link speaks
    /// plainly, and only on loopback.
    pub(crate) authority: PathBuf,
    /// The certificate of this node, PEM, and those between.
    pub(crate) certificate: PathBuf,
    /// The key of the certificate, PEM.
    pub(crate) key: PathBuf,
    /// A file with 64 hexadecimal digits, the same at all nodes and known to nobody else: tokens
    /// and cookies of one node hold at all.
    pub(crate) secret: PathBuf,
}

impl Default for ClusterConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            node: "node-1".to_owned(),
            listen: "127.0.0.1:7400".to_owned(),
            link: String::new(),
            http: String::new(),
            notice_ms: 2_500,
            zone: "default".to_owned(),
            weight: 1,
            authority: PathBuf::new(),
            certificate: PathBuf::new(),
            key: PathBuf::new(),
            secret: PathBuf::new(),
        }
    }
}

impl ClusterConfig {
    /// This node is one of several.
    pub(crate) fn is_on(&self) -> bool {
        !self.name.is_empty()
    }

    /// The node's name.
    pub(crate) fn node(&self) -> Result<NodeName, String> {
        self.node.parse().map_err(|error| format!("cluster.node: {error}"))
    }

    /// # Errors
    /// One sentence that names the key.
    pub(crate) fn validate(&self, storage: &playhouse_storage::Config) -> Result<(), String> {
        self.node()?;
        self.name
            .parse::<NodeName>()
            .map(drop)
            .or(if self.is_on() { Err(()) } else { Ok(()) })
            .map_err(|()| "cluster.name: a-z, 0-9 and -, at most 63".to_owned())?;
        self.listen
            .parse::<SocketAddr>()
            .map_err(|_| format!("cluster.listen: {} is no address with a port", self.listen))?;
        if !(1..=64).contains(&self.weight) {
            return Err("cluster.weight must be from 1 to 64".to_owned());
        }
        if self.is_on() { self.validate_on(storage) } else { Ok(()) }
    }

    /// What a node of a cluster cannot do without.
    fn validate_on(&self, storage: &playhouse_storage::Config) -> Result<(), String> {
        // What each node would have for itself loses bytes or records as soon as there are two.
        let shared = [
            ("storage.catalog", &storage.catalog, "postgres://"),
            ("storage.blobs", &storage.blobs, "s3://"),
            ("storage.events", &storage.events, "kafka://"),
            ("storage.cache", &storage.cache, "redis"),
        ];
        for (key, url, wanted) in shared {
            if !url.starts_with(wanted) {
                return Err(format!(
                    "{key}: the nodes of a cluster share their engines: a {wanted} URL is needed, \
                     not {:?}",
                    url.split(':').next().unwrap_or_default()
                ));
            }
        }
        let tls = [&self.authority, &self.certificate, &self.key];
        let given = tls.iter().filter(|path| !path.as_os_str().is_empty()).count();
        let loopback = self.listen.parse::<SocketAddr>().is_ok_and(|it| it.ip().is_loopback());
        match given {
            3 => {}
            0 if loopback => {}
            0 => {
                return Err(format!(
                    "cluster.authority: the link listens on {}, which is not loopback: it needs \
                     cluster.authority, cluster.certificate and cluster.key (ops/certs makes them)",
                    self.listen
                ));
            }
            _ => {
                return Err(
                    "cluster.authority, cluster.certificate and cluster.key go together".to_owned()
                );
            }
        }
        if self.secret.as_os_str().is_empty() {
            return Err(
                "cluster.secret is missing: a file with 64 hexadecimal digits, the same at \
                        all nodes (`openssl rand -hex 32`)"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut ClusterConfig)) -> Result<(), String> {
        let mut config = ClusterConfig {
            name: "prod".to_owned(),
            secret: "secret".into(),
            ..ClusterConfig::default()
        };
        change(&mut config);
        let storage = playhouse_storage::Config {
            catalog: "postgres://db/playhouse".into(),
            blobs: "s3://hot".to_owned(),
            events: "kafka://broker:9092".to_owned(),
            cache: "redis://cache".into(),
            ..playhouse_storage::Config::default()
        };
        config.validate(&storage)
    }

    #[test]
    fn several_nodes_on_one_laptop_need_no_certificates() {
        assert_eq!(check(|_| {}), Ok(()));
        assert_eq!(check(|it| it.listen = "[::1]:7400".to_owned()), Ok(()));
    }

    #[test]
    fn what_a_cluster_cannot_do_without_is_named() {
        let told = |change: fn(&mut ClusterConfig), key: &str| {
            let error = check(change).expect_err(key);
            assert!(error.starts_with(key), "{key}: {error}");
        };
        told(|it| it.listen = "0.0.0.0:7400".to_owned(), "cluster.authority: the link listens");
        told(|it| it.key = "key.pem".into(), "cluster.authority, cluster.certificate and");
        told(|it| it.secret = PathBuf::new(), "cluster.secret is missing");
        told(|it| it.node = "Node 1".to_owned(), "cluster.node");
        told(|it| it.name = "Über".to_owned(), "cluster.name");
        told(|it| it.weight = 0, "cluster.weight");
    }

    #[test]
    fn engines_that_no_other_node_sees_are_refused() {
        let config = ClusterConfig { name: "prod".to_owned(), ..ClusterConfig::default() };
        let error = config.validate(&playhouse_storage::Config::default()).expect_err("embedded");
        assert!(error.starts_with("storage.catalog"), "{error}");
    }
}
