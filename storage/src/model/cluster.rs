//! A cluster as its database knows it: who its members are, what rules hold among them, who owns
//! which shard.

use super::{Epoch, ShardId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The name of a node: that of its certificate, the same for as long as the node exists. One label
/// of a host name (RFC 1123 section 2.1): 1 to 63 of `a-z`, `0-9` and, inside, `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeName(Arc<str>);

/// Not the name of a node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no node's name: 1 to 63 of a-z, 0-9 and, inside, -")]
pub struct NotAName(String);

impl NodeName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NodeName {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let inside = !text.starts_with('-') && !text.ends_with('-');
        match (1..=63).contains(&text.len()) && inside && text.bytes().all(fits) {
            true => Ok(Self(text.into())),
            false => Err(NotAName(text.to_owned())),
        }
    }
}

impl TryFrom<String> for NodeName {
    type Error = NotAName;

    fn try_from(text: String) -> Result<Self, NotAName> {
        text.parse()
    }
}

impl From<NodeName> for String {
    fn from(name: NodeName) -> Self {
        name.0.as_ref().to_owned()
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One life of a node: from when it joins to when its lease ends. A node that comes back is another
/// one of the same name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeLife {
    /// Its name.
    pub name: NodeName,
    /// Which of its lives: rises by one with each.
    pub incarnation: u64,
}

/// What a member is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Owns shards.
    Up,
    /// Gives its shards away and owns none, until it is told otherwise.
    Draining,
}

/// What a node tells of itself when it joins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newcomer {
    /// Its name.
    pub name: NodeName,
    /// Where its peers reach its link: `host:port`.
    pub link: String,
    /// Where its HTTP is reached, for an operator: `http://host:port`.
    pub http: String,
    /// What fails together: a rack, a data centre.
    pub zone: String,
    /// Its share of the shards beside the others', 1 to 64.
    pub weight: u16,
    /// Version of its program.
    pub build: String,
}

/// One node of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    #[serde(flatten)]
    pub life: NodeLife,
    /// Where its peers reach its link: `host:port`.
    pub link: String,
    /// Where its HTTP is reached: `http://host:port`.
    pub http: String,
    /// What fails together: a rack, a data centre.
    pub zone: String,
    /// Its share of the shards beside the others', 1 to 64.
    pub weight: u16,
    /// Version of its program.
    pub build: String,
    /// What it is to do.
    pub phase: Phase,
    /// Its lease is good, by the database's clock.
    pub alive: bool,
    /// How long its lease still is, by the database's clock; negative when it is over.
    pub lease_left_ms: i64,
    /// Peers that do not reach it, and said so lately.
    pub suspected_by: Vec<NodeName>,
}

impl Member {
    /// It may be given shards.
    #[must_use]
    pub fn is_able(&self) -> bool {
        self.alive && self.phase == Phase::Up
    }
}

/// Where an operator wants a shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pin {
    /// At this node.
    Node(NodeName),
    /// At any node of this zone.
    Zone(String),
}

/// What holds for all members: changed by an operator, not by a node's configuration, so that all
/// nodes decide by the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// With fewer living members nobody takes over from another.
    pub members_min: u16,
    /// Shards that are without an owner at one time because they move.
    pub moves_max: u16,
    /// Where an operator wants single shards.
    pub pins: BTreeMap<ShardId, Pin>,
}

/// A version of the view: all nodes see the same ones, in the same order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Rises by one with each change of members, phases or rules. That a lease runs out is no
    /// change: it is read beside it.
    pub version: u64,
    /// Rises whenever a shard changes hands.
    pub moves: u64,
    /// How many shards there are.
    pub shard_count: u16,
    /// Who has ever joined and was not removed, by name.
    pub members: Vec<Member>,
    /// What holds among them.
    pub rules: Rules,
}

/// Who owns a shard, by the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// Which shard.
    pub shard: ShardId,
    /// Its last epoch.
    pub epoch: Epoch,
    /// Who claimed it last and has not released it; it may be dead.
    pub owner: Option<NodeLife>,
}

/// What an operator changes in a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ViewChange {
    /// A member's phase.
    Phase(NodeName, Phase),
    /// The rules.
    Rules(Rules),
    /// Forgets a member that is dead and owns nothing.
    Remove(NodeName),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_label_of_a_host_name() {
        for good in ["a", "node-1", "0", &"x".repeat(63)] {
            assert_eq!(good.parse::<NodeName>().map(String::from), Ok(good.to_owned()));
        }
        for bad in ["", "-a", "a-", "A", "a.b", "a_b", "é", &"x".repeat(64)] {
            assert!(bad.parse::<NodeName>().is_err(), "{bad}");
        }
    }
}
