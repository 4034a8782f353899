//! Membership in the catalog's PostgreSQL database, over connections of its own: a lease must be
//! renewed in time however busy the others are.
//!
//! A transaction leaves in one go, its `COMMIT` behind it, so a node that stands still in the
//! middle has either sent all of it or holds nothing.

use super::Membership;
use super::engine::{Engine, Runner, Twice};
use super::rows::{self, Rows};
use super::sql::{self, Dialect, Kind, Step};
use crate::Result;
use crate::catalog::cell::Cell;
use crate::catalog::postgres::pool::{Link, Server};
use crate::catalog::postgres::run::{Effect, Failure, failed, in_order, query};
use crate::catalog::postgres::{Config, dialect};
use crate::catalog::sql::any;
use async_trait::async_trait;
use futures_util::FutureExt as _;

/// The members that the database of the URL knows. It connects when it is asked first.
///
/// # Errors
/// `Invalid` for a URL that cannot be served.
pub fn open(url: &str, config: &Config) -> Result<impl Membership + use<>> {
    let server = Server::new("the membership", url, &config.of_membership())?;
    Ok(Engine(Postgres { server }))
}

struct Postgres {
    server: Server,
}

/// One transaction on its way.
struct Transaction {
    begin: String,
    steps: Vec<(String, Vec<Cell>)>,
    effect: Effect,
}

#[async_trait]
impl Runner for Postgres {
    const DIALECT: Dialect = Dialect {
        now: dialect::NOW,
        asked: "jsonb_to_recordset($1::jsonb) AS asked(shard BIGINT, epoch BIGINT)",
        // What is held is remembered until the transaction ends.
        hold: [
            "SELECT set_config('playhouse.held', COALESCE(string_agg(shard::text, ','), ''), true) \
             FROM (",
            " FOR UPDATE) AS held",
        ],
        // Its text is read once, not for each row.
        held: " AND (shard IN (SELECT \
               unnest(string_to_array(current_setting('playhouse.held'), ',')::BIGINT[]))) IS TRUE",
        // The row is locked before its lease is looked at: whoever waits must not go on with what
        // was good when they began to wait.
        renew: "WITH held AS MATERIALIZED (SELECT name, incarnation, lease_until FROM node \
                WHERE name = $1 FOR UPDATE) UPDATE node SET lease_until = {now} + $3 FROM held \
                WHERE node.name = held.name AND held.incarnation = $2 \
                AND held.lease_until > {now} RETURNING 1",
    };

    async fn run(&self, steps: Vec<Step>, twice: Twice) -> Result<Vec<Rows>> {
        let effect = match twice {
            Twice::Same => Effect::None,
            Twice::Other => Effect::Perhaps,
        };
        let steps: Vec<_> = steps.into_iter().map(worded).collect();
        // A statement alone is a transaction of its own.
        let begin = if steps.len() > 1 { self.server.begin() } else { String::new() };
        let whole = Transaction { begin, steps, effect };
        self.server.run(&whole, |link, whole| carry_out(link, whole).boxed()).await
    }

    async fn read(&self, step: Step) -> Result<Rows> {
        Ok(self.run(vec![step], Twice::Same).await?.pop().unwrap_or_default())
    }

    async fn found(&self, cluster: &str, shard_count: u16) -> Result<()> {
        let rules = Cell::json(&rows::first_rules());
        let found = vec![Cell::text(cluster), Cell::int(shard_count), rules];
        let then = vec![any(sql::FENCE_LONER, Vec::new()), any(sql::FOUND, found)];
        self.server.make_shards(shard_count, then).await
    }
}

/// A step in this dialect. The cluster's row comes last: it is held while the commit takes.
fn worded(step: Step) -> (String, Vec<Cell>) {
    let sql = match step.kind {
        Kind::Plain | Kind::Lock => step.sql,
        Kind::Raises(column) => format!(
            "WITH done AS ({}), raised AS (UPDATE cluster SET {column} = {column} + 1 \
             WHERE EXISTS (SELECT 1 FROM done)) SELECT * FROM done",
            step.sql
        ),
    };
    (sql, step.params)
}

async fn carry_out(link: &Link, whole: &Transaction) -> Result<Vec<Rows>, Failure> {
    let Transaction { begin, steps, effect } = whole;
    let told = |error: tokio_postgres::Error| failed(&error, *effect);
    if let [(sql, params)] = &steps[..] {
        return Ok(vec![query(link, sql, params).await.map_err(told)?]);
    }
    link.begins();
    let word = |sql| async move { link.batch_execute(sql).await.map(|()| Rows::new()) };
    let mut sent = vec![word(begin).boxed()];
    sent.extend(steps.iter().map(|(sql, params)| query(link, sql, params).boxed()));
    sent.push(word("COMMIT").boxed());
    let results = in_order(sent).await;
    if results.last().is_some_and(Result::is_ok) {
        link.has_ended();
    }
    // The first that failed is the cause of all that follow.
    let mut results = results.into_iter().collect::<Result<Vec<_>, _>>().map_err(told)?;
    results.pop();
    results.remove(0);
    Ok(results)
}
