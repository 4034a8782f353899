//! The renditions of a content: which sizes and rates are made of a source. Never upscales.
//!
//! Rungs are named by their shorter side, so a portrait film has the same names as a landscape
//! one. Settings are fixed here once and stored with the content: every segment of a rendition is
//! encoded alike, whichever worker makes it and when.

use crate::media::MediaInfo;
use crate::plan::audio_track;
use serde::{Deserialize, Serialize};

/// A class of sizes with its rates. At 50 and 60 frames a second the rates are the same: CRF
/// spends fewer bits on frames that resemble each other, and the cap is what viewers' lines bear.
struct Class {
    /// Shorter side, pixels.
    side: u32,
    maxrate_bps: u64,
    audio_bps: u64,
}

const fn class(side: u32, maxrate_bps: u64, audio_bps: u64) -> Class {
    Class { side, maxrate_bps, audio_bps }
}

const CLASSES: [Class; 5] = [
    class(360, 400_000, 64_000),
    class(480, 800_000, 128_000),
    class(720, 2_500_000, 128_000),
    class(1080, 5_000_000, 192_000),
    class(2160, 16_000_000, 320_000),
];
/// The only rung of sources below 360p, at their own size when they do not reach 240.
const SMALLEST: Class = class(240, 300_000, 64_000);
/// Audio-only content.
const AUDIO_ONLY_BPS: [u64; 4] = [64_000, 128_000, 256_000, 320_000];
/// AAC-LC carries at most 6,144 bits a packet and channel, 288 kbit/s at 48 kHz.
const MONO_BPS_MAX: u64 = 256_000;
/// x264's own default, where differences are hard to see; the cap bounds what hard scenes cost.
const CRF: u32 = 23;
/// The slowest preset with which two cores encode a 1080p ladder about as fast as it plays.
const PRESET: &str = "veryfast";
/// The longer side is at most so many shorter sides of the class (the widest films have 2.76), so
/// that a banner's rung has no more pixels than its rate can carry.
const LONGER_SIDES_MAX: u32 = 3;
/// What H.264 decoders in hardware take.
const LONGER_PX_MAX: u32 = 4096;

/// One video rendition's fixed encoder settings (H.264, capped CRF).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoRung {
    /// `360p`: named by the shorter side.
    pub name: String,
    /// Pixels, even.
    pub width: u32,
    /// Pixels, even.
    pub height: u32,
    /// Constant rate factor.
    pub crf: u32,
    /// `-maxrate`, bits per second; `-bufsize` is twice that.
    pub maxrate_bps: u64,
    /// x264 preset.
    pub preset: String,
    /// H.264 profile (`main`, `high`).
    pub profile: String,
    /// Name of the audio rendition that is played with it.
    pub audio: Option<String>,
}

/// One audio rendition's fixed encoder settings (AAC-LC, 48 kHz).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioRung {
    /// `audio-64k`.
    pub name: String,
    /// Bits per second.
    pub bitrate_bps: u64,
    /// 1 or 2.
    pub channels: u16,
}

/// All renditions, lowest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ladder {
    /// Empty for audio-only content.
    pub video: Vec<VideoRung>,
    /// Empty for silent content.
    pub audio: Vec<AudioRung>,
}

impl Ladder {
    /// The renditions of a source.
    #[must_use]
    pub fn of(media: &MediaInfo) -> Self {
        let source = audio_track(media);
        let classes: Vec<&Class> = match &media.video {
            Some(video) => reached(video.display_width, video.display_height),
            None => vec![],
        };
        let mut ladder = Self::default();
        for class in classes {
            let audio = source.map(|track| audio_rung(class.audio_bps, track.channels));
            ladder.push(media, class, audio);
        }
        if let (None, Some(track)) = (&media.video, source) {
            for bitrate in AUDIO_ONLY_BPS {
                ladder.push_audio(audio_rung(bitrate, track.channels));
            }
        }
        ladder
    }

    fn push(&mut self, media: &MediaInfo, class: &Class, audio: Option<AudioRung>) {
        let Some(video) = &media.video else { return };
        let (width, height) = fit(video.display_width, video.display_height, class.side);
        let rung = VideoRung {
            name: format!("{}p", width.min(height)),
            width,
            height,
            crf: CRF,
            maxrate_bps: class.maxrate_bps,
            preset: PRESET.into(),
            profile: if class.side <= 480 { "main" } else { "high" }.into(),
            audio: audio.as_ref().map(|rung| rung.name.clone()),
        };
        if self.video.iter().any(|other| other.name == rung.name) {
            return;
        }
        self.video.push(rung);
        audio.into_iter().for_each(|rung| self.push_audio(rung));
    }

    /// Renditions that are played with several rungs are made once.
    fn push_audio(&mut self, rung: AudioRung) {
        if self.audio.iter().all(|other| other.name != rung.name) {
            self.audio.push(rung);
        }
    }
}

/// Every class whose shorter side the source reaches; a source below 360p gets the smallest.
fn reached(width: u32, height: u32) -> Vec<&'static Class> {
    let shorter = width.min(height);
    let classes: Vec<_> = CLASSES.iter().filter(|class| class.side <= shorter).collect();
    if classes.is_empty() { vec![&SMALLEST] } else { classes }
}

/// The largest even size of the source's aspect that fits the class and the source.
fn fit(width: u32, height: u32, side: u32) -> (u32, u32) {
    let (shorter, longer) = (width.min(height).max(1), width.max(height).max(1));
    let longer_max = (LONGER_SIDES_MAX * side).min(LONGER_PX_MAX);
    let (mut short, mut long) = (f64::from(shorter), f64::from(longer));
    let scale = (f64::from(side) / short).min(f64::from(longer_max) / long).min(1.0);
    short *= scale;
    long *= scale;
    let (short, long) = (even(short, shorter), even(long, longer));
    if width <= height { (short, long) } else { (long, short) }
}

/// The nearest even number, at least 16 (what encoders take), not above the source if that has it.
fn even(value: f64, source: u32) -> u32 {
    let nearest = (value / 2.0).round() as u32 * 2;
    nearest.min(source & !1).max(16)
}

fn audio_rung(bitrate_bps: u64, source_channels: u16) -> AudioRung {
    let channels = source_channels.clamp(1, 2);
    let bitrate_bps = if channels == 1 { bitrate_bps.min(MONO_BPS_MAX) } else { bitrate_bps };
    AudioRung { name: format!("audio-{}k", bitrate_bps / 1000), bitrate_bps, channels }
}
