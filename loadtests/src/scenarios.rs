//! `loadtests scenarios`: lists the scenarios that the program carries, or prints one.

use crate::replay::Usage;
use crate::scenario::{find, sheets};

/// Which one.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Prints this one's file.
    name: Option<String>,
}

/// Runs the command; always good when it comes to its end.
///
/// # Errors
/// When there is no such scenario.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    if let Some(name) = &options.name {
        print!("{}", find(name).map_err(Usage::new)?.text);
        return Ok(true);
    }
    for sheet in sheets() {
        println!("{:<30} {}", sheet.name, sheet.read()?.about);
    }
    Ok(true)
}
