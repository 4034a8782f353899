//! The picture of a cluster: a table of its members, then what needs a look, then what moved.

use super::text::{Line, Tone, clean, columns, pad};
use super::units::{self, NONE};
use playhouse_actors::cluster::{ClusterPicture, MemberPicture, MoveAt, Moved};
use playhouse_storage::model::Phase;

/// Blanks between two columns.
const GAP: &str = "  ";
/// Groups of moves that are shown: the rest is at the page.
const MOVES_MAX: usize = 8;
/// A lease that is shorter has missed renewals: it is 10 s long and renewed every 3 s.
const LEASE_SHORT_MS: i64 = 4_000;

/// The columns, and whether they hold numbers.
const COLUMNS: [(&str, bool); 9] = [
    ("NODE", false),
    ("PHASE", false),
    ("ZONE", false),
    ("WEIGHT", true),
    ("LEASE", true),
    ("SHARDS", true),
    ("ENTITIES", true),
    ("LINK", false),
    ("ROUND TRIP", true),
];

type Cell = (Tone, String);

/// The lines of a picture.
pub(super) fn draw(cluster: &ClusterPicture) -> Vec<Line> {
    let mut lines = head(cluster);
    lines.push(Line::default());
    lines.extend(table(cluster));
    let troubles = troubles(cluster);
    if !troubles.is_empty() {
        lines.extend([Line::default(), Line::new(Tone::Bold, "needs attention")]);
        lines.extend(troubles);
    }
    let moves = moves(cluster);
    if !moves.is_empty() {
        lines.extend([Line::default(), Line::new(Tone::Bold, "moved lately")]);
        lines.extend(moves);
    }
    lines
}

fn head(cluster: &ClusterPicture) -> Vec<Line> {
    let what = match cluster.clustered {
        true => format!("cluster of {}, view {}", cluster.members.len(), cluster.view_version),
        false => "a node that is alone".to_owned(),
    };
    let mut first = Line::new(Tone::Bold, what)
        .and(Tone::Dim, format!("{GAP}{}", units::time(cluster.at)))
        .and(Tone::Dim, format!("{GAP}told by {}", cluster.answered_by.name));
    if let Some(stale) = &cluster.stale {
        first = first.and(Tone::Bad, format!("{GAP}{}", clean(stale)));
    }
    let counts = cluster.shards;
    let toned = |n: usize, tone: Tone| if n == 0 { Tone::Dim } else { tone };
    let second = Line::new(Tone::Plain, format!("{} shards: {} owned", counts.all, counts.owned))
        .and(toned(counts.free, Tone::Bad), format!(" · {} without a living owner", counts.free))
        .and(toned(counts.to_move, Tone::Warn), format!(" · {} to move", counts.to_move));
    if !cluster.clustered {
        return vec![first, second];
    }
    let (moves, least) = (cluster.rules.moves_max, cluster.rules.members_min);
    let pinned = cluster.rules.pins.len();
    let rules = format!("{moves} may move at a time · {pinned} pinned · {least} members must live");
    vec![first, second, Line::new(Tone::Dim, rules)]
}

fn table(cluster: &ClusterPicture) -> Vec<Line> {
    let rows: Vec<_> = cluster.members.iter().map(|member| row(cluster, member)).collect();
    let widest = |at: usize| {
        let cells = rows.iter().map(|row| columns(&row[at].1));
        cells.max().unwrap_or(0).max(columns(COLUMNS[at].0))
    };
    let widths: Vec<_> = (0..COLUMNS.len()).map(widest).collect();
    let joined = |cells: &[Cell]| {
        let mut line = Line::default();
        for (at, (tone, text)) in cells.iter().enumerate() {
            let gap = if at == 0 { "" } else { GAP };
            line = line.and(*tone, format!("{gap}{}", pad(text, widths[at], COLUMNS[at].1)));
        }
        line
    };
    let titles = COLUMNS.map(|(title, _)| (Tone::Dim, title.to_owned()));
    std::iter::once(joined(&titles)).chain(rows.iter().map(|row| joined(row))).collect()
}

fn row(cluster: &ClusterPicture, picture: &MemberPicture) -> [Cell; COLUMNS.len()] {
    let member = &picture.member;
    let zone = if member.zone.is_empty() { NONE.to_owned() } else { clean(&member.zone) };
    let entities = picture.report.as_ref().map(|report| units::count(report.entities as u64));
    let round_trip = picture.reached.as_ref().and_then(|link| link.round_trip_ms);
    [
        (Tone::Bold, clean(member.life.name.as_str())),
        phase(picture),
        (Tone::Plain, zone),
        (Tone::Plain, member.weight.to_string()),
        lease(cluster, picture),
        shards(picture),
        some(entities),
        link(cluster, picture),
        some(round_trip.map(|ms| units::duration(ms / 1e3))),
    ]
}

