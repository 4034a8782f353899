//! Brings a database to the schema of this program: forward only, one transaction per step.
//!
//! The steps are those of SQLite in PostgreSQL's words; what is otherwise here follows its step in
//! the same transaction. Each takes the catalog's lock and then looks what is missing, so nodes
//! that start side by side apply each step once. A database that has steps this program does not
//! know is left alone.

use super::dialect::{LOCK, translated};
use super::pool::Link;
use super::run::{Effect, Failure, execute, failed, query};
use crate::catalog::cell::Cell;
use crate::catalog::sqlite::migrate::{MIGRATIONS, known};
use crate::{Error, Result};
use jiff::Timestamp;
use tokio_postgres::Error as Told;

/// What follows a step on PostgreSQL alone, by the step's name.
const OTHERWISE: &[(&str, &str)] = &[
    (
        "0003_add_playback_and_engagement",
        include_str!("../../../../migrations/postgres/0003_add_playback_and_engagement.sql"),
    ),
    ("0004_add_analytics", include_str!("../../../../migrations/postgres/0004_add_analytics.sql")),
];

/// A node that stands still while it migrates must not keep all others waiting for ever.
const LIMITS: &str = "BEGIN; SET LOCAL statement_timeout = 0; \
     SET LOCAL idle_in_transaction_session_timeout = '60s'";

const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS schema_version \
     (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)";

/// Applies what is missing.
///
/// # Errors
/// `SchemaTooNew`, `Full`, or the engine's own. The connection is of no use then.
pub(super) async fn migrate(link: &Link) -> Result<()> {
    while step(link).await? {}
    Ok(())
}

/// Applies the next step. False when there is none.
async fn step(link: &Link) -> Result<bool> {
    link.begins();
    link.batch_execute(LIMITS).await.map_err(told)?;
    query(link, LOCK, &[]).await.map_err(told)?;
    link.batch_execute(VERSIONS).await.map_err(told)?;
    let found = version(link).await?;
    if found > known() {
        return Err(Error::SchemaTooNew { found, known: known() });
    }
    if let Some((name, sql)) = MIGRATIONS.get(found as usize) {
        apply(link, found + 1, name, sql).await?;
    }
    link.batch_execute("COMMIT").await.map_err(told)?;
    link.has_ended();
    Ok(found < known())
}

async fn apply(link: &Link, version: u32, name: &str, sql: &str) -> Result<()> {
    link.batch_execute(&translated(sql)).await.map_err(told)?;
    for (_, otherwise) in OTHERWISE.iter().filter(|(step, _)| *step == name) {
        link.batch_execute(otherwise).await.map_err(told)?;
    }
    let sql = "INSERT INTO schema_version (version, name, applied_at) VALUES ($1, $2, $3)";
    let row = [Cell::int(version), Cell::text(name), Cell::time(Timestamp::now())];
    execute(link, sql, &row).await.map_err(told)?;
    tracing::info!(migration = name, "catalog migrated");
    Ok(())
}

async fn version(link: &Link) -> Result<u32> {
    let sql = "SELECT COALESCE(MAX(version), 0) FROM schema_version";
    match query(link, sql, &[]).await.map_err(told)?.first().map(Vec::as_slice) {
        Some([Cell::Int(version)]) => Ok(u32::try_from(*version).unwrap_or(u32::MAX)),
        Some(_) | None => Err(Error::Corrupt { what: "table schema_version".into() }),
    }
}

fn told(error: Told) -> Error {
    match failed(&error, Effect::Perhaps) {
        Failure::Again(error) | Failure::Final(error) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_otherwise_belongs_to_a_step() {
        for (name, _) in OTHERWISE {
            assert!(MIGRATIONS.iter().any(|(step, _)| step == name), "{name}");
        }
    }
}
