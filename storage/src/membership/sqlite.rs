//! Membership in the catalog's SQLite file, for a cluster of one node. The catalog's one writer
//! runs one transaction at a time, so nothing needs to be held; the clock is this machine's.

use super::Membership;
use super::engine::{Engine, Runner, Twice};
use super::rows::{self, Rows};
use super::sql::{self, Dialect, Kind, Step};
use crate::Result;
use crate::catalog::cell::Cell;
use crate::catalog::sqlite::run::{NOW, execute, query};
use crate::catalog::sqlite::{SqliteCatalog, fenced};
use async_trait::async_trait;
use rusqlite::Connection;
use std::sync::Arc;

/// The members that this catalog knows.
#[must_use]
pub fn open(catalog: Arc<SqliteCatalog>) -> impl Membership {
    Engine(Sqlite(catalog))
}

struct Sqlite(Arc<SqliteCatalog>);

#[async_trait]
impl Runner for Sqlite {
    const DIALECT: Dialect = Dialect {
        now: NOW,
        asked: "(SELECT value ->> 'shard' AS shard, value ->> 'epoch' AS epoch \
                FROM json_each($1)) AS asked",
        hold: ["", ""],
        held: "",
        renew: "UPDATE node SET lease_until = {now} + $3 WHERE name = $1 AND incarnation = $2 \
                AND lease_until > {now} RETURNING 1",
    };

    async fn run(&self, steps: Vec<Step>, _twice: Twice) -> Result<Vec<Rows>> {
        self.0.write(move |conn| steps.iter().map(|step| run(conn, step)).collect()).await
    }

    async fn read(&self, step: Step) -> Result<Rows> {
        self.0.rows(step.sql, step.params).await
    }

    async fn found(&self, cluster: &str, shard_count: u16) -> Result<()> {
        let params =
            [Cell::text(cluster), Cell::int(shard_count), Cell::json(&rows::first_rules())];
        self.0
            .write(move |conn| {
                fenced::make_shards(conn, shard_count)?;
                execute(conn, sql::FENCE_LONER, &[])?;
                execute(conn, sql::FOUND, &params).map(drop)
            })
            .await
    }
}

fn run(conn: &Connection, step: &Step) -> Result<Rows> {
    if step.kind == Kind::Lock {
        return Ok(Rows::new());
    }
    let rows = query(conn, &step.sql, &step.params)?;
    if let Kind::Raises(column) = step.kind
        && !rows.is_empty()
    {
        execute(conn, &format!("UPDATE cluster SET {column} = {column} + 1"), &[])?;
    }
    Ok(rows)
}
