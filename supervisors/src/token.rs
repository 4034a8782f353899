//! `playhouse token`: a bearer token signed with the key of a data folder.
//!
//! Works beside a running node: it only reads the key, or makes it before the first start.

use anyhow::{Context, Result};
use clap::builder::NonEmptyStringValueParser;
use playhouse_gateway::{Config, Keys, Role};
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::time::Duration;

/// What `playhouse token` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What the bearer may do: admin, operator, editor, worker, viewer or guest.
    #[arg(long)]
    role: Role,
    /// Who the bearer is.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    subject: String,
    /// The node's data folder.
    #[arg(long, value_name = "DIR", default_value = "./data")]
    data: PathBuf,
    /// How long it is valid.
    #[arg(long, value_name = "SECONDS")]
    ttl_s: Option<u64>,
}

/// Prints a token.
///
/// # Errors
/// When the key cannot be read or made.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let folder = &arguments.data;
    let private = &mut DirBuilder::new();
    private.recursive(true).mode(0o700);
    private.create(folder).with_context(|| folder.display().to_string())?;
    let keys = Keys::open(folder)?;
    let ttl_s = arguments.ttl_s.unwrap_or(Config::default().token_ttl_s);
    println!("{}", keys.issue(&arguments.subject, arguments.role, Duration::from_secs(ttl_s)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_data_folder_that_a_token_makes_is_for_its_owner_alone() {
        let outside = tempfile::tempdir().expect("a temporary folder");
        let data = outside.path().join("deep/data");
        let (role, subject) = (Role::Editor, "ada".to_owned());
        let arguments = Arguments { role, subject, data: data.clone(), ttl_s: None };
        run(&arguments).expect("a token");
        let mode = data.metadata().expect("the folder is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
