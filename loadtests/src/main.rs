//! The load generator's place. It offers what it has: nothing yet but this answer.
//!
//! What comes here is an open-model replayer with an oracle that counts exactly; it will speak
//! only HTTP to the system. Until then the binary refuses, so that no script takes silence for a
//! passed load test.

use std::process::ExitCode;

fn main() -> ExitCode {
    eprintln!("loadtests: there is no load model yet; nothing was measured");
    ExitCode::from(2)
}
