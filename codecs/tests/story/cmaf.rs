//! What stands in the files, box by box, and that damage is noticed.

use expect_test::{ExpectFile, expect_file};
use playhouse_codecs::cmaf::{
    AudioHeader, ReadError, Sample, SegmentInfo, VideoHeader, aac_lc_config, annexb_to_lengths,
    audio_header, avc_codecs, avcc_from_annexb, read_segment, segment, video_header,
};
use std::fmt::Write;

/// x264's parameter sets of a 640x360 high-profile stream, as an encoder hands them over.
const EXTRADATA: &[u8] = &[
    0, 0, 0, 1, 0x67, 0x64, 0x00, 0x1e, 0xac, 0xd9, 0x40, 0xa0, 0x2f, 0xf9, 0x70, 0x11, 0x00, 0x00,
    0x03, 0x00, 0x01, 0x00, 0x00, 0x03, 0x00, 0x32, 0x0f, 0x16, 0x2d, 0x96, 0, 0, 0, 1, 0x68, 0xeb,
    0xe3, 0xcb, 0x22, 0xc0,
];

/// Boxes with their sizes, indented; what is not a box within is shown in hex.
fn dump(bytes: &[u8], depth: usize, out: &mut String) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let size = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        let kind = String::from_utf8_lossy(&rest[4..8]).into_owned();
        let body = &rest[8..size];
        let children_at = match kind.as_str() {
            "moov" | "trak" | "mdia" | "minf" | "dinf" | "stbl" | "mvex" | "moof" | "traf" => 0,
            "stsd" | "dref" => 8,
            "avc1" => 78,
            "mp4a" => 28,
            _ => body.len(),
        };
        writeln!(out, "{:1$}{kind} {size}", "", 2 * depth).unwrap();
        for line in body[..children_at].chunks(32) {
            let hex: String = line.iter().map(|byte| format!("{byte:02x}")).collect();
            writeln!(out, "{:1$}{hex}", "", 2 * depth + 4).unwrap();
        }
        dump(&body[children_at..], depth + 1, out);
        rest = &rest[size..];
    }
}

fn check(bytes: &[u8], expected: ExpectFile) {
    let mut out = String::new();
    dump(bytes, 0, &mut out);
    expected.assert_eq(&out);
}

/// I B B P at 29.97, in decode order, starting with frame 180.
fn film() -> Vec<Sample> {
    let sample = |frame: u64, size| Sample {
        pts: frame * 1_001,
        duration: 1_001,
        sync: frame == 180,
        data: vec![frame as u8; size],
    };
    vec![sample(180, 5), sample(183, 3), sample(181, 1), sample(182, 2)]
}

fn sound(packets: std::ops::Range<u64>) -> Vec<Sample> {
    let packet = |k| Sample { pts: k * 1_024, duration: 1_024, sync: true, data: vec![0xaa; 4] };
    packets.map(packet).collect()
}

#[test]
fn a_video_header() {
    let header = VideoHeader {
        timescale: 30_000,
        width: 640,
        height: 360,
        avcc: avcc_from_annexb(EXTRADATA).unwrap(),
    };
    check(&video_header(&header), expect_file!["golden/video-header.txt"]);
}

#[test]
fn an_audio_header() {
    let header = AudioHeader {
        sample_rate: 48_000,
        channels: 2,
        bitrate_bps: 64_000,
        asc: aac_lc_config(2),
    };
    check(&audio_header(&header), expect_file!["golden/audio-header.txt"]);
}

#[test]
fn a_video_segment_has_signed_offsets_and_no_edit_list() {
    check(&segment(2, &film()), expect_file!["golden/video-segment.txt"]);
}

#[test]
fn an_audio_segment_says_once_what_all_packets_share() {
    check(&segment(1, &sound(0..3)), expect_file!["golden/audio-segment.txt"]);
}

