//! Brings a database to the schema of this program: forward only, one transaction per step.
//!
//! The caller holds the lock of the data folder, so nobody else migrates at the same time. A
//! database that has steps this program does not know is left alone.

use super::run::{execute, explain, query};
use crate::catalog::cell::Cell;
use crate::{Error, Result};
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

/// Every step by its name; its number is its place, from 1.
pub(crate) const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_create_catalog", include_str!("../../../../migrations/0001_create_catalog.sql")),
    (
        "0002_add_timers_and_audit",
        include_str!("../../../../migrations/0002_add_timers_and_audit.sql"),
    ),
    (
        "0003_add_playback_and_engagement",
        include_str!("../../../../migrations/0003_add_playback_and_engagement.sql"),
    ),
    ("0004_add_analytics", include_str!("../../../../migrations/0004_add_analytics.sql")),
    ("0005_add_holder_to_job", include_str!("../../../../migrations/0005_add_holder_to_job.sql")),
    ("0006_add_upload_parts", include_str!("../../../../migrations/0006_add_upload_parts.sql")),
    ("0007_add_tiers", include_str!("../../../../migrations/0007_add_tiers.sql")),
    ("0008_add_membership", include_str!("../../../../migrations/0008_add_membership.sql")),
    ("0009_add_traceparent", include_str!("../../../../migrations/0009_add_traceparent.sql")),
];

/// The schema that this program writes.
pub(crate) fn known() -> u32 {
    MIGRATIONS.len() as u32
}

/// Applies what is missing.
///
/// # Errors
/// `SchemaTooNew`, `Full`, or the engine's own.
pub(crate) fn migrate(conn: &mut Connection) -> Result<()> {
    migrate_with(conn, MIGRATIONS)
}

fn migrate_with(conn: &mut Connection, steps: &[(&str, &str)]) -> Result<()> {
    conn.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_version \
         (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)",
    )
    .map_err(explain)?;
    let found = version(conn)?;
    if found > known() {
        return Err(Error::SchemaTooNew { found, known: known() });
    }
    for (index, (name, sql)) in steps.iter().enumerate().skip(found as usize) {
        let step =
            conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(explain)?;
        step.execute_batch(sql).map_err(explain)?;
        execute(
            &step,
            "INSERT INTO schema_version (version, name, applied_at) VALUES ($1, $2, $3)",
            &[Cell::int(index as u64 + 1), Cell::text(name), Cell::time(Timestamp::now())],
        )?;
        step.commit().map_err(explain)?;
        tracing::info!(migration = name, "catalog migrated");
    }
    Ok(())
}

fn version(conn: &Connection) -> Result<u32> {
    let rows = query(conn, "SELECT COALESCE(MAX(version), 0) FROM schema_version", &[])?;
    match rows.first().map(Vec::as_slice) {
        Some([Cell::Int(version)]) => Ok(u32::try_from(*version).unwrap_or(u32::MAX)),
        Some(_) | None => Err(Error::Corrupt { what: "table schema_version".into() }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::run::records;
    use super::*;
    use crate::catalog::sql;
    use crate::model::Timer;

    #[test]
    fn steps_are_numbered_by_their_place() {
        for (index, (name, _)) in MIGRATIONS.iter().enumerate() {
            assert!(name.starts_with(&format!("{:04}_", index + 1)), "{name}");
        }
    }

    #[test]
    fn a_second_start_applies_nothing() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn).unwrap();
        migrate(&mut conn).unwrap();
        assert_eq!(version(&conn).unwrap(), known());
    }

    #[test]
    fn a_schema_from_the_future_is_left_alone() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn).unwrap();
        conn.execute_batch("INSERT INTO schema_version VALUES (99, '0099_from_the_future', 0)")
            .unwrap();
        let error = migrate(&mut conn).unwrap_err();
        assert!(
            matches!(error, Error::SchemaTooNew { found: 99, known } if known == self::known())
        );
    }

    #[test]
    fn an_upload_of_the_time_before_timers_expires_all_the_same() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate_with(&mut conn, &MIGRATIONS[..1]).unwrap();
        for (id, state) in [("u1", "receiving"), ("u2", "completed"), ("u3", "expired")] {
            let sql = format!(
                "INSERT INTO upload \
                 VALUES ('{id}', 'c', 'ada', 9, 1, '{state}', '{{}}', 0, 5, 77, 1)"
            );
            conn.execute_batch(&sql).unwrap();
        }
        migrate(&mut conn).unwrap();
        let timers = records::<Timer>(&conn, &sql::select::<Timer>(), &[]).unwrap();
        let [timer] = &timers[..] else { panic!("{timers:?}") };
        let found = (timer.kind.as_str(), timer.id.as_str(), timer.name.as_str());
        assert_eq!(found, ("upload.session", "u1", "expire"));
        assert_eq!(timer.due_at.as_nanosecond(), 77);
    }
}
