//! Which actors a page of the tree shows: in the order of the tree, or the largest of all.
//!
//! Bounded twice: at most `limit` are shown, and while looking at all entities no more than that
//! many are remembered.

use super::census::Census;
use super::entities::{self, Found};
use super::members;
use super::view::{ActorView, Role, Sort, TreeQuery};
use crate::runtime::member::Member;
use crate::runtime::population::Population;
use crate::runtime::shard::{Running, Shard};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a page is made from.
pub(super) struct Source<'a> {
    pub(super) root: &'a Arc<Member>,
    pub(super) population: &'a Population,
    pub(super) census: &'a Census,
}

/// One who may be shown.
enum Item {
    Node(Box<ActorView>),
    Entity(Found),
}

impl Item {
    fn view(self) -> ActorView {
        match self {
            Self::Node(view) => *view,
            Self::Entity(found) => found.view(),
        }
    }

    fn path(&self) -> String {
        match self {
            Self::Node(view) => view.path.clone(),
            Self::Entity(found) => found.path(),
        }
    }
}

/// The rows of a page, and where the next one goes on.
pub(super) fn page(source: &Source<'_>, query: &TreeQuery) -> (Vec<ActorView>, Option<String>) {
    if query.sort.is_some() || query.search.is_some() {
        return flat(source, query);
    }
    let mut rows = source.outline(query);
    let after = query.cursor.as_ref().and_then(|cursor| position(&rows, cursor));
    rows.drain(..after.unwrap_or(0));
    let more = rows.len() > query.limit;
    rows.truncate(query.limit);
    let next = rows.last().filter(|_| more).map(Item::path);
    (rows.into_iter().map(Item::view).collect(), next)
}

/// The place behind the row that a cursor names. When that actor is gone it is the place where it
/// would be among its siblings, which are sorted if they are entities.
fn position(rows: &[Item], cursor: &str) -> Option<usize> {
    rows.iter().position(|row| row.path() == cursor).map(|place| place + 1).or_else(|| {
        let (parent, _) = cursor.rsplit_once('/')?;
        let later = |row: &Item| row.path().starts_with(parent) && row.path().as_str() > cursor;
        rows.iter().position(later)
    })
}

impl Source<'_> {
    /// Parents before children, down to the depth that is asked for.
    fn outline(&self, query: &TreeQuery) -> Vec<Item> {
        let mut rows = vec![];
        match query.under.strip_prefix(entities::BRANCH) {
            Some("") => self.entities(query.depth, query, &mut rows),
            Some(rest) => {
                let name = rest.trim_start_matches('/');
                match name.split_once('/') {
                    None => self.kind(name, query.depth, query, &mut rows),
                    Some((kind, id)) => {
                        rows.extend(entities::find(self.population, kind, id).map(Item::Entity));
                    }
                }
            }
            None => {
                if let Some(member) = self.root.find(&query.under) {
                    self.member(&member, None, query.depth, query, &mut rows);
                }
            }
        }
        rows
    }

    fn member(
        &self,
        member: &Arc<Member>,
        parent: Option<&str>,
        depth: u32,
        query: &TreeQuery,
        rows: &mut Vec<Item>,
    ) {
        let parent = parent.map(str::to_owned).or_else(|| parent_of(&member.path));
        rows.push(Item::Node(Box::new(members::view(member, parent.as_deref()))));
        let Some(depth) = depth.checked_sub(1) else { return };
        for child in member.children() {
            self.member(&child, Some(&member.path), depth, query, rows);
        }
        if member.role == Role::Node {
            self.entities(depth, query, rows);
        }
    }

    fn entities(&self, depth: u32, query: &TreeQuery, rows: &mut Vec<Item>) {
        let kinds = self.population.kinds.all();
        rows.push(Item::Node(Box::new(entities::branch(kinds.len()))));
        let Some(depth) = depth.checked_sub(1) else { return };
        for kind in kinds {
            self.kind(kind.name, depth, query, rows);
        }
    }

    fn kind(&self, name: &str, depth: u32, query: &TreeQuery, rows: &mut Vec<Item>) {
        let Some(kind) = self.population.kinds.all().into_iter().find(|kind| kind.name == name)
        else {
            return;
        };
        let view = entities::kind_view(&kind, &self.census.kind(name));
        rows.push(Item::Node(Box::new(view)));
        if depth == 0 {
            return;
        }
        let prefix = format!("{}/{name}/", entities::BRANCH);
        let after = query.cursor.as_deref().filter(|cursor| cursor.starts_with(&prefix));
        let mut first = First::new();
        self.each_entity(|shard, running| {
            if running.resident.address.kind != name {
                return;
            }
            let path = entities::path(running);
            if after.is_none_or(|after| path.as_str() >= after) {
                // Two more: the one that the cursor names, and one that says that there are more.
                keep(&mut first, (Reverse(0), path), query.limit + 2, (shard, running));
            }
        });
        rows.extend(first.into_values().map(Item::Entity));
    }

    fn each_entity(&self, mut look: impl FnMut(&Arc<Shard>, &Running)) {
        for shard in self.population.shards() {
            shard.visit(&mut |running| look(&shard, running));
        }
    }
}

