//! What membership says to a database: each call is a list of steps that run in one transaction,
//! sent in one go. Every rule is a condition of the statement that it guards, so nothing is decided
//! between two statements, and a node that stands still holds no lock.
//!
//! Rows are locked in one order by everybody: shards by number, nodes by name, the cluster. What is
//! checked of a row is checked by a statement after the one that locked it, which sees what those
//! have done that it waited for; no other row is changed, since it would be locked out of order.

use super::Verdict;
use crate::catalog::cell::Cell;
use crate::model::{Fence, Newcomer, NodeLife, NodeName, Phase, Rules, ShardId};
use serde_json::json;
use std::time::Duration;

/// What the engines say differently.
pub(super) struct Dialect {
    /// The database's clock, nanoseconds since 1970.
    pub(super) now: &'static str,
    /// The table of `shard` and `epoch` that the JSON text `$1` lists.
    pub(super) asked: &'static str,
    /// Around a query for shards: holds them.
    pub(super) hold: [&'static str; 2],
    /// Behind a choice of shards to change: only those that are held.
    pub(super) held: &'static str,
    /// Prolongs a lease that is good, by the clock `{now}`, and answers a row: `$1` name, `$2`
    /// incarnation, `$3` for how long.
    pub(super) renew: &'static str,
}

/// One statement of a transaction.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) sql: String,
    pub(super) params: Vec<Cell>,
    pub(super) kind: Kind,
}

/// What a statement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It reads, or changes rows.
    Plain,
    /// It holds rows, where others could change them meanwhile.
    Lock,
    /// It answers a row for each that it changes; if there are any, this number of the cluster
    /// rises by one.
    Raises(&'static str),
}

impl Step {
    /// A question without parameters.
    pub(super) fn read(sql: &str) -> Self {
        Self::plain(sql, Vec::new())
    }

    fn plain(sql: impl Into<String>, params: Vec<Cell>) -> Self {
        Self { sql: sql.into(), params, kind: Kind::Plain }
    }

    fn lock(sql: impl Into<String>, params: Vec<Cell>) -> Self {
        Self { sql: sql.into(), params, kind: Kind::Lock }
    }

    fn raises(column: &'static str, sql: impl Into<String>, params: Vec<Cell>) -> Self {
        Self { sql: sql.into(), params, kind: Kind::Raises(column) }
    }
}

/// The numbers of the cluster that rise.
const VERSION: &str = "version";
const MOVES: &str = "moves";

/// Which cluster the database belongs to, and how many shards it has.
pub(super) const IDENTITY: &str = "SELECT name, shard_count FROM cluster";

/// Who owns which shard.
pub(super) const HOLDINGS: &str =
    "SELECT shard, epoch, owner, owner_incarnation FROM shard ORDER BY shard";

/// Makes the cluster: `$1` name, `$2` shards, `$3` rules.
pub(super) const FOUND: &str = "INSERT INTO cluster \
     (one, name, shard_count, version, moves, rules) VALUES (1, $1, $2, 0, 0, $3) \
     ON CONFLICT DO NOTHING";

/// Ends the right of a node that is no cluster's, before the cluster is made.
pub(super) const FENCE_LONER: &str = "UPDATE shard SET epoch = epoch + 1 \
     WHERE epoch > 0 AND NOT EXISTS (SELECT 1 FROM cluster)";

/// Takes a suspicion back: `$1`, `$2` of whom, `$3`, `$4` by whom.
const TRUST: &str = "DELETE FROM suspicion WHERE name = $1 AND incarnation = $2 \
     AND by_name = $3 AND by_incarnation = $4";

/// Says that the life `$name`, `$name + 1` has a good lease.
fn living(d: &Dialect, name: u8) -> String {
    let (incarnation, now) = (name + 1, d.now);
    format!(
        "(SELECT COUNT(*) FROM node WHERE name = ${name} AND incarnation = ${incarnation} \
         AND lease_until > {now})"
    )
}

/// The rest of a query for the living nodes `peer` that suspect the node `n`, and said so since
/// `$since` before now.
fn accusers(d: &Dialect, since: u8) -> String {
    let now = d.now;
    format!(
        "FROM suspicion AS s JOIN node AS peer ON peer.name = s.by_name \
         AND peer.incarnation = s.by_incarnation AND peer.lease_until > {now} \
         WHERE s.name = n.name AND s.incarnation = n.incarnation AND s.at > {now} - ${since}"
    )
}

fn life(life: &NodeLife) -> [Cell; 2] {
    [Cell::text(&life.name), Cell::int(life.incarnation)]
}

fn span(duration: Duration) -> Cell {
    Cell::int(duration.as_nanos())
}

