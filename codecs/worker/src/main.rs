//! `codec-worker`: the one process that parses and encodes untrusted media.
//!
//! It confines itself before it reads a byte or starts a thread, takes one command over the
//! control socket, answers with events and exits. It knows nothing of content, actors or HTTP.

mod cell;
mod control;
mod encode;
mod failure;
mod filters;
mod forbidden;
mod output;
mod pictures;
mod probe;
mod reader;
mod source;
mod work;

use anyhow::Context as _;
use std::process::ExitCode;

fn main() -> anyhow::Result<ExitCode> {
    let limits = cell::Limits::from_args(std::env::args().skip(1))?;
    if let Some(traceparent) = &limits.traceparent {
        eprintln!("codec-worker {}: traceparent {traceparent}", std::process::id());
    }
    cell::confine(&limits).context("the cell cannot be closed, so no media is read")?;
    let (control, command) = control::Control::adopt()?;
    Ok(work::run(&control, &limits.output, command))
}
