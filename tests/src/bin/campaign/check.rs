//! The offline check of histories of accepted writes: one effective writer per entity.

use anyhow::bail;
use playhouse_tests::history::{check, read};
use std::path::Path;

/// Findings that are printed; there may be one per write.
const SHOWN_MAX: usize = 100;

/// Reads the files and tells what is wrong in them.
///
/// # Errors
/// When a file is not read, something is wrong, or nothing at all was accepted.
pub(crate) fn run(files: &[String]) -> anyhow::Result<()> {
    let mut records = Vec::new();
    for file in files {
        records.extend(read(Path::new(file))?);
    }
    let (summary, findings) = check(&records);
    println!("{summary}");
    for finding in findings.iter().take(SHOWN_MAX) {
        println!("{finding}");
    }
    match findings.len() {
        0 if summary.moved > 0 => Ok(()),
        0 => bail!("nothing changed hands, so these histories show nothing"),
        more if more > SHOWN_MAX => bail!("{more} findings, of which {SHOWN_MAX} are above"),
        some => bail!("{some} findings"),
    }
}
