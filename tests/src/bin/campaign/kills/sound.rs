//! Whether a seam is heard: the sound of an interrupted run against an uninterrupted one.
//!
//! AAC is lossy and its encoder has a memory, so resumed sound differs by quantisation noise. It
//! must be no louder than the noise that the encoder makes anyway, and no step from one sample to
//! the next may be larger at a seam than those which the film has elsewhere.

use super::samples::{CHANNELS, Runs, between, largest, near, rms, step};
use anyhow::{Context, ensure};
use playhouse_tests::command::run;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Samples on each side of a boundary that belong to it: the encoder's delay.
const AROUND: usize = 2_048;
/// Noise at seams against that of an undisturbed run at the same places: 3 dB.
const LOUDER_MAX: f64 = 1.41;

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
    samples(&["-headers", &format!("Authorization: Bearer {token}\r\n"), "-i", playlist])
}

/// Decodes a film's sound.
///
/// # Errors
/// When ffmpeg says a word.
pub(super) fn decode_file(file: &str) -> anyhow::Result<Vec<i16>> {
    samples(&["-i", file, "-map", "0:a:0"])
}

/// Makes five minutes of a film's sound: as much as takes its encoder some seconds.
///
/// # Errors
/// When ffmpeg says a word.
pub(super) fn lengthen(film: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let long = folder.join("sound.flac");
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-stream_loop", "-1", "-i"]).arg(film);
    command.args(["-map", "0:a:0", "-ac", "2", "-ar", "48000", "-t", "300", "-c:a", "flac"]);
    let ended = run(command.arg(&long));
    ensure!(ended.code == 0 && ended.stderr.is_empty(), "{}", ended.stderr);
    Ok(long)
}

fn samples(input: &[&str]) -> anyhow::Result<Vec<i16>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("sound.s16");
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error"]).args(input);
    command.args(["-ac", "2", "-ar", "48000", "-f", "s16le"]).arg(&file);
    let ended = run(&mut command);
    ensure!(ended.code == 0 && ended.stderr.is_empty(), "{input:?}: {}", ended.stderr);
    let bytes = std::fs::read(&file).context("ffmpeg wrote the sound")?;
    Ok(bytes.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect())
}

/// The head of the table.
pub(super) fn head() {
    println!(
        "\n| rendition | samples | largest difference | ±{AROUND} of a boundary \
         | step elsewhere | step at a boundary | noise at seams | undisturbed | all noise |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
}

/// One row; the faults. Noise is the root of the mean square of what differs from the source.
pub(super) fn row(name: &str, at: &Places<'_>, runs: &Runs<'_>) -> Vec<String> {
    let Runs { calm, rough, source } = runs;
    let (all, seams) = (near(at.all, AROUND), near(at.resumed, AROUND));
    let (rest, whole) = (between(&all, rough.len()), between(&[], rough.len()));
    let (here, elsewhere) = (step(rough, &all), step(rough, &rest));
    let (noise, usual) = (rms(rough, source, &seams), rms(calm, source, &seams));
    println!(
        "| {name} | {} | {} | {} | {elsewhere} | {here} | {noise:.1} | {usual:.1} | {:.1} |",
        rough.len() / CHANNELS,
        largest(calm, rough, &whole),
        largest(calm, rough, &all),
        rms(calm, source, &whole),
    );
    let mut faults = Vec::new();
    if calm.len() != rough.len() {
        faults.push(format!("{name}: {} samples, undisturbed {}", rough.len(), calm.len()));
    }
    if here > elsewhere {
        faults.push(format!("{name}: a step of {here} at a boundary, {elsewhere} elsewhere"));
    }
    if noise > usual * LOUDER_MAX + 1.0 {
        faults.push(format!("{name}: noise of {noise:.1} at seams, undisturbed {usual:.1}"));
    }
    faults
}
