//! Whether a seam is heard: the sound of an interrupted run against an uninterrupted one.
//!
//! AAC is lossy and its encoder has a memory, so resumed sound differs by quantisation noise. It
//! must be no louder than the noise that the encoder makes anyway, and no step from one sample to
//! the next may be larger at a seam than those which the film has elsewhere.

use super::samples::{CHANNELS, Pair, between, near, step};
use anyhow::{Context, ensure};
use playhouse_tests::command::run;
use std::ops::Range;
use std::process::Command;

/// Samples on each side of a boundary that belong to it: the encoder's delay.
const AROUND: usize = 2_048;

/// Sample numbers at which segments begin.
pub(super) struct Places<'a> {
    /// All but the first segment.
    pub(super) all: &'a [usize],
    /// Those at which another attempt went on.
    pub(super) resumed: &'a [usize],
}

/// Decodes a playlist to interleaved samples.
///
/// # Errors
/// When ffmpeg says a word.
pub(super) fn decode(playlist: &str, token: &str) -> anyhow::Result<Vec<i16>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("sound.s16");
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-headers"]);
    command.arg(format!("Authorization: Bearer {token}\r\n"));
    command.args(["-i", playlist, "-ac", "2", "-ar", "48000", "-f", "s16le"]).arg(&file);
    let ended = run(&mut command);
    ensure!(ended.code == 0 && ended.stderr.is_empty(), "{playlist}: {}", ended.stderr);
    let bytes = std::fs::read(&file).context("ffmpeg wrote the sound")?;
    Ok(bytes.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect())
}

/// The head of the table.
pub(super) fn head() {
    println!(
        "\n| rendition | samples | largest difference | ±{AROUND} of a boundary | RMS difference \
         | ±{AROUND} of a seam | elsewhere in resumed | largest step elsewhere | at a boundary \
         | undisturbed there |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
}

/// One row; the faults.
pub(super) fn row(name: &str, at: &Places<'_>, pair: &Pair<'_>) -> Vec<String> {
    let (calm, rough) = (pair.calm, pair.rough);
    let (all, resumed) = (near(at.all, AROUND), near(at.resumed, AROUND));
    let (rest, after) = (between(&all, rough.len()), later(at.resumed, rough.len()));
    let whole = between(&[], rough.len());
    let (here, elsewhere) = (step(rough, &all), step(rough, &rest));
    println!(
        "| {name} | {} | {} | {} | {:.1} | {:.1} | {:.1} | {elsewhere} | {here} | {} |",
        rough.len() / CHANNELS,
        pair.largest(&whole),
        pair.largest(&all),
        pair.rms(&whole),
        pair.rms(&resumed),
        pair.rms(&after),
        step(calm, &all),
    );
    let mut faults = Vec::new();
    if calm.len() != rough.len() {
        faults.push(format!("{name}: {} samples, undisturbed {}", rough.len(), calm.len()));
    }
    if here > elsewhere {
        faults.push(format!("{name}: a step of {here} at a boundary, {elsewhere} elsewhere"));
    }
    faults
}

/// What was resumed, without the seams' surroundings.
fn later(seams: &[usize], length: usize) -> Vec<Range<usize>> {
    let Some(first) = seams.first() else { return vec![] };
    let rest = between(&near(seams, AROUND), length);
    rest.into_iter().filter(|at| at.start > first * CHANNELS).collect()
}
