//! A standby of the database that answers reads which may lag: lists for everybody, ranks, charts.
//!
//! Nobody waits for it. While it is away, or further behind than is borne, the primary answers; how
//! far behind it is it is asked by one of many callers, now and then.

use super::config::Config;
use super::pool::Server;
use super::query;
use super::run::Effect;
use crate::Result;
use crate::catalog::cell::Cell;
use futures_util::FutureExt as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How far behind, milliseconds. Nothing is missing when all that was received is replayed and
/// something receives; whoever is no standby is never behind.
const LAG_MS: &str = "SELECT (1000 * CASE WHEN NOT pg_is_in_recovery() THEN 0 \
     WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() \
     AND EXISTS (SELECT 1 FROM pg_stat_wal_receiver) THEN 0 \
     ELSE COALESCE(EXTRACT(EPOCH FROM now() - pg_last_xact_replay_timestamp()), 1000000) \
     END)::BIGINT";

/// A standby that may answer.
pub(super) struct Replica {
    server: Server,
    check_every: Duration,
    lag_max_ms: i64,
    known: Mutex<Known>,
}

/// What is known of it.
#[derive(Clone, Copy)]
struct Known {
    is_fresh: bool,
    /// Nobody need ask before.
    asked_again_at: Instant,
}

impl Replica {
    /// Not connected yet.
    ///
    /// # Errors
    /// `Invalid` for a URL that cannot be served.
    pub(super) fn new(config: &Config) -> Result<Self> {
        let asked = config.of_replica();
        Ok(Self {
            server: Server::new("the replica", &config.replica, &asked)?,
            check_every: Duration::from_millis(config.replica_check_ms),
            lag_max_ms: i64::try_from(config.replica_lag_max_ms).unwrap_or(i64::MAX),
            known: Mutex::new(Known { is_fresh: false, asked_again_at: Instant::now() }),
        })
    }

    /// The rows that a query finds, unless it is away or too far behind.
    pub(super) async fn rows(&self, asked: &(String, Vec<Cell>)) -> Option<Vec<Vec<Cell>>> {
        if !self.is_fresh().await {
            return None;
        }
        match self.ask(asked).await {
            Ok(rows) => Some(rows),
            Err(error) => {
                tracing::debug!(%error, "a read goes to the primary");
                self.learn(false);
                None
            }
        }
    }

    /// Asks at most once in a while; the others take what was known before.
    async fn is_fresh(&self) -> bool {
        let known = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let before = *known;
            if Instant::now() < before.asked_again_at {
                return before.is_fresh;
            }
            known.asked_again_at = Instant::now() + self.check_every;
            before
        };
        let lag = self.ask(&(LAG_MS.to_owned(), Vec::new())).await;
        let lag_ms = match lag.as_deref() {
            Ok([row]) => row.first().and_then(|cell| match cell {
                Cell::Int(lag_ms) => Some(*lag_ms),
                Cell::Null | Cell::Real(_) | Cell::Text(_) | Cell::Bytes(_) => None,
            }),
            Ok(_) | Err(_) => None,
        };
        let is_fresh = lag_ms.is_some_and(|lag_ms| lag_ms <= self.lag_max_ms);
        if is_fresh != known.is_fresh {
            tracing::info!(is_fresh, lag_ms, "whether the replica answers reads has changed");
        }
        self.learn(is_fresh);
        is_fresh
    }

    fn learn(&self, is_fresh: bool) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).is_fresh = is_fresh;
    }

    async fn ask(&self, asked: &(String, Vec<Cell>)) -> Result<Vec<Vec<Cell>>> {
        self.server.run(asked, |link, asked| query(link, asked, Effect::None).boxed()).await
    }
}
