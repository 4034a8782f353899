//! One line of a history, and how files of them are read.

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What one transaction did to one entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The database's number of this write; its order is that of the commits.
    pub seq: u64,
    /// When it was written down by the node's clock, nanoseconds since 1970.
    pub at_ns: u64,
    /// Name of the node.
    pub node: String,
    /// Which of its lives.
    pub incarnation: u64,
    /// The entity's shard.
    pub shard: u16,
    /// The epoch that the transaction was fenced with.
    pub epoch: u64,
    /// Who was written: `kind/id`.
    pub entity: String,
    /// The version that was written; the first of an entity is 1.
    pub row_version: u64,
    /// The write removed the entity: the next one of this name begins at 1.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
    /// The commit was granted, or refused; null before it is answered, and when no answer came.
    pub accepted: Option<bool>,
}

/// Reads a file of records. A last line without its end is what a kill leaves, and is left out.
///
/// # Errors
/// A file that is not read, or a line that is no record, with its number.
pub fn read(path: &Path) -> anyhow::Result<Vec<Record>> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("{name} is not read"))?;
    let mut records = Vec::new();
    for (at, line) in (1..).zip(text.split_inclusive('\n')) {
        match serde_json::from_str(line) {
            Ok(record) => records.push(record),
            Err(_) if !line.ends_with('\n') => {}
            Err(error) => bail!("{name}:{at} is no record of a history: {error}"),
        }
    }
    Ok(records)
}
