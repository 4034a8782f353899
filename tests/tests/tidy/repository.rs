//! The files of the repository, and what a breach of a rule says.

use std::fmt;
use std::path::PathBuf;
use std::process::Command;

/// One text file that git tracks, or would.
pub(crate) struct File {
    /// Relative to the root.
    pub(crate) path: String,
    /// Whole.
    pub(crate) text: String,
}

/// One breach of a rule.
pub(crate) struct Breach {
    /// Relative to the root.
    pub(crate) path: String,
    /// From 1.
    pub(crate) line: usize,
    /// Which rule, and how it is broken.
    pub(crate) what: String,
}

impl Breach {
    pub(crate) fn new(file: &File, line: usize, what: impl Into<String>) -> Self {
        Self { path: file.path.clone(), line, what: what.into() }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// All text files whose path ends with one of `endings` (an empty list means all).
pub(crate) fn files(endings: &[&str]) -> Vec<File> {
    let root = playhouse_tests::root();
    let mut git = Command::new("git");
    git.args(["ls-files", "-co", "--exclude-standard"]).current_dir(&root);
    let listed = playhouse_tests::command::run(&mut git);
    assert_eq!(listed.code, 0, "{}", listed.stderr);
    let wanted = |path: &&str| endings.is_empty() || endings.iter().any(|end| path.ends_with(end));
    let read = |path: &str| {
        let text = std::fs::read_to_string(root.join(path)).ok()?;
        Some(File { path: path.to_owned(), text })
    };
    listed.stdout.lines().filter(wanted).filter_map(read).collect()
}

/// True when a path relative to the root exists.
pub(crate) fn exists(path: &str) -> bool {
    root_join(path).exists()
}

pub(crate) fn root_join(path: &str) -> PathBuf {
    playhouse_tests::root().join(path)
}
