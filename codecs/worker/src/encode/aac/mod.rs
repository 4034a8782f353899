//! AAC-LC by Fraunhofer's encoder, or by FFmpeg's own where that may not be linked.
//!
//! Both take frames of 1,024 samples and give one packet for each, late by whole packets: those
//! are dropped, so that packet n carries the samples from n × 1,024 on and time begins at 0.

#[cfg(feature = "fdk-aac")]
mod fdk;
#[cfg(not(feature = "fdk-aac"))]
mod native;

#[cfg(feature = "fdk-aac")]
pub(super) use fdk::Aac;
#[cfg(not(feature = "fdk-aac"))]
pub(super) use native::Aac;