fn phase(picture: &MemberPicture) -> Cell {
    match (picture.member.alive, picture.member.phase) {
        (false, _) => (Tone::Bad, "dead".to_owned()),
        (true, Phase::Up) => (Tone::Good, "up".to_owned()),
        (true, Phase::Draining) => (Tone::Warn, "draining".to_owned()),
    }
}

fn lease(cluster: &ClusterPicture, picture: &MemberPicture) -> Cell {
    let left_ms = picture.member.lease_left_ms;
    match left_ms {
        _ if !cluster.clustered => some(None),
        ..=0 => (Tone::Bad, "over".to_owned()),
        1..LEASE_SHORT_MS => (Tone::Warn, units::duration(left_ms as f64 / 1e3)),
        _ => (Tone::Plain, units::duration(left_ms as f64 / 1e3)),
    }
}

/// Owned of desired.
fn shards(picture: &MemberPicture) -> Cell {
    let (owned, desired) = (picture.shards_owned, picture.shards_desired);
    let tone = if owned == desired { Tone::Plain } else { Tone::Warn };
    (tone, format!("{owned}/{desired}"))
}

fn link(cluster: &ClusterPicture, picture: &MemberPicture) -> Cell {
    match &picture.reached {
        _ if picture.member.life == cluster.answered_by => (Tone::Dim, "itself".to_owned()),
        Some(link) if link.connected => {
            (Tone::Good, format!("{}/{} under way", link.in_flight, link.credits))
        }
        Some(_) => (Tone::Bad, "not reached".to_owned()),
        None => some(None),
    }
}

fn some(text: Option<String>) -> Cell {
    text.map_or_else(|| (Tone::Dim, NONE.to_owned()), |text| (Tone::Plain, text))
}

/// What an operator should know of each member, in sentences.
fn troubles(cluster: &ClusterPicture) -> Vec<Line> {
    let mut lines = Vec::new();
    let names = cluster.members.iter().map(|it| columns(it.member.life.name.as_str()));
    let width = names.max().unwrap_or(0);
    for picture in &cluster.members {
        for (tone, text) in troubles_of(picture) {
            let name = pad(picture.member.life.name.as_str(), width, false);
            lines.push(Line::new(tone, format!("  {name}  ")).and(Tone::Plain, clean(&text)));
        }
    }
    lines
}

fn troubles_of(picture: &MemberPicture) -> Vec<Cell> {
    let member = &picture.member;
    let mut told = Vec::new();
    if let Some(missing) = &picture.missing {
        told.push((Tone::Bad, format!("tells nothing: {missing}")));
    }
    if let Some(link) = picture.reached.as_ref().filter(|link| member.alive && !link.connected) {
        let why = link.last_error.as_deref().unwrap_or("no reason is known");
        told.push((Tone::Bad, format!("is not reached: {why}")));
    }
    if !member.suspected_by.is_empty() {
        let peers: Vec<_> = member.suspected_by.iter().map(ToString::to_string).collect();
        told.push((Tone::Warn, format!("is not reached, says {}", peers.join(", "))));
    }
    for (count, what) in [
        (picture.shards_unserved, "it owns and does not serve (yet)"),
        (
            picture.shards_stray,
            "it serves and does not own (any more): it can commit nothing there",
        ),
    ] {
        if let Some(count @ 1..) = count {
            told.push((Tone::Warn, format!("{} {what}", shards_told(count))));
        }
    }
    told
}

fn shards_told(count: usize) -> String {
    if count == 1 { "1 shard".to_owned() } else { format!("{count} shards") }
}

/// Moves of one node in one go are one line.
fn moves(cluster: &ClusterPicture) -> Vec<Line> {
    let alike =
        |a: &MoveAt, b: &MoveAt| (&a.node, a.of.what, &a.of.why) == (&b.node, b.of.what, &b.of.why);
    let groups = cluster.recent_moves.chunk_by(alike).take(MOVES_MAX);
    let line = |group: &[MoveAt]| {
        let newest = &group[0];
        let ago = units::duration(units::since(cluster.at, newest.of.at));
        let (tone, what) = match newest.of.what {
            Moved::Claimed => (Tone::Good, "claimed"),
            Moved::Released => (Tone::Plain, "gave up"),
            Moved::Lost => (Tone::Warn, "lost"),
        };
        let which = match group.len() {
            1 => format!("shard {}", newest.of.shard.0),
            many => shards_told(many),
        };
        Line::new(Tone::Dim, format!("  {} ago  ", pad(&ago, 9, true)))
            .and(tone, format!("{} {what} {which}", clean(newest.node.as_str())))
            .and(Tone::Dim, format!(": {}", clean(&newest.of.why)))
    };
    groups.map(line).collect()
}
