//! Running one statement on SQLite, and what its errors mean.

use crate::catalog::cell::Cell;
use crate::catalog::rows::Row;
use crate::catalog::sql::{Expect, Statement};
use crate::{Error, Result};
use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ErrorCode, params_from_iter};
use std::borrow::Cow;

/// This machine's clock, nanoseconds since 1970, in whole milliseconds.
pub(crate) const NOW: &str = "(CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER) * 1000000)";

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Value::Null),
            Self::Int(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Self::Real(number) => ToSqlOutput::Owned(Value::Real(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

/// Runs a statement and answers how many rows it touched.
pub(crate) fn execute(conn: &Connection, sql: &str, params: &[Cell]) -> Result<usize> {
    let mut statement = conn.prepare_cached(&numbered(sql)).map_err(explain)?;
    statement.execute(params_from_iter(params)).map_err(explain)
}

/// Runs a statement and holds it against its expectation.
pub(crate) fn execute_expecting(conn: &Connection, statement: &Statement) -> Result<()> {
    let touched = execute(conn, &statement.sql, &statement.params);
    match (&statement.expect, touched) {
        (Expect::Any, Ok(_)) => Ok(()),
        (Expect::Exactly(count, _), Ok(touched)) if touched == *count => Ok(()),
        (Expect::Exactly(_, what), Ok(_) | Err(Error::Conflict { .. })) => {
            Err(Error::Conflict { what: what.clone() })
        }
        (Expect::Any | Expect::Exactly(..), Err(error)) => Err(error),
    }
}

/// Runs a query and answers its rows as cells.
pub(crate) fn query(conn: &Connection, sql: &str, params: &[Cell]) -> Result<Vec<Vec<Cell>>> {
    let mut statement = conn.prepare_cached(&numbered(sql)).map_err(explain)?;
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(params)).map_err(explain)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(explain)? {
        let cells = (0..columns).map(|index| row.get_ref(index).map_err(explain).and_then(cell));
        found.push(cells.collect::<Result<_>>()?);
    }
    Ok(found)
}

/// Runs a query and answers its records.
pub(crate) fn records<R: Row>(conn: &Connection, sql: &str, params: &[Cell]) -> Result<Vec<R>> {
    query(conn, sql, params)?.into_iter().map(R::decode).collect()
}

/// What an error of the engine is to its caller.
pub(crate) fn explain(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Error::Full,
        Some(ErrorCode::ConstraintViolation) => Error::Conflict { what: error.to_string() },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            Error::Corrupt { what: format!("catalog: {error}") }
        }
        _ => Error::Engine(error.to_string()),
    }
}

/// Rewrites a statement before it is queued: there is one writer's thread, and many senders.
pub(crate) fn ready(statement: Statement) -> Statement {
    match numbered(&statement.sql) {
        Cow::Owned(sql) => Statement { sql, ..statement },
        Cow::Borrowed(_) => statement,
    }
}

/// To SQLite `$1` is a name, numbered by its first appearance; `?1` is the first parameter.
fn numbered(sql: &str) -> Cow<'_, str> {
    match sql.contains('$') {
        true => Cow::Owned(sql.replace('$', "?")),
        false => Cow::Borrowed(sql),
    }
}

fn cell(value: ValueRef<'_>) -> Result<Cell> {
    match value {
        ValueRef::Null => Ok(Cell::Null),
        ValueRef::Integer(number) => Ok(Cell::Int(number)),
        ValueRef::Real(number) => Ok(Cell::Real(number)),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Ok(Cell::Text(text.to_owned())),
            Err(error) => Err(Error::Corrupt { what: format!("catalog: {error}") }),
        },
        ValueRef::Blob(bytes) => Ok(Cell::Bytes(bytes.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_keep_their_numbers_whatever_their_order() {
        let conn = Connection::open_in_memory().unwrap();
        let params = [Cell::Int(1), Cell::text("two"), Cell::Null, Cell::Real(0.5)];
        let rows = query(&conn, "SELECT $2, $1, $4, $3, $1", &params).unwrap();
        let [one, two, null, half] = params;
        assert_eq!(rows, [vec![two, one.clone(), half, null, one]]);
    }
}
