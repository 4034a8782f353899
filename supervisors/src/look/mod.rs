//! `playhouse tree`: the actors of a running node in the terminal, once or as they change; and
//! `playhouse cluster`, its fellow nodes.
//!
//! Asks the node's inspector over HTTP and draws; drawing is a pure function of what was told. An
//! operator reads who needs a hand, and why, without opening a page.

mod attention;
mod branches;
mod client;
mod cluster;
mod detail;
mod members;
mod picture;
mod sample;
mod screen;
mod sse;
mod table;
mod text;
mod units;
mod watch;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod tests;

pub(crate) use cluster::{Arguments as ClusterArguments, run as cluster};

use crate::remote::{Access, Break};
use anyhow::{Result, anyhow};
use clap::ValueEnum;
use client::{Client, Query};
use jiff::Timestamp;
use picture::{Frame, View};
use serde::Serialize;
use std::io::{ErrorKind, IsTerminal, Write};
use text::Line;

/// What `playhouse tree` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only what is below this actor: `encode`, `entities/upload.session`.
    path: Option<String>,
    /// Redraws each second; q or Ctrl-C ends it.
    #[arg(long)]
    watch: bool,
    /// Levels below PATH.
    #[arg(long, value_name = "N")]
    depth: Option<u32>,
    /// A list of actors, largest first, instead of the tree.
    #[arg(long)]
    sort: Option<Order>,
    /// A list of the actors whose path contains this.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Actors at most.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: Option<u16>,
    /// Everything about one actor, with its last events.
    #[arg(
        long,
        value_name = "PATH",
        conflicts_with_all = ["path", "watch", "depth", "sort", "search", "limit"]
    )]
    actor: Option<String>,
    /// Prints what the node answers; with `--watch` one line each second.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: Access,
}

/// What a list is ordered by.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Order {
    /// Messages inside.
    Depth,
    /// Age of the oldest message inside.
    Oldest,
    /// Lives after the first.
    Restarts,
    /// Time spent in handlers.
    Busy,
}

/// How it is told.
#[derive(Clone, Copy)]
struct Output {
    json: bool,
    flat: bool,
    colours: bool,
}

/// Shows the tree, one actor, or the tree as it changes.
///
/// # Errors
/// One sentence: no node, no right to look, no such actor.
pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let client = Client::new(&arguments.access.server, &arguments.access.token()?)?;
    let query = query(&arguments);
    let output = Output {
        json: arguments.json,
        flat: arguments.sort.is_some() || arguments.search.is_some(),
        // NO_COLOR and CLICOLOR are honoured.
        colours: std::io::stdout().is_terminal() && console::colors_enabled(),
    };
    let done = match &arguments.actor {
        Some(path) => actor(&client, path, output).await,
        None if arguments.watch => watch::run(&client, &query, output).await,
        None => once(&client, &query, output).await,
    };
    done.map_err(|broken| explain(broken, &arguments))
}

fn query(arguments: &Arguments) -> Query {
    let order = arguments.sort.and_then(|sort| sort.to_possible_value());
    let all = [
        ("under", arguments.path.as_deref().map(|path| path.trim_matches('/').to_owned())),
        ("depth", arguments.depth.map(|levels| levels.to_string())),
        ("sort", order.map(|order| order.get_name().to_owned())),
        ("q", arguments.search.clone()),
        ("limit", arguments.limit.map(|most| most.to_string())),
    ];
    Query(all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}

async fn once(client: &Client, query: &Query, output: Output) -> Result<(), Break> {
    let look = client.look(query).await?;
    let (page, elsewhere) = (&look.page, look.elsewhere.as_slice());
    let view = View { page, elsewhere, samples: None, flat: output.flat };
    // Only the width of a terminal counts: what is above can be scrolled back to.
    let size = width().map(|width| (width, usize::MAX));
    let frame = Frame { size, ..Frame::default() };
    print(page, || picture::draw(&view, &frame).lines, output)
}

async fn actor(client: &Client, path: &str, output: Output) -> Result<(), Break> {
    let detail = client.actor(path.trim_matches('/')).await?;
    let whole = width().unwrap_or(usize::MAX);
    let lines = || detail::draw(&detail, Timestamp::now());
    print(&detail, || lines().into_iter().map(|line| line.clip(whole)).collect(), output)
}

fn print(
    document: &impl Serialize,
    lines: impl FnOnce() -> Vec<Line>,
    output: Output,
) -> Result<(), Break> {
    let text = if output.json {
        serde_json::to_string_pretty(document).map(|text| text + "\n").map_err(anyhow::Error::from)
    } else {
        Ok(joined(&lines(), output.colours))
    };
    text.and_then(|text| put(&text)).map_err(|error| Break::Refused(error.to_string()))?;
    Ok(())
}

fn joined(lines: &[Line], colours: bool) -> String {
    lines.iter().map(|line| line.paint(colours) + "\n").collect()
}

/// Writes to stdout; false when nobody reads it any more, which is no error: `head` has enough.
fn put(text: &str) -> Result<bool> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Columns of the terminal; none when stdout is none.
fn width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    console::Term::stdout().size_checked().map(|(_, columns)| columns.into())
}

/// Why there is nothing to show, in one sentence.
fn explain(broken: Break, arguments: &Arguments) -> anyhow::Error {
    let server = &arguments.access.server;
    let path = arguments.actor.as_deref().or(arguments.path.as_deref());
    match (broken, path) {
        (Break::Away(reason), _) => anyhow!("no node answers at {server}: {reason}"),
        (Break::Gone(_), Some(path)) => anyhow!("there is no actor {path} at {server}"),
        (Break::Gone(told), None) => anyhow!("{server} has no actor tree: {told}"),
        (Break::Refused(told), _) => anyhow!(told),
    }
}