/// Begins a life unless one of this name is alive, and tells how long the lease of the name is.
pub(super) fn join(d: &Dialect, newcomer: &Newcomer, ttl: Duration) -> Vec<Step> {
    let now = d.now;
    let begin = format!(
        "INSERT INTO node (name, incarnation, link, http, zone, weight, build, phase, removed, \
         lease_until) VALUES ($1, 1, $2, $3, $4, $5, $6, $8, 0, {now} + $7) \
         ON CONFLICT (name) DO UPDATE SET incarnation = node.incarnation + 1, \
         link = excluded.link, http = excluded.http, zone = excluded.zone, \
         weight = excluded.weight, build = excluded.build, removed = 0, \
         phase = CASE WHEN node.removed = 1 THEN excluded.phase ELSE node.phase END, \
         lease_until = {now} + $7 WHERE node.lease_until <= {now} RETURNING incarnation"
    );
    let name = Cell::text(&newcomer.name);
    let params = vec![
        name.clone(),
        Cell::text(&newcomer.link),
        Cell::text(&newcomer.http),
        Cell::text(&newcomer.zone),
        Cell::int(newcomer.weight),
        Cell::text(&newcomer.build),
        span(ttl),
        Cell::word(&Phase::Up),
    ];
    let left = format!("SELECT lease_until - {now} FROM node WHERE name = $1");
    vec![Step::raises(VERSION, begin, params), Step::plain(left, vec![name])]
}

/// Prolongs a lease that is good; answers a row when it was.
pub(super) fn renew(d: &Dialect, me: &NodeLife, ttl: Duration) -> Step {
    let [name, incarnation] = life(me);
    Step::plain(d.renew.replace("{now}", d.now), vec![name, incarnation, span(ttl)])
}

/// The database's clock.
pub(super) fn clock(d: &Dialect) -> Step {
    Step::plain(format!("SELECT {}", d.now), Vec::new())
}

/// The cluster beside each member: one statement sees one state.
pub(super) fn view(d: &Dialect, fresh: Duration) -> Step {
    let (now, accusers) = (d.now, accusers(d, 1));
    let sql = format!(
        "SELECT c.version, c.moves, c.shard_count, c.rules, n.name, n.incarnation, n.link, n.http, \
         n.zone, n.weight, n.build, n.phase, n.lease_until - {now}, \
         (SELECT string_agg(s.by_name, ',' ORDER BY s.by_name) {accusers}) \
         FROM cluster AS c LEFT JOIN node AS n ON n.removed = 0 ORDER BY n.name"
    );
    Step::plain(sql, vec![span(fresh)])
}

/// Holds shards, by number: waits for commits under way, and for others who take or give them.
fn hold(d: &Dialect, which: &str, params: &[Cell]) -> Step {
    let [before, behind] = d.hold;
    let sql = format!("{before}SELECT shard FROM shard WHERE {which} ORDER BY shard{behind}");
    Step::lock(sql, params.to_vec())
}

/// Takes what can be taken. Last: whether this node is alive.
///
/// Lists and members are read once and looked up by each shard: a server that made joins of them
/// would go through them 1024 times, which `IS TRUE` keeps it from.
pub(super) fn claim(d: &Dialect, me: &NodeLife, shards: &[ShardId]) -> Vec<Step> {
    let claimable = format!(
        "(shard IN (SELECT shard FROM {})) IS TRUE AND (owner IS NULL OR \
         (owner, owner_incarnation) NOT IN \
         (SELECT name, incarnation FROM node WHERE lease_until > {}))",
        d.asked, d.now
    );
    let listed: Vec<_> = shards.iter().map(|shard| json!({"shard": shard})).collect();
    let (listed, [name, incarnation]) = (Cell::json(&listed), life(me));
    let take = format!(
        "UPDATE shard SET epoch = epoch + 1, owner = $2, owner_incarnation = $3 \
         WHERE {claimable}{} AND {} = 1 RETURNING shard, epoch",
        d.held,
        living(d, 2)
    );
    vec![
        hold(d, &claimable, std::slice::from_ref(&listed)),
        Step::lock("SELECT 1 FROM node WHERE name = $1 FOR SHARE", vec![name.clone()]),
        Step::raises(MOVES, take, vec![listed, name.clone(), incarnation.clone()]),
        Step::plain(format!("SELECT {}", living(d, 1)), vec![name, incarnation]),
    ]
}

/// Frees what is held at these epochs.
pub(super) fn release(d: &Dialect, me: &NodeLife, fences: &[Fence]) -> Vec<Step> {
    let owned = format!(
        "owner = $2 AND owner_incarnation = $3 \
         AND ((shard, epoch) IN (SELECT shard, epoch FROM {})) IS TRUE",
        d.asked
    );
    let [name, incarnation] = life(me);
    let params = vec![Cell::json(&fences), name, incarnation];
    vec![hold(d, &owned, &params), free(d, &owned, params)]
}

fn free(d: &Dialect, which: &str, params: Vec<Cell>) -> Step {
    let sql = format!(
        "UPDATE shard SET owner = NULL, owner_incarnation = NULL WHERE {which}{} RETURNING shard",
        d.held
    );
    Step::raises(MOVES, sql, params)
}

