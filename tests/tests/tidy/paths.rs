//! What the documents name exists: a map with wrong streets is worse than none.

use crate::repository::{Breach, exists, files};

/// Folders and files of the root that a document can name.
const ROOMS: [&str; 12] = [
    "supervisors/",
    "gateway/",
    "actors/",
    "storage/",
    "codecs/",
    "loadtests/",
    "tests/",
    "web/",
    "migrations/",
    "ops/",
    "schemas/",
    ".ci/",
];

#[test]
fn paths_named_in_documents_exist() {
    let mut breaches = Vec::new();
    for file in files(&[".md"]) {
        for (at, line) in file.text.lines().enumerate() {
            for name in quoted(line).filter(|name| is_path(name)) {
                if !exists(name.trim_end_matches('/')) {
                    breaches.push(Breach::new(&file, at + 1, format!("{name} does not exist")));
                }
            }
        }
    }
    crate::assert_tidy(&breaches);
}

/// The parts of a line between backquotes.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Patterns and what git does not keep are no promises.
fn is_path(name: &str) -> bool {
    let pattern = name.contains(['*', '{', '<', ' ', '…']);
    let built = name.starts_with("web/dist") || name.starts_with("web/node_modules");
    ROOMS.iter().any(|room| name.starts_with(room)) && !pattern && !built
}
