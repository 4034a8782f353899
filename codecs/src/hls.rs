//! HLS playlists (RFC 8216, and its second edition where that is stricter).
//!
//! The playlists of a content are pure functions of what is committed, so the same state gives
//! the same bytes and the same ETag at every node. A growing playlist only ever gets longer:
//! its target duration is fixed from the beginning.

use crate::rate::FrameRate;
use std::fmt::Write;

/// Boxes around the samples: about 12 bytes for each of 60 frames and 47 packets a second.
const OVERHEAD_BPS: u64 = 16_000;

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

/// `BANDWIDTH` of a rendition that still grows: what the ladder allows, and the boxes.
#[must_use]
pub fn planned_bandwidth(video_maxrate_bps: u64, audio_bitrate_bps: u64) -> u64 {
    video_maxrate_bps + audio_bitrate_bps + OVERHEAD_BPS
}

/// Bandwidths of a complete rendition, bits per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bandwidth {
    /// Of the densest run of segments that lasts about a target duration.
    pub peak_bps: u64,
    /// Of the whole.
    pub average_bps: u64,
}

impl std::ops::Add for Bandwidth {
    type Output = Self;

    /// A variant's bandwidth is that of its video and its audio.
    fn add(self, other: Self) -> Self {
        Self {
            peak_bps: self.peak_bps + other.peak_bps,
            average_bps: self.average_bps + other.average_bps,
        }
    }
}

/// Measures a complete rendition from the sizes (bytes) and durations (seconds) of its segments.
///
/// The peak is taken over every run of segments that lasts between half and one and a half target
/// durations (RFC 8216, 4.3.4.2), so that a short last segment does not count by itself.
#[must_use]
pub fn measured_bandwidth(segments: &[(u64, f64)], target_duration_s: u32) -> Bandwidth {
    let target = f64::from(target_duration_s);
    let average_bps = rate(segments).unwrap_or(0);
    let mut peak_bps = average_bps;
    for start in 0..segments.len() {
        for end in start + 1..=segments.len() {
            let run = &segments[start..end];
            let duration_s: f64 = run.iter().map(|(_, duration_s)| duration_s).sum();
            if duration_s > 1.5 * target {
                break;
            }
            if duration_s >= 0.5 * target {
                peak_bps = peak_bps.max(rate(run).unwrap_or(0));
            }
        }
    }
    Bandwidth { peak_bps, average_bps }
}

fn rate(segments: &[(u64, f64)]) -> Option<u64> {
    let bytes: u64 = segments.iter().map(|(bytes, _)| bytes).sum();
    let duration_s: f64 = segments.iter().map(|(_, duration_s)| duration_s).sum();
    (duration_s > 0.0).then(|| (bytes as f64 * 8.0 / duration_s).ceil() as u64)
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
