//! JPEG by FFmpeg's encoder.

#![allow(unsafe_code)]

use crate::failure::{During as _, Failure, Result};
use ffmpeg::codec::{self, Flags};
use ffmpeg::{Packet, color, format, frame};
use ffmpeg_next as ffmpeg;

/// Quantiser: 2 is the finest of use, 31 the coarsest.
const QUALITY: i32 = 4;

/// One picture as a JPEG file.
///
/// # Errors
/// Of the encoder.
pub(super) fn encode(picture: &frame::Video) -> Result<Vec<u8>> {
    let mjpeg = codec::encoder::find_by_name("mjpeg")
        .ok_or_else(|| Failure::internal("this FFmpeg has no JPEG encoder"))?;
    let mut video = codec::Context::new_with_codec(mjpeg).encoder().video()?;
    video.set_width(picture.width());
    video.set_height(picture.height());
    video.set_format(format::Pixel::YUVJ420P);
    video.set_color_range(color::Range::JPEG);
    video.set_time_base((1, 25));
    video.set_flags(Flags::QSCALE);
    let quality = QUALITY * ffmpeg::ffi::FF_QP2LAMBDA;
    video.set_global_quality(quality);
    let mut encoder = video.open_as(mjpeg).during("opening the JPEG encoder")?;
    encoder.send_frame(picture).during("encoding a JPEG")?;
    encoder.send_eof().during("ending a JPEG")?;
    let mut packet = Packet::empty();
    encoder.receive_packet(&mut packet).during("taking a JPEG")?;
    Ok(packet.data().unwrap_or_default().to_vec())
}
