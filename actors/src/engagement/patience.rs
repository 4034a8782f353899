//! Whom to ask again when: contents whose counter did not answer, each later each time. Pure.
//!
//! Whoever asks many counters in turn must not wait long for one of them again and again.

use crate::runtime::Backoff;
use playhouse_storage::model::ContentId;
use std::collections::HashMap;
use tokio::time::Instant;

/// Contents that are not asked for a while. At most so many: more have one cause, and it is not
/// theirs.
#[derive(Debug)]
pub(super) struct Patience {
    retry: Backoff,
    most: usize,
    failing: HashMap<ContentId, Failing>,
}

#[derive(Clone, Copy, Debug)]
struct Failing {
    times: u32,
    again_at: Instant,
}

impl Patience {
    pub(super) fn new(retry: Backoff, most: usize) -> Self {
        Self { retry, most, failing: HashMap::new() }
    }

    /// True unless it did not answer lately.
    pub(super) fn may_ask(&self, content: ContentId, now: Instant) -> bool {
        self.failing.get(&content).is_none_or(|failing| failing.again_at <= now)
    }

    /// True when one that did not answer is to be asked again.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.failing.values().any(|failing| failing.again_at <= now)
    }

    /// It has answered.
    pub(super) fn answered(&mut self, content: ContentId) {
        if !self.failing.is_empty() {
            self.failing.remove(&content);
        }
    }

    /// It has not answered. False when too many have not: then all are forgotten, and it is time
    /// to wait for whatever they have in common.
    pub(super) fn failed(&mut self, content: ContentId, now: Instant) -> bool {
        let times = self.failing.get(&content).map_or(0, |failing| failing.times);
        let again_at = now + self.retry.after(times);
        self.failing.insert(content, Failing { times: times.saturating_add(1), again_at });
        let is_bearable = self.failing.len() <= self.most;
        if !is_bearable {
            self.failing.clear();
        }
        is_bearable
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn patience(most: usize) -> Patience {
        let retry = Backoff { first: Duration::from_secs(1), most: Duration::from_secs(4) };
        Patience::new(retry, most)
    }

    #[test]
    fn one_that_does_not_answer_is_asked_ever_later_until_it_does() {
        let (mut patience, content, now) = (patience(10), ContentId::new(), Instant::now());
        assert!(patience.may_ask(content, now) && !patience.is_due(now));
        for wait_s in [1, 2, 4, 4] {
            assert!(patience.failed(content, now));
            let wait = Duration::from_secs(wait_s);
            let early = now + wait - Duration::from_millis(1);
            assert!(!patience.may_ask(content, early) && !patience.is_due(early), "{wait_s}");
            assert!(patience.may_ask(content, now + wait) && patience.is_due(now + wait));
        }
        patience.answered(content);
        assert!(patience.may_ask(content, now) && !patience.is_due(now));
    }

    #[test]
    fn when_too_many_do_not_answer_all_are_forgotten() {
        let (mut patience, now) = (patience(2), Instant::now());
        let contents = [ContentId::new(), ContentId::new(), ContentId::new()];
        let bearable = contents.map(|content| patience.failed(content, now));
        assert_eq!(bearable, [true, true, false]);
        assert!(contents.into_iter().all(|content| patience.may_ask(content, now)));
    }
}
