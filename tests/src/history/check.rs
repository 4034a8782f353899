//! What histories must not hold.

use super::Record;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The database's number was given to two writes: the histories are not of one database.
    NumberTwice(Box<[Record; 2]>),
    /// Two answers to one commit.
    TwoAnswers(Box<Record>),
    /// A version of an entity was accepted twice, or after a later one.
    VersionTwice(Box<[Record; 2]>),
    /// Versions of an entity are missing that nobody has tried to write.
    VersionsMissing(Box<[Record; 2]>),
    /// A write at an epoch below one that was accepted before for its shard.
    EpochBelow(Box<[Record; 2]>),
    /// Two lives wrote in one epoch of a shard.
    TwoWriters(Box<[Record; 2]>),
}

/// What histories hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Accepted writes, those included whose answer was lost but whose version others built on.
    pub accepted: usize,
    /// Refused ones.
    pub refused: usize,
    /// Writes of which nobody knows.
    pub unknown: usize,
    /// Entities that were written.
    pub entities: usize,
    /// Shards and epochs in which something was written.
    pub epochs: usize,
    /// Lives of nodes that wrote.
    pub writers: usize,
}

/// Looks through the records of all nodes.
#[must_use]
pub fn check(records: &[Record]) -> (Summary, Vec<Finding>) {
    let mut findings = Vec::new();
    let writes = merge(records, &mut findings);
    let accepted = accepted(&writes, &mut findings);
    epochs(&accepted, &mut findings);
    let count = |outcome| writes.values().filter(|write| write.accepted == outcome).count();
    let unknown = accepted.iter().filter(|write| write.accepted.is_none()).count();
    let distinct = |key: &dyn Fn(&Record) -> (String, u64)| {
        accepted.iter().map(|write| key(write)).collect::<BTreeSet<_>>().len()
    };
    let summary = Summary {
        accepted: accepted.len(),
        refused: count(Some(false)),
        unknown: count(None) - unknown,
        entities: distinct(&|write| (write.entity.clone(), 0)),
        epochs: distinct(&|write| (write.shard.to_string(), write.epoch)),
        writers: distinct(&|write| (write.node.clone(), write.incarnation)),
    };
    (summary, findings)
}

/// One record per write, in the order of the database: what was tried and what was answered.
fn merge(records: &[Record], findings: &mut Vec<Finding>) -> BTreeMap<(u64, String), Record> {
    let mut writes: BTreeMap<(u64, String), Record> = BTreeMap::new();
    let mut numbers: BTreeMap<u64, &Record> = BTreeMap::new();
    for record in records {
        let first = numbers.entry(record.seq).or_insert(record);
        if !is_one_transaction(first, record) {
            findings.push(Finding::NumberTwice(pair(first, record)));
            continue;
        }
        match writes.entry((record.seq, record.entity.clone())) {
            Entry::Vacant(place) => {
                place.insert(record.clone());
            }
            Entry::Occupied(mut place) => match (place.get().accepted, record.accepted) {
                (Some(a), Some(b)) if a != b => {
                    findings.push(Finding::TwoAnswers(Box::new(record.clone())));
                }
                (None, Some(_)) => {
                    place.insert(record.clone());
                }
                _ => {}
            },
        }
    }
    writes
}

/// A transaction is one node's, and may write several entities of a shard.
fn is_one_transaction(a: &Record, b: &Record) -> bool {
    let fence = |it: &Record| (it.node.clone(), it.incarnation, it.shard, it.epoch);
    fence(a) == fence(b) && (a.entity != b.entity || a.row_version == b.row_version)
}

/// The writes that took place, in order. One whose answer is unknown did when a later one is built
/// on it.
fn accepted<'a>(
    writes: &'a BTreeMap<(u64, String), Record>,
    findings: &mut Vec<Finding>,
) -> Vec<&'a Record> {
    let mut by_entity: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for write in writes.values().filter(|write| write.accepted != Some(false)) {
        by_entity.entry(&write.entity).or_default().push(write);
    }
    let mut all: Vec<_> = by_entity.values().flat_map(|of| versions(of, findings)).collect();
    all.sort_by_key(|write| write.seq);
    all
}

