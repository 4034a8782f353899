//! Runs a program to its end, with everything it said.

use std::process::{Command, Stdio};

/// What a program said and how it ended.
#[derive(Debug)]
pub struct Ended {
    /// Exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Runs a command to its end.
///
/// # Panics
/// When it cannot be started.
pub fn run(command: &mut Command) -> Ended {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    Ended {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Ended {
    /// The rest of the first line of stdout that starts with `prefix`.
    #[must_use]
    pub fn line(&self, prefix: &str) -> Option<&str> {
        self.stdout.lines().find_map(|line| line.strip_prefix(prefix))
    }
}
