//! The connections of one node to its server: how many, how long they are waited for, and who
//! tries again.
//!
//! A try that certainly changed nothing is repeated on another connection, a bounded number of
//! times, with pauses that double: so a fail-over is waited out. What may have been committed when
//! its connection was lost is never repeated here; whoever asked reads what there is.

use super::address::{Address, describe};
use super::config::Config;
use super::run::Failure;
use crate::breaker::Breaker;
use crate::metrics::Meter;
use crate::model::Fence;
use crate::{Error, Result};
use bb8::{ErrorSink, ManageConnection, Pool, PooledConnection, RunError};
use bb8_postgres::PostgresConnectionManager;
use futures_util::future::BoxFuture;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_postgres::Client;
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long the server is given to hear that nobody waits for a statement any more.
const CANCEL_WAIT: Duration = Duration::from_secs(1);

static CALLS: Meter = Meter::new("postgres", "transaction");

/// The server, behind a bounded set of connections.
pub(crate) struct Server {
    name: &'static str,
    pool: Pool<Manager>,
    admission: Semaphore,
    tls: MakeRustlsConnect,
    config: Config,
    breaker: Breaker,
}

/// What is done on a connection, with what it is given.
pub(crate) type Work<W, T> = for<'a> fn(&'a Link, &'a W) -> BoxFuture<'a, Result<T, Failure>>;

/// One connection.
pub(crate) struct Link {
    client: Client,
    /// Somebody has not come to the end of what they do on it.
    in_use: AtomicBool,
    /// A transaction has begun and is not known to have ended.
    open: AtomicBool,
}

impl Link {
    /// A transaction is about to begin.
    pub(crate) fn begins(&self) {
        self.open.store(true, Ordering::Relaxed);
    }

    /// The server has said that the transaction has ended.
    pub(crate) fn has_ended(&self) {
        self.open.store(false, Ordering::Relaxed);
    }
}

impl Deref for Link {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Server {
    /// Not connected yet; `name` is what it is called when it is away.
    ///
    /// # Errors
    /// `Invalid` for a URL that cannot be served.
    pub(crate) fn new(name: &'static str, url: &str, config: &Config) -> Result<Self> {
        let address = Address::parse(url, config).map_err(Error::Invalid)?;
        let (server, tls) = address.connector(config)?;
        let pool = Pool::builder()
            .max_size(config.connections_max)
            .min_idle(config.connections_idle_min)
            .max_lifetime(Duration::from_secs(config.connection_lifetime_s))
            .connection_timeout(config.connect_timeout())
            // A round trip for each use; a connection that was lost shows itself, and is replaced.
            .test_on_check_out(false)
            .error_sink(Box::new(Told))
            .build_unchecked(Manager(PostgresConnectionManager::new(server, tls.clone())));
        let admission = Semaphore::new(config.calls_max);
        let breaker = Breaker::new(config.rest());
        Ok(Self { name, pool, admission, tls, config: config.clone(), breaker })
    }

    /// Connects once, so that what is wrong is told at once, and keeps the connections from then
    /// on.
    ///
    /// # Errors
    /// `Invalid` or `Unavailable`.
    pub(crate) async fn connect(url: &str, config: &Config) -> Result<(Self, Link)> {
        let server = Self::new("the catalog", url, config)?;
        match timeout(config.deadline(), server.pool.dedicated_connection()).await {
            Ok(Ok(first)) => Ok((server, first)),
            Ok(Err(error)) => Err(unreachable(&describe(&error))),
            Err(_) => Err(unreachable("it does not answer")),
        }
    }

    /// Does `work` with `what` on a connection, again when it may be tried again. A
    /// connection on which it left a transaction open is closed.
    ///
    /// # Errors
    /// `Busy`, `Unavailable`, or what `work` says.
    pub(crate) async fn run<W, T>(&self, what: &W, work: Work<W, T>) -> Result<T> {
        CALLS.around(self.run_with_patience(what, work)).await
    }

    async fn run_with_patience<W, T>(&self, what: &W, work: Work<W, T>) -> Result<T> {
        let _admitted = self.admission.try_acquire().map_err(|_| Error::Busy)?;
        if !self.breaker.lets_pass() {
            return Err(unreachable("it did not answer a moment ago"));
        }
        let until = Instant::now() + self.config.deadline();
        let mut tries = 0;
        loop {
            let error = match self.attempt(until, what, work).await {
                Ok(done) => {
                    self.answered();
                    return Ok(done);
                }
                Err(Failure::Final(error)) => {
                    // A statement that waits for another is no server that is away; one that could
                    // not be reached before is.
                    if tries > 0 && Instant::now() >= until {
                        self.silent(&error);
                    }
                    return Err(error);
                }
                Err(Failure::Again(error)) => error,
            };
            tries += 1;
            let pause = self.config.pause(tries).mul_f64(rand::random_range(0.5..1.0));
            if tries >= self.config.tries_max || Instant::now() + pause >= until {
                self.silent(&error);
                return Err(error);
            }
            tracing::debug!(server = self.name, %error, tries, "a database is asked again");
            sleep(pause).await;
        }
    }

