//! DASH MPD (ISO/IEC 23009-1), static: it exists when the lowest rung is complete.
//!
//! It lists the same segments as the HLS playlists. Their addresses contain the attempt that won,
//! so no template can make them up: each representation has a SegmentList with its exact
//! SegmentTimeline, which shaka-player and dash.js both read.

use crate::rate::FrameRate;
use crate::xml::{Tag, Xml};

/// A static presentation of one period.
#[derive(Clone, Debug, PartialEq)]
pub struct Mpd {
    /// Length of the content, seconds.
    pub duration_s: f64,
    /// Longest segment, seconds.
    pub segment_s_max: f64,
    /// Video renditions, lowest first; empty for audio-only content.
    pub video: Vec<Representation>,
    /// Audio renditions, lowest first; empty for silent content.
    pub audio: Vec<Representation>,
    /// Language tag (RFC 5646) of the audio, if it is known.
    pub language: Option<String>,
}

/// A rendition.
#[derive(Clone, Debug, PartialEq)]
pub struct Representation {
    /// Rendition's name.
    pub id: String,
    /// Measured peak, bits per second.
    pub bandwidth_bps: u64,
    /// RFC 6381.
    pub codecs: String,
    /// What only video or only audio has.
    pub format: Format,
    /// Ticks per second.
    pub timescale: u32,
    /// Address of the init segment.
    pub init_uri: String,
    /// From the first one on, without a gap.
    pub segments: Vec<Segment>,
}

/// What only video or only audio has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Moving pictures with square pixels.
    Video {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// Constant.
        frame_rate: FrameRate,
    },
    /// Sound.
    Audio {
        /// Hertz.
        sample_rate: u32,
        /// 1 or 2.
        channels: u16,
    },
}

/// A segment of a representation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Address.
    pub uri: String,
    /// Earliest presentation time, ticks.
    pub start: u64,
    /// Ticks.
    pub duration: u64,
}

/// Writes the MPD.
#[must_use]
pub fn mpd(mpd: &Mpd) -> String {
    let mut out = Xml::default();
    out.line(r#"<?xml version="1.0" encoding="UTF-8"?>"#);
    let head = Tag::new("MPD")
        .with("xmlns", "urn:mpeg:dash:schema:mpd:2011")
        .with("profiles", "urn:mpeg:dash:profile:isoff-main:2011")
        .with("type", "static")
        .with("mediaPresentationDuration", format_args!("PT{:.6}S", mpd.duration_s))
        .with("maxSegmentDuration", format_args!("PT{:.6}S", mpd.segment_s_max))
        .with("minBufferTime", "PT4S");
    out.nest(&head, |out| {
        out.nest(&Tag::new("Period").with("id", "0").with("start", "PT0S"), |out| {
            adaptation_set(out, ("1", "video"), None, &mpd.video);
            adaptation_set(out, ("2", "audio"), mpd.language.as_deref(), &mpd.audio);
        });
    });
    out.text
}

fn adaptation_set(
    out: &mut Xml,
    (id, kind): (&str, &str),
    language: Option<&str>,
    all: &[Representation],
) {
    if all.is_empty() {
        return;
    }
    let mut head = Tag::new("AdaptationSet")
        .with("id", id)
        .with("contentType", kind)
        .with("mimeType", format_args!("{kind}/mp4"))
        .with("segmentAlignment", "true")
        .with("startWithSAP", "1");
    if let Some(language) = language {
        head = head.with("lang", language);
    }
    out.nest(&head, |out| all.iter().for_each(|one| representation(out, one)));
}

fn representation(out: &mut Xml, one: &Representation) {
    let head = Tag::new("Representation")
        .with("id", &one.id)
        .with("codecs", &one.codecs)
        .with("bandwidth", one.bandwidth_bps);
    match one.format {
        Format::Video { width, height, frame_rate } => {
            let head = head.with("width", width).with("height", height).with("sar", "1:1");
            out.nest(&head.with("frameRate", frame_rate), |out| segment_list(out, one));
        }
        Format::Audio { sample_rate, channels } => {
            out.nest(&head.with("audioSamplingRate", sample_rate), |out| {
                out.empty(
                    &Tag::new("AudioChannelConfiguration")
                        .with("schemeIdUri", CHANNEL_CONFIGURATION)
                        .with("value", channels),
                );
                segment_list(out, one);
            });
        }
    }
}

const CHANNEL_CONFIGURATION: &str = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011";

fn segment_list(out: &mut Xml, one: &Representation) {
    out.nest(&Tag::new("SegmentList").with("timescale", one.timescale), |out| {
        out.empty(&Tag::new("Initialization").with("sourceURL", &one.init_uri));
        out.nest(&Tag::new("SegmentTimeline"), |out| timeline(out, &one.segments));
        for segment in &one.segments {
            out.empty(&Tag::new("SegmentURL").with("media", &segment.uri));
        }
    });
}

/// One element for each segment: with repeats (`r`) dash.js 5.2 takes the address by the number of
/// the element, not of the segment, and plays the wrong ones.
fn timeline(out: &mut Xml, segments: &[Segment]) {
    for segment in segments {
        out.empty(&Tag::new("S").with("t", segment.start).with("d", segment.duration));
    }
}
