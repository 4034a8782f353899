//! What histories must not hold.

use super::Record;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A write that did not say for which shard and epoch it was.
    Unfenced(Box<Record>),
    /// A version of an entity was accepted twice, or after a later one.
    VersionTwice(Box<[Record; 2]>),
    /// Versions of an entity are missing.
    VersionsMissing(Box<[Record; 2]>),
    /// A write at an epoch below one that was accepted before for its shard.
    EpochBelow(Box<[Record; 2]>),
    /// Two lives wrote in one epoch of a shard.
    TwoWriters(Box<[Record; 2]>),
}

/// What histories hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Accepted writes.
    pub writes: usize,
    /// Entities that were written.
    pub entities: usize,
    /// Of those, the ones that more than one life of a node wrote.
    pub moved: usize,
    /// Shards and epochs in which something was written.
    pub epochs: usize,
    /// Lives of nodes that wrote.
    pub writers: usize,
}

/// Looks through the records of all nodes.
#[must_use]
pub fn check(records: &[Record]) -> (Summary, Vec<Finding>) {
    let mut writes: Vec<_> = records.iter().collect();
    writes.sort_by_key(|write| write.seq);
    let mut findings = Vec::new();
    fences(&writes, &mut findings);
    versions(&writes, &mut findings);
    epochs(&writes, &mut findings);
    (summary(&writes), findings)
}

fn fences(writes: &[&Record], findings: &mut Vec<Finding>) {
    let unfenced = writes.iter().filter(|write| write.epoch == 0);
    findings.extend(unfenced.map(|write| Finding::Unfenced(Box::new((*write).clone()))));
}

/// Versions of each entity rise by one.
fn versions(writes: &[&Record], findings: &mut Vec<Finding>) {
    let mut last: BTreeMap<&str, &Record> = BTreeMap::new();
    for write in writes {
        let Some(before) = last.insert(&write.entity, write) else { continue };
        let next = if before.removed { 1 } else { before.row_version + 1 };
        if write.row_version > next {
            findings.push(Finding::VersionsMissing(pair(before, write)));
        } else if write.row_version < next {
            findings.push(Finding::VersionTwice(pair(before, write)));
        }
    }
}

/// Epochs of each shard only rise, and each has one writer.
fn epochs(writes: &[&Record], findings: &mut Vec<Finding>) {
    let mut highest: BTreeMap<u16, &Record> = BTreeMap::new();
    let mut writers: BTreeMap<(u16, u64), &Record> = BTreeMap::new();
    for write in writes.iter().filter(|write| write.epoch > 0) {
        let top = highest.entry(write.shard).or_insert(write);
        if write.epoch < top.epoch {
            // Who owned the shard at that moment says nothing about such a writer.
            findings.push(Finding::EpochBelow(pair(top, write)));
            continue;
        }
        *top = write;
        let first = writers.entry((write.shard, write.epoch)).or_insert(write);
        if life(first) != life(write) {
            findings.push(Finding::TwoWriters(pair(first, write)));
        }
    }
}

fn summary(writes: &[&Record]) -> Summary {
    let mut lives: BTreeMap<&str, BTreeSet<_>> = BTreeMap::new();
    for write in writes {
        lives.entry(&write.entity).or_default().insert(life(write));
    }
    Summary {
        writes: writes.len(),
        entities: lives.len(),
        moved: lives.values().filter(|lives| lives.len() > 1).count(),
        epochs: writes.iter().map(|it| (it.shard, it.epoch)).collect::<BTreeSet<_>>().len(),
        writers: writes.iter().map(|write| life(write)).collect::<BTreeSet<_>>().len(),
    }
}

fn life(write: &Record) -> (&str, u64) {
    (&write.node, write.incarnation)
}

fn pair(a: &Record, b: &Record) -> Box<[Record; 2]> {
    Box::new([a.clone(), b.clone()])
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let both = |f: &mut fmt::Formatter<'_>, what: &str, both: &[Record; 2]| {
            write!(f, "{what}: first {}, then {}", both[0], both[1])
        };
        match self {
            Self::Unfenced(it) => write!(f, "a write was accepted without a fence: {it}"),
            Self::VersionTwice(it) => both(f, "a version was accepted again", it),
            Self::VersionsMissing(it) => both(f, "versions are missing", it),
            Self::EpochBelow(it) => both(f, "a write was accepted at an epoch that was over", it),
            Self::TwoWriters(it) => both(f, "two wrote to one shard in one epoch", it),
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
        let Self { writes, entities, moved, epochs, writers } = self;
        write!(
            f,
            "{writes} accepted writes of {entities} entities, of which {moved} changed hands, in \
             {epochs} epochs of shards by {writers} lives of nodes"
        )
    }
}
