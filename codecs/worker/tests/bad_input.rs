//! Whatever is uploaded gets one clear answer: its kind, and a sentence for the creator.

mod harness;

use harness::{Worker, clip, generate};
use playhouse_codecs::worker::{Command, FailureKind};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn check(source: &Path, kind: FailureKind, sentence: &str) {
    let (found, detail) = Worker::run(source, &Command::Probe).failure();
    assert_eq!(found, kind, "{}: {detail}", source.display());
    assert!(detail.contains(sentence), "{}: {detail}", source.display());
}

fn file(folder: &TempDir, name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("written");
    path
}

#[test]
fn what_is_no_media_is_named_so() {
    let folder = tempfile::tempdir().expect("folder");
    let empty = file(&folder, "empty.mp4", b"");
    check(&empty, FailureKind::NotMedia, "empty");
    let text = file(&folder, "text.mp4", b"This is a shopping list.\nMilk, eggs.\n");
    check(&text, FailureKind::NotMedia, "no container");
    let noise: Vec<u8> =
        (0u32..200_000).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let noise = file(&folder, "noise.mp4", &noise);
    check(&noise, FailureKind::NotMedia, "no container");
}

/// A playlist would make FFmpeg open what it names.
#[test]
fn a_playlist_is_no_media() {
    let folder = tempfile::tempdir().expect("folder");
    let hls = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n";
    check(&file(&folder, "a.m3u8", hls), FailureKind::NotMedia, "no container");
    let concat = b"ffconcat version 1.0\nfile /etc/passwd\n";
    check(&file(&folder, "a.ffconcat", concat), FailureKind::NotMedia, "no container");
}

#[test]
fn a_file_that_was_cut_short_is_named_so() {
    let folder = tempfile::tempdir().expect("folder");
    let whole = fs::read(clip()).expect("the clip");
    let cut = file(&folder, "cut.mp4", &whole[..whole.len() * 6 / 10]);
    check(&cut, FailureKind::Truncated, "cut short");
    let copy = format!("-i {} -c copy", clip().display());
    for (name, options) in
        [("front.mp4", "-movflags +faststart"), ("end.mp4", ""), ("a.mkv", ""), ("a.ts", "")]
    {
        let arguments = format!("{copy} {options}");
        let path = generate(&folder, name, arguments.trim_end());
        harness::probe(&path);
        if name == "a.ts" {
            // A transport stream announces nothing: what there is counts.
            continue;
        }
        let whole = fs::read(&path).expect("made");
        let cut = file(&folder, &format!("cut-{name}"), &whole[..whole.len() * 7 / 10]);
        check(&cut, FailureKind::Truncated, "cut short");
    }
}

#[test]
fn a_flac_that_was_cut_short_is_named_so() {
    let folder = tempfile::tempdir().expect("folder");
    let path = generate(&folder, "a.flac", "-f lavfi -i anoisesrc=d=20:a=0.1 -c:a flac");
    let whole = fs::read(&path).expect("made");
    let cut = file(&folder, "cut.flac", &whole[..whole.len() / 2]);
    check(&cut, FailureKind::Truncated, "cut short");
}