/// Those writes of one entity that took place.
fn versions<'a>(writes: &[&'a Record], findings: &mut Vec<Finding>) -> Vec<&'a Record> {
    let (mut taken, mut open): (Vec<&Record>, Vec<&Record>) = (Vec::new(), Vec::new());
    for write in writes {
        if write.accepted.is_none() {
            open.push(write);
            continue;
        }
        if let Some(before) = taken.last().copied() {
            let between = bridge(before, write, &open);
            match between {
                Some(between) => taken.extend(between),
                None if write.row_version > before.row_version => {
                    findings.push(Finding::VersionsMissing(pair(before, write)));
                }
                None => findings.push(Finding::VersionTwice(pair(before, write))),
            }
        }
        taken.push(write);
        open.clear();
    }
    taken
}

/// The writes of unknown outcome that lead from one version to another; nothing when none do.
fn bridge<'a>(before: &Record, after: &Record, open: &[&'a Record]) -> Option<Vec<&'a Record>> {
    let (mut last, mut between) = (before.clone(), Vec::new());
    let next = |last: &Record| if last.removed { 1 } else { last.row_version + 1 };
    for write in open {
        if next(&last) == after.row_version {
            break;
        }
        if write.row_version == next(&last) {
            last = (*write).clone();
            between.push(*write);
        }
    }
    (next(&last) == after.row_version).then_some(between)
}

/// Epochs of each shard only rise, and each has one writer.
fn epochs(accepted: &[&Record], findings: &mut Vec<Finding>) {
    let mut highest: BTreeMap<u16, &Record> = BTreeMap::new();
    let mut writers: BTreeMap<(u16, u64), &Record> = BTreeMap::new();
    for write in accepted {
        let top = highest.entry(write.shard).or_insert(write);
        if write.epoch < top.epoch {
            findings.push(Finding::EpochBelow(pair(top, write)));
        } else {
            *top = write;
        }
        let first = writers.entry((write.shard, write.epoch)).or_insert(write);
        if (&first.node, first.incarnation) != (&write.node, write.incarnation) {
            findings.push(Finding::TwoWriters(pair(first, write)));
        }
    }
}

fn pair(a: &Record, b: &Record) -> Box<[Record; 2]> {
    Box::new([a.clone(), b.clone()])
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NumberTwice(both) => {
                write!(f, "one number was given to two writes: {} and {}", both[0], both[1])
            }
            Self::TwoAnswers(it) => write!(f, "a commit was both accepted and refused: {it}"),
            Self::VersionTwice(both) => {
                write!(f, "a version was accepted again: first {}, then {}", both[0], both[1])
            }
            Self::VersionsMissing(both) => {
                write!(f, "versions are missing between {} and {}", both[0], both[1])
            }
            Self::EpochBelow(both) => {
                let what = "a write was accepted at an epoch that was over";
                write!(f, "{what}: first {}, then {}", both[0], both[1])
            }
            Self::TwoWriters(both) => {
                let what = "two wrote to one shard in one epoch";
                write!(f, "{what}: {} and {}", both[0], both[1])
            }
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seq, node, incarnation, shard, epoch, entity, row_version, at_ns, .. } = self;
        write!(
            f,
            "write {seq} of {entity} to version {row_version} by {node} (life {incarnation}"
        )?;
        write!(f, ", shard {shard}, epoch {epoch}, at {at_ns} ns)")
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, refused, unknown, entities, epochs, writers } = self;
        write!(
            f,
            "{accepted} accepted writes of {entities} entities in {epochs} epochs of shards "
        )?;
        write!(f, "by {writers} lives of nodes; {refused} refused, {unknown} unknown")
    }
}
