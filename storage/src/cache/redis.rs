//! The cache in a Redis server, or a cluster of them, that all nodes share.
//!
//! A command that fails takes its connection with it, and for a while nobody asks at all.

use super::{Cache, Config, Count};
use crate::breaker::Breaker;
use crate::metrics::Meter;
use crate::{Error, Result};
use async_trait::async_trait;
use bb8::{ManageConnection, Pool};
use bytes::Bytes;
use redis::aio::ConnectionLike;
use redis::cluster::ClusterClient;
use redis::{Client, Cmd, FromRedisValue, Pipeline, RedisError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// What every key begins with, since a server may serve others too.
const PREFIX: &str = "playhouse:";

/// An URL that can be served.
pub(crate) const EXAMPLE: &str = "redis://:password@host:6379/0";

/// What an URL names.
enum Place {
    Server(Client),
    Cluster(Box<ClusterClient>),
}

/// Whether an URL can be served: `redis://…`, or `redis-cluster://host1:6379,host2:6379`.
pub(crate) fn check(url: &str) -> Result<()> {
    parse(url).map(drop)
}

/// The cache behind an URL. Connects when it is first asked: a cache that is away keeps no node
/// from starting. To be called in a runtime.
///
/// # Errors
/// `Invalid` for an URL that cannot be served.
pub fn open(url: &str, config: &Config) -> Result<Arc<dyn Cache>> {
    Ok(match parse(url)? {
        Place::Server(client) => Arc::new(RedisCache::new(client, config)),
        Place::Cluster(client) => Arc::new(RedisCache::new(*client, config)),
    })
}

fn parse(url: &str) -> Result<Place> {
    let wrong = |error: RedisError| {
        Error::Invalid(format!("storage.cache: {error} (for example {EXAMPLE:?})"))
    };
    let Some(nodes) = url.strip_prefix("redis-cluster://") else {
        return Client::open(url).map(Place::Server).map_err(wrong);
    };
    // One user and password for all, written before the first.
    let (login, hosts) = nodes.rsplit_once('@').unwrap_or(("", nodes));
    let at = if login.is_empty() { "" } else { "@" };
    let urls = hosts.split(',').map(|host| format!("redis://{login}{at}{host}"));
    let client = ClusterClient::new(urls.collect::<Vec<_>>()).map_err(wrong)?;
    Ok(Place::Cluster(Box::new(client)))
}

static COMMANDS: Meter = Meter::new("redis", "command");

/// The engine, over one server or several.
struct RedisCache<M: ManageConnection> {
    pool: Pool<Manager<M>>,
    admission: Semaphore,
    breaker: Breaker,
    deadline: Duration,
}

impl<M> RedisCache<M>
where
    M: ManageConnection<Error = RedisError>,
    M::Connection: ConnectionLike + Sync,
{
    fn new(client: M, config: &Config) -> Self {
        let pool = Pool::builder()
            .max_size(config.connections_max)
            .connection_timeout(config.deadline())
            // A round trip for each use; a connection that was lost shows itself.
            .test_on_check_out(false)
            .build_unchecked(Manager(client));
        Self {
            pool,
            admission: Semaphore::new(config.calls_max),
            breaker: Breaker::new(config.rest()),
            deadline: config.deadline(),
        }
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        self.guarded(async |link| command.query_async(link).await).await
    }

    async fn ask_all<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T> {
        self.guarded(async |link| commands.query_async(link).await).await
    }

    /// Runs commands within the deadline, unless the server is left alone.
    async fn guarded<T>(
        &self,
        run: impl AsyncFnOnce(&mut M::Connection) -> Result<T, RedisError>,
    ) -> Result<T> {
        COMMANDS.around(self.within_deadline(run)).await
    }

    async fn within_deadline<T>(
        &self,
        run: impl AsyncFnOnce(&mut M::Connection) -> Result<T, RedisError>,
    ) -> Result<T> {
        if !self.breaker.lets_pass() {
            return Err(away("it failed a moment ago"));
        }
        let _admitted =
            self.admission.try_acquire().map_err(|_| away("its calls are at their bound"))?;
        let asked = timeout(self.deadline, async {
            let mut link = self.pool.get().await.map_err(|error| error.to_string())?;
            link.is_sure = false;
            let answer = run(&mut link.inner).await.map_err(|error| error.to_string())?;
            link.is_sure = true;
            Ok(answer)
        });
        let why = match asked.await {
            Ok(Ok(answer)) => {
                if self.breaker.succeeded() {
                    tracing::info!("the cache answers again");
                }
                return Ok(answer);
            }
            Ok(Err(why)) => why,
            Err(_) => "it did not answer in time".to_owned(),
        };
        if self.breaker.failed() {
            tracing::warn!(why, "the cache is away: the node goes on without");
        }
        Err(away(&why))
    }
}

fn away(why: &str) -> Error {
    Error::Unavailable { what: format!("the cache: {why}") }
}

fn command(name: &str, key: &str) -> Cmd {
    let mut command = redis::cmd(name);
    command.arg(format!("{PREFIX}{key}"));
    command
}

/// Milliseconds as the server wants them: at least one.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).clamp(1, i64::MAX.unsigned_abs())
}

