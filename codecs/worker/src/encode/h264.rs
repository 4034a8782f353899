//! x264 through FFmpeg: capped CRF, closed GOPs at planned places, one fixed header.
//!
//! A segment needs no state of its neighbours: the rate is capped (`maxrate`, `bufsize` twice
//! that) and never averaged, GOPs are closed and begin where the plan says. Parameter sets go to
//! the header alone.

#![allow(unsafe_code)]

use crate::failure::{During as _, Failure, Result};
use ffmpeg::codec::{self, Flags};
use ffmpeg::encoder::video::Encoder;
use ffmpeg::{Dictionary, Packet, color, format, frame, picture};
use ffmpeg_next as ffmpeg;
use playhouse_codecs::cmaf::{self, Sample, VideoHeader};
use playhouse_codecs::ladder::VideoRung;
use playhouse_codecs::plan::Timeline;

/// Threads beyond which an encoder of so few rows gains nothing.
const SMALL_THREADS_MAX: usize = 3;
const LARGE_THREADS_MAX: usize = 8;
/// B-frames between two others: more cost much CPU for few bytes.
const B_FRAMES: usize = 3;

/// An open encoder; frames are numbered from the start of the content.
pub(super) struct H264 {
    encoder: Encoder,
    timeline: Timeline,
    /// The init segment.
    pub(super) init: Vec<u8>,
    /// RFC 6381.
    pub(super) codecs: String,
}

impl H264 {
    /// Opens an encoder with the rung's fixed settings.
    ///
    /// # Errors
    /// When x264 refuses them.
    pub(super) fn open(rung: &VideoRung, timeline: Timeline) -> Result<Self> {
        let x264 = codec::encoder::find_by_name("libx264")
            .ok_or_else(|| Failure::internal("this FFmpeg has no libx264"))?;
        let mut video = codec::Context::new_with_codec(x264).encoder().video()?;
        let rate = timeline.rate;
        video.set_width(rung.width);
        video.set_height(rung.height);
        video.set_format(format::Pixel::YUV420P);
        video.set_time_base((signed(rate.den)?, signed(rate.num)?));
        video.set_frame_rate(Some((signed(rate.num)?, signed(rate.den)?)));
        video.set_gop(timeline.gop_frames);
        video.set_max_b_frames(B_FRAMES);
        video.set_aspect_ratio((1, 1));
        video.set_flags(Flags::GLOBAL_HEADER | Flags::CLOSED_GOP);
        tag_colour(&mut video);
        let encoder = video.open_as_with(x264, options(rung, &timeline)).during("opening x264")?;
        let avcc = cmaf::avcc_from_annexb(extradata(&encoder))
            .ok_or_else(|| Failure::internal("x264 gave no parameter sets"))?;
        let codecs = cmaf::avc_codecs(&avcc).unwrap_or_default();
        let header = VideoHeader {
            timescale: timeline.timescale(),
            width: size(rung.width)?,
            height: size(rung.height)?,
            avcc,
        };
        Ok(Self { encoder, timeline, init: cmaf::video_header(&header), codecs })
    }

    /// Encodes a picture as frame `index`.
    ///
    /// # Errors
    /// Of x264.
    pub(super) fn send(&mut self, picture: &mut frame::Video, index: u64) -> Result<()> {
        let begins_gop = index.is_multiple_of(u64::from(self.timeline.gop_frames));
        picture.set_kind(if begins_gop { picture::Type::I } else { picture::Type::None });
        picture.set_pts(i64::try_from(index).ok());
        self.encoder.send_frame(picture).during("encoding a picture")
    }

    /// No more pictures come; the samples that are held back can be received.
    ///
    /// # Errors
    /// Of x264.
    pub(super) fn end(&mut self) -> Result<()> {
        self.encoder.send_eof().during("ending the encoder")
    }

    /// The next sample in decode order, if one is ready.
    ///
    /// # Errors
    /// Of x264.
    pub(super) fn receive(&mut self) -> Result<Option<Sample>> {
        let mut packet = Packet::empty();
        match self.encoder.receive_packet(&mut packet) {
            Ok(()) => {}
            Err(ffmpeg::Error::Eof | ffmpeg::Error::Other { errno: libc::EAGAIN }) => {
                return Ok(None);
            }
            Err(error) => return Err(error).during("taking a packet from x264"),
        }
        let index = packet.pts().and_then(|pts| u64::try_from(pts).ok());
        let index = index.ok_or_else(|| Failure::internal("x264 lost a frame's number"))?;
        Ok(Some(Sample {
            pts: self.timeline.rate.ticks(index),
            duration: self.timeline.rate.den,
            sync: packet.is_key(),
            data: cmaf::annexb_to_lengths(packet.data().unwrap_or_default()),
        }))
    }
}

fn options(rung: &VideoRung, timeline: &Timeline) -> Dictionary<'static> {
    let mut options = Dictionary::new();
    let mut set = |name: &str, value: &str| options.set(name, value);
    set("preset", &rung.preset);
    set("profile", &rung.profile);
    set("crf", &rung.crf.to_string());
    set("maxrate", &rung.maxrate_bps.to_string());
    set("bufsize", &(rung.maxrate_bps * 2).to_string());
    set("keyint_min", &timeline.gop_frames.to_string());
    set("sc_threshold", "0");
    set("forced-idr", "1");
    set("x264-params", "open-gop=0:repeat-headers=0");
    set("threads", &threads(rung.height).to_string());
    options
}

/// x264's own choice is one and a half of the cores, for one encoder; here are several.
fn threads(height: u32) -> usize {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let most = if height < 720 { SMALL_THREADS_MAX } else { LARGE_THREADS_MAX };
    (cores * 3 / 2).clamp(2, most)
}

fn tag_colour(video: &mut ffmpeg::encoder::video::Video) {
    video.set_colorspace(color::Space::BT709);
    video.set_color_primaries(color::Primaries::BT709);
    video.set_color_transfer_characteristic(color::TransferCharacteristic::BT709);
    video.set_color_range(color::Range::MPEG);
}

fn extradata(encoder: &Encoder) -> &[u8] {
    // SAFETY: the encoder is open; its extradata lives as long as it and is `extradata_size` long.
    unsafe {
        let context = encoder.as_ptr();
        let (data, length) = ((*context).extradata, (*context).extradata_size);
        if data.is_null() || length <= 0 {
            return &[];
        }
        std::slice::from_raw_parts(data, usize::try_from(length).unwrap_or(0))
    }
}

fn signed(value: u32) -> Result<i32> {
    i32::try_from(value).map_err(|_| Failure::mismatch("a frame rate beyond any"))
}

fn size(value: u32) -> Result<u16> {
    u16::try_from(value).map_err(|_| Failure::mismatch("a picture size beyond H.264"))
}
