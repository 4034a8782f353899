//! Live numbers of one content: what is settled, and what ingresses told beside it. Pure.
//!
//! `live` is settled plus a lead. A view that an ingress tells raises the lead, one that is settled
//! lowers it, whichever comes first: so a view is shown once, and at once. The lead is never more
//! than what was told lately, nor the debt more than what was settled lately; so a note that was
//! lost or told twice is forgotten, and `live` returns to settled when nothing comes any more.

use super::Note;
use std::collections::VecDeque;
use std::time::Duration;

/// What ingresses have told of one content. Times are since any one instant.
#[derive(Debug)]
pub(super) struct Live {
    keep: Duration,
    note_forget: Duration,
    /// Views that were told and are not settled; below zero those that are settled and not told.
    lead: i64,
    told: Recent,
    settled: Recent,
    ingresses: Vec<Ingress>,
}

#[derive(Debug)]
struct Ingress {
    id: u64,
    viewers_now: u64,
    at: Duration,
}

/// Numbers by the second, while they are recent.
#[derive(Debug, Default)]
struct Recent {
    seconds: VecDeque<(u64, i64)>,
    sum: i64,
}

impl Live {
    /// The lead is kept for `keep` after it was told, the viewers of an ingress for `note_forget`.
    pub(super) fn new(keep: Duration, note_forget: Duration) -> Self {
        let (told, settled) = (Recent::default(), Recent::default());
        Self { keep, note_forget, lead: 0, told, settled, ingresses: vec![] }
    }

    /// An ingress has told.
    pub(super) fn note(&mut self, note: &Note, now: Duration) {
        self.forget(now);
        let views = i64::try_from(note.views).unwrap_or(i64::MAX);
        self.lead = self.lead.saturating_add(views);
        self.told.add(now, views);
        self.ingresses.retain(|ingress| ingress.id != note.ingress);
        if note.viewers_now > 0 {
            let (id, viewers_now) = (note.ingress, note.viewers_now);
            self.ingresses.push(Ingress { id, viewers_now, at: now });
        }
    }

    /// Views were settled.
    pub(super) fn settle(&mut self, views: u64, now: Duration) {
        self.forget(now);
        let views = i64::try_from(views).unwrap_or(i64::MAX);
        self.lead = self.lead.saturating_sub(views);
        self.settled.add(now, views);
    }

    /// Views that are to be shown beyond the settled ones.
    pub(super) fn lead(&mut self, now: Duration) -> u64 {
        self.forget(now);
        self.lead.max(0).unsigned_abs()
    }

    /// Viewers who play now, over all ingresses.
    pub(super) fn viewers_now(&mut self, now: Duration) -> u64 {
        self.forget(now);
        self.ingresses.iter().map(|ingress| ingress.viewers_now).sum()
    }

    fn forget(&mut self, now: Duration) {
        self.told.forget(now.saturating_sub(self.keep));
        self.settled.forget(now.saturating_sub(self.keep));
        self.lead = self.lead.clamp(-self.settled.sum, self.told.sum);
        let (kept, note_forget) = (&mut self.ingresses, self.note_forget);
        kept.retain(|ingress| now.saturating_sub(ingress.at) <= note_forget);
    }
}

impl Recent {
    fn add(&mut self, now: Duration, number: i64) {
        if number == 0 {
            return;
        }
        self.sum = self.sum.saturating_add(number);
        match self.seconds.back_mut() {
            Some((second, sum)) if *second >= now.as_secs() => *sum = sum.saturating_add(number),
            Some(_) | None => self.seconds.push_back((now.as_secs(), number)),
        }
    }

    /// Forgets what came before the second of `since`.
    fn forget(&mut self, since: Duration) {
        while let Some((second, number)) = self.seconds.front().copied()
            && second < since.as_secs()
        {
            self.seconds.pop_front();
            self.sum -= number;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INGRESS: u64 = 7;

    fn live() -> Live {
        Live::new(Duration::from_secs(10), Duration::from_secs(30))
    }

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(100 + seconds)
    }

    fn note(ingress: u64, views: u64, viewers_now: u64) -> Note {
        Note { ingress, views, viewers_now, watched_s: 0.0 }
    }

    #[test]
    fn a_view_is_shown_once_whether_it_is_told_or_settled_first() {
        let mut live = live();
        live.note(&note(INGRESS, 5, 0), s(0));
        assert_eq!(live.lead(s(0)), 5);
        live.settle(5, s(1));
        assert_eq!(live.lead(s(1)), 0);
        live.settle(3, s(2));
        assert_eq!(live.lead(s(2)), 0);
        live.note(&note(INGRESS, 3, 0), s(2));
        assert_eq!(live.lead(s(2)), 0, "these were settled already");
        live.note(&note(INGRESS, 1, 0), s(3));
        assert_eq!(live.lead(s(3)), 1);
    }

    #[test]
    fn live_returns_to_settled_when_nothing_comes() {
        let mut live = live();
        live.note(&note(INGRESS, 5, 0), s(0));
        assert_eq!(live.lead(s(10)), 5);
        assert_eq!(live.lead(s(11)), 0);
    }

    #[test]
    fn notes_that_were_lost_are_forgotten() {
        let mut live = live();
        live.settle(1_000, s(0));
        live.note(&note(INGRESS, 1, 0), s(20));
        assert_eq!(live.lead(s(20)), 1);
    }

    #[test]
    fn viewers_add_up_over_ingresses_and_go_with_them() {
        let mut live = live();
        live.note(&note(1, 0, 10), s(0));
        live.note(&note(2, 0, 5), s(20));
        live.note(&note(1, 0, 8), s(20));
        assert_eq!(live.viewers_now(s(20)), 13);
        live.note(&note(2, 0, 0), s(30));
        assert_eq!(live.viewers_now(s(50)), 8);
        assert_eq!(live.viewers_now(s(51)), 0, "an ingress that is gone");
    }
}
