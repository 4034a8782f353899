//! The limits of counting, each with its reason. `[actors.engagement]`

use crate::runtime::Backoff;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Counting: settling, live numbers, ranks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Facts that may wait to be counted; with more waiting, players are told to come back. At some
    /// 200 bytes each these are 200 MB, and 50 seconds of 20,000 views a second.
    pub facts_waiting_max: u64,
    /// Waiting facts are looked for so often, milliseconds. What is settled is behind by this and a
    /// commit; `live` is not.
    pub settle_poll_ms: u64,
    /// Facts that are read at once, when so many wait. The more, the fewer commits for contents
    /// that many watch, so a settler that falls behind gets faster; 15 MB.
    pub settle_facts_max: u32,
    /// Counters that settle side by side: as many as share a commit of the disk.
    pub settle_at_once_max: usize,
    /// A counter must settle within so long, milliseconds: some commits on a loaded disk. The facts
    /// of one that does not wait, and nobody waits longer for it.
    pub settle_deadline_ms: u64,
    /// Waiting time before a counter that did not settle is asked again; doubles with each time.
    pub settle_retry_first_ms: u64,
    /// Longest waiting time before it is asked again: what is mended shows within a minute.
    pub settle_retry_most_ms: u64,
    /// Contents that may be waited for in this way. More mean that it is not the contents: then
    /// everybody is asked again after `settle_retry_first_ms`.
    pub settle_failing_max: usize,
    /// The queue is read again from its front so often, seconds, whatever is known of it.
    pub settle_rescan_s: u64,
    /// Facts that one event of `playback.events` carries: each some 250 bytes, far below
    /// `storage.event_record_bytes_max`.
    pub event_facts_max: usize,
    /// `live` runs ahead of what is settled by what came in so many seconds: longer than settling
    /// takes.
    pub live_keep_s: u64,
    /// The time watched runs ahead of what is settled by what came in so many seconds: sessions
    /// report once a minute.
    pub watch_keep_s: u64,
    /// Signs of life of viewers are kept apart by so many seconds: what `viewers_now` is late by,
    /// at most, when one goes without a word.
    pub viewer_slot_s: u64,
    /// Contents with live numbers at one ingress. About 500 bytes each; a new one takes the place
    /// of one that nobody plays, else it has none.
    pub cells_max: usize,
    /// A content's live numbers go after so many seconds without anything.
    pub cell_idle_s: u64,
    /// Events a second above which the live numbers of a content are spread over more cache lines.
    /// Below that cores seldom meet.
    pub cell_split_rate: u64,
    /// Counters of contents that are watched on pages, or hot, are told so often, milliseconds.
    pub tell_ms: u64,
    /// Counters of all other contents with something new are told so often, milliseconds.
    pub tell_rest_ms: u64,
    /// Counters that are told side by side.
    pub tell_at_once_max: usize,
    /// A counter must take a note within so long, milliseconds. It is a hint: the next one follows.
    pub tell_deadline_ms: u64,
    /// The viewers of a content are told again after so many seconds, changed or not.
    pub note_repeat_s: u64,
    /// A counter forgets what an ingress told it of viewers after so many seconds: three repeats.
    pub note_forget_s: u64,
    /// Contents that are watched on pages at once: those of as many streams as may be open.
    pub boards_max: usize,
    /// Contents are ranked so often, seconds.
    pub rank_every_s: u64,
    /// Ranked contents that are read at once.
    pub rank_page_max: u32,
    /// Contents of which the rank is kept in memory, the highest first. About 50 bytes each.
    pub heat_contents_max: usize,
    /// Score below which nothing is hot: the first viewer of a new platform makes no hit.
    pub hot_views_min: f64,
    /// A view weighs half after so many seconds. In a day every time zone has had its evening.
    /// Fixed for the life of a catalog: trends of two half-lives do not compare.
    pub half_life_s: f64,
    /// Keys of views are kept for so many hours: the day in which late events are taken, and one.
    pub view_keys_keep_h: u32,
    /// Views by the minute are kept for so many days.
    pub history_days: u32,
    /// Rows that are forgotten at once: some milliseconds of the writer.
    pub forget_rows_max: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            facts_waiting_max: 1_000_000,
            settle_poll_ms: 250,
            settle_facts_max: 65_536,
            settle_at_once_max: 256,
            settle_deadline_ms: 2_000,
            settle_retry_first_ms: 1_000,
            settle_retry_most_ms: 60_000,
            settle_failing_max: 1_024,
            settle_rescan_s: 10,
            event_facts_max: 100,
            live_keep_s: 10,
            watch_keep_s: 150,
            viewer_slot_s: 5,
            cells_max: 65_536,
            cell_idle_s: 120,
            cell_split_rate: 20_000,
            tell_ms: 200,
            tell_rest_ms: 1_000,
            tell_at_once_max: 64,
            tell_deadline_ms: 1_000,
            note_repeat_s: 10,
            note_forget_s: 30,
            boards_max: 4_096,
            rank_every_s: 15,
            rank_page_max: 1_000,
            heat_contents_max: 50_000,
            hot_views_min: 10.0,
            half_life_s: 86_400.0,
            view_keys_keep_h: 25,
            history_days: 30,
            forget_rows_max: 2_000,
        }
    }
}

