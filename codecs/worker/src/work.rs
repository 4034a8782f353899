//! From a command to its last event.

use crate::cell;
use crate::control::Control;
use crate::encode;
use crate::failure::{Failure, Result};
use crate::forbidden;
use crate::output::Output;
use crate::pictures;
use crate::probe;
use ffmpeg_next as ffmpeg;
use playhouse_codecs::order::OPENING_SEGMENTS;
use playhouse_codecs::worker::{Command, Event};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;

/// Does the command and tells how it ended.
pub(crate) fn run(control: &Control, folder: &Path, command: Command) -> ExitCode {
    let output = Output::new(folder);
    let work = AssertUnwindSafe(|| perform(control, &output, command));
    let result = catch_unwind(work).unwrap_or_else(|_| Err(Failure::internal("a panic")));
    match result {
        Ok(()) => {
            control.send(&Event::Done);
            ExitCode::SUCCESS
        }
        Err(Failure { kind, detail }) => {
            control.send(&Event::Failed { kind, detail });
            ExitCode::FAILURE
        }
    }
}

fn perform(control: &Control, output: &Output, command: Command) -> Result<()> {
    if !is_urgent(&command) {
        cell::give_way();
    }
    ffmpeg::init()?;
    ffmpeg::log::set_level(ffmpeg::log::Level::Error);
    match command {
        Command::Probe => {
            control.send(&Event::Probed { media: probe::probe(control)? });
            Ok(())
        }
        Command::Encode(job) => encode::encode(control, output, &job),
        Command::Pictures(job) => pictures::make(control, output, &job),
        Command::Try(what) => {
            forbidden::attempt(control, &what);
            Ok(())
        }
    }
}

/// What a creator waits for: the look at a source, and the segments that it begins to play with.
fn is_urgent(command: &Command) -> bool {
    match command {
        Command::Probe | Command::Try(_) => true,
        Command::Pictures(_) => false,
        Command::Encode(job) => {
            let video = job.video.iter().map(|target| target.end);
            video
                .chain(job.audio.iter().map(|target| target.end))
                .all(|end| end <= OPENING_SEGMENTS)
        }
    }
}
