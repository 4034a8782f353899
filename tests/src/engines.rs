//! Real engines for a story: a database, a place in a bucket and queues of its own, on the servers
//! that `ops/services up` has started and whose addresses are in `PLAYHOUSE_TEST_…`.

use futures_util::FutureExt as _;
use lapin::options::QueueDeleteOptions;
use lapin::{Connection, ConnectionProperties};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// What a story has of them.
pub struct Engines {
    name: String,
    database: String,
}

fn variable(name: &str) -> String {
    let name = format!("PLAYHOUSE_TEST_{name}");
    std::env::var(&name).unwrap_or_else(|_| {
        panic!("{name} names no server: run `ops/services up postgres redis s3 rabbitmq kafka`")
    })
}

impl Engines {
    /// A database that is empty, and names that nobody else uses.
    ///
    /// # Panics
    /// When a server is not there.
    pub async fn new() -> Self {
        let name = format!("story_{}", Uuid::now_v7().simple());
        let server = variable("POSTGRES");
        sql(&server, &format!("CREATE DATABASE {name}")).await;
        let (before, _) = server.rsplit_once('/').expect("a URL with a database");
        Self { database: format!("{before}/{name}"), name }
    }

    /// The `key=value` settings that use them.
    ///
    /// # Panics
    /// When `PLAYHOUSE_TEST_S3` is not as `ops/services` writes it.
    #[must_use]
    pub fn settings(&self) -> Vec<String> {
        let s3 = variable("S3");
        let place = s3.strip_prefix("s3://").and_then(|it| it.split_once('@'));
        let (keys, place) = place.expect("s3://ACCESS:SECRET@HOST:PORT?…");
        let (access, secret) = keys.split_once(':').expect("ACCESS:SECRET");
        let host = place.split(['?', '/']).next().unwrap_or_default();
        vec![
            format!("storage.catalog={}", self.database),
            format!("storage.jobs={}", variable("AMQP")),
            format!("storage.amqp.prefix={}", self.name),
            format!("storage.blobs=s3://hot/{}", self.name),
            format!("storage.s3.endpoint=http://{host}"),
            format!("storage.s3.access_key={access}"),
            format!("storage.s3.secret_key={secret}"),
            "storage.s3.staging_bucket=staging".to_owned(),
        ]
    }

    /// The same for several nodes, which share every engine.
    ///
    /// # Panics
    /// When `PLAYHOUSE_TEST_REDIS` or `PLAYHOUSE_TEST_KAFKA` names no server.
    #[must_use]
    pub fn shared_settings(&self) -> Vec<String> {
        let mut settings = self.settings();
        settings.extend([
            format!("storage.cache={}", variable("REDIS")),
            format!("storage.events={}", variable("KAFKA")),
            "storage.kafka.reread=true".to_owned(),
        ]);
        settings
    }

    /// The settings of a node whose connections to the database say its name and its fences, for a
    /// history.
    #[must_use]
    pub fn named_settings(&self, node: &str) -> Vec<String> {
        let mut settings = self.shared_settings();
        settings.extend([
            format!("storage.catalog={}?application_name={node}", self.database),
            "storage.postgres.tell_fences=true".to_owned(),
        ]);
        settings
    }

    /// A connection to the database.
    pub async fn client(&self) -> Client {
        connect(&self.database).await
    }

    /// Removes the queues: how many messages were left in each that had any.
    ///
    /// # Panics
    /// When the broker does not answer.
    pub async fn remove_queues(&self, names: &[&str]) -> Vec<(String, u32)> {
        let url = variable("AMQP");
        let connection = Connection::connect(&url, ConnectionProperties::default());
        let connection = connection.await.expect("the broker answers");
        let channel = connection.create_channel().await.expect("a channel");
        let mut left = Vec::new();
        for name in names {
            let queue = format!("{}.{name}", self.name);
            let removed = channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await;
            match removed.expect("the queue is removed") {
                0 => {}
                count => left.push(((*name).to_owned(), count)),
            }
        }
        left
    }

    /// Drops the database.
    pub async fn close(self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        sql(&variable("POSTGRES"), &drop).await;
    }
}

async fn sql(url: &str, text: &str) {
    connect(url).await.batch_execute(text).await.expect("the database does it");
}

/// The connection is worked on whenever the client is asked, by a task of its own.
async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    #[allow(clippy::disallowed_methods, reason = "it ends with its client")]
    tokio::spawn(connection.map(drop));
    client
}