impl Config {
    /// Checks the numbers against each other.
    ///
    /// # Errors
    /// One sentence that names the key.
    pub fn validate(&self) -> Result<(), String> {
        for (key, value) in self.bounds() {
            if value == 0 {
                return Err(format!("{key} must be above 0"));
            }
        }
        let reals = [("hot_views_min", self.hot_views_min), ("half_life_s", self.half_life_s)];
        for (key, value) in reals {
            if !(value.is_finite() && value > 0.0) {
                return Err(format!("{key} must be a number above 0"));
            }
        }
        if self.settle_retry_most_ms < self.settle_retry_first_ms {
            return Err("settle_retry_most_ms must not be below settle_retry_first_ms".into());
        }
        if self.tell_rest_ms < self.tell_ms {
            return Err("tell_rest_ms must not be below tell_ms".into());
        }
        if self.note_forget_s <= self.note_repeat_s {
            return Err("note_forget_s must be above note_repeat_s".into());
        }
        Ok(())
    }

    fn bounds(&self) -> [(&'static str, u64); 28] {
        [
            ("facts_waiting_max", self.facts_waiting_max),
            ("event_facts_max", self.event_facts_max as u64),
            ("settle_poll_ms", self.settle_poll_ms),
            ("settle_facts_max", self.settle_facts_max.into()),
            ("settle_at_once_max", self.settle_at_once_max as u64),
            ("settle_deadline_ms", self.settle_deadline_ms),
            ("settle_retry_first_ms", self.settle_retry_first_ms),
            ("settle_failing_max", self.settle_failing_max as u64),
            ("settle_rescan_s", self.settle_rescan_s),
            ("live_keep_s", self.live_keep_s),
            ("watch_keep_s", self.watch_keep_s),
            ("viewer_slot_s", self.viewer_slot_s),
            ("cells_max", self.cells_max as u64),
            ("cell_idle_s", self.cell_idle_s),
            ("cell_split_rate", self.cell_split_rate),
            ("tell_ms", self.tell_ms),
            ("tell_rest_ms", self.tell_rest_ms),
            ("tell_at_once_max", self.tell_at_once_max as u64),
            ("tell_deadline_ms", self.tell_deadline_ms),
            ("note_repeat_s", self.note_repeat_s),
            ("note_forget_s", self.note_forget_s),
            ("boards_max", self.boards_max as u64),
            ("rank_every_s", self.rank_every_s),
            ("rank_page_max", self.rank_page_max.into()),
            ("heat_contents_max", self.heat_contents_max as u64),
            ("view_keys_keep_h", self.view_keys_keep_h.into()),
            ("history_days", self.history_days.into()),
            ("forget_rows_max", self.forget_rows_max.into()),
        ]
    }

    /// `settle_retry_first_ms` and `settle_retry_most_ms`.
    #[must_use]
    pub fn settle_retry(&self) -> Backoff {
        Backoff {
            first: Duration::from_millis(self.settle_retry_first_ms),
            most: Duration::from_millis(self.settle_retry_most_ms),
        }
    }
}
