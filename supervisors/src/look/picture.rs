//! The whole picture: header, table, who needs attention; a pure function of what is known.

use super::branches;
use super::sample::Samples;
use super::table::{self, Context};
use super::text::{Line, Tone, clean};
use super::{attention, units};
use playhouse_actors::runtime::inspect::view::{ActorView, TreePage};

/// Lines about actors that need attention where there is no height to keep to.
const ATTENTION_MAX: usize = 20;

/// A lower terminal shows rows instead; its header still counts who is stuck.
const ATTENTION_HEIGHT: usize = 12;

/// What is drawn.
pub(super) struct View<'v> {
    /// The page.
    pub(super) page: &'v TreePage,
    /// Actors in need that the page does not have.
    pub(super) elsewhere: &'v [ActorView],
    /// Of a watch: what earlier pages told.
    pub(super) samples: Option<&'v Samples>,
    /// A list by some order, not a tree.
    pub(super) flat: bool,
}

/// Where it is drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    /// Columns and lines of the terminal; none where there is no bound.
    pub(super) size: Option<(usize, usize)>,
    /// The first row that is seen.
    pub(super) scroll: usize,
    /// What is wrong with the connection.
    pub(super) stale: Option<String>,
}

/// What was drawn.
#[derive(Default)]
pub(super) struct Picture {
    /// From top to bottom.
    pub(super) lines: Vec<Line>,
    /// The first row that is seen: not further than makes sense.
    pub(super) scroll: usize,
    /// Rows that are seen.
    pub(super) rows: usize,
}

/// Draws `view` so that it fits `frame`.
pub(super) fn draw(view: &View<'_>, frame: &Frame) -> Picture {
    let (width, height) = frame.size.unwrap_or((usize::MAX, usize::MAX));
    let rows = branches::rows(view.page, view.flat);
    let context = Context { at: view.page.at, samples: view.samples };
    let (title, mut table) = table::lines(&rows, context, width);
    let mut lines = header(view.page, frame.stale.as_deref());
    lines.extend([Line::default(), title]);
    // A quarter of the height is enough to know where to begin.
    let most = ATTENTION_MAX.min(height / 4);
    let mut attention = attention::lines(view.page, view.elsewhere, most);
    if height < ATTENTION_HEIGHT {
        attention.clear();
    }
    let blank = usize::from(!attention.is_empty());
    let room = height.saturating_sub(lines.len() + attention.len() + blank);
    let more = view.page.next_cursor.is_some();
    let cut = table.len() > room || more || (view.samples.is_some() && frame.size.is_some());
    let room = room.saturating_sub(usize::from(cut));
    let all = table.len();
    let scroll = frame.scroll.min(all.saturating_sub(room));
    table.drain(..scroll);
    table.truncate(room);
    let seen = table.len();
    lines.append(&mut table);
    if cut {
        lines.push(footer(scroll, seen, all, more, frame.size.is_some()));
    }
    lines.extend(std::iter::repeat_n(Line::default(), blank));
    lines.extend(attention);
    lines.truncate(height);
    let lines = lines.into_iter().map(|line| line.clip(width)).collect();
    Picture { lines, scroll, rows: seen }
}

fn header(page: &TreePage, stale: Option<&str>) -> Vec<Line> {
    let up = units::duration(units::since(page.at, page.node.started_at));
    let name = format!("playhouse {}", clean(&page.node.version));
    let mut first = Line::new(Tone::Bold, name)
        .and(Tone::Plain, format!("  up {up}"))
        .and(Tone::Dim, format!("  {}", units::time(page.at)));
    if let Some(stale) = stale {
        first = first.and(Tone::Bad, format!("  {stale}"));
    }
    let totals = &page.totals;
    let some = |n: u64, one: &str, many: &str| {
        format!("{} {}", units::count(n), if n == 1 { one } else { many })
    };
    let counts = [
        some(totals.supervisors, "supervisor", "supervisors"),
        some(totals.services, "service", "services"),
        some(totals.tasks, "task", "tasks"),
        some(totals.entities, "entity", "entities"),
    ];
    // What is wrong stands first: a narrow terminal cuts off the rest.
    let wrong = [
        (totals.stuck, "stuck", Tone::Bad),
        (totals.slow, "slow", Tone::Bad),
        (totals.undelivered, "undelivered", Tone::Warn),
    ];
    let second = wrong.into_iter().fold(Line::default(), |line, (n, name, tone)| {
        let tone = if n == 0 { Tone::Dim } else { tone };
        line.and(tone, format!("{} {name}", units::count(n))).and(Tone::Dim, " · ")
    });
    let all = some(totals.actors, "actor", "actors");
    let second = second.and(Tone::Plain, format!("{all}: {}", counts.join(", ")));
    vec![first, second]
}

/// Says what is not seen, and in a terminal how to see it.
fn footer(scroll: usize, seen: usize, all: usize, more: bool, terminal: bool) -> Line {
    let mut told = Vec::new();
    let below = all - scroll - seen;
    if scroll > 0 {
        told.push(format!("{scroll} rows above"));
    }
    if below > 0 {
        told.push(format!("{below} rows below"));
    }
    if more {
        told.push("the node has more (PATH, --search, --limit)".to_owned());
    }
    if terminal {
        let scrolls = scroll > 0 || below > 0;
        told.push(if scrolls { "j k scroll, q ends" } else { "q ends" }.to_owned());
    }
    let hides = scroll > 0 || below > 0 || more;
    Line::new(Tone::Dim, if hides { "… " } else { "" }).and(Tone::Dim, told.join(" · "))
}
