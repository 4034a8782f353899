//! What of a content goes to another shelf, and when: pure.
//!
//! The source and all pictures of a film but those of its lowest rendition go; that one, the sound
//! and the stills stay hot, so that whoever comes back after a year sees the first picture as
//! soon as ever. They are a tenth of the bytes.

use jiff::{SignedDuration, Timestamp};
use playhouse_storage::analytics::day_of;
use playhouse_storage::catalog::Moving;
use playhouse_storage::model::{
    Content, MediaKind, Rendition, RenditionState, Residency, Segment, Stage, Tier,
};

/// A blob that goes, and the SHA-256 that it must have, where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) key: String,
    pub(crate) sha256: Option<String>,
}

/// The renditions whose segments go.
pub(crate) fn renditions(all: Vec<Rendition>) -> Vec<Rendition> {
    let goes = |it: &Rendition| it.kind == MediaKind::Video && it.state == RenditionState::Complete;
    let mut all: Vec<Rendition> = all.into_iter().filter(goes).collect();
    all.sort_by_key(|it| it.position);
    all.drain(..all.len().min(1));
    all
}

/// The blobs of a rendition; its init segment is small and stays.
pub(crate) fn segments(all: Vec<Segment>) -> impl Iterator<Item = Load> {
    all.into_iter().map(|it| Load { key: it.key, sha256: Some(it.sha256) })
}

/// The source.
pub(crate) fn source(content: &Content) -> Option<Load> {
    let source = content.source.as_ref()?;
    Some(Load { key: source.key.clone(), sha256: source.sha256.clone() })
}

/// Which contents have been idle for so many days now, of those that have a cold shelf.
pub(crate) fn idle(now: Timestamp, days: u32, residency: Option<Residency>) -> Moving {
    let idle = SignedDuration::from_hours(24 * i64::from(days));
    Moving::Idle {
        published_before: now.saturating_sub(idle).unwrap_or(Timestamp::MIN),
        watched_before_day: day_of(now) - i64::from(days),
        residency,
    }
}

/// Which cold ones have been watched since.
pub(crate) fn wanted(now: Timestamp, days: u32) -> Moving {
    Moving::Wanted { since_day: day_of(now) - i64::from(days) }
}

/// Whether a content may go from one state to the next.
pub(crate) fn may_move(content: &Content, from: Tier, to: Tier) -> bool {
    let may_begin = match from {
        // What is still worked on keeps its files where work expects them.
        Tier::Hot => content.stage == Stage::Done,
        Tier::Cooling | Tier::Cooled | Tier::Cold | Tier::Warming | Tier::Warmed => true,
    };
    content.tier == from && to == from.next() && may_begin && content.stage != Stage::Deleting
}

#[cfg(test)]
mod tests {
    use super::*;
    use playhouse_storage::model::ContentId;

    fn rendition(name: &str, kind: MediaKind, position: u32, state: RenditionState) -> Rendition {
        Rendition {
            content_id: ContentId::default(),
            name: name.into(),
            kind,
            position,
            spec: serde_json::Value::Null,
            state,
            segments_total: 1,
            segments_done: 1,
            attempts: 0,
            init: None,
            average_bps: None,
            peak_bps: None,
            last_error: None,
            row_version: 1,
        }
    }

    #[test]
    fn the_lowest_that_plays_and_the_sound_stay() {
        let (video, sound) = (MediaKind::Video, MediaKind::Audio);
        let all = vec![
            rendition("720p", video, 2, RenditionState::Complete),
            rendition("240p", video, 0, RenditionState::Failed),
            rendition("360p", video, 1, RenditionState::Complete),
            rendition("1080p", video, 3, RenditionState::Complete),
            rendition("audio-64k", sound, 4, RenditionState::Complete),
        ];
        let names: Vec<_> = renditions(all).into_iter().map(|it| it.name).collect();
        assert_eq!(names, ["720p", "1080p"]);
        assert_eq!(renditions(vec![]), vec![]);
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let now = at("2026-11-21T23:59:59Z");
        assert_eq!(day_of(now), day_of(at("2026-11-21T00:00:00Z")));
        assert_eq!(day_of(now) + 1, day_of(at("2026-11-22T00:00:00Z")));
        let Moving::Idle { published_before, watched_before_day, .. } = idle(now, 60, None) else {
            panic!("idle is idle")
        };
        assert_eq!(published_before, at("2026-09-22T23:59:59Z"));
        let Moving::Wanted { since_day } = wanted(now, 60) else { panic!("wanted is wanted") };
        // Nothing is both: what comes back does not go again at once.
        assert_eq!(since_day, watched_before_day);
    }
}
