//! The transaction of a shard's owner, and what is done in one go.
//!
//! A commit takes two round trips. The first begins it and locks the row of the shard: shared, so
//! that commits of one owner run side by side while the next owner's claim waits for them; for
//! itself alone when there are events, because their numbers follow each other. The second sends
//! every statement and the `COMMIT` behind them. A statement that touches another number of rows
//! than it must fails on the server, and with it the transaction: what is committed is all or
//! nothing, without a third trip to look at it first.

use super::pool::{Link, Server};
use super::run::{Effect, Failure, execute, failed, in_order, query};
use super::{dialect, positions};
use crate::catalog::NewEvent;
use crate::catalog::cell::Cell;
use crate::catalog::sql::{self, Expect, Statement};
use crate::model::Fence;
use crate::{Error, Result, failpoint};
use futures_util::future::{FutureExt as _, join};
use jiff::Timestamp;
use tokio_postgres::error::SqlState;

/// One fenced transaction.
struct Fenced {
    begin: String,
    fence: Fence,
    statements: Vec<Statement>,
    events: Vec<NewEvent>,
}

impl Server {
    /// Runs one fenced transaction.
    pub(crate) async fn commit(
        &self,
        fence: Fence,
        statements: Vec<Statement>,
        events: Vec<NewEvent>,
    ) -> Result<()> {
        let statements = statements.into_iter().map(dialect::checked).collect();
        let fenced = Fenced { begin: self.begin_fenced(fence), fence, statements, events };
        self.run(&fenced, |link, fenced| apply(link, fenced).boxed()).await?;
        failpoint::pass("catalog.committed");
        Ok(())
    }
}

async fn apply(link: &Link, fenced: &Fenced) -> Result<(), Failure> {
    let Fenced { begin, fence, statements, events } = fenced;
    let sequence = enter(link, begin, *fence, !events.is_empty()).await?;
    failpoint::pass("catalog.fenced");
    let told = tell(*fence, sequence, events);
    let all: Vec<_> = statements.iter().chain(&told).collect();
    let mut sent: Vec<_> =
        all.iter().map(|it| execute(link, &it.sql, &it.params).boxed()).collect();
    sent.push(async { link.batch_execute("COMMIT").await.map(|()| 0) }.boxed());
    let mut results = in_order(sent).await;
    let ended = results.pop().unwrap_or(Ok(0));
    if ended.is_ok() {
        link.has_ended();
    }
    // The first that failed is the cause of all that follow.
    for (statement, result) in all.iter().zip(&results) {
        if let Err(error) = result {
            return Err(refused(statement, error));
        }
    }
    ended.map(drop).map_err(|error| failed(&error, Effect::Perhaps))
}

/// Begins a transaction of the shard's owner and answers the last sequence that it has given.
async fn enter(link: &Link, begin: &str, fence: Fence, alone: bool) -> Result<u64, Failure> {
    let lock = if alone { "UPDATE" } else { "SHARE" };
    let (sql, shard) = (format!("{} FOR {lock}", sql::SHARD), [Cell::int(fence.shard.0)]);
    link.begins();
    let (begun, rows) = join(link.batch_execute(begin), query(link, &sql, &shard)).await;
    let rows = begun.and(rows).map_err(|error| failed(&error, Effect::None))?;
    match rows.first().map(Vec::as_slice) {
        Some([epoch, Cell::Int(sequence)]) if *epoch == Cell::int(fence.epoch.0) => {
            Ok(sequence.unsigned_abs())
        }
        Some(_) | None => {
            leave(link).await;
            Err(Error::Fenced { shard: fence.shard.0, epoch: fence.epoch.0 }.into())
        }
    }
}

/// Ends a transaction that has changed nothing. When that fails its connection is closed instead.
pub(super) async fn leave(link: &Link) {
    if link.batch_execute("ROLLBACK").await.is_ok() {
        link.has_ended();
    }
}

/// The outbox rows of the events.
fn tell(fence: Fence, mut sequence: u64, events: &[NewEvent]) -> Vec<Statement> {
    if events.is_empty() {
        return Vec::new();
    }
    let (at, shard) = (Timestamp::now(), Cell::int(fence.shard.0));
    let mut told = vec![sql::any(&positions::hold("outbox"), Vec::new())];
    for event in events {
        sequence += 1;
        told.push(sql::outbox_row(fence, sequence, at, event));
    }
    told.push(sql::any(sql::SHARD_SEQUENCE, vec![shard, Cell::int(sequence)]));
    told
}

/// What a statement's error means for its transaction.
pub(crate) fn refused(statement: &Statement, error: &tokio_postgres::Error) -> Failure {
    // Without a word of the server, or with that of a pool between, it may have run to its end.
    let failure = failed(error, Effect::Perhaps);
    let is_miscounted = error.code() == Some(&SqlState::DIVISION_BY_ZERO);
    match (&statement.expect, failure) {
        (Expect::Exactly(_, what), _) if is_miscounted => {
            Error::Conflict { what: what.clone() }.into()
        }
        (Expect::Exactly(_, what), Failure::Final(Error::Conflict { .. })) => {
            Error::Conflict { what: what.clone() }.into()
        }
        (_, failure) => failure,
    }
}
