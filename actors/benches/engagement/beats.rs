//! Beats of many threads into the cells of one ingress, whole and split.

use crate::processor::Stopwatch;
use jiff::{SignedDuration, Timestamp};
use playhouse_actors::engagement::{Cells, Config};
use playhouse_actors::playback::Beat;
use playhouse_storage::model::ContentId;
use std::time::Duration;

/// Beats of one thread.
const BEATS: u64 = 2_000_000;

/// Notes beats, and answers a row of the table. With a `split_rate` of 1 the content is split as
/// far as it goes.
pub(crate) fn measure(what: &str, threads: u64, split_rate: u64, share: u64) -> String {
    let cells = Cells::new(&Config { cell_split_rate: split_rate, ..Config::default() }, 45);
    let count = if what == "of one content" { 1 } else { 10_000 };
    let contents: Vec<ContentId> = (0..count).map(|_| ContentId::new()).collect();
    for content in &contents {
        cells.view(*content);
    }
    // Each look at what came in doubles the stripes of what is above its rate.
    for _ in 0..6 {
        contents.iter().for_each(|content| cells.beat(&beat(*content)));
        cells.take_all(Duration::ZERO, Duration::MAX);
    }
    let stripes = cells.stripes(contents[0]);
    let each = BEATS / share;
    let watch = Stopwatch::start();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (cells, contents) = (&cells, &contents);
            scope.spawn(move || note(cells, contents, thread, each));
        }
    });
    let (rate, ns) = watch.took(threads * each);
    format!("| {what} | {threads} | {stripes} | {rate:.0} | {ns:.0} ns |")
}

fn note(cells: &Cells, contents: &[ContentId], thread: u64, beats: u64) {
    for number in 0..beats {
        let at = (thread * 7_919 + number) as usize % contents.len();
        cells.beat(&beat(contents[at]));
    }
}

fn beat(content: ContentId) -> Beat {
    let was_playing_at = Some(Timestamp::now() - SignedDuration::from_secs(10));
    Beat { content, was_playing_at, playing: true, counted: false, watched_s: 10.0 }
}
