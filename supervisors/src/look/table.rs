//! The table of actors: its columns, and how it fits a width.
//!
//! A narrow terminal first shortens names in the middle, then gives up columns, least important
//! first. The name, the status and what is being done always stay.

use super::attention;
use super::branches::Row;
use super::sample::{Samples, TREND};
use super::text::{Line, Tone, clean, clip, columns, middle, pad};
use super::units::{self, NONE};
use jiff::Timestamp;
use playhouse_actors::runtime::inspect::view::ActorView;

/// Blanks between two columns.
const GAP: usize = 2;
/// Names are not shortened below this while there are columns to give up: the end of a UUID and
/// some of its kind can still be told.
const NAME_MIN: usize = 28;

/// What there is to tell besides the page.
#[derive(Clone, Copy)]
pub(super) struct Context<'s> {
    /// When the page was made.
    pub(super) at: Timestamp,
    /// Of a watch: rates instead of means.
    pub(super) samples: Option<&'s Samples>,
}

/// A column but that of the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Status,
    State,
    Doing,
    Inside,
    Oldest,
    Handled,
    Rate,
    Trend,
    Busy,
    Restarts,
    LastExit,
}

use Column::{
    Busy, Doing, Handled, Inside, LastExit, Oldest, Rate, Restarts, State, Status, Trend,
};

/// From left to right.
const ONCE: [Column; 9] = [Status, State, Doing, Inside, Oldest, Handled, Busy, Restarts, LastExit];
/// The same for a watch.
const WATCH: [Column; 11] =
    [Status, State, Doing, Inside, Oldest, Handled, Rate, Trend, Busy, Restarts, LastExit];
/// What is given up, first to last, after the columns that hold nothing.
const GIVEN_UP: [Column; 9] =
    [LastExit, Handled, State, Restarts, Busy, Trend, Oldest, Rate, Inside];

impl Column {
    fn title(self) -> &'static str {
        match self {
            Status => "STATUS",
            State => "STATE",
            Doing => "DOING",
            Inside => "INSIDE",
            Oldest => "OLDEST",
            Handled => "HANDLED",
            Rate => "PER S",
            Trend => "TREND",
            Busy => "BUSY",
            Restarts => "RESTARTS",
            LastExit => "LAST EXIT",
        }
    }

    /// Least columns of a watch, and most. What changes each second has a least width, so that the
    /// table does not tremble.
    fn bounds(self) -> (usize, usize) {
        match self {
            Status => (7, 11),
            State => (5, 16),
            Doing => (16, 28),
            Inside => (6, 15),
            Oldest | Handled => (8, 8),
            Rate => (5, 7),
            Trend => (TREND, TREND),
            Busy => (5, 7),
            Restarts => (8, 8),
            LastExit => (9, 28),
        }
    }

    fn numeric(self) -> bool {
        match self {
            Inside | Oldest | Handled | Rate | Trend | Busy | Restarts => true,
            Status | State | Doing | LastExit => false,
        }
    }

    fn cell(self, actor: &ActorView, context: Context<'_>) -> (Tone, String) {
        let samples = context.samples;
        match self {
            Status => (attention::tone(actor.status), attention::name(actor.status).to_owned()),
            State => some(actor.state.as_deref().map(clean)),
            Doing => doing(actor),
            Inside => inside(actor),
            Oldest => some(actor.oldest_s.map(units::duration)),
            Handled => number(actor.handled, Tone::Plain),
            Rate => some(samples.and_then(|known| known.rate(&actor.path)).map(units::rate)),
            Trend => {
                (Tone::Good, samples.map(|known| known.trend(&actor.path)).unwrap_or_default())
            }
            Busy => some(busy(actor, context).map(units::percent)),
            Restarts => number(actor.restarts, Tone::Warn),
            LastExit => last_exit(actor, context.at),
        }
    }
}

