//! `playhouse`: one binary that is a whole platform, or one node of it.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong usage. What went wrong is one line on stderr.

mod cli;
mod cluster;
mod config;
mod descriptors;
mod http;
mod look;
mod node;
mod process;
mod remote;
mod telemetry;
mod token;
mod tree;
mod upload;
mod worker;

use std::process::ExitCode;

/// Every request allocates some forty times.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(cli::Failure::Usage(text)) => end(2, &text),
        Err(cli::Failure::Failed(error)) => end(1, &format!("{error:#}")),
    }
}

fn end(code: u8, text: &str) -> ExitCode {
    eprintln!("playhouse: {}", text.replace('\n', " "));
    ExitCode::from(code)
}