/// Entities by rank: largest key first, then by path. No more are kept than are shown.
type First = BTreeMap<(Reverse<u64>, String), Found>;

fn keep(
    first: &mut First,
    rank: (Reverse<u64>, String),
    limit: usize,
    who: (&Arc<Shard>, &Running),
) {
    if first.len() >= limit && first.last_key_value().is_some_and(|(worst, _)| rank > *worst) {
        return;
    }
    first.insert(rank, Found::new(who.0, who.1));
    if first.len() > limit {
        first.pop_last();
    }
}

/// The largest services, tasks and entities below `under`, or those whose path has the text.
fn flat(source: &Source<'_>, query: &TreeQuery) -> (Vec<ActorView>, Option<String>) {
    let after = query.cursor.as_deref().and_then(|cursor| {
        let (key, path) = cursor.split_once(':')?;
        Some((Reverse(key.parse::<u64>().ok()?), path.to_owned()))
    });
    let wanted = |path: &str| {
        let below = query.under.is_empty()
            || path.strip_prefix(query.under.as_str()).is_some_and(|rest| rest.starts_with('/'));
        below && query.search.as_ref().is_none_or(|text| path.contains(text.as_str()))
    };
    let later = |key: u64, path: &str| {
        after.as_ref().is_none_or(|after| (Reverse(key), path) > (after.0, &*after.1))
    };
    let mut all: Vec<(u64, ActorView)> = vec![];
    for view in below(source.root) {
        let key = query.sort.map_or(0, |sort| key_of(sort, &view));
        if wanted(&view.path) && later(key, &view.path) {
            all.push((key, view));
        }
    }
    let mut first = First::new();
    source.each_entity(|shard, running| {
        let key = query.sort.map_or(0, |sort| quick_key(sort, running));
        let worst = first.last_key_value().map(|((Reverse(key), _), _)| *key);
        // Those who have none of what is sorted by are most, and nobody looks for them.
        let idle = key == 0 && query.sort.is_some() && query.search.is_none();
        if idle || first.len() > query.limit && worst > Some(key) {
            return;
        }
        let path = entities::path(running);
        if wanted(&path) && later(key, &path) {
            keep(&mut first, (Reverse(key), path), query.limit + 1, (shard, running));
        }
    });
    all.extend(first.into_iter().map(|((Reverse(key), _), found)| (key, found.view())));
    all.sort_by(|(left, a), (right, b)| right.cmp(left).then_with(|| a.path.cmp(&b.path)));
    let more = all.len() > query.limit;
    all.truncate(query.limit);
    let next = all.last().filter(|_| more).map(|(key, view)| format!("{key}:{}", view.path));
    (all.into_iter().map(|(_, view)| view).collect(), next)
}

/// Services and tasks below a member.
fn below(member: &Arc<Member>) -> Vec<ActorView> {
    let mut views = vec![];
    for child in member.children() {
        match child.role {
            Role::Service | Role::Task => views.push(members::view(&child, Some(&member.path))),
            Role::Node | Role::Supervisor | Role::Kind | Role::Entity => {}
        }
        views.extend(below(&child));
    }
    views
}

fn key_of(sort: Sort, view: &ActorView) -> u64 {
    match sort {
        Sort::Depth => view.depth,
        Sort::Oldest => millis(view.oldest_s.or(view.current.as_ref().map(|it| it.for_s))),
        Sort::Restarts => view.restarts,
        Sort::Busy => (view.busy_s * 1e6) as u64,
    }
}

fn quick_key(sort: Sort, running: &Running) -> u64 {
    let resident = &running.resident;
    match sort {
        Sort::Depth => resident.vitals.gauge.inside() as u64,
        Sort::Oldest => millis(resident.vitals.gauge.oldest_s()),
        Sort::Restarts => resident.recall(|memory| memory.restarts).unwrap_or(0),
        Sort::Busy => (resident.vitals.busy().as_secs_f64() * 1e6) as u64,
    }
}

fn millis(seconds: Option<f64>) -> u64 {
    (seconds.unwrap_or(0.0) * 1_000.0) as u64
}

fn parent_of(path: &str) -> Option<String> {
    match path.rsplit_once('/') {
        Some((parent, _)) => Some(parent.to_owned()),
        None if path.is_empty() => None,
        None => Some(String::new()),
    }
}
