//! Where a viewer stopped, so that they go on there on any device.

use super::session::Session;
use playhouse_storage::model::ContentId;
use serde::{Deserialize, Serialize};

/// Below it nothing was watched that one would want to skip, seconds.
const BEGUN_S: f64 = 5.0;
/// After this share of the content it is over but for the credits.
const DONE: f64 = 0.95;

/// Where a viewer stopped in one content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(ContentId, u32, i64)", into = "(ContentId, u32, i64)")]
pub(super) struct Resume {
    /// In which.
    pub(super) content: ContentId,
    /// Where, milliseconds.
    position_ms: u32,
    /// When, milliseconds since 1970.
    pub(super) at: i64,
}

/// One position per content, the latest ones of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Resumes(Vec<Resume>);

impl Resume {
    /// Where a session is; none when nothing was heard of it.
    pub(super) fn of(session: &Session) -> Option<Self> {
        let position_ms = session.position()?;
        Some(Self { content: session.content, position_ms, at: session.alive() })
    }

    /// The position to go on at, seconds: the beginning when it was hardly begun, or is over.
    pub(super) fn seconds(self, duration_s: Option<f64>) -> f64 {
        let position_s = f64::from(self.position_ms) / 1e3;
        let over = duration_s.is_some_and(|duration_s| position_s >= duration_s * DONE);
        if position_s < BEGUN_S || over { 0.0 } else { position_s }
    }
}

impl Resumes {
    /// The position in a content.
    pub(super) fn of(&self, content: ContentId) -> Option<Resume> {
        self.0.iter().find(|resume| resume.content == content).copied()
    }

    /// Keeps a position unless a later one is known; of more than `most` the earliest goes.
    pub(super) fn note(&mut self, resume: Resume, most: usize) {
        match self.0.iter_mut().find(|known| known.content == resume.content) {
            Some(known) if known.at > resume.at => {}
            Some(known) => *known = resume,
            None => {
                self.0.reserve_exact(1);
                self.0.push(resume);
            }
        }
        while self.0.len() > most {
            let earliest = self.0.iter().enumerate().min_by_key(|(_, resume)| resume.at);
            let Some((at, _)) = earliest else { break };
            self.0.remove(at);
        }
    }

    /// Bytes behind the record.
    pub(super) fn weight(&self) -> usize {
        self.0.capacity() * size_of::<Resume>()
    }
}

impl From<Resume> for (ContentId, u32, i64) {
    fn from(it: Resume) -> Self {
        (it.content, it.position_ms, it.at)
    }
}

impl From<(ContentId, u32, i64)> for Resume {
    fn from((content, position_ms, at): (ContentId, u32, i64)) -> Self {
        Self { content, position_ms, at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_goes_on_where_one_stopped_but_for_both_ends() {
        let check = |position_ms, duration_s, expected: f64| {
            let resume = Resume { content: ContentId::new(), position_ms, at: 0 };
            assert_eq!(resume.seconds(duration_s), expected, "{position_ms} of {duration_s:?}");
        };
        check(4_999, Some(100.0), 0.0);
        check(5_000, Some(100.0), 5.0);
        check(94_999, Some(100.0), 94.999);
        check(95_000, Some(100.0), 0.0);
        check(95_000, None, 95.0);
    }

    #[test]
    fn the_latest_position_of_a_content_is_kept_and_the_earliest_of_too_many_goes() {
        let (a, b, c) = (ContentId::new(), ContentId::new(), ContentId::new());
        let mut resumes = Resumes::default();
        for row in [(a, 10, 5), (a, 20, 7), (a, 30, 6), (b, 40, 3), (c, 50, 9)] {
            resumes.note(row.into(), 2);
        }
        let kept: Vec<_> = resumes.0.iter().copied().map(<(ContentId, u32, i64)>::from).collect();
        assert_eq!(kept, [(a, 20, 7), (c, 50, 9)]);
    }
}
