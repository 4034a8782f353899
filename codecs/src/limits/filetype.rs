//! Whether a claimed media type agrees with what was found in the file.
//!
//! Clients guess the type from the file's name, so a claim of a known container is held against
//! the container, and the kind only where the container does not settle it: browsers call an MP4
//! without pictures `video/mp4`. A film under an audio type is refused, since somebody expected
//! sound alone.

use super::Kind;

/// Claimed subtypes and the demuxers that they may turn out as.
const KNOWN: [(&str, &[&str]); 14] = [
    ("mp4 x-m4v x-m4a m4a quicktime 3gpp 3gpp2 x-m4b", &["mov"]),
    ("webm x-matroska matroska", &["matroska"]),
    ("x-msvideo avi msvideo vnd.avi", &["avi"]),
    ("mp2t vnd.dlna.mpeg-tts vnd.trolltech.linguist", &["mpegts"]),
    ("mpeg mpg x-mpeg", &["mpeg", "mpegts", "mp3"]),
    ("mp3 x-mp3", &["mp3"]),
    ("x-flv flv", &["flv"]),
    ("x-ms-wmv x-ms-asf x-ms-wma", &["asf"]),
    ("ogg x-ogg opus vorbis", &["ogg"]),
    ("wav x-wav wave vnd.wave x-pn-wav", &["wav"]),
    ("flac x-flac", &["flac", "ogg"]),
    ("aac x-aac aacp vnd.dlna.adts x-hx-aac-adts", &["aac", "mov"]),
    ("aiff x-aiff", &["aiff"]),
    ("mxf", &["mxf"]),
];

/// Whether `claim` (a media type, RFC 6838, parameters allowed) may stand for such a file.
pub(super) fn agrees(claim: &str, kind: Kind, container: &str) -> bool {
    let essence = claim.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence.is_empty() || essence == "application/octet-stream" {
        return true;
    }
    let Some((top, subtype)) = essence.split_once('/') else { return false };
    let known = KNOWN.iter().find(|(names, _)| names.split(' ').any(|name| name == subtype));
    let container_agrees =
        known.map(|(_, demuxers)| container.split(',').any(|name| demuxers.contains(&name)));
    match (top, kind) {
        ("audio", Kind::Video) => false,
        ("audio", Kind::Audio) | ("video", Kind::Video) => container_agrees.unwrap_or(true),
        ("video", Kind::Audio) | ("application" | "text", _) => container_agrees.unwrap_or(false),
        _ => false,
    }
}