/// Frees what a life holds, and ends its lease.
pub(super) fn leave(d: &Dialect, me: &NodeLife) -> Vec<Step> {
    let now = d.now;
    let owned = "owner = $1 AND owner_incarnation = $2";
    let end = format!(
        "UPDATE node SET lease_until = {now} \
         WHERE name = $1 AND incarnation = $2 AND lease_until > {now}"
    );
    let params = life(me).to_vec();
    vec![hold(d, owned, &params), free(d, owned, params.clone()), Step::plain(end, params)]
}

/// Notes a suspicion among the living, and ends the lease of the suspected when enough share it.
/// Last: whether the accuser and the suspected are alive.
pub(super) fn suspect(d: &Dialect, me: &NodeLife, other: &NodeLife, verdict: Verdict) -> Vec<Step> {
    let (now, both) = (d.now, [life(other), life(me)].concat());
    let (other_lives, i_live) = (living(d, 1), living(d, 3));
    let hold = "SELECT 1 FROM node WHERE name IN ($1, $2) ORDER BY name FOR UPDATE";
    let note = format!(
        "INSERT INTO suspicion (name, incarnation, by_name, by_incarnation, at) \
         SELECT $1, $2, $3, $4, {now} FROM cluster WHERE {other_lives} = 1 AND {i_live} = 1 \
         ON CONFLICT (name, by_name) DO UPDATE SET incarnation = excluded.incarnation, \
         by_incarnation = excluded.by_incarnation, at = excluded.at"
    );
    let end = format!(
        "UPDATE node AS n SET lease_until = {now} WHERE n.name = $1 AND n.incarnation = $2 \
         AND n.lease_until > {now} AND {i_live} = 1 AND (SELECT COUNT(*) {}) >= $6",
        accusers(d, 5)
    );
    let judged = [span(verdict.within), Cell::int(verdict.by.max(1))];
    vec![
        Step::lock(hold, vec![both[0].clone(), both[2].clone()]),
        Step::plain(note, both.clone()),
        Step::plain(end, [&both[..], &judged].concat()),
        Step::plain(format!("SELECT {i_live}, {other_lives}"), both),
    ]
}

/// Takes a suspicion back.
pub(super) fn trust(me: &NodeLife, other: &NodeLife) -> Step {
    Step::plain(TRUST, [life(other), life(me)].concat())
}

/// What a change must know of the cluster and a member; [`super::rows::facts`] reads it.
fn facts(d: &Dialect, name: &Cell) -> [Step; 3] {
    let facts = format!(
        "SELECT version, shard_count, \
         (SELECT COUNT(*) FROM node WHERE name = $1 AND removed = 0), \
         (SELECT COUNT(*) FROM node WHERE name = $1 AND lease_until > {}), \
         (SELECT COUNT(*) FROM shard WHERE owner = $1) FROM cluster",
        d.now
    );
    [
        Step::lock("SELECT 1 FROM node WHERE name = $1 FOR UPDATE", vec![name.clone()]),
        Step::lock("SELECT 1 FROM cluster FOR UPDATE", Vec::new()),
        Step::plain(facts, vec![name.clone()]),
    ]
}

/// A condition that holds while the view is at this version.
const AT_VERSION: &str = "EXISTS (SELECT 1 FROM cluster WHERE version = $2)";

/// Tells a member what to do.
pub(super) fn phase(d: &Dialect, version: u64, name: &NodeName, phase: Phase) -> Vec<Step> {
    let sql = format!(
        "UPDATE node SET phase = $3 WHERE name = $1 AND removed = 0 AND {AT_VERSION} RETURNING 1"
    );
    let name = Cell::text(name);
    let params = vec![name.clone(), Cell::int(version), Cell::word(&phase)];
    let mut steps = facts(d, &name).to_vec();
    steps.push(Step::raises(VERSION, sql, params));
    steps
}

/// Forgets a member that is dead and owns nothing.
pub(super) fn remove(d: &Dialect, version: u64, name: &NodeName) -> Vec<Step> {
    let sql = format!(
        "UPDATE node SET removed = 1 WHERE name = $1 AND removed = 0 AND lease_until <= {} \
         AND NOT EXISTS (SELECT 1 FROM shard WHERE owner = $1) AND {AT_VERSION} RETURNING 1",
        d.now
    );
    let name = Cell::text(name);
    let mut steps = facts(d, &name).to_vec();
    steps.push(Step::raises(VERSION, sql, vec![name, Cell::int(version)]));
    steps
}

/// Changes the rules, if every shard that they pin exists.
pub(super) fn rules(d: &Dialect, version: u64, rules: &Rules) -> Vec<Step> {
    let sql = "UPDATE cluster SET rules = $1, version = version + 1 \
               WHERE version = $2 AND shard_count > $3 RETURNING 1";
    let last = rules.pins.keys().next_back().map_or(0, |shard| shard.0);
    let params = vec![Cell::json(rules), Cell::int(version), Cell::int(last)];
    let mut steps = facts(d, &Cell::text("")).to_vec();
    steps.push(Step::plain(sql, params));
    steps
}
