//! Why a session is a view or not, in numbers and in one sentence.

use super::session::Session;
use super::{Config, Explanation, ViewState};

impl Session {
    /// What was seen of it, and what follows, as of `now` (milliseconds since 1970).
    pub(super) fn explain(&self, now: i64, config: &Config) -> Explanation {
        let (watched_s, needed_s) =
            (seconds(self.worth().watched_ms), seconds(self.needed_ms(config)));
        Explanation {
            session_id: self.id,
            content_id: self.content,
            device: self.device.clone(),
            opened_at: self.id.opened_at(),
            state: self.state(now, config).to_owned(),
            view: self.view.into(),
            sentence: self.sentence(watched_s, needed_s),
            watch_time_s: watched_s,
            needed_s,
            watched: self.watched.seconds(),
            seen: self.runs.seen(),
            accepted: self.counts.0,
            duplicates: self.counts.1,
            refused: self.refused.iter().copied().collect(),
            quality: self.quality(),
        }
    }

    fn sentence(&self, watched_s: f64, needed_s: f64) -> String {
        match ViewState::from(self.view) {
            ViewState::Counted { at } => {
                format!("It counts as a view: {needed_s} s had been watched at {at:.0}.")
            }
            ViewState::Refused { reason, at } => {
                format!(
                    "It was watched for long enough at {at:.0} and does not count: {}",
                    reason.sentence()
                )
            }
            ViewState::Pending if self.outran() => format!(
                "It does not count yet: it tells of more than can have been watched since it was \
                 opened, so {watched_s} s of the {needed_s} s that make a view are taken."
            ),
            ViewState::Pending => format!(
                "It does not count yet: {watched_s} s of the {needed_s} s that make a view were \
                 watched."
            ),
        }
    }
}

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1e3
}
