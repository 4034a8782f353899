//! `trace_tree`: traces as trees in a terminal, of what a collector was sent.
//!
//! `trace_tree FILE…` reads OTLP/JSON lines, as the file exporter of a collector writes them.
//! `trace_tree --listen 127.0.0.1:4318 FILE` is a small collector itself: it appends what it is
//! sent to the file and draws each second what has come, until it is ended.

use anyhow::{Context, Result, bail};
use playhouse_tests::traces::{Collector, Span, draw, of_lines, of_request};
use std::fs::File;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

const USAGE: &str = "usage: trace_tree [--trace ID] FILE… | trace_tree --listen HOST:PORT FILE";
/// So often a collector draws what has come.
const EVERY: Duration = Duration::from_secs(1);

enum Wish {
    Draw { trace: Option<String>, files: Vec<String> },
    Listen { address: String, file: String },
}

fn main() -> ExitCode {
    let Some(wish) = wish(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(wish) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("trace_tree: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn wish(mut arguments: impl Iterator<Item = String>) -> Option<Wish> {
    let (mut trace, mut address, mut files) = (None, None, vec![]);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--trace" => trace = Some(arguments.next()?),
            "--listen" => address = Some(arguments.next()?),
            other if other.starts_with('-') => return None,
            _ => files.push(argument),
        }
    }
    match (address, files.len()) {
        (_, 0) => None,
        (None, _) => Some(Wish::Draw { trace, files }),
        (Some(address), 1) => Some(Wish::Listen { address, file: files.pop()? }),
        (Some(_), _) => None,
    }
}

fn run(wish: Wish) -> Result<()> {
    match wish {
        Wish::Draw { trace, files } => show(trace.as_deref(), &files),
        Wish::Listen { address, file } => listen(&address, &file),
    }
}

fn show(trace: Option<&str>, files: &[String]) -> Result<()> {
    let mut spans: Vec<Span> = vec![];
    for file in files {
        let text = std::fs::read_to_string(file).with_context(|| file.clone())?;
        spans.extend(of_lines(&text).map_err(anyhow::Error::msg).with_context(|| file.clone())?);
    }
    if let Some(trace) = trace {
        spans.retain(|span| span.trace == trace);
    }
    if spans.is_empty() {
        bail!("there is no span of that in {}", files.join(", "));
    }
    print!("{}", draw(&spans));
    Ok(())
}

fn listen(address: &str, file: &str) -> Result<()> {
    let collector =
        Collector::start(address).with_context(|| format!("cannot listen {address}"))?;
    let mut kept = File::options().create(true).append(true).open(file).context(file.to_owned())?;
    println!("collects at {}, keeps in {file}", collector.url());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    loop {
        runtime.block_on(async { tokio::time::sleep(EVERY).await });
        let requests = collector.take();
        for request in &requests {
            writeln!(kept, "{request}")?;
        }
        let spans: Vec<Span> = requests.iter().flat_map(of_request).collect();
        print!("{}", draw(&spans));
    }
}
