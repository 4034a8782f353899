//! What is on a player's screen: the position, the buffer ahead of it, and when it runs dry. A pure
//! clock of one session, told the moments from outside.

use crate::replay::story::{Event, Story};
use tokio::time::Instant;

/// One session's picture and its story.
pub(super) struct Show {
    /// Where playing began last, milliseconds of the content.
    base_ms: i64,
    /// Since when it plays from there; none while it does not.
    since: Option<Instant>,
    dry_since: Option<Instant>,
    loaded_ms: i64,
    total_ms: i64,
    wished: Instant,
    started: bool,
    pub(super) story: Story,
}

impl Show {
    /// Of a content that long, wished for at a moment.
    pub(super) fn new(total_ms: i64, wished: Instant) -> Self {
        Self {
            base_ms: 0,
            since: None,
            dry_since: None,
            loaded_ms: 0,
            total_ms,
            wished,
            started: false,
            story: Story::default(),
        }
    }

    pub(super) fn has_started(&self) -> bool {
        self.started
    }

    /// Since when it has run dry; none while it plays.
    pub(super) fn dry_since(&self) -> Option<Instant> {
        self.dry_since
    }

    /// A segment has come that ends there. Answers since when it had run dry.
    pub(super) fn load(
        &mut self,
        now: Instant,
        end_ms: i64,
        wall: impl Fn(Instant) -> i64,
    ) -> Option<Instant> {
        self.look(now, &wall);
        self.loaded_ms = end_ms;
        if self.since.is_some() {
            return None;
        }
        self.since = Some(now);
        let dry = self.dry_since.take();
        let waited_s = |from: Instant| now.saturating_duration_since(from).as_secs_f64();
        let event = match dry {
            Some(from) => Event::Play { stall_s: waited_s(from) },
            None => Event::Start { startup_s: waited_s(self.wished) },
        };
        self.started = true;
        self.story.add(event, wall(now), self.base_ms);
        dry
    }

    /// Finds out whether it has run dry meanwhile.
    pub(super) fn look(&mut self, now: Instant, wall: impl Fn(Instant) -> i64) {
        let Some(since) = self.since else { return };
        let dry = since + millis(self.loaded_ms - self.base_ms);
        if now >= dry && self.loaded_ms < self.total_ms {
            self.story.add(Event::Buffering, wall(dry), self.loaded_ms);
            self.base_ms = self.loaded_ms;
            self.since = None;
            self.dry_since = Some(dry);
        }
    }

    /// A sign of life; none before the first picture.
    pub(super) fn beat(&mut self, now: Instant, wall: impl Fn(Instant) -> i64) {
        self.look(now, &wall);
        if self.started {
            let playing = self.since.is_some();
            self.story.add(Event::Heartbeat { playing }, wall(now), self.position(now));
        }
    }

    /// Somebody leaves.
    pub(super) fn end(&mut self, now: Instant, wall: impl Fn(Instant) -> i64) {
        self.look(now, &wall);
        if self.started {
            self.story.add(Event::End, wall(now), self.position(now));
        }
    }

    /// When there is room for what begins there, with so much kept ahead.
    pub(super) fn room_at(&self, start_ms: i64, ahead_ms: i64, now: Instant) -> Instant {
        match self.since {
            Some(since) => since + millis(start_ms - ahead_ms - self.base_ms),
            None => now,
        }
    }

    /// When it comes to the content's end, if nothing is missing.
    pub(super) fn over_at(&self) -> Option<Instant> {
        let since = self.since.filter(|_| self.loaded_ms >= self.total_ms)?;
        Some(since + millis(self.total_ms - self.base_ms))
    }

    fn position(&self, now: Instant) -> i64 {
        let played = self.since.map(|since| now.saturating_duration_since(since).as_millis());
        let played = i64::try_from(played.unwrap_or_default()).unwrap_or_default();
        (self.base_ms + played).min(self.loaded_ms)
    }
}

fn millis(of: i64) -> std::time::Duration {
    std::time::Duration::from_millis(u64::try_from(of).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::super::story::View;
    use super::*;

    #[test]
    fn a_show_starts_runs_dry_goes_on_and_ends() {
        let begin = Instant::now();
        let at = |ms| begin + millis(ms);
        let wall = |moment: Instant| {
            i64::try_from(moment.saturating_duration_since(begin).as_millis()).unwrap_or_default()
        };
        let mut show = Show::new(12_000, begin);
        show.beat(at(100), wall);
        assert!(!show.has_started());
        assert_eq!(show.load(at(500), 6000, wall), None);
        assert_eq!(show.room_at(6000, 4000, at(600)), at(2500));
        assert_eq!(show.position(at(3500)), 3000);
        show.look(at(7000), wall);
        assert_eq!(show.position(at(7000)), 6000);
        assert_eq!(show.load(at(8500), 12_000, wall), Some(at(6500)));
        assert_eq!(show.over_at(), Some(at(14_500)));
        show.end(at(14_500), wall);
        let mut body = Vec::new();
        assert!(show.story.batch(&mut body));
        show.story.acknowledged(false);
        let text = String::from_utf8(body).expect("JSON");
        let told: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let names: Vec<_> = (0..4).map(|place| told[place]["event"].as_str()).collect();
        assert_eq!(names, ["start", "buffering", "play", "end"].map(Some), "{text}");
        assert_eq!((&told[2]["stall_s"], &told[3]["position_s"]), (&2.0.into(), &12.0.into()));
        assert_eq!((show.story.view(11_990), show.story.view(12_010)), (View::Yes(0), View::No));
    }
}
