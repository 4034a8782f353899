//! Inputs made by ffmpeg, and what ffmpeg and ffprobe say about outputs.
//!
//! ffmpeg is the judge: a rendition is whole when it decodes without a single error line.

use crate::command::run;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::process::Command;

/// Makes a test film: moving pattern and a tone. `size` is like `640x360`.
///
/// # Panics
/// When ffmpeg fails.
pub fn make_film(path: &Path, size: &str, rate: &str, seconds: u32) {
    let video = format!("testsrc2=size={size}:rate={rate}:duration={seconds}");
    let audio = format!("sine=frequency=440:sample_rate=48000:duration={seconds}");
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", &video]);
    command.args(["-f", "lavfi", "-i", &audio, "-c:v", "libx264", "-preset", "ultrafast"]);
    command.args(["-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "96k", "-shortest"]).arg(path);
    let ended = run(&mut command);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

/// Decodes everything of `input` (a file or an address).
///
/// # Panics
/// When ffmpeg prints a line or fails.
pub fn assert_decodes(input: &str) {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-i", input, "-f", "null", "-"]);
    let ended = run(&mut command);
    assert!(ended.code == 0 && ended.stderr.is_empty(), "{input}: {}", ended.stderr);
}

/// One number that ffprobe tells about the first stream of a kind (`v` or `a`), counted.
///
/// # Panics
/// When ffprobe does not tell it.
#[must_use]
pub fn count_frames(input: &str, kind: &str) -> u64 {
    let entries = "stream=nb_read_frames";
    let stream = format!("{kind}:0");
    let options = ["-v", "error", "-count_frames", "-select_streams", &stream];
    let told = probe(&options, entries, input);
    let frames = told["streams"][0]["nb_read_frames"].as_str().and_then(|text| text.parse().ok());
    frames.unwrap_or_else(|| panic!("no frames counted in {input}: {told}"))
}

/// Length of `input` in seconds.
///
/// # Panics
/// When ffprobe does not tell it.
#[must_use]
pub fn duration_s(input: &str) -> f64 {
    let told = probe(&["-v", "error"], "format=duration", input);
    let seconds = told["format"]["duration"].as_str().and_then(|text| text.parse().ok());
    seconds.unwrap_or_else(|| panic!("no duration of {input}: {told}"))
}

fn probe(options: &[&str], entries: &str, input: &str) -> Value {
    let mut command = Command::new("ffprobe");
    command.args(options).args(["-show_entries", entries, "-of", "json", input]);
    serde_json::from_str(&run(&mut command).stdout).unwrap_or_default()
}

/// SHA-256 in lower-case hex.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
