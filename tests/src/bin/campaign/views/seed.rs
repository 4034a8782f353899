//! Many published contents from one: its rows, copied in the catalog of a stopped node.
//!
//! Uploading and encoding ten thousand films would measure the encoder. The copies have no
//! segments: they are counted, not played.

use anyhow::{Context, ensure};
use rusqlite::{Connection, Transaction, params_from_iter, types::Value};
use std::path::Path;
use uuid::Uuid;

/// Copies a content until there are so many; all ids, the original's first.
///
/// # Errors
/// When the catalog is not as expected.
pub(super) fn copy(data: &Path, original: &str, count: usize) -> anyhow::Result<Vec<String>> {
    let mut catalog = Connection::open(data.join("catalog.db"))?;
    let transaction = catalog.transaction()?;
    let content = Rows::read(&transaction, "content", "id", original)?;
    let renditions = Rows::read(&transaction, "rendition", "content_id", original)?;
    let mut ids = vec![original.to_owned()];
    while ids.len() < count {
        let id = Uuid::now_v7().to_string();
        content.write(&transaction, &id)?;
        renditions.write(&transaction, &id)?;
        ids.push(id);
    }
    transaction.commit()?;
    Ok(ids)
}

/// Rows of a table that belong to one content.
struct Rows {
    insert: String,
    /// Place of the content's id among the columns.
    key: usize,
    rows: Vec<Vec<Value>>,
}

impl Rows {
    fn read(catalog: &Transaction, table: &str, key: &str, id: &str) -> anyhow::Result<Self> {
        let mut select = catalog.prepare(&format!("SELECT * FROM {table} WHERE {key} = ?1"))?;
        let columns: Vec<_> = select.column_names().map(str::to_owned).collect();
        let place = columns.iter().position(|name| name == key).context("a table has its key")?;
        let read = |row: &rusqlite::Row| (0..columns.len()).map(|at| row.get(at)).collect();
        let rows = select.query_map([id], read)?.collect::<Result<Vec<Vec<Value>>, _>>()?;
        ensure!(!rows.is_empty(), "{table} knows nothing of {id}");
        let (names, marks) = (columns.join(", "), vec!["?"; columns.len()].join(", "));
        let insert = format!("INSERT INTO {table} ({names}) VALUES ({marks})");
        Ok(Self { insert, key: place, rows })
    }

    fn write(&self, catalog: &Transaction, id: &str) -> anyhow::Result<()> {
        let mut insert = catalog.prepare_cached(&self.insert)?;
        for row in &self.rows {
            let mut row = row.clone();
            row[self.key] = Value::Text(id.to_owned());
            insert.execute(params_from_iter(row))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_is_copied_with_its_renditions() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let catalog = Connection::open(folder.path().join("catalog.db")).expect("a database");
        let made = "CREATE TABLE content (id TEXT, title TEXT, size BIGINT);
            CREATE TABLE rendition (content_id TEXT, name TEXT);
            INSERT INTO content VALUES ('a', 'x', 7);
            INSERT INTO rendition VALUES ('a', '360p'), ('a', 'audio');";
        catalog.execute_batch(made).expect("two tables");
        let ids = copy(folder.path(), "a", 3).expect("copies");
        assert_eq!((ids.len(), ids[0].as_str()), (3, "a"));
        let count =
            |sql: &str| -> i64 { catalog.query_row(sql, [], |row| row.get(0)).expect("a row") };
        assert_eq!(
            count("SELECT count(DISTINCT id) FROM content WHERE title = 'x' AND size = 7"),
            3
        );
        assert_eq!(count("SELECT count(*) FROM rendition WHERE name = 'audio'"), 3);
        assert!(copy(folder.path(), "b", 3).is_err());
    }
}
