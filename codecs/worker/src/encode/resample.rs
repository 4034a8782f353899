//! Decoded sound as interleaved 16-bit samples at 48 kHz in the rendition's channels.
//!
//! swresample mixes 5.1 and 7.1 down and keeps its output aligned with its input. A change of
//! format in the middle of a stream opens it anew.

#![allow(unsafe_code)]

use crate::failure::{Failure, Result};
use ffmpeg::ffi;
use ffmpeg::frame;
use ffmpeg_next as ffmpeg;
use playhouse_codecs::plan::AUDIO_RATE;
use std::ptr;

/// A converter for one form of input.
pub(super) struct Resampler {
    context: *mut ffi::SwrContext,
    channels: u16,
    form: Form,
}

// SAFETY: the context is owned and used through `&mut` alone.
unsafe impl Send for Resampler {}

/// What a converter is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Form {
    format: i32,
    rate: i32,
    channels: i32,
    mask: u64,
}

impl Form {
    fn of(sound: &frame::Audio) -> Self {
        // SAFETY: plain fields of a frame that the decoder has filled; the mask is only compared.
        unsafe {
            let raw = sound.as_ptr();
            let layout = &(*raw).ch_layout;
            // Other orders keep a pointer in the mask's place, which differs for each frame.
            let masked = layout.order == ffi::AVChannelOrder::AV_CHANNEL_ORDER_NATIVE;
            Self {
                format: (*raw).format,
                rate: (*raw).sample_rate,
                channels: layout.nb_channels,
                mask: if masked { layout.u.mask } else { 0 },
            }
        }
    }
}

impl Resampler {
    /// Opens a converter for sound like `sound`.
    ///
    /// # Errors
    /// When swresample does not know such a layout.
    pub(super) fn new(sound: &frame::Audio, channels: u16) -> Result<Self> {
        let mut context = ptr::null_mut();
        // SAFETY: layouts live on the stack or in the frame during the call; `context` is checked.
        let answer = unsafe {
            let raw = sound.as_ptr();
            let mut input: ffi::AVChannelLayout = std::mem::zeroed();
            let known = (*raw).ch_layout.order != ffi::AVChannelOrder::AV_CHANNEL_ORDER_UNSPEC;
            if !known {
                ffi::av_channel_layout_default(&raw mut input, (*raw).ch_layout.nb_channels);
            }
            let input: *const ffi::AVChannelLayout =
                if known { &raw const (*raw).ch_layout } else { &raw const input };
            let mut output: ffi::AVChannelLayout = std::mem::zeroed();
            ffi::av_channel_layout_default(&raw mut output, i32::from(channels));
            let answer = ffi::swr_alloc_set_opts2(
                &raw mut context,
                // FFmpeg 5.1 forgot the `const`; the layouts are only read.
                (&raw const output).cast_mut(),
                ffi::AVSampleFormat::AV_SAMPLE_FMT_S16,
                AUDIO_RATE.cast_signed(),
                input.cast_mut(),
                ffmpeg::format::Sample::into(sound.format()),
                (*raw).sample_rate,
                0,
                ptr::null_mut(),
            );
            if answer < 0 { answer } else { ffi::swr_init(context) }
        };
        let this = Self { context, channels, form: Form::of(sound) };
        if answer < 0 || this.context.is_null() {
            return Err(Failure::unsupported("a channel layout that cannot be mixed"));
        }
        Ok(this)
    }

    /// Whether it is made for sound like this.
    pub(super) fn takes(&self, sound: &frame::Audio) -> bool {
        self.form == Form::of(sound)
    }

    /// Converts a frame; what the filter holds back comes with later ones.
    ///
    /// # Errors
    /// Of swresample.
    pub(super) fn convert(&mut self, sound: &frame::Audio) -> Result<Vec<i16>> {
        // SAFETY: the frame was checked by `takes`, so its planes and count fit the context.
        unsafe {
            let raw = sound.as_ptr();
            self.run((*raw).extended_data.cast(), (*raw).nb_samples)
        }
    }

    /// What is still held back.
    ///
    /// # Errors
    /// Of swresample.
    pub(super) fn flush(&mut self) -> Result<Vec<i16>> {
        // SAFETY: no input is the documented way to flush.
        unsafe { self.run(ptr::null_mut(), 0) }
    }

    /// # Safety
    /// `input` must be null, or planes of `count` samples in the context's input format.
    unsafe fn run(&mut self, input: *mut *const u8, count: i32) -> Result<Vec<i16>> {
        // SAFETY: the context is open; `samples` has room for as many as are announced.
        unsafe {
            let room = ffi::swr_get_out_samples(self.context, count).max(0);
            let mut samples = vec![0i16; room.unsigned_abs() as usize * usize::from(self.channels)];
            let mut output = samples.as_mut_ptr().cast::<u8>();
            let got = ffi::swr_convert(self.context, &raw mut output, room, input, count);
            let got = usize::try_from(got).map_err(|_| Failure::internal("resampling failed"))?;
            samples.truncate(got * usize::from(self.channels));
            Ok(samples)
        }
    }
}

impl Drop for Resampler {
    fn drop(&mut self) {
        // SAFETY: owned; `swr_free` takes null too.
        unsafe { ffi::swr_free(&raw mut self.context) };
    }
}
