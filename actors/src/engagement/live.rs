//! Live numbers of one content: what is settled, and what ingresses told beside it. Pure.
//!
//! `live` is settled plus a lead. What an ingress tells raises the lead, what is settled lowers it,
//! whichever comes first: so a view is shown once, and at once. The lead is never more than what
//! was told lately, nor the debt more than what was settled lately; so a note that was lost or told
//! twice is forgotten, and `live` returns to settled when nothing comes any more.

use super::{Config, Note};
use std::collections::VecDeque;
use std::time::Duration;

/// What is told and settled.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Amount {
    /// Views; a number below 2^53 is exact.
    pub(super) views: f64,
    /// Time watched, seconds.
    pub(super) watched_s: f64,
}

impl Amount {
    /// What has come from here to there.
    pub(super) fn to(&self, later: &Self) -> Self {
        let (views, watched_s) = (later.views - self.views, later.watched_s - self.watched_s);
        Self { views, watched_s }
    }
}

/// What ingresses have told of one content. Times are since any one instant, and never go back.
#[derive(Debug)]
pub(super) struct Live {
    views: Lead,
    watched_s: Lead,
    note_forget: Duration,
    ingresses: Vec<Ingress>,
}

#[derive(Debug)]
struct Ingress {
    id: u64,
    viewers_now: u64,
    at: Duration,
}

/// How far what was told is ahead of what is settled; below zero it is behind.
#[derive(Debug)]
struct Lead {
    keep: Duration,
    ahead: f64,
    told: Recent,
    settled: Recent,
}

/// Numbers by the second, while they are recent.
#[derive(Debug, Default)]
struct Recent {
    seconds: VecDeque<(u64, f64)>,
}

impl Live {
    /// Nothing was told yet.
    pub(super) fn new(config: &Config) -> Self {
        Self {
            views: Lead::new(Duration::from_secs(config.live_keep_s)),
            watched_s: Lead::new(Duration::from_secs(config.watch_keep_s)),
            note_forget: Duration::from_secs(config.note_forget_s),
            ingresses: vec![],
        }
    }

    /// An ingress has told.
    pub(super) fn note(&mut self, note: &Note, now: Duration) {
        self.views.tell(note.views as f64, now);
        self.watched_s.tell(note.watched_s, now);
        self.ingresses.retain(|ingress| ingress.id != note.ingress);
        if note.viewers_now > 0 {
            let (id, viewers_now) = (note.ingress, note.viewers_now);
            self.ingresses.push(Ingress { id, viewers_now, at: now });
        }
    }

    /// So much was settled.
    pub(super) fn settle(&mut self, amount: Amount, now: Duration) {
        self.views.settle(amount.views, now);
        self.watched_s.settle(amount.watched_s, now);
    }

    /// What is to be shown beyond what is settled; never below zero.
    pub(super) fn lead(&mut self, now: Duration) -> Amount {
        let (kept, forget) = (&mut self.ingresses, self.note_forget);
        kept.retain(|ingress| now.saturating_sub(ingress.at) <= forget);
        Amount { views: self.views.now(now), watched_s: self.watched_s.now(now) }
    }

    /// Viewers who play, over all ingresses that were heard of lately.
    pub(super) fn viewers_now(&self) -> u64 {
        self.ingresses.iter().map(|ingress| ingress.viewers_now).sum()
    }
}

impl Lead {
    fn new(keep: Duration) -> Self {
        Self { keep, ahead: 0.0, told: Recent::default(), settled: Recent::default() }
    }

    fn tell(&mut self, number: f64, now: Duration) {
        self.forget(now);
        self.ahead += number;
        self.told.add(now, number);
    }

    fn settle(&mut self, number: f64, now: Duration) {
        self.forget(now);
        self.ahead -= number;
        self.settled.add(now, number);
    }

    fn now(&mut self, now: Duration) -> f64 {
        self.forget(now);
        self.ahead.max(0.0)
    }

    fn forget(&mut self, now: Duration) {
        let since = now.saturating_sub(self.keep);
        let (told, settled) = (self.told.sum(since), self.settled.sum(since));
        self.ahead = self.ahead.clamp(-settled, told);
    }
}

impl Recent {
    fn add(&mut self, now: Duration, number: f64) {
        if number <= 0.0 {
            return;
        }
        match self.seconds.back_mut() {
            Some((second, sum)) if *second >= now.as_secs() => *sum += number,
            Some(_) | None => self.seconds.push_back((now.as_secs(), number)),
        }
    }

    /// Forgets what came before the second of `since`, and sums up the rest.
    fn sum(&mut self, since: Duration) -> f64 {
        while self.seconds.front().is_some_and(|(second, _)| *second < since.as_secs()) {
            self.seconds.pop_front();
        }
        self.seconds.iter().map(|(_, number)| number).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INGRESS: u64 = 7;

    fn live() -> Live {
        Live::new(&Config { live_keep_s: 10, note_forget_s: 30, ..Config::default() })
    }

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(100 + seconds)
    }

    fn note(ingress: u64, views: u64, viewers_now: u64) -> Note {
        Note { ingress, views, viewers_now, watched_s: 0.0 }
    }

    fn views(views: u64) -> Amount {
        Amount { views: views as f64, watched_s: 0.0 }
    }

    #[test]
    fn a_view_is_shown_once_whether_it_is_told_or_settled_first() {
        let mut live = live();
        live.note(&note(INGRESS, 5, 0), s(0));
        assert_eq!(live.lead(s(0)), views(5));
        live.settle(views(5), s(1));
        assert_eq!(live.lead(s(1)), views(0));
        live.settle(views(3), s(2));
        assert_eq!(live.lead(s(2)), views(0));
        live.note(&note(INGRESS, 3, 0), s(2));
        assert_eq!(live.lead(s(2)), views(0), "these were settled already");
        live.note(&note(INGRESS, 1, 0), s(3));
        assert_eq!(live.lead(s(3)), views(1));
    }

    #[test]
    fn live_returns_to_settled_when_nothing_comes() {
        let mut live = live();
        live.note(&Note { watched_s: 60.0, ..note(INGRESS, 5, 0) }, s(0));
        assert_eq!(live.lead(s(10)), Amount { views: 5.0, watched_s: 60.0 });
        assert_eq!(live.lead(s(11)), Amount { views: 0.0, watched_s: 60.0 });
        assert_eq!(live.lead(s(151)), views(0));
    }

    #[test]
    fn notes_that_were_lost_are_forgotten() {
        let mut live = live();
        live.settle(views(1_000), s(0));
        live.note(&note(INGRESS, 1, 0), s(20));
        assert_eq!(live.lead(s(20)), views(1));
    }

    #[test]
    fn viewers_add_up_over_ingresses_and_go_with_them() {
        let mut live = live();
        let mut viewers_at = |notes: &[Note], at| {
            notes.iter().for_each(|note| live.note(note, at));
            live.lead(at);
            live.viewers_now()
        };
        assert_eq!(viewers_at(&[note(1, 0, 10)], s(0)), 10);
        assert_eq!(viewers_at(&[note(2, 0, 5), note(1, 0, 8)], s(20)), 13);
        assert_eq!(viewers_at(&[note(2, 0, 0)], s(30)), 8);
        assert_eq!(viewers_at(&[], s(50)), 8);
        assert_eq!(viewers_at(&[], s(51)), 0, "an ingress that is gone");
    }
}
