//! How a rendition's record changes with what was made: pure.

use super::Refusal;
use playhouse_codecs::hls::measured_bandwidth;
use playhouse_codecs::plan::Timeline;
use playhouse_storage::model::{Init, MediaKind, Rendition, RenditionState, Segment};

/// What a fresh init segment means.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum InitVerdict {
    /// The stored one is the same.
    Same,
    /// The first one: this record.
    First(Rendition),
    /// Unlike the one that the segments decode with: they go, and this record stays.
    Unlike(Rendition),
}

/// Holds a fresh init segment against the stored one. A resumed encode must give the same.
pub(super) fn take_init(rendition: &Rendition, init: Init) -> InitVerdict {
    let stored = rendition.init.as_ref();
    if stored.is_some_and(|stored| stored.sha256 == init.sha256) {
        return InitVerdict::Same;
    }
    let first = stored.is_none();
    let mut next = changed(rendition);
    next.init = Some(init);
    if first {
        return InitVerdict::First(next);
    }
    next.segments_done = 0;
    next.state = RenditionState::Waiting;
    InitVerdict::Unlike(next)
}

/// The record with one more segment; progress clears the count of failed attempts.
pub(super) fn take_segment(
    rendition: &Rendition,
    segment: &Segment,
    timeline: &Timeline,
) -> Result<Rendition, Refusal> {
    if segment.index != rendition.segments_done || segment.index >= rendition.segments_total {
        return Err(Refusal::OutOfOrder { expected: rendition.segments_done });
    }
    check_plan(rendition.kind, segment, timeline)?;
    let mut next = changed(rendition);
    next.segments_done += 1;
    next.attempts = 0;
    next.state = if next.segments_done == next.segments_total {
        RenditionState::Complete
    } else {
        RenditionState::Encoding
    };
    if next.state == RenditionState::Complete {
        next.last_error = None;
    }
    Ok(next)
}

/// Boundaries are planned, and what was written must lie on them: players switch there.
fn check_plan(kind: MediaKind, segment: &Segment, timeline: &Timeline) -> Result<(), Refusal> {
    let index = segment.index;
    let planned = match kind {
        MediaKind::Video => (timeline.video_start(index), timeline.video_duration(index)),
        MediaKind::Audio => (timeline.audio_start(index), timeline.audio_duration(index)),
    };
    if planned == (segment.start, segment.duration) {
        return Ok(());
    }
    Err(Refusal::NotAsPlanned(format!(
        "segment {index} lies at {}+{} ticks, planned was {}+{}",
        segment.start, segment.duration, planned.0, planned.1
    )))
}

/// Average and peak of a complete rendition, bits per second.
pub(super) fn measured(rendition: &mut Rendition, segments: &[Segment], timeline: &Timeline) {
    let timescale = rendition.init.as_ref().map_or(1, |init| init.timescale.max(1));
    let sizes: Vec<(u64, f64)> = segments
        .iter()
        .map(|segment| (segment.bytes, segment.duration as f64 / f64::from(timescale)))
        .collect();
    let bandwidth = measured_bandwidth(&sizes, timeline.target_duration_s());
    rendition.average_bps = Some(bandwidth.average_bps);
    rendition.peak_bps = Some(bandwidth.peak_bps);
}

/// The record as the next write of it begins.
pub(super) fn changed(rendition: &Rendition) -> Rendition {
    Rendition { row_version: rendition.row_version + 1, ..rendition.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use playhouse_codecs::rate::FrameRate;
    use playhouse_storage::model::ContentId;

    const TIMELINE: Timeline = Timeline {
        rate: FrameRate { num: 25, den: 1 },
        frames: 400,
        gop_frames: 50,
        segment_frames: 150,
    };

    fn rendition(done: u32) -> Rendition {
        Rendition {
            content_id: ContentId::new(),
            name: "360p".into(),
            kind: MediaKind::Video,
            position: 0,
            spec: serde_json::Value::Null,
            state: RenditionState::Encoding,
            segments_total: 3,
            segments_done: done,
            attempts: 2,
            init: Some(init("a")),
            average_bps: None,
            peak_bps: None,
            last_error: Some("it crashed".into()),
            row_version: 9,
        }
    }

    fn init(sha256: &str) -> Init {
        let (key, codecs) = ("k".into(), "avc1.64001e".into());
        Init { key, sha256: sha256.into(), bytes: 700, codecs, timescale: 25 }
    }

    fn segment(index: u32, start: u64, duration: u64) -> Segment {
        Segment {
            content_id: ContentId::new(),
            rendition: "360p".into(),
            index,
            attempt: "t".into(),
            key: "k".into(),
            start,
            duration,
            bytes: 30_000,
            sha256: "s".into(),
        }
    }

    #[test]
    fn the_next_segment_is_taken_and_clears_the_failures() {
        let next = take_segment(&rendition(1), &segment(1, 150, 150), &TIMELINE).expect("next");
        assert_eq!((next.segments_done, next.attempts, next.row_version), (2, 0, 10));
        assert_eq!(next.state, RenditionState::Encoding);
    }

    #[test]
    fn the_last_segment_completes_it() {
        let next = take_segment(&rendition(2), &segment(2, 300, 100), &TIMELINE).expect("last");
        assert_eq!(next.state, RenditionState::Complete);
        assert_eq!(next.last_error, None);
    }

    #[test]
    fn a_gap_or_a_second_copy_is_refused() {
        for index in [0, 2] {
            let refused = take_segment(&rendition(1), &segment(index, 0, 150), &TIMELINE);
            assert_eq!(refused, Err(Refusal::OutOfOrder { expected: 1 }));
        }
    }

    #[test]
    fn a_segment_off_its_boundary_is_refused() {
        let refused = take_segment(&rendition(1), &segment(1, 151, 150), &TIMELINE);
        let text = "segment 1 lies at 151+150 ticks, planned was 150+150".to_owned();
        assert_eq!(refused, Err(Refusal::NotAsPlanned(text)));
    }

    #[test]
    fn an_unlike_init_segment_starts_the_rendition_anew() {
        assert_eq!(take_init(&rendition(2), init("a")), InitVerdict::Same);
        let InitVerdict::Unlike(next) = take_init(&rendition(2), init("b")) else {
            panic!("another init segment cannot be the same");
        };
        assert_eq!((next.segments_done, next.state), (0, RenditionState::Waiting));
    }

    #[test]
    fn rates_are_measured_over_what_was_made() {
        let mut complete = rendition(3);
        let segments = [segment(0, 0, 150), segment(1, 150, 150)];
        measured(&mut complete, &segments, &TIMELINE);
        assert_eq!((complete.average_bps, complete.peak_bps), (Some(40_000), Some(40_000)));
    }
}
