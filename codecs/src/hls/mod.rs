//! HLS playlists (RFC 8216, and its second edition where that is stricter).
//!
//! The playlists of a content are pure functions of what is committed, so the same state gives
//! the same bytes and the same ETag at every node. A growing playlist only ever gets longer:
//! its target duration is fixed from the beginning.

mod bandwidth;

pub use bandwidth::{Bandwidth, measured_bandwidth, planned_bandwidth};

use crate::rate::FrameRate;
use std::fmt::Write;

/// A rendition of the multivariant playlist.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// Address of its media playlist.
    pub uri: String,
    /// Peak with its audio, bits per second.
    pub bandwidth_bps: u64,
    /// Mean with its audio, bits per second; `None` while it grows.
    pub average_bandwidth_bps: Option<u64>,
    /// RFC 6381, video and audio.
    pub codecs: Vec<String>,
    /// Width and height in pixels; `None` for audio-only content.
    pub resolution: Option<(u32, u32)>,
    /// `None` for audio-only content.
    pub frame_rate: Option<FrameRate>,
    /// Group of its audio, if that is apart.
    pub audio_group: Option<String>,
}

/// An audio rendition that is played with video variants; one per group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioRendition {
    /// Name of the group: the rendition's name.
    pub group: String,
    /// Address of its media playlist.
    pub uri: String,
    /// Language tag (RFC 5646), if it is known.
    pub language: Option<String>,
    /// 1 or 2.
    pub channels: u16,
}

/// A media playlist.
#[derive(Clone, Debug, PartialEq)]
pub struct MediaPlaylist {
    /// Seconds, the same as long as the playlist lives.
    pub target_duration_s: u32,
    /// Address of the init segment.
    pub init_uri: String,
    /// From the first one on, without a gap.
    pub segments: Vec<Segment>,
    /// Nothing follows any more.
    pub ended: bool,
}

/// A segment of a media playlist.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Address.
    pub uri: String,
    /// Seconds.
    pub duration_s: f64,
}

/// Writes a multivariant playlist. The first variant is the one that players begin with.
///
/// For audio-only content the variants are the audio renditions and `audio` is empty.
#[must_use]
pub fn multivariant(variants: &[Variant], audio: &[AudioRendition]) -> String {
    let mut out = String::from("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n");
    // Without it players begin at the live edge of a playlist that still grows.
    out.push_str("#EXT-X-START:TIME-OFFSET=0\n");
    for rendition in audio {
        line(&mut out, "#EXT-X-MEDIA:", &media_attributes(rendition));
    }
    for variant in variants {
        line(&mut out, "#EXT-X-STREAM-INF:", &variant_attributes(variant));
        line(&mut out, "", &variant.uri);
    }
    out
}

/// Writes a media playlist: of type EVENT while it grows, VOD when it has ended.
#[must_use]
pub fn media(playlist: &MediaPlaylist) -> String {
    let kind = if playlist.ended { "VOD" } else { "EVENT" };
    let mut out = format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{}\n#EXT-X-MEDIA-SEQUENCE:0\n\
         #EXT-X-PLAYLIST-TYPE:{kind}\n#EXT-X-MAP:URI={}\n",
        playlist.target_duration_s,
        quoted(&playlist.init_uri)
    );
    for segment in &playlist.segments {
        line(&mut out, "#EXTINF:", &format!("{:.6},", segment.duration_s));
        line(&mut out, "", &segment.uri);
    }
    if playlist.ended {
        out.push_str("#EXT-X-ENDLIST\n");
    }
    out
}

fn media_attributes(rendition: &AudioRendition) -> String {
    let mut out = format!("TYPE=AUDIO,GROUP-ID={},NAME=\"main\"", quoted(&rendition.group));
    if let Some(language) = &rendition.language {
        attribute(&mut out, "LANGUAGE", quoted(language));
    }
    attribute(&mut out, "DEFAULT", "YES");
    attribute(&mut out, "AUTOSELECT", "YES");
    attribute(&mut out, "CHANNELS", quoted(&rendition.channels.to_string()));
    attribute(&mut out, "URI", quoted(&rendition.uri));
    out
}

fn variant_attributes(variant: &Variant) -> String {
    let mut out = format!("BANDWIDTH={}", variant.bandwidth_bps);
    if let Some(average) = variant.average_bandwidth_bps {
        attribute(&mut out, "AVERAGE-BANDWIDTH", average);
    }
    attribute(&mut out, "CODECS", quoted(&variant.codecs.join(",")));
    if let Some((width, height)) = variant.resolution {
        attribute(&mut out, "RESOLUTION", format_args!("{width}x{height}"));
    }
    if let Some(rate) = variant.frame_rate {
        attribute(&mut out, "FRAME-RATE", format_args!("{:.3}", rate.fps()));
    }
    if let Some(group) = &variant.audio_group {
        attribute(&mut out, "AUDIO", quoted(group));
    }
    out
}

fn attribute(out: &mut String, name: &str, value: impl std::fmt::Display) {
    write!(out, ",{name}={value}").expect("writing to a string cannot fail");
}

fn line(out: &mut String, tag: &str, value: &str) {
    writeln!(out, "{tag}{value}").expect("writing to a string cannot fail");
}

/// A quoted-string (4.2): without what would end it.
fn quoted(value: &str) -> String {
    let value: String = value.chars().filter(|c| *c != '"' && !c.is_control()).collect();
    format!("\"{value}\"")
}