/// The title line and one line for each row, none wider than `width`.
pub(super) fn lines(rows: &[Row<'_>], context: Context<'_>, width: usize) -> (Line, Vec<Line>) {
    let all = if context.samples.is_some() { &WATCH[..] } else { &ONCE[..] };
    let cells: Vec<Vec<_>> = rows
        .iter()
        .map(|row| all.iter().map(|column| column.cell(row.actor, context)).collect())
        .collect();
    let widths: Vec<_> = all
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let (least, most) = column.bounds();
            let least = if context.samples.is_some() { least } else { 0 };
            let widest = cells.iter().map(|row| columns(&row[at].1)).max().unwrap_or(0);
            widest.max(columns(column.title())).clamp(least, most)
        })
        .collect();
    let natural = rows.iter().map(name_columns).max().unwrap_or(0).max(columns("NAME"));
    let holds_nothing = |at: &usize| cells.iter().all(|row| row[*at].1 == NONE);
    let nothing: Vec<_> = (0..all.len()).filter(holds_nothing).map(|at| all[at]).collect();
    let given_up = nothing.into_iter().filter(|column| *column != Doing).chain(GIVEN_UP);
    let (kept, name_width) = fit(all, &widths, given_up, (natural, width));
    let mut title = Line::new(Tone::Dim, pad("NAME", name_width, false));
    for &at in &kept {
        title = title.and(Tone::Dim, gap(all[at].title(), widths[at], all[at].numeric()));
    }
    let drawn = rows.iter().zip(cells).map(|(row, cells)| {
        kept.iter().fold(named(row, name_width), |line, &at| {
            let (tone, text) = &cells[at];
            line.and(*tone, gap(text, widths[at], all[at].numeric()))
        })
    });
    (title.clip(width), drawn.map(|line| line.clip(width)).collect())
}

/// Which columns stay (by their place in `all`), and how wide the names are, which would like to
/// be `natural`.
fn fit(
    all: &[Column],
    widths: &[usize],
    mut given_up: impl Iterator<Item = Column>,
    (natural, width): (usize, usize),
) -> (Vec<usize>, usize) {
    let mut kept: Vec<_> = (0..all.len()).collect();
    loop {
        let taken: usize = kept.iter().map(|&at| widths[at] + GAP).sum();
        let left = width.saturating_sub(taken);
        if left >= natural.min(NAME_MIN) {
            return (kept, natural.min(left));
        }
        let Some(column) = given_up.next() else {
            return (kept, left.max(NAME_MIN / 2));
        };
        kept.retain(|&at| all[at] != column);
    }
}

fn name_columns(row: &Row<'_>) -> usize {
    columns(&row.branch) + columns(&row.name) + columns(&unseen(row))
}

fn named(row: &Row<'_>, width: usize) -> Line {
    let more = unseen(row);
    let left = width.saturating_sub(columns(&row.branch) + columns(&more));
    let name = middle(&row.name, left);
    let used = columns(&row.branch) + columns(&name) + columns(&more);
    Line::new(Tone::Dim, row.branch.clone())
        .and(Tone::Plain, name)
        .and(Tone::Dim, more)
        .and(Tone::Plain, " ".repeat(width.saturating_sub(used)))
}

/// Children that are not drawn.
fn unseen(row: &Row<'_>) -> String {
    if row.unseen == 0 { String::new() } else { format!(" +{}", units::count(row.unseen)) }
}

fn gap(text: &str, width: usize, numeric: bool) -> String {
    " ".repeat(GAP) + &pad(&clip(text, width), width, numeric)
}

fn some(text: Option<String>) -> (Tone, String) {
    text.map_or_else(|| (Tone::Dim, NONE.to_owned()), |text| (Tone::Plain, text))
}

fn number(n: u64, tone: Tone) -> (Tone, String) {
    if n == 0 { (Tone::Dim, "0".to_owned()) } else { (tone, units::count(n)) }
}

fn doing(actor: &ActorView) -> (Tone, String) {
    let Some(current) = &actor.current else { return some(None) };
    let tone = if current.blocked { Tone::Bad } else { Tone::Plain };
    let time = units::duration(current.for_s);
    // The time must stay when the name is too long.
    let (_, most) = Doing.bounds();
    let name = clip(&clean(&current.message), most - columns(&time) - 1);
    (tone, format!("{name} {time}"))
}

fn inside(actor: &ActorView) -> (Tone, String) {
    if actor.depth_max == 0 {
        return number(actor.depth, Tone::Plain);
    }
    let tone = match actor.depth {
        0 => Tone::Dim,
        depth if depth >= actor.depth_max => Tone::Bad,
        // Above four fifths the next burst is refused.
        depth if depth.saturating_mul(5) >= actor.depth_max.saturating_mul(4) => Tone::Warn,
        _ => Tone::Plain,
    };
    (tone, format!("{}/{}", units::count(actor.depth), units::count(actor.depth_max)))
}

/// Of a watch since the look before; else the mean of this life.
fn busy(actor: &ActorView, context: Context<'_>) -> Option<f64> {
    if let Some(samples) = context.samples {
        return samples.busy(&actor.path);
    }
    let lived_s = units::since(context.at, actor.started_at?);
    (lived_s > 0.0).then(|| actor.busy_s / lived_s)
}

fn last_exit(actor: &ActorView, now: Timestamp) -> (Tone, String) {
    some(actor.last_exit.as_ref().map(|exit| {
        let ago = units::duration(units::since(now, exit.at));
        format!("{} {ago} ago", clean(&exit.reason))
    }))
}
