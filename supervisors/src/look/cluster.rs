//! `playhouse cluster`: the members of a cluster in the terminal, as one of its nodes sees them.

use super::client::Client;
use super::{Output, members, print, width};
use crate::remote::{Access, Break};
use anyhow::{Result, anyhow};
use std::io::IsTerminal;

/// What `playhouse cluster` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Prints what the node answers.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: Access,
}

/// Shows who is a member, who owns how much, and who does not answer.
///
/// # Errors
/// One sentence: no node, no right to look.
pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let client = Client::new(&arguments.access.server, &arguments.access.token()?)?;
    let colours = std::io::stdout().is_terminal() && console::colors_enabled();
    let output = Output { json: arguments.json, flat: false, colours };
    let shown = show(&client, output).await;
    shown.map_err(|broken| explain(broken, &arguments.access.server))
}

async fn show(client: &Client, output: Output) -> Result<(), Break> {
    let cluster = client.cluster().await?;
    let whole = width().unwrap_or(usize::MAX);
    let lines = || members::draw(&cluster).into_iter().map(|line| line.clip(whole)).collect();
    print(&cluster, lines, output)
}

/// Why there is nothing to show, in one sentence.
pub(super) fn explain(broken: Break, server: &str) -> anyhow::Error {
    match broken {
        Break::Away(reason) => anyhow!("no node answers at {server}: {reason}"),
        Break::Gone(told) => anyhow!("{server} does not tell of its cluster: {told}"),
        Break::Refused(told) => anyhow!(told),
    }
}
