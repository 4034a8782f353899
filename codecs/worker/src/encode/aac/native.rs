//! FFmpeg's own encoder.

use crate::failure::{During as _, Failure, Result};
use ffmpeg::encoder::audio::Encoder;
use ffmpeg::format::sample::Type;
use ffmpeg::{ChannelLayout, Packet, codec, format, frame};
use ffmpeg_next as ffmpeg;
use playhouse_codecs::ladder::AudioRung;
use playhouse_codecs::plan::{AUDIO_RATE, PACKET_SAMPLES};

/// FFmpeg's encoder is late by its one frame of overlap (`initial_padding` 1,024).
const DELAY_PACKETS: u64 = 1;

/// An open encoder.
pub(in crate::encode) struct Aac {
    encoder: Encoder,
    layout: ChannelLayout,
    sent: i64,
}

impl Aac {
    /// Opens an encoder with the rung's fixed settings.
    ///
    /// # Errors
    /// When it refuses them.
    pub(in crate::encode) fn open(rung: &AudioRung) -> Result<Self> {
        let aac = codec::encoder::find_by_name("aac")
            .ok_or_else(|| Failure::internal("this FFmpeg has no AAC encoder"))?;
        let layout = ChannelLayout::default(i32::from(rung.channels));
        let mut audio = codec::Context::new_with_codec(aac).encoder().audio()?;
        audio.set_rate(AUDIO_RATE.cast_signed());
        audio.set_channel_layout(layout);
        audio.set_format(format::Sample::F32(Type::Planar));
        audio.set_bit_rate(usize::try_from(rung.bitrate_bps).unwrap_or(usize::MAX));
        audio.set_time_base((1, AUDIO_RATE.cast_signed()));
        let encoder = audio.open_as(aac).during("opening the AAC encoder")?;
        Ok(Self { encoder, layout, sent: 0 })
    }

    /// Whole packets by which the output is late.
    pub(in crate::encode) fn delay_packets(&self) -> u64 {
        DELAY_PACKETS
    }

    /// Encodes 1,024 samples of each channel, interleaved.
    ///
    /// # Errors
    /// Of the encoder.
    pub(in crate::encode) fn encode(&mut self, samples: &[i16]) -> Result<Option<Vec<u8>>> {
        let channels = usize::try_from(self.layout.channels()).unwrap_or(1);
        let format = format::Sample::F32(Type::Planar);
        let mut sound = frame::Audio::new(format, PACKET_SAMPLES as usize, self.layout);
        sound.set_rate(AUDIO_RATE);
        sound.set_pts(Some(self.sent));
        self.sent += PACKET_SAMPLES as i64;
        for channel in 0..channels {
            let plane = sound.plane_mut::<f32>(channel);
            for (to, from) in plane.iter_mut().zip(samples.iter().skip(channel).step_by(channels)) {
                *to = f32::from(*from) / 32_768.0;
            }
        }
        self.encoder.send_frame(&sound).during("encoding sound")?;
        let mut packet = Packet::empty();
        match self.encoder.receive_packet(&mut packet) {
            Ok(()) => Ok(packet.data().map(<[u8]>::to_vec)),
            Err(ffmpeg::Error::Other { errno: libc::EAGAIN }) => Ok(None),
            Err(error) => Err(error).during("taking a packet from the AAC encoder"),
        }
    }
}