#[async_trait]
impl<M> Cache for RedisCache<M>
where
    M: ManageConnection<Error = RedisError>,
    M::Connection: ConnectionLike + Sync,
{
    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        let found: Option<Vec<u8>> = self.ask(&command("GET", key)).await?;
        Ok(found.map(Bytes::from))
    }

    async fn get_and_keep(&self, key: &str, ttl: Duration) -> Result<Option<Bytes>> {
        let mut keep = command("GETEX", key);
        keep.arg("PX").arg(millis(ttl));
        let found: Option<Vec<u8>> = self.ask(&keep).await?;
        Ok(found.map(Bytes::from))
    }

    async fn put(&self, key: &str, bytes: Bytes, ttl: Duration) -> Result<()> {
        let mut set = command("SET", key);
        set.arg(&bytes[..]).arg("PX").arg(millis(ttl));
        self.ask(&set).await
    }

    async fn remove(&self, key: &str) -> Result<()> {
        self.ask::<u64>(&command("UNLINK", key)).await.map(drop)
    }

    async fn is_new(&self, key: &str, ttl: Duration) -> Result<bool> {
        let mut set = command("SET", key);
        set.arg(1).arg("NX").arg("PX").arg(millis(ttl));
        Ok(self.ask::<Option<String>>(&set).await?.is_some())
    }

    async fn count(&self, key: &str, window: Duration) -> Result<Count> {
        let mut expire = command("PEXPIRE", key);
        expire.arg(millis(window)).arg("NX");
        let mut all = redis::pipe();
        all.atomic().add_command(command("INCR", key));
        all.add_command(expire).ignore().add_command(command("PTTL", key));
        let (count, left): (u64, i64) = self.ask_all(&all).await?;
        Ok(Count { count, resets_in: Duration::from_millis(left.max(0).unsigned_abs()) })
    }

    async fn ping(&self) -> Result<()> {
        self.ask::<String>(&redis::cmd("PING")).await.map(drop)
    }
}

/// A connection, and whether all that was asked on it was answered.
struct Link<C> {
    inner: C,
    is_sure: bool,
}

/// Makes connections, and gives up those of which an answer may still come.
struct Manager<M>(M);

impl<M: ManageConnection> ManageConnection for Manager<M> {
    type Connection = Link<M::Connection>;
    type Error = M::Error;

    async fn connect(&self) -> Result<Self::Connection, M::Error> {
        Ok(Link { inner: self.0.connect().await?, is_sure: true })
    }

    async fn is_valid(&self, link: &mut Self::Connection) -> Result<(), M::Error> {
        self.0.is_valid(&mut link.inner).await
    }

    fn has_broken(&self, link: &mut Self::Connection) -> bool {
        !link.is_sure
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[tokio::test]
    async fn a_server_that_is_away_costs_nobody_a_wait() {
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let config = Config { deadline_ms: 2_000, rest_ms: 600_000, ..Config::default() };
        let cache = open(&format!("redis://{gone}"), &config).unwrap();
        assert!(matches!(cache.get("a").await, Err(Error::Unavailable { .. })));
        let began = Instant::now();
        for _ in 0..1_000 {
            assert!(matches!(
                cache.is_new("a", Duration::MAX).await,
                Err(Error::Unavailable { .. })
            ));
        }
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }

    #[test]
    fn an_url_that_cannot_be_served_is_told_with_an_example() {
        check("redis://:secret@localhost:6379/2").unwrap();
        check("redis-cluster://user:secret@a:6379,b:6379").unwrap();
        for url in ["redis:", "redis-cluster://", "http://x"] {
            let error = check(url).unwrap_err().to_string();
            assert!(error.contains("storage.cache") && error.contains(EXAMPLE), "{url}: {error}");
        }
    }
}
