//! A database of its own for each test, on the server of the environment. With
//! `sslmode=verify-full` in its URL, `PLAYHOUSE_TEST_POSTGRES_CA` names the file of its authority.

use playhouse_storage::{Config, Stores};
use std::ops::Deref;
use std::time::Duration;
use tempfile::TempDir;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// How the database is reached.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    Direct,
    Pooled,
}

/// An empty database that goes with its value.
pub(crate) struct Database {
    name: String,
    way: Way,
}

/// A node's stores in a database, in a folder of their own.
pub(crate) struct Node {
    stores: Stores,
    _folder: TempDir,
}

impl Deref for Node {
    type Target = Stores;

    fn deref(&self) -> &Stores {
        &self.stores
    }
}

impl Database {
    pub(crate) async fn new(way: Way) -> Self {
        let name = format!("playhouse_test_{}", Uuid::now_v7().simple());
        let create = format!("CREATE DATABASE {name}");
        client(&server(Way::Direct)).await.batch_execute(&create).await.unwrap();
        Self { name, way }
    }

    /// This database on the standby.
    pub(crate) fn on_standby(&self) -> String {
        self.at(&variable("PLAYHOUSE_TEST_STANDBY"))
    }

    fn url(&self, way: Way) -> String {
        self.at(&server(way))
    }

    fn at(&self, url: &str) -> String {
        let (server, query) = url.split_once('?').unwrap_or((url, ""));
        let (server, _) = server.rsplit_once('/').unwrap();
        format!("{server}/{}?{query}", self.name)
    }

    /// A configuration of a node on this database.
    pub(crate) fn config(&self) -> Config {
        let mut config = Config { catalog: self.url(self.way), ..Config::default() };
        config.postgres.connections_max = 8;
        config.postgres.ca_file = std::env::var("PLAYHOUSE_TEST_POSTGRES_CA").unwrap_or_default();
        config
    }

    pub(crate) async fn open(&self) -> Node {
        self.open_with(&self.config()).await
    }

    pub(crate) async fn open_with(&self, config: &Config) -> Node {
        let folder = TempDir::new().unwrap();
        let stores = Stores::open(config, folder.path()).await.unwrap();
        Node { stores, _folder: folder }
    }

    /// A connection beside those of the nodes, to the server itself.
    pub(crate) async fn client(&self) -> Client {
        client(&self.url(Way::Direct)).await
    }

    /// Ends every connection to this database but those of tests.
    pub(crate) async fn cut(&self, client: &Client) {
        client
            .execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = current_database() AND usename = current_user \
                 AND application_name <> 'test'",
                &[],
            )
            .await
            .unwrap();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop_it = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        let url = server(Way::Direct);
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let client = client(&url).await;
                // A vacuum of the server's own cannot be ended by the tests' role: it ends soon.
                for _ in 0..100 {
                    match client.batch_execute(&drop_it).await {
                        Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                            tokio::time::sleep(Duration::from_millis(100)).await;
                        }
                        result => return result.unwrap(),
                    }
                }
                panic!("{drop_it} was refused for 10 s");
            });
        };
        // A runtime cannot wait inside another one.
        let thread = std::thread::Builder::new().spawn(work).unwrap();
        if thread.join().is_err() {
            eprintln!("{} was left behind", self.name);
        }
    }
}

fn server(way: Way) -> String {
    variable(match way {
        Way::Direct => "PLAYHOUSE_TEST_POSTGRES",
        Way::Pooled => "PLAYHOUSE_TEST_PGBOUNCER",
    })
}

pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!(
            "{name} is not set: `ops/services up pgbouncer standby` starts the servers and tells it"
        )
    })
}

#[allow(clippy::disallowed_methods, reason = "the connection lives as long as its client")]
pub(crate) async fn client(url: &str) -> Client {
    let (server, _) = url.split_once('?').unwrap_or((url, ""));
    let mut config: tokio_postgres::Config = server.parse().unwrap();
    config.application_name("test").ssl_mode(tokio_postgres::config::SslMode::Disable);
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
