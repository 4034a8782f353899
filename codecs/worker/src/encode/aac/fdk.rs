//! Fraunhofer's encoder.

use crate::failure::{Failure, Result};
use fdk_aac::enc::{
    AudioObjectType, BitRate, ChannelMode, Encoder, EncoderError, EncoderParams, Transport,
};
use playhouse_codecs::ladder::AudioRung;
use playhouse_codecs::plan::{AUDIO_RATE, PACKET_SAMPLES};

/// Largest packet: 6,144 bits for each channel (ISO/IEC 14496-3, 4.5.3.1), and some room.
const PACKET_BYTES_MAX: usize = 4_096;

/// An open encoder.
pub(in crate::encode) struct Aac {
    encoder: Encoder,
    delay: u64,
}

impl Aac {
    /// Opens an encoder with the rung's fixed settings.
    ///
    /// # Errors
    /// When it refuses them.
    pub(in crate::encode) fn open(rung: &AudioRung) -> Result<Self> {
        let bitrate = u32::try_from(rung.bitrate_bps)
            .map_err(|_| Failure::mismatch("an audio rate beyond any"))?;
        let encoder = Encoder::new(EncoderParams {
            bit_rate: BitRate::Cbr(bitrate),
            sample_rate: AUDIO_RATE,
            transport: Transport::Raw,
            channels: if rung.channels == 1 { ChannelMode::Mono } else { ChannelMode::Stereo },
            audio_object_type: AudioObjectType::Mpeg4LowComplexity,
        })
        .map_err(failed)?;
        let delay = u64::from(encoder.info().map_err(failed)?.nDelay);
        Ok(Self { encoder, delay: delay.div_ceil(PACKET_SAMPLES) })
    }

    /// Whole packets by which the output is late.
    pub(in crate::encode) fn delay_packets(&self) -> u64 {
        self.delay
    }

    /// Encodes 1,024 samples of each channel, interleaved.
    ///
    /// # Errors
    /// Of the encoder.
    pub(in crate::encode) fn encode(&mut self, samples: &[i16]) -> Result<Option<Vec<u8>>> {
        let mut packet = vec![0; PACKET_BYTES_MAX];
        let done = self.encoder.encode(samples, &mut packet).map_err(failed)?;
        if done.input_consumed != samples.len() {
            return Err(Failure::internal("fdk-aac did not take a whole frame"));
        }
        packet.truncate(done.output_size);
        Ok((!packet.is_empty()).then_some(packet))
    }
}

fn failed(error: EncoderError) -> Failure {
    Failure::internal(format!("fdk-aac: {error}"))
}
