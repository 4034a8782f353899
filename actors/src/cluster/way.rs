//! Which way an ask would go now: explains the router to an operator, by what the router knows and
//! by what the database says.

use super::standing::{self, ShardPicture};
use super::survey::Survey;
use super::{PeerState, Route, relay};
use crate::Platform;
use jiff::Timestamp;
use playhouse_storage::model::{Epoch, Fence, Holding, NodeLife, NodeName, ShardId};
use serde::{Deserialize, Serialize};

/// What this node knows about one shard just now.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Whom its router would ask.
    pub route: Route,
    /// It serves the shard itself, at this epoch.
    pub held: Option<Fence>,
    /// Its lease is good by its own clock.
    pub lives: bool,
    /// How it reaches whom its router would ask.
    pub link: Option<PeerState>,
    /// Who would pass an ask on, where that one is not reached.
    pub third: Option<NodeName>,
}

/// What would become of an ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// It is served by this node.
    Here,
    /// It is sent to another.
    Sent,
    /// It is sent to another, which passes it on to the owner.
    Relayed,
    /// It waits, within bounds, until somebody is reached who owns the shard.
    Waits,
    /// It is refused: this node is dead to its cluster.
    Refused,
}

/// How the asks for an id are routed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoutePicture {
    /// When the database was read.
    pub at: Timestamp,
    /// False for a node that is alone.
    pub clustered: bool,
    /// Which node tells this.
    pub answered_by: NodeLife,
    /// Why it may be old, in one sentence.
    pub stale: Option<String>,
    /// What was asked for.
    pub id: String,
    /// Its shard by the database.
    pub shard: ShardPicture,
    /// The owner that this node's router knows.
    pub known_owner: Option<NodeName>,
    /// The epoch that this node's router knows.
    pub known_epoch: Epoch,
    /// The link to that owner; none when it is this node, or nobody.
    pub link: Option<PeerState>,
    /// What would become of an ask at this node now.
    pub way: Way,
    /// To whom it is sent.
    pub to: Option<NodeName>,
    /// The same in plain words.
    pub why: String,
}

impl Known {
    /// What this node knows about a shard.
    #[must_use]
    pub fn of(platform: &Platform, survey: &Survey, shard: ShardId) -> Self {
        let held = platform.directory.fence(shard);
        let Some(citizen) = &platform.citizen else {
            let owner = held.map(|_| survey.by.name.clone());
            let route = Route { epoch: held.map_or(0, |fence| fence.epoch.0), owner };
            return Self { route, held, lives: true, link: None, third: None };
        };
        let route = citizen.routes().of(shard);
        let (peers, after) = (citizen.peers(), citizen.config().relay_after());
        let third = route.owner.as_ref().and_then(|it| relay::third(&peers, it, after, 0));
        let link = peers.into_iter().find(|peer| Some(&peer.life.name) == route.owner.as_ref());
        Self { route, held, lives: !citizen.lease_left().is_zero(), link, third }
    }
}

impl RoutePicture {
    /// How asks for `id`, which lives in `shard`, are routed.
    #[must_use]
    pub fn draw(survey: &Survey, id: String, shard: ShardId, known: Known) -> Self {
        let holding = survey.holdings.iter().find(|holding| holding.shard == shard);
        let nobodys = Holding { shard, epoch: Epoch(0), owner: None };
        let shard = standing::of(&survey.view, holding.unwrap_or(&nobodys));
        let (way, why) = chosen(&survey.by.name, shard.shard, &known);
        let to = match way {
            Way::Sent => known.route.owner.clone(),
            Way::Relayed => known.third.clone(),
            Way::Here | Way::Waits | Way::Refused => None,
        };
        let why = format!("{why}{}", disagreement(&shard, &known));
        Self {
            at: survey.at,
            clustered: survey.clustered,
            answered_by: survey.by.clone(),
            stale: survey.stale.clone(),
            id,
            shard,
            known_owner: known.route.owner,
            known_epoch: Epoch(known.route.epoch),
            link: known.link,
            way,
            to,
            why,
        }
    }
}

/// The same order as the router's: what is served here, then whom it knows, else it waits.
fn chosen(me: &NodeName, shard: ShardId, known: &Known) -> (Way, String) {
    let number = shard.0;
    let Route { epoch, owner } = &known.route;
    match (known.held, owner) {
        (Some(_), _) if !known.lives => (
            Way::Refused,
            format!("{me} serves shard {number}, but its own lease is over: it refuses all asks"),
        ),
        (Some(Fence { epoch, .. }), _) => {
            (Way::Here, format!("{me} serves shard {number} itself, at epoch {}", epoch.0))
        }
        (None, None) => (
            Way::Waits,
            format!("{me} knows nobody who owns shard {number}: the ask waits until one claims it"),
        ),
        (None, Some(owner)) if owner == me => (
            Way::Waits,
            format!("{me} is just taking shard {number} or giving it up: the ask waits"),
        ),
        (None, Some(owner)) => match &known.link {
            Some(link) if link.connected => (
                Way::Sent,
                format!("{me} sends it to {owner}, which owns shard {number} at epoch {epoch}"),
            ),
            _ => unreached(known, format!("{owner} owns shard {number} and {me}")),
        },
    }
}

/// The owner is not reached; `who` begins the sentence.
fn unreached(known: &Known, who: String) -> (Way, String) {
    let why = match known.link.as_ref().and_then(|link| link.last_error.as_ref()) {
        Some(error) => format!("{who} does not reach it ({error})"),
        None => format!("{who} is not connected with it"),
    };
    match &known.third {
        Some(third) => (Way::Relayed, format!("{why}: {third} passes it on")),
        None => (Way::Waits, format!("{why}: it waits")),
    }
}

/// What the database says instead, when it does.
fn disagreement(shard: &ShardPicture, known: &Known) -> String {
    let owner = shard.owner.as_ref().map(|owner| &owner.name);
    if owner == known.route.owner.as_ref() && shard.epoch.0 == known.route.epoch {
        return String::new();
    }
    let (epoch, owner) = (shard.epoch.0, owner.map_or("nobody", |name| name.as_str()));
    match epoch >= known.route.epoch {
        true => format!("; by the database {owner} owns it, at epoch {epoch}: it is told soon"),
        false => format!("; the database was read before, when {owner} owned it at epoch {epoch}"),
    }
}
