//! CMAF headers, the init segments (ISO/IEC 23000-19, 7.3.1).
//!
//! They depend on nothing but the encoder's settings: no times, no durations, no random ids. So a
//! rendition that is taken up again writes the same header, and an unequal one is noticed.

use super::boxes::Boxes;
use super::{AudioHeader, VideoHeader};

/// The only track of each file.
pub(super) const TRACK_ID: u32 = 1;
/// "und", three letters of five bits (ISO 639-2).
const LANGUAGE_UNDETERMINED: u16 = 0x55c4;
/// 1.0 as 16.16.
const ONE: u32 = 0x0001_0000;

/// The init segment of an H.264 rendition: square pixels, BT.709, limited range.
#[must_use]
pub fn video_header(header: &VideoHeader) -> Vec<u8> {
    let mut out = Boxes::default();
    file_type(&mut out, &[]);
    let size = (header.width, header.height);
    let track = Track { timescale: header.timescale, handler: *b"vide", size: Some(size) };
    movie(&mut out, &track, |b| avc1(b, header));
    out.finish()
}

/// The init segment of an AAC-LC rendition.
#[must_use]
pub fn audio_header(header: &AudioHeader) -> Vec<u8> {
    let mut out = Boxes::default();
    file_type(&mut out, &[b"caac"]);
    let track = Track { timescale: header.sample_rate, handler: *b"soun", size: None };
    movie(&mut out, &track, |b| mp4a(b, header));
    out.finish()
}

struct Track {
    timescale: u32,
    handler: [u8; 4],
    size: Option<(u16, u16)>,
}

/// `cmf2` promises what players may rely on: no edit list and `trun` of version 1.
fn file_type(out: &mut Boxes, profiles: &[&[u8; 4]]) {
    out.nest(b"ftyp", |b| {
        b.raw(b"iso6").u32(0).raw(b"iso6").raw(b"cmfc").raw(b"cmf2");
        for profile in profiles {
            b.raw(*profile);
        }
    });
}

fn movie(out: &mut Boxes, track: &Track, sample_entry: impl FnOnce(&mut Boxes)) {
    out.nest(b"moov", |b| {
        movie_header(b, track.timescale);
        b.nest(b"trak", |b| {
            track_header(b, track);
            b.nest(b"mdia", |b| media(b, track, sample_entry));
        });
        b.nest(b"mvex", |b| {
            b.full(b"trex", (0, 0), |b| {
                b.u32(TRACK_ID).u32(1).u32(0).u32(0).u32(0);
            });
        });
    });
}

fn movie_header(out: &mut Boxes, timescale: u32) {
    out.full(b"mvhd", (0, 0), |b| {
        b.u32(0).u32(0).u32(timescale).u32(0);
        b.u32(ONE).u16(0x0100).zeros(10);
        matrix(b);
        b.zeros(24).u32(TRACK_ID + 1);
    });
}

fn track_header(out: &mut Boxes, track: &Track) {
    const ENABLED_IN_MOVIE_AND_PREVIEW: u32 = 7;
    out.full(b"tkhd", (0, ENABLED_IN_MOVIE_AND_PREVIEW), |b| {
        b.u32(0).u32(0).u32(TRACK_ID).u32(0).u32(0);
        b.zeros(8).u16(0).u16(0).u16(if track.size.is_some() { 0 } else { 0x0100 }).u16(0);
        matrix(b);
        let (width, height) = track.size.unwrap_or_default();
        b.u32(u32::from(width) << 16).u32(u32::from(height) << 16);
    });
}

/// Neither turned nor scaled.
fn matrix(out: &mut Boxes) {
    out.u32(ONE).zeros(12).u32(ONE).zeros(12).u32(0x4000_0000);
}

fn media(out: &mut Boxes, track: &Track, sample_entry: impl FnOnce(&mut Boxes)) {
    out.full(b"mdhd", (0, 0), |b| {
        b.u32(0).u32(0).u32(track.timescale).u32(0).u16(LANGUAGE_UNDETERMINED).u16(0);
    });
    out.full(b"hdlr", (0, 0), |b| {
        b.u32(0).raw(&track.handler).zeros(12).u8(0);
    });
    out.nest(b"minf", |b| {
        if track.size.is_some() {
            b.full(b"vmhd", (0, 1), |b| b.zeros(8).end());
        } else {
            b.full(b"smhd", (0, 0), |b| b.zeros(4).end());
        }
        b.nest(b"dinf", |b| {
            b.full(b"dref", (0, 0), |b| {
                const IN_THIS_FILE: u32 = 1;
                b.u32(1).full(b"url ", (0, IN_THIS_FILE), |_| {});
            });
        });
        b.nest(b"stbl", |b| sample_table(b, sample_entry));
    });
}

/// Only the sample entry: samples are described by the fragments.
fn sample_table(out: &mut Boxes, sample_entry: impl FnOnce(&mut Boxes)) {
    out.full(b"stsd", (0, 0), |b| {
        b.u32(1);
        sample_entry(b);
    });
    out.full(b"stts", (0, 0), |b| b.u32(0).end());
    out.full(b"stsc", (0, 0), |b| b.u32(0).end());
    out.full(b"stsz", (0, 0), |b| b.u32(0).u32(0).end());
    out.full(b"stco", (0, 0), |b| b.u32(0).end());
}

/// ISO/IEC 14496-15, 5.4.2.1.
fn avc1(out: &mut Boxes, header: &VideoHeader) {
    const DPI_72: u32 = 0x0048_0000;
    out.nest(b"avc1", |b| {
        b.zeros(6).u16(1).zeros(16);
        b.u16(header.width).u16(header.height).u32(DPI_72).u32(DPI_72).u32(0);
        b.u16(1).zeros(32).u16(0x18).u16(0xffff);
        b.nest(b"avcC", |b| b.raw(&header.avcc).end());
        b.nest(b"colr", |b| b.raw(b"nclx").u16(1).u16(1).u16(1).u8(0).end());
        b.nest(b"pasp", |b| b.u32(1).u32(1).end());
    });
}

/// ISO/IEC 14496-14, 6.7.
fn mp4a(out: &mut Boxes, header: &AudioHeader) {
    out.nest(b"mp4a", |b| {
        b.zeros(6).u16(1).zeros(8);
        b.u16(header.channels).u16(16).zeros(4).u32(header.sample_rate << 16);
        b.full(b"esds", (0, 0), |b| b.raw(&elementary_stream(header)).end());
    });
}

/// ES_Descriptor (ISO/IEC 14496-1, 7.2.6.5).
fn elementary_stream(header: &AudioHeader) -> Vec<u8> {
    const AAC: u8 = 0x40;
    const AUDIO_STREAM: u8 = 0x15;
    let mut config = vec![AAC, AUDIO_STREAM, 0, 0, 0];
    config.extend_from_slice(&header.bitrate_bps.to_be_bytes());
    config.extend_from_slice(&header.bitrate_bps.to_be_bytes());
    config.extend(descriptor(5, &header.asc));
    let mut stream = vec![0, 0, 0];
    stream.extend(descriptor(4, &config));
    stream.extend(descriptor(6, &[2]));
    descriptor(3, &stream)
}

/// Tag, length in one byte (all of ours are below 128), body.
fn descriptor(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = body.len().min(127);
    let mut out = vec![tag, length as u8];
    out.extend_from_slice(&body[..length]);
    out
}
