//! The triggers that keep a history in a node's PostgreSQL database, and what they have kept.

use super::Record;
use tokio_postgres::{Client, Error};

/// The tables of entities: what has a version.
const TABLES: [&str; 5] = ["upload", "content", "rendition", "counter", "viewer"];

/// A life is looked up in the row of the shard, which the transaction holds by then.
const KEEPER: &str = "
CREATE TABLE history (
    seq BIGSERIAL PRIMARY KEY,
    at_ns BIGINT NOT NULL,
    node TEXT NOT NULL,
    incarnation BIGINT NOT NULL,
    shard BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    entity TEXT NOT NULL,
    row_version BIGINT NOT NULL,
    removed BOOLEAN NOT NULL
);
CREATE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    told TEXT := COALESCE(NULLIF(current_setting('playhouse.fence', true), ''), '0.0');
    of_shard BIGINT := split_part(told, '.', 1);
    entry JSONB;
BEGIN
    IF TG_OP = 'DELETE' THEN
        entry := to_jsonb(OLD);
    ELSIF TG_OP = 'UPDATE' AND NEW IS NOT DISTINCT FROM OLD THEN
        RETURN NULL;
    ELSE
        entry := to_jsonb(NEW);
    END IF;
    INSERT INTO history
        (at_ns, node, incarnation, shard, epoch, entity, row_version, removed)
    VALUES (
        (extract(epoch FROM clock_timestamp()) * 1000000000)::BIGINT,
        current_setting('application_name'),
        COALESCE((SELECT owner_incarnation FROM shard WHERE shard = of_shard), 0),
        of_shard,
        split_part(told, '.', 2)::BIGINT,
        TG_TABLE_NAME || '/' || COALESCE(
            entry->>'id', concat_ws('/', entry->>'content_id', entry->>'name')
        ),
        (entry->>'row_version')::BIGINT + CASE TG_OP WHEN 'DELETE' THEN 1 ELSE 0 END,
        TG_OP = 'DELETE'
    );
    RETURN NULL;
END $$;
";

const KEPT: &str = "SELECT seq, at_ns, node, incarnation, shard, epoch, entity, row_version, \
     removed FROM history ORDER BY seq";

/// Has the database keep a history from now on.
///
/// # Errors
/// When a node has not made its tables, or a history is kept already.
pub async fn keep(client: &Client) -> Result<(), Error> {
    let trigger = |table: &&str| {
        format!(
            "CREATE TRIGGER keep_history AFTER INSERT OR UPDATE OR DELETE ON {table} \
             FOR EACH ROW EXECUTE FUNCTION keep_history();"
        )
    };
    let triggers: String = TABLES.iter().map(trigger).collect();
    client.batch_execute(&format!("BEGIN; {KEEPER} {triggers} COMMIT")).await
}

/// Everything that was kept.
///
/// # Errors
/// When no history is kept.
pub async fn kept(client: &Client) -> Result<Vec<Record>, Error> {
    let rows = client.query(KEPT, &[]).await?;
    let number = |value: i64| value.unsigned_abs();
    let record = |row: &tokio_postgres::Row| Record {
        seq: number(row.get(0)),
        at_ns: number(row.get(1)),
        node: row.get(2),
        incarnation: number(row.get(3)),
        shard: u16::try_from(row.get::<_, i64>(4)).unwrap_or(u16::MAX),
        epoch: number(row.get(5)),
        entity: row.get(6),
        row_version: number(row.get(7)),
        removed: row.get(8),
    };
    Ok(rows.iter().map(record).collect())
}
