//! What ffmpeg says about one rendition of a published content, and about its source.

use anyhow::Context;
use playhouse_tests::command::run;
use std::process::Command;

/// What a decode of one rendition came to.
pub(crate) struct Verdict {
    /// Lines that ffmpeg printed at level `error`.
    pub(crate) complaints: Vec<String>,
    /// Decoded frames, or packets of audio.
    pub(crate) frames: u64,
    /// Decoded length in seconds: frames by their rate, or samples by theirs.
    pub(crate) seconds: f64,
    /// Length of one frame or one AAC packet in seconds.
    pub(crate) unit_s: f64,
}

/// Decodes a media playlist whole. `framecrc` prints `stream, dts, pts, duration, size, crc` for
/// each decoded frame, in the time base of its header.
///
/// # Errors
/// When ffmpeg does not start or prints no time base.
pub(crate) fn decode(playlist: &str, token: &str) -> anyhow::Result<Verdict> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-headers"]);
    command.arg(format!("Authorization: Bearer {token}\r\n"));
    command.args(["-i", playlist, "-map", "0", "-f", "framecrc", "-"]);
    let ended = run(&mut command);
    let (mut tick_s, mut audio) = (None, false);
    let (mut ticks, mut unit, mut frames) = (0_u64, 0_u64, 0);
    for line in ended.stdout.lines() {
        if let Some(base) = line.strip_prefix("#tb 0: ") {
            let (num, den) = base.split_once('/').context("a time base is a fraction")?;
            tick_s = Some(num.parse::<f64>()? / den.parse::<f64>()?);
        }
        audio |= line == "#media_type 0: audio";
        if let Some(duration) = line.split(',').nth(3).filter(|_| !line.starts_with('#')) {
            unit = duration.trim().parse()?;
            ticks += unit;
            frames += 1;
        }
    }
    let tick_s = tick_s.with_context(|| format!("nothing decoded: {}", ended.stderr))?;
    let unit_s = if audio { 1024.0 / 48_000.0 } else { unit as f64 * tick_s };
    let complaints = ended.stderr.lines().map(str::to_owned).collect();
    Ok(Verdict { complaints, frames, seconds: ticks as f64 * tick_s, unit_s })
}

/// Length of the first stream of a kind (`v` or `a`) of a file, by its packets, seconds; `None`
/// when it has no such stream.
#[must_use]
pub(crate) fn source_seconds(file: &str, kind: &str) -> Option<f64> {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-select_streams", &format!("{kind}:0")]);
    command.args(["-show_entries", "packet=pts_time,duration_time", "-of", "csv=p=0", file]);
    let ended = run(&mut command);
    let (mut first, mut last) = (f64::INFINITY, f64::NEG_INFINITY);
    for line in ended.stdout.lines() {
        let mut numbers = line.split(',').map(|text| text.trim().parse::<f64>());
        let (Some(Ok(pts)), duration) = (numbers.next(), numbers.next()) else { continue };
        first = first.min(pts);
        last = last.max(pts + duration.and_then(Result::ok).unwrap_or_default());
    }
    last.is_finite().then_some(last - first)
}