#[test]
fn what_was_written_is_read_back() {
    let bytes = segment(2, &film());
    let expected = SegmentInfo {
        sequence: 2,
        base_time: 180_180,
        earliest_time: 180_180,
        sample_count: 4,
        duration: 4_004,
        first_sync: true,
        bytes: bytes.len() as u64,
    };
    assert_eq!(read_segment(&bytes), Ok(expected));

    let mut uneven = sound(282..564);
    uneven.last_mut().unwrap().duration = 500;
    let info = read_segment(&segment(7, &uneven)).unwrap();
    assert_eq!((info.base_time, info.sample_count), (282 * 1_024, 282));
    assert_eq!(info.duration, 281 * 1_024 + 500);
}

#[test]
fn an_open_gop_is_seen_for_what_it_is() {
    let mut samples = film();
    samples[0].sync = false;
    assert!(!read_segment(&segment(1, &samples)).unwrap().first_sync);
}

#[test]
fn a_hole_in_the_times_is_seen() {
    // The first sample is missing: its place on the timeline is not filled by the others.
    let info = read_segment(&segment(1, &film()[1..])).unwrap();
    assert_ne!(info.base_time, 180_180);
    assert_ne!(info.duration, 4_004);
}

#[test]
fn a_segment_without_samples_is_written_and_read() {
    let info = read_segment(&segment(1, &[])).unwrap();
    assert_eq!((info.sample_count, info.duration, info.first_sync), (0, 0, false));
}

#[test]
fn damage_anywhere_gives_an_error_or_another_reading_but_no_panic() {
    let whole = segment(2, &film());
    let reading = read_segment(&whole).unwrap();
    for length in 0..whole.len() {
        assert!(read_segment(&whole[..length]).is_err(), "cut to {length}");
    }
    let mdat = whole.len() - 11;
    for position in 0..mdat {
        for bit in 0..8 {
            let mut damaged = whole.clone();
            damaged[position] ^= 1 << bit;
            if let Ok(info) = read_segment(&damaged) {
                assert_eq!(info.bytes, reading.bytes);
            }
        }
    }
    assert_eq!(read_segment(&[]), Err(ReadError::BoxCount("moof", 0)));
    let twice = [whole.clone(), whole].concat();
    assert_eq!(read_segment(&twice), Err(ReadError::BoxCount("moof", 2)));
}

#[test]
fn extradata_becomes_a_configuration_record() {
    let avcc = avcc_from_annexb(EXTRADATA).unwrap();
    assert_eq!(avc_codecs(&avcc).as_deref(), Some("avc1.64001e"));
    assert_eq!(avcc[..8], [1, 0x64, 0, 0x1e, 0xff, 0xe1, 0, 26]);
    // 4:2:0, eight bits, no extensions.
    assert_eq!(avcc[avcc.len() - 4..], [0xfd, 0xf8, 0xf8, 0]);

    let mut main = EXTRADATA.to_vec();
    main[5] = 77;
    let avcc = avcc_from_annexb(&main).unwrap();
    assert_eq!(avc_codecs(&avcc).as_deref(), Some("avc1.4d001e"));
    assert_eq!(avcc.last(), Some(&0xc0), "main profile ends with the picture parameter set");
}

#[test]
fn unusable_extradata_gives_nothing() {
    for length in 0..34 {
        assert_eq!(avcc_from_annexb(&EXTRADATA[..length]), None, "{length}");
    }
    assert_eq!(avcc_from_annexb(&[0, 0, 1, 0x67, 0, 0, 1, 0x68]), None);
    assert_eq!(avc_codecs(&[]), None);
    assert_eq!(avc_codecs(&EXTRADATA[..8]), None);
}

#[test]
fn a_picture_keeps_its_slices_and_loses_start_codes_and_parameter_sets() {
    let mut picture = vec![0, 0, 0, 1, 0x09, 0xf0];
    picture.extend_from_slice(EXTRADATA);
    picture.extend_from_slice(&[0, 0, 1, 0x06, 5, 0x80, 0, 0, 0, 1, 0x65, 0x88, 0, 0, 3, 1, 0, 0]);
    let expected = [0, 0, 0, 3, 0x06, 5, 0x80, 0, 0, 0, 6, 0x65, 0x88, 0, 0, 3, 1];
    assert_eq!(annexb_to_lengths(&picture), expected);
    for nothing in [&[][..], &[1, 2, 3], &[0, 0, 1]] {
        assert!(annexb_to_lengths(nothing).is_empty());
    }
}