    fn answered(&self) {
        if self.breaker.succeeded() {
            tracing::info!(server = self.name, "a database answers again");
        }
    }

    fn silent(&self, error: &Error) {
        if self.breaker.failed() {
            tracing::warn!(server = self.name, %error, "a database is away");
        }
    }

    /// Limits of the server on a transaction, to be set in it: through a pool between, a session
    /// belongs to nobody.
    pub(crate) fn begin(&self) -> String {
        let Config { statement_timeout_ms, transaction_idle_ms, .. } = self.config;
        format!(
            "BEGIN; SET LOCAL statement_timeout = {statement_timeout_ms}; \
             SET LOCAL idle_in_transaction_session_timeout = {transaction_idle_ms}"
        )
    }

    /// The same for the transaction of a shard's owner, which may say for whom it is.
    pub(crate) fn begin_fenced(&self, Fence { shard, epoch }: Fence) -> String {
        let begin = self.begin();
        match self.config.tell_fences {
            true => format!("{begin}; SET LOCAL playhouse.fence = '{}.{}'", shard.0, epoch.0),
            false => begin,
        }
    }

    async fn attempt<W, T>(
        &self,
        until: Instant,
        what: &W,
        work: Work<W, T>,
    ) -> Result<T, Failure> {
        let link = match timeout_at(until, self.link()).await {
            Ok(link) => link?,
            Err(_) => return Err(Failure::Final(unreachable("no connection came free"))),
        };
        link.in_use.store(true, Ordering::Relaxed);
        match timeout_at(until, work(&link, what)).await {
            Ok(result) => {
                let is_whole = !matches!(result, Err(Failure::Again(_)));
                link.in_use.store(!is_whole, Ordering::Relaxed);
                result
            }
            Err(_) => {
                let cancel = link.cancel_token();
                // What comes of it does not matter: the connection is given up.
                drop(timeout(CANCEL_WAIT, cancel.cancel_query(self.tls.clone())).await);
                let what = format!("no answer within {} ms", self.config.deadline_ms);
                Err(Failure::Final(Error::Unavailable { what }))
            }
        }
    }

    /// A connection that is open as far as this side knows.
    async fn link(&self) -> Result<PooledConnection<'_, Manager>, Failure> {
        loop {
            let link = self.pool.get().await.map_err(|error| {
                Failure::Again(match error {
                    RunError::User(error) => unreachable(&describe(&error)),
                    RunError::TimedOut => unreachable("no connection came free in time"),
                })
            })?;
            if !link.is_closed() {
                return Ok(link);
            }
        }
    }
}

fn unreachable(why: &str) -> Error {
    Error::Unavailable { what: format!("the database cannot be reached: {why}") }
}

/// Makes connections, and knows which of them nobody may use again.
struct Manager(PostgresConnectionManager<MakeRustlsConnect>);

impl ManageConnection for Manager {
    type Connection = Link;
    type Error = tokio_postgres::Error;

    async fn connect(&self) -> Result<Link, tokio_postgres::Error> {
        let client = self.0.connect().await?;
        Ok(Link { client, in_use: AtomicBool::new(false), open: AtomicBool::new(false) })
    }

    async fn is_valid(&self, link: &mut Link) -> Result<(), tokio_postgres::Error> {
        self.0.is_valid(&mut link.client).await
    }

    /// Whoever was stopped in the middle of a transaction leaves it open: closing the connection
    /// ends it.
    fn has_broken(&self, link: &mut Link) -> bool {
        let is_dirty = link.in_use.load(Ordering::Relaxed) || link.open.load(Ordering::Relaxed);
        is_dirty || self.0.has_broken(&mut link.client)
    }
}

/// Tells of connections that could not be made.
#[derive(Clone, Copy, Debug)]
struct Told;

impl ErrorSink<tokio_postgres::Error> for Told {
    fn sink(&self, error: tokio_postgres::Error) {
        tracing::warn!(error = describe(&error), "no connection to the database");
    }

    fn boxed_clone(&self) -> Box<dyn ErrorSink<tokio_postgres::Error>> {
        Box::new(*self)
    }
}
