//! How a shard stands: who owns it, who should, and in one sentence what follows from it.

use super::placement;
use playhouse_storage::model::{
    Epoch, Holding, Member, NodeLife, NodeName, Phase, Pin, ShardId, View,
};
use serde::{Deserialize, Serialize};

/// A shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardPicture {
    /// Its number.
    pub shard: ShardId,
    /// Its last epoch.
    pub epoch: Epoch,
    /// Who claimed it last and has not released it.
    pub owner: Option<NodeLife>,
    /// Whether its owner lives.
    pub owner_lives: bool,
    /// Who should own it.
    pub desired: Option<NodeName>,
    /// Where an operator wants it.
    pub pin: Option<Pin>,
    /// A living owner is to give it to another.
    pub to_move: bool,
    /// Why it is so, and what comes next, in one sentence.
    pub why: String,
}

/// Where the shards are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardCounts {
    /// How many there are.
    pub all: usize,
    /// Of a living owner.
    pub owned: usize,
    /// Of nobody, or of somebody who is dead.
    pub free: usize,
    /// Of a living owner that is to give them to another.
    pub to_move: usize,
}

/// How every shard stands, by number.
pub(super) fn all(view: &View, holdings: &[Holding]) -> Vec<ShardPicture> {
    holdings.iter().map(|holding| of(view, holding)).collect()
}

/// How many there are of each.
pub(super) fn counts(shards: &[ShardPicture]) -> ShardCounts {
    let owned = shards.iter().filter(|shard| shard.owner_lives).count();
    let to_move = shards.iter().filter(|shard| shard.to_move).count();
    ShardCounts { all: shards.len(), owned, free: shards.len() - owned, to_move }
}

/// How one shard stands.
pub(super) fn of(view: &View, holding: &Holding) -> ShardPicture {
    let wanted = placement::desired(holding.shard, view);
    let pin = view.rules.pins.get(&holding.shard);
    let living = holding.owner.as_ref().and_then(|owner| living(view, owner));
    let to_move =
        living.is_some_and(|owner| wanted.is_some_and(|wanted| wanted.life != owner.life));
    let why = match (&holding.owner, living) {
        (_, Some(owner)) => kept(owner, wanted, pin),
        (Some(dead), None) => orphaned(dead, wanted, view),
        (None, None) => match wanted {
            Some(wanted) => format!("nobody owns it: {} claims it", wanted.life.name),
            None => "nobody owns it, and no member may: all are dead or drain".to_owned(),
        },
    };
    ShardPicture {
        shard: holding.shard,
        epoch: holding.epoch,
        owner: holding.owner.clone(),
        owner_lives: living.is_some(),
        desired: wanted.map(|wanted| wanted.life.name.clone()),
        pin: pin.cloned(),
        to_move,
        why,
    }
}

fn living<'v>(view: &'v View, life: &NodeLife) -> Option<&'v Member> {
    view.members.iter().find(|member| member.life == *life && member.alive)
}

/// Its owner lives.
fn kept(owner: &Member, wanted: Option<&Member>, pin: Option<&Pin>) -> String {
    let name = &owner.life.name;
    let Some(wanted) = wanted else {
        return format!("{name} keeps it: no member may take it");
    };
    let to = &wanted.life.name;
    let pinned = pin.map(|pin| match (meets(wanted, pin), pin) {
        (true, Pin::Node(node)) => format!("it is pinned to {node}"),
        (true, Pin::Zone(zone)) => format!("it is pinned to the zone {zone}"),
        (false, Pin::Node(node)) => format!("it is pinned to {node}, which may not own it now"),
        (false, Pin::Zone(zone)) => {
            format!("it is pinned to the zone {zone}, where no member may own it now")
        }
    });
    match (wanted.life == owner.life, pinned) {
        (true, None) => "it is where it should be".to_owned(),
        (true, Some(pinned)) => format!("it is where it should be: {pinned}"),
        (false, Some(pinned)) => format!("{pinned}: {name} gives it to {to}"),
        (false, None) if owner.phase == Phase::Draining => {
            format!("{name} drains: it gives it to {to}")
        }
        (false, None) => {
            format!("{to} wins it among those who may own it: {name} gives it to {to}")
        }
    }
}

fn meets(member: &Member, pin: &Pin) -> bool {
    match pin {
        Pin::Node(name) => member.life.name == *name,
        Pin::Zone(zone) => member.zone == *zone,
    }
}

/// Its owner is dead.
fn orphaned(dead: &NodeLife, wanted: Option<&Member>, view: &View) -> String {
    let (name, least) = (&dead.name, view.rules.members_min);
    let living = view.members.iter().filter(|member| member.alive).count();
    match wanted {
        _ if living < usize::from(least) => format!(
            "its owner {name} is dead, and nobody takes over: {living} of the {least} members \
             live that there must be"
        ),
        Some(wanted) => format!("its owner {name} is dead: {} claims it", wanted.life.name),
        None => format!("its owner {name} is dead, and no member may take over: all drain"),
    }
}
