//! The box writer: CMAF headers and segments (ISO/IEC 23000-19, ISO/IEC 14496-12).
//!
//! One track per file, one `moof` per segment, `trun` version 1 with signed offsets, no edit
//! list, `tfdt` the earliest presentation time. What is written is read back by [`read_segment`]
//! and compared with the plan before it counts, so a drifted boundary is an error and not a stall.

mod aac;
mod avc;
mod boxes;
mod header;
mod read;
mod segment;

pub use aac::{AAC_CODECS, aac_lc_config};
pub use avc::{annexb_to_lengths, avc_codecs, avcc_from_annexb};
pub use header::{audio_header, video_header};
pub use read::{ReadError, SegmentInfo, read_segment};
pub use segment::segment;

/// What a video init segment needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoHeader {
    /// Ticks per second.
    pub timescale: u32,
    /// Pixels.
    pub width: u16,
    /// Pixels.
    pub height: u16,
    /// `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15), four-byte NAL lengths.
    pub avcc: Vec<u8>,
}

/// What an audio init segment needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioHeader {
    /// Hertz, and ticks per second.
    pub sample_rate: u32,
    /// 1 or 2.
    pub channels: u16,
    /// Bits per second.
    pub bitrate_bps: u32,
    /// `AudioSpecificConfig` (ISO/IEC 14496-3).
    pub asc: Vec<u8>,
}

/// One sample (a coded frame), in decode order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Presentation time, ticks of the track's timescale.
    pub pts: u64,
    /// Ticks.
    pub duration: u32,
    /// Can be decoded without any other sample.
    pub sync: bool,
    /// NAL units with four-byte lengths, or a raw AAC frame.
    pub data: Vec<u8>,
}
