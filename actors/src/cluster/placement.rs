//! Which node should own which shard: rendezvous hashing (Thaler and Ravishankar, "Using Name-Based
//! Mappings to Increase Hit Rates", IEEE/ACM Transactions on Networking 6(1), 1998).
//!
//! Every node computes the same answer alone from the same view, so nobody leads. Who comes or goes
//! moves only the shards that it wins or had. The answer is a wish: who owns a shard is what the
//! database says, and [`steps`] says what a node does to bring the two together.

use playhouse_storage::model::{
    Fence, Holding, Member, NodeLife, NodeName, Phase, Pin, ShardId, View,
};
use std::collections::BTreeMap;

/// What a node does about one shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Takes a shard that nobody holds, or whose owner is dead.
    Claim(ShardId),
    /// Drains a shard and gives it up, for another node to take.
    Release {
        /// Which shard, at which epoch.
        fence: Fence,
        /// Who should have it.
        to: NodeName,
    },
}

/// Who should own a shard; nobody when no member can.
#[must_use]
pub fn desired(shard: ShardId, view: &View) -> Option<&Member> {
    let best = |wanted: &dyn Fn(&Member) -> bool| {
        let able = view.members.iter().filter(|member| member.is_able() && wanted(member));
        // Of equal scores the first name wins, wherever the list came from.
        let first = |a: &Member, b: &Member| b.life.name.cmp(&a.life.name);
        able.max_by(|a, b| score(shard, a).cmp(&score(shard, b)).then_with(|| first(a, b)))
    };
    match view.rules.pins.get(&shard) {
        Some(Pin::Node(name)) => best(&|member| member.life.name == *name),
        Some(Pin::Zone(zone)) => best(&|member| member.zone == *zone),
        None => None,
    }
    // A pin to what is not there must not leave a shard without an owner.
    .or_else(|| best(&|_| true))
}

/// What the node `me` does now; nothing when the view says that it is dead.
///
/// Claims are not bounded: every shard that waits for an owner is somebody's upload. With fewer
/// living members than `members_min` nobody takes over from the dead; what was given up is taken.
///
/// Releases are: so that at most `moves_max` shards wait for an owner at one time, every node makes
/// the same list of all that should move, whoever owns them, and gives up only those of its own
/// that are among the first. A release of another node that is not seen yet is still among those,
/// so nodes that look at the same time, or at different ones, stay within the bound together, as
/// long as they know the same members.
#[must_use]
pub fn steps(me: &NodeLife, view: &View, holdings: &[Holding]) -> Vec<Step> {
    let living: BTreeMap<&NodeLife, &Member> =
        view.members.iter().filter(|it| it.alive).map(|it| (&it.life, it)).collect();
    if !living.contains_key(me) {
        return Vec::new();
    }
    let enough = living.len() >= usize::from(view.rules.members_min);
    let (mut steps, mut moves, mut waiting) = (Vec::new(), Vec::new(), 0);
    for holding in holdings {
        let Some(wanted) = desired(holding.shard, view) else { continue };
        let owner = holding.owner.as_ref();
        match owner.and_then(|owner| living.get(owner)) {
            Some(owner) if owner.life != wanted.life => moves.push((*owner, wanted, holding)),
            Some(_) => {}
            None if owner.is_some() && !enough => {}
            None => {
                waiting += 1;
                steps.extend((wanted.life == *me).then_some(Step::Claim(holding.shard)));
            }
        }
    }
    // Who drains waits for it; who only has too much does not.
    moves.sort_by_key(|(owner, _, holding)| (owner.phase == Phase::Up, holding.shard));
    let room = usize::from(view.rules.moves_max).saturating_sub(waiting);
    let mine = moves.into_iter().take(room).filter(|(owner, ..)| owner.life == *me);
    steps.extend(mine.map(|(_, wanted, Holding { shard, epoch, .. })| Step::Release {
        fence: Fence { shard: *shard, epoch: *epoch },
        to: wanted.life.name.clone(),
    }));
    steps
}

/// What the node `me` owns by the database. More than it was told when the answer to a claim was
/// lost, less when somebody else was granted a shard of its own.
pub fn owned(me: &NodeLife, holdings: &[Holding]) -> impl Iterator<Item = Fence> {
    let mine = holdings.iter().filter(move |holding| holding.owner.as_ref() == Some(me));
    mine.map(|Holding { shard, epoch, .. }| Fence { shard: *shard, epoch: *epoch })
}

/// The highest of as many draws as the member weighs: it wins in proportion to its weight, with
/// whole numbers only, so that every build of the program agrees.
fn score(shard: ShardId, member: &Member) -> u64 {
    let name = member.life.name.as_str();
    (0..member.weight).map(|draw| hash(shard, name, draw)).max().unwrap_or_default()
}

/// FNV-1a, mixed by the end of `MurmurHash3`, since FNV alone leaves the high bits of short keys
/// alike. It must stay the same for ever: nodes of two versions compute it side by side.
fn hash(shard: ShardId, name: &str, draw: u16) -> u64 {
    let bytes = name.bytes().chain(shard.0.to_be_bytes()).chain(draw.to_be_bytes());
    let mut hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    for factor in [0xff51_afd7_ed55_8ccd_u64, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests;
