//! One line of a history, and how files of them are read and written.

use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;

/// What one transaction did to one entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The database's number of this write; its order is that of the commits.
    pub seq: u64,
    /// When by the database's clock, nanoseconds since 1970.
    pub at_ns: u64,
    /// Name of the node, as its connection says it.
    pub node: String,
    /// Which life of a node owned the shard at that moment.
    pub incarnation: u64,
    /// The shard that the transaction was fenced with.
    pub shard: u16,
    /// The epoch that it was fenced with; 0: it was not fenced.
    pub epoch: u64,
    /// Who was written: `table/id`.
    pub entity: String,
    /// The version that was written; the first of an entity is 1.
    pub row_version: u64,
    /// The write removed the entity: the next one of this name begins at 1.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
}

/// Reads a file of records.
///
/// # Errors
/// A file that is not read, or a line that is no record, with its number.
pub fn read(path: &Path) -> anyhow::Result<Vec<Record>> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("{name} is not read"))?;
    let record = |(at, line)| {
        serde_json::from_str(line).with_context(|| format!("{name}:{at} is no record of a history"))
    };
    (1..).zip(text.lines()).map(record).collect()
}

/// Writes a file of records, a line each.
///
/// # Errors
/// A file that is not written.
pub fn write(path: &Path, records: &[Record]) -> anyhow::Result<()> {
    let name = path.display();
    let mut file = std::io::BufWriter::new(
        std::fs::File::create(path).with_context(|| format!("{name} is not written"))?,
    );
    for record in records {
        serde_json::to_writer(&mut file, record)?;
        writeln!(file)?;
    }
    file.flush().with_context(|| format!("{name} is not written"))
}
