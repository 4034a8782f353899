//! The pictures that an operator is shown of a cluster: plain data, made by pure functions of what
//! was read and told. The page, the terminal and scripts read the same.

use super::report::NodeReport;
use super::standing::{self, ShardCounts, ShardPicture};
use super::survey::{Survey, Told};
use super::{Move, PeerState};
use jiff::Timestamp;
use playhouse_storage::model::{Fence, Member, NodeLife, NodeName, Rules, ShardId};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// Moves of all nodes that are told: the last minutes, when little happens.
const MOVES_MAX: usize = 64;

/// The cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClusterPicture {
    /// When the database was read.
    pub at: Timestamp,
    /// False for a node that is alone: then it is the only member, and has no lease.
    pub clustered: bool,
    /// Which node tells this.
    pub answered_by: NodeLife,
    /// Why it may be old, in one sentence; none when it was read just now.
    pub stale: Option<String>,
    /// Version of the view.
    pub view_version: u64,
    /// Rises whenever a shard changes hands.
    pub view_moves: u64,
    /// What holds among the members.
    pub rules: Rules,
    /// Where the shards are.
    pub shards: ShardCounts,
    /// Who has joined, by name; the dead too, until they are removed.
    pub members: Vec<MemberPicture>,
    /// What the members did with shards lately, the newest first.
    pub recent_moves: Vec<MoveAt>,
}

/// A member, by the database and by its own word.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemberPicture {
    /// By the database.
    #[serde(flatten)]
    pub member: Member,
    /// Shards that are its own by the database.
    pub shards_owned: usize,
    /// Shards that it should own.
    pub shards_desired: usize,
    /// Shards that are its own by the database, and that it does not serve: for longer than a look
    /// takes, something is wrong. None when it has not reported.
    pub shards_unserved: Option<usize>,
    /// Shards that it serves, and that are not its own by the database: nothing of it can be
    /// committed. None when it has not reported.
    pub shards_stray: Option<usize>,
    /// How the node that tells this reaches it; none for itself.
    pub reached: Option<PeerState>,
    /// What it tells of itself.
    pub report: Option<NodeReport>,
    /// Why it tells nothing, in one sentence.
    pub missing: Option<String>,
}

/// What a node did with a shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveAt {
    /// Which node.
    pub node: NodeName,
    /// What it did.
    #[serde(flatten)]
    pub of: Move,
}

/// A page of shards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShardsPage {
    /// When the database was read.
    pub at: Timestamp,
    /// False for a node that is alone.
    pub clustered: bool,
    /// Which node tells this.
    pub answered_by: NodeLife,
    /// Why it may be old, in one sentence.
    pub stale: Option<String>,
    /// Of all shards, whatever was asked for.
    pub counts: ShardCounts,
    /// By number.
    pub shards: Vec<ShardPicture>,
    /// The last of the page, when there are more.
    pub next_cursor: Option<ShardId>,
}

/// Which shards are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Only those of this owner; `Some(None)`: of nobody.
    pub owner: Option<Option<NodeName>>,
    /// Only those after this one.
    pub after: Option<ShardId>,
    /// At most so many.
    pub limit: usize,
}

impl ClusterPicture {
    /// The picture of what was read and told.
    #[must_use]
    pub fn draw(survey: &Survey, mut told: Told) -> Self {
        let shards = standing::all(&survey.view, &survey.holdings);
        let members = survey.view.members.iter();
        let members: Vec<_> =
            members.map(|member| drawn(member, survey, &shards, &mut told)).collect();
        let mut picture = Self {
            at: survey.at,
            clustered: survey.clustered,
            answered_by: survey.by.clone(),
            stale: survey.stale.clone(),
            view_version: survey.view.version,
            view_moves: survey.view.moves,
            rules: survey.view.rules.clone(),
            shards: standing::counts(&shards),
            members,
            recent_moves: Vec::new(),
        };
        picture.gather_moves();
        picture
    }

    /// Moves are told once, of all nodes in one order.
    fn gather_moves(&mut self) {
        for report in self.members.iter_mut().filter_map(|member| member.report.as_mut()) {
            let node = &report.life.name;
            let moves = report.moves.drain(..);
            self.recent_moves.extend(moves.map(|of| MoveAt { node: node.clone(), of }));
        }
        self.recent_moves.sort_by_key(|it| Reverse(it.of.at));
        self.recent_moves.truncate(MOVES_MAX);
    }
}

impl ShardsPage {
    /// The page of those that are asked for.
    #[must_use]
    pub fn draw(survey: &Survey, wanted: &Wanted) -> Self {
        let all = standing::all(&survey.view, &survey.holdings);
        let counts = standing::counts(&all);
        let fits = |shard: &ShardPicture| {
            let owner = shard.owner.as_ref().map(|owner| &owner.name);
            wanted.owner.as_ref().is_none_or(|wanted| wanted.as_ref() == owner)
                && wanted.after.is_none_or(|after| shard.shard > after)
        };
        let mut shards: Vec<_> = all.into_iter().filter(fits).take(wanted.limit + 1).collect();
        let more = shards.len() > wanted.limit;
        shards.truncate(wanted.limit);
        let next_cursor = shards.last().filter(|_| more).map(|shard| shard.shard);
        Self {
            at: survey.at,
            clustered: survey.clustered,
            answered_by: survey.by.clone(),
            stale: survey.stale.clone(),
            counts,
            shards,
            next_cursor,
        }
    }
}

fn drawn(
    member: &Member,
    survey: &Survey,
    shards: &[ShardPicture],
    told: &mut Told,
) -> MemberPicture {
    let (report, missing) = match told.reports.remove(&member.life) {
        Some(Ok(report)) => (Some(report), None),
        Some(Err(why)) => (None, Some(why)),
        None if member.alive => (None, Some("it was not asked".to_owned())),
        None => (None, Some("its lease is over".to_owned())),
    };
    let owns = |shard: &&ShardPicture| shard.owner.as_ref() == Some(&member.life);
    let name = &member.life.name;
    let mut picture = MemberPicture {
        member: member.clone(),
        shards_owned: shards.iter().filter(owns).count(),
        shards_desired: shards.iter().filter(|it| it.desired.as_ref() == Some(name)).count(),
        shards_unserved: None,
        shards_stray: None,
        reached: told.links.iter().find(|link| link.life == member.life).cloned(),
        report,
        missing,
    };
    let owned: Vec<Fence> = super::placement::owned(&member.life, &survey.holdings).collect();
    picture.compare(owned);
    picture
}

impl MemberPicture {
    /// Holds what the member serves against what is its own by the database. One that could not
    /// name all its shards is not compared.
    fn compare(&mut self, mut owned: Vec<Fence>) {
        let Some(report) = &mut self.report else { return };
        let mut served = std::mem::take(&mut report.fences);
        if served.len() != report.shards_held {
            return;
        }
        for fences in [&mut owned, &mut served] {
            fences.sort_by_key(|fence| (fence.shard, fence.epoch));
        }
        let without = |these: &[Fence], those: &[Fence]| {
            let key = |fence: &Fence| (fence.shard, fence.epoch);
            let missing = |it: &&Fence| those.binary_search_by_key(&key(it), key).is_err();
            these.iter().filter(missing).count()
        };
        self.shards_unserved = Some(without(&owned, &served));
        self.shards_stray = Some(without(&served, &owned));
    }
}

#[cfg(test)]
mod tests;
