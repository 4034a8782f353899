//! Whether a session that was watched for long enough is a view, as pure functions.
//!
//! A session is one view at most, decided by the event with which it was watched for long enough
//! and in the clock hour of that event. A viewer is counted once per content and hour; the viewer
//! remembers what was counted lately and can say so. The judge of what is not remembered any more
//! is the key of the view, on disk.

use super::{Config, Reason, ViewState};
use jiff::Timestamp;
use playhouse_storage::model::{ContentId, ViewerId};
use serde::{Deserialize, Serialize};

const HOUR_MS: i64 = 3_600_000;

/// What was decided of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Decision {
    /// By the clock of the event that decided it, milliseconds since 1970.
    #[serde(rename = "t")]
    pub(super) at: i64,
    /// Why it does not count; none when it does.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub(super) refused: Option<Reason>,
}

/// A view that was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(ContentId, i32)", into = "(ContentId, i32)")]
pub(super) struct Counted {
    /// Of which content.
    pub(super) content: ContentId,
    /// In which hour since 1970.
    pub(super) hour: i32,
}

/// Whether a view of `content` in an hour counts, by what was counted of this viewer before.
pub(super) fn judge(
    counted: &[Counted],
    content: ContentId,
    hour: i32,
    config: &Config,
) -> Result<(), Reason> {
    let same_hour = || counted.iter().filter(|counted| counted.hour == hour);
    if same_hour().any(|counted| counted.content == content) {
        return Err(Reason::Repeated);
    }
    let most = config.views_per_viewer_hour_max as usize;
    if most > 0 && same_hour().count() >= most {
        return Err(Reason::ViewerLimit);
    }
    Ok(())
}

/// Remembers a view, at most `most` of them, the latest hours rather than the earlier ones.
pub(super) fn remember(counted: &mut Vec<Counted>, view: Counted, most: usize) {
    if counted.contains(&view) {
        return;
    }
    while counted.len() >= most.max(1) {
        let earliest = counted.iter().enumerate().min_by_key(|(_, counted)| counted.hour);
        let Some((at, _)) = earliest else { break };
        counted.remove(at);
    }
    counted.reserve_exact(1);
    counted.push(view);
}

/// The clock hour (UTC) of a time in milliseconds since 1970.
pub(super) fn hour_of(at: i64) -> i32 {
    at.div_euclid(HOUR_MS) as i32
}

/// Names the view of a viewer in an hour; with the content it is unique.
pub(super) fn key(viewer: ViewerId, hour: i32) -> String {
    format!("s:{viewer}:{hour}")
}

impl Decision {
    /// The view, when it counts.
    pub(super) fn counted(self, content: ContentId) -> Option<Counted> {
        self.refused.is_none().then(|| Counted { content, hour: hour_of(self.at) })
    }
}

impl From<Option<Decision>> for ViewState {
    fn from(decision: Option<Decision>) -> Self {
        match decision {
            None => Self::Pending,
            Some(Decision { at, refused: None }) => Self::Counted { at: timestamp(at) },
            Some(Decision { at, refused: Some(reason) }) => {
                Self::Refused { reason, at: timestamp(at) }
            }
        }
    }
}

impl Reason {
    /// The reason for people.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::TooOld => "The event happened longer ago than events are taken.",
            Self::InFuture => "The event lies in the future: the player's clock is wrong.",
            Self::TooManyGaps => {
                "The event came after too many others were missing, and was given up before."
            }
            Self::Repeated => "This viewer has been counted for this content in this hour already.",
            Self::ViewerLimit => {
                "This viewer has been counted for as many contents in this hour as may be."
            }
            Self::AddressLimit => {
                "This content has been counted as often from this address in this hour as may be."
            }
        }
    }
}

/// A time of milliseconds since 1970, as far as there is one.
pub(super) fn timestamp(ms: i64) -> Timestamp {
    let bound = if ms < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(ms).unwrap_or(bound)
}

impl From<Counted> for (ContentId, i32) {
    fn from(it: Counted) -> Self {
        (it.content, it.hour)
    }
}

impl From<(ContentId, i32)> for Counted {
    fn from((content, hour): (ContentId, i32)) -> Self {
        Self { content, hour }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::IntoEnumIterator;

    #[test]
    fn a_viewer_counts_once_per_content_and_hour_and_not_for_everything() {
        let (a, b, c) = (ContentId::new(), ContentId::new(), ContentId::new());
        let counted: Vec<_> = [(a, 7), (b, 7), (a, 8)].into_iter().map(Counted::from).collect();
        let config = |most| Config { views_per_viewer_hour_max: most, ..Config::default() };
        let check = |content, hour, most, expected| {
            assert_eq!(judge(&counted, content, hour, &config(most)), expected, "{hour} {most}");
        };
        check(a, 7, 9, Err(Reason::Repeated));
        check(a, 9, 9, Ok(()));
        check(c, 7, 3, Ok(()));
        check(c, 7, 2, Err(Reason::ViewerLimit));
        check(c, 7, 0, Ok(()));
        check(c, 8, 2, Ok(()));
    }

    #[test]
    fn the_earliest_hours_are_forgotten_first() {
        let content = ContentId::new();
        let mut counted = Vec::new();
        for hour in [5, 3, 4, 3, 6] {
            remember(&mut counted, Counted { content, hour }, 3);
        }
        assert_eq!(counted.iter().map(|it| it.hour).collect::<Vec<_>>(), [5, 4, 6]);
    }

    #[test]
    fn every_reason_is_one_plain_sentence() {
        for reason in Reason::iter() {
            let sentence = reason.sentence();
            assert!(sentence.ends_with('.') && sentence.len() < 100, "{sentence}");
        }
    }
}
