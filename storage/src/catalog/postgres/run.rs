//! Running statements on PostgreSQL, several in one go where their order is all that matters, and
//! what the server's errors mean.
//!
//! Every parameter is sent with its type, so a statement is parsed, bound and run in one message
//! and nothing is prepared by name: whatever sits between may hand each transaction another
//! connection.

use super::address::describe;
use crate::Error;
use crate::catalog::cell::Cell;
use bytes::BytesMut;
use futures_util::future::{BoxFuture, maybe_done};
use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Row, error::SqlState};

type Told = Box<dyn StdError + Sync + Send>;

/// Why a try did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nothing was changed, and it may go better on another connection.
    Again(Error),
    /// It stands, whatever is tried.
    Final(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

/// Whether what failed may have been done all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It changes nothing, or nothing of it was committed.
    None,
    /// It may have been committed when the connection was lost.
    Perhaps,
}

/// Runs a query and answers its rows as cells.
pub(crate) async fn query(
    client: &Client,
    sql: &str,
    params: &[Cell],
) -> Result<Vec<Vec<Cell>>, tokio_postgres::Error> {
    let rows = client.query_typed(sql, &typed(params)).await?;
    rows.iter().map(cells).collect()
}

/// Runs a statement and answers how many rows it touched.
pub(crate) async fn execute(
    client: &Client,
    sql: &str,
    params: &[Cell],
) -> Result<u64, tokio_postgres::Error> {
    client.execute_typed(sql, &typed(params)).await
}

/// Sends everything in this order without waiting in between, and answers in the same order.
pub(crate) async fn in_order<T>(sent: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    let mut sent: Vec<_> = sent.into_iter().map(maybe_done).collect();
    poll_fn(|context| {
        // A request leaves when it is polled first: the order of the list is that on the wire.
        let mut is_done = true;
        for it in &mut sent {
            is_done &= Pin::new(it).poll(context).is_ready();
        }
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    sent.iter_mut().filter_map(|it| Pin::new(it).take_output()).collect()
}

/// What an error is to its caller, and whether to try again.
pub(crate) fn failed(error: &tokio_postgres::Error, effect: Effect) -> Failure {
    let Some(code) = error.code() else {
        // A value that does not fit its type never left; everything else is the connection.
        return match error.source().is_some_and(|it| it.is::<WrongType>()) {
            true => Failure::Final(Error::Corrupt { what: describe(error) }),
            false => lost(error, effect),
        };
    };
    if is_lost(code) {
        return lost(error, effect);
    }
    match *code {
        SqlState::T_R_SERIALIZATION_FAILURE
        | SqlState::T_R_DEADLOCK_DETECTED
        | SqlState::LOCK_NOT_AVAILABLE
        | SqlState::READ_ONLY_SQL_TRANSACTION => Failure::Again(unavailable(error)),
        SqlState::QUERY_CANCELED => Failure::Final(unavailable(error)),
        _ => Failure::Final(explain(error, code)),
    }
}

/// The server is not there, or not there yet, or not there any more.
fn is_lost(code: &SqlState) -> bool {
    // The last is a transaction in which its node said nothing for too long.
    let others = [SqlState::TOO_MANY_CONNECTIONS.code(), "25P03"];
    let code = code.code();
    code.starts_with("08") || code.starts_with("57P") || others.contains(&code)
}

fn lost(error: &tokio_postgres::Error, effect: Effect) -> Failure {
    match effect {
        Effect::None => Failure::Again(unavailable(error)),
        Effect::Perhaps => Failure::Final(Error::Unavailable {
            what: format!("the connection was lost before the answer came: {}", describe(error)),
        }),
    }
}

fn unavailable(error: &tokio_postgres::Error) -> Error {
    Error::Unavailable { what: describe(error) }
}

fn explain(error: &tokio_postgres::Error, code: &SqlState) -> Error {
    match code.code().get(..2) {
        Some("23") => Error::Conflict { what: describe(error) },
        Some("53") if *code == SqlState::DISK_FULL => Error::Full,
        Some("XX") if [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED].contains(code) => {
            Error::Corrupt { what: format!("catalog: {}", describe(error)) }
        }
        Some("22") if *code == SqlState::CHARACTER_NOT_IN_REPERTOIRE => {
            Error::Invalid(format!("text that the database cannot hold: {}", describe(error)))
        }
        _ => Error::Engine(describe(error)),
    }
}

fn typed(params: &[Cell]) -> Vec<(&(dyn ToSql + Sync), Type)> {
    params.iter().map(|cell| (cell as &(dyn ToSql + Sync), kind(cell))).collect()
}

fn kind(cell: &Cell) -> Type {
    match cell {
        // The server takes the type of the column that it is for.
        Cell::Null => Type::UNKNOWN,
        Cell::Int(_) => Type::INT8,
        Cell::Real(_) => Type::FLOAT8,
        Cell::Text(_) => Type::TEXT,
        Cell::Bytes(_) => Type::BYTEA,
    }
}

fn cells(row: &Row) -> Result<Vec<Cell>, tokio_postgres::Error> {
    (0..row.len()).map(|index| row.try_get(index)).collect()
}

impl ToSql for Cell {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Told> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) => number.to_sql(kind, out),
            Self::Real(number) => number.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
            Self::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A column of a type that no table of the catalog has.
#[derive(Debug, thiserror::Error)]
#[error("a column of type {0} cannot be read")]
struct WrongType(String);

impl<'a> FromSql<'a> for Cell {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Told> {
        match *kind {
            Type::INT8 => i64::from_sql(kind, raw).map(Self::Int),
            Type::INT4 => i32::from_sql(kind, raw).map(|number| Self::Int(number.into())),
            Type::FLOAT8 => f64::from_sql(kind, raw).map(Self::Real),
            Type::TEXT | Type::VARCHAR => String::from_sql(kind, raw).map(Self::Text),
            Type::BYTEA => Vec::from_sql(kind, raw).map(Self::Bytes),
            Type::VOID => Ok(Self::Null),
            _ => Err(WrongType(kind.to_string()).into()),
        }
    }

    fn from_sql_null(_: &Type) -> Result<Self, Told> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
