//! The protocol of leases and claims as a model that a checker explores in full (`stateright`):
//! database, nodes, and everything that is under way between them.
//!
//! What nodes decide is decided by the program's own functions ([`Lease::beat`], [`Watch::look`],
//! [`placement::steps`]). What happens between two steps of a node may be anything: a node that is
//! stopped (SIGSTOP) is one that takes no step while time passes, a request or answer that is late
//! is one whose step comes late, one that is lost has none. So every step between a decision and
//! its effect is one of its own: between the fence check of a transaction and its commit too.
//!
//! [`Lease::beat`]: super::lease::Lease::beat
//! [`Watch::look`]: super::suspicion::Watch::look
//! [`placement::steps`]: super::placement::steps

mod check;
mod database;
mod node;
mod random;
mod state;

use super::lease::Terms;
use playhouse_storage::model::{NodeLife, NodeName};
use state::{Breach, Event, State};
use stateright::{Model, Property};
use std::time::Duration;
use tokio::time::Instant;

/// Always.
const IN_TIME: &str = "a node is silent before its lease is over";
const ONE_WRITER: &str = "an epoch has one writer";
const RISING: &str = "accepted epochs only rise";
const NOT_OUTRUN: &str = "nothing is accepted after another has claimed";
const LEFT_ALONE: &str = "nothing is taken from the living";
const DEAD_GET_NONE: &str = "nothing is granted to the dead";
const MUTE: &str = "nothing is told after the lease";
const BY_TWO: &str = "one peer ends no lease";
/// Sometimes: what the model must be able to do, so that the above says something.
const TAKEN_OVER: &str = "a shard of the dead is taken over";
const HANDED_OVER: &str = "a shard that was given up is taken";
const REFUSED: &str = "a late write is refused by the fence";
const FENCED: &str = "a node that was stopped fences itself";
const TOLD: &str = "a user is told";
const SILENT: &str = "a commit is kept from the user after the deadline";
const FOUND: &str = "a claim whose answer was lost is found";
const ENDED_EARLY: &str = "two peers end a lease";

/// Of a state.
type Condition = fn(&Cluster, &State) -> bool;

/// How large a world is explored.
#[derive(Clone, Copy, Debug)]
struct World {
    nodes: u8,
    shards: u16,
    /// How long it lasts.
    ticks: u16,
    /// Writes that are begun.
    writes: u16,
    /// Lives that each node has.
    lives: u16,
    /// Times that a node is killed.
    deaths: u16,
    /// Ticks in which one node's clock stands still, as when its machine is suspended.
    stops: u16,
    /// Times that a node is cut off from its peers, not from the database.
    cuts: u16,
    /// Times that an operator drains a node.
    drains: u16,
    /// Renewals of one node that are under way; a further one means that the first is lost.
    renewals: usize,
    /// The first so many nodes; the renewals of the others fail, or are answered at once.
    late: u8,
    /// Lease, renewal, margin, in ticks.
    lease: [u64; 3],
    /// Absence that is accused, and how long that counts, in ticks; none: nobody accuses.
    suspicion: Option<[u64; 2]>,
}

/// A fault planted into the protocol, which a property must bring to light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// A transaction does not look at the epoch.
    NoFence,
    /// A transaction looks at the epoch, but does not hold it until it commits.
    FenceNotHeld,
    /// The deadline counts from the answer to a renewal, not from when it was sent.
    DeadlineFromAnswer,
    /// A claim takes from the living.
    ClaimIgnoresLease,
    /// The dead are granted what they ask for.
    ClaimByTheDead,
    /// A claim keeps the epoch.
    ClaimKeepsEpoch,
    /// A release takes the epoch back.
    ReleaseLowersEpoch,
    /// An answer goes out without a look at the deadline.
    LateAcknowledgement,
    /// One peer ends a lease.
    OneSuspectSuffices,
}

/// One step of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// Time goes on, but for the clock of one node.
    Tick(Option<u8>),
    /// The node sends a renewal.
    Renew(u8),
    /// The database carries out a renewal of the node that is under way.
    RenewArrives(u8, usize),
    /// Its answer reaches the node.
    RenewAnswered(u8, usize),
    /// The node reads the view, and does what follows.
    Look(u8),
    /// The database carries out the node's claim.
    ClaimArrives(u8),
    /// Its answer reaches the node.
    ClaimAnswered(u8),
    /// The database carries out the node's release.
    ReleaseArrives(u8),
    /// The node begins to write to a shard.
    Write(u8, u16),
    /// The database checks the fence of the node's transaction.
    CheckArrives(u8),
    /// The database commits it.
    CommitArrives(u8),
    /// The database gives it up.
    Abort(u8),
    /// The node tells the user.
    Acknowledge(u8),
    /// The node notices that its deadline is over.
    Fence(u8),
    /// The node is killed.
    Die(u8),
    /// It comes back as another life.
    Restart(u8),
    /// Its peers do not reach it.
    CutOff(u8),
    /// They do again.
    Heal(u8),
    /// An operator drains it.
    Drain(u8),
}

/// The model.
#[derive(Clone, Debug)]
struct Cluster {
    world: World,
    fault: Option<Fault>,
    names: Vec<NodeName>,
    /// When time begins, for all.
    begin: Instant,
}

impl Cluster {
    fn new(world: World, fault: Option<Fault>) -> Self {
        let name = |node: u8| format!("n{node}").parse().expect("a name");
        let names = (0..world.nodes).map(name).collect();
        Self { world, fault, names, begin: Instant::now() }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn terms(&self) -> Terms {
        let [ttl, every, margin] = self.world.lease.map(Duration::from_secs);
        Terms { ttl, every, margin }
    }

    fn at(&self, tick: u16) -> Instant {
        self.begin + Duration::from_secs(u64::from(tick))
    }

    fn life(&self, life: state::Life) -> NodeLife {
        let name = self.names[usize::from(life.node)].clone();
        NodeLife { name, incarnation: u64::from(life.incarnation) }
    }
}

impl Model for Cluster {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(self)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if matches!(state.last, Event::Broken(_)) {
            return;
        }
        if state.now < self.world.ticks {
            actions.push(Action::Tick(None));
            let stopped = (0..self.world.nodes).filter(|_| state.left.stops > 0);
            actions.extend(stopped.map(|node| Action::Tick(Some(node))));
        }
        for node in 0..self.world.nodes {
            self.actions_of(state, node, actions);
            self.actions_on(state, node, actions);
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = State { last: Event::Nothing, ..state.clone() };
        next.take(self, action);
        (next != *state).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let seen: [(&'static str, Condition); 8] = [
            (TAKEN_OVER, |_, it| it.last == Event::TakenOver),
            (HANDED_OVER, |_, it| it.last == Event::HandedOver),
            (REFUSED, |_, it| it.last == Event::RefusedLate),
            (FENCED, |_, it| it.last == Event::FencedItself),
            (TOLD, |_, it| it.last == Event::Acknowledged),
            (SILENT, |_, it| it.last == Event::CommittedInSilence),
            (FOUND, |_, it| it.last == Event::FoundItsOwn),
            (ENDED_EARLY, |_, it| it.last == Event::EndedEarly),
        ];
        let mut all = vec![Property::always(IN_TIME, State::is_silent_in_time)];
        let never: [(&'static str, Condition); 7] = [
            (ONE_WRITER, |_, it| it.last != Event::Broken(Breach::TwoWritersInOneEpoch)),
            (RISING, |_, it| it.last != Event::Broken(Breach::EpochWentBack)),
            (NOT_OUTRUN, |_, it| it.last != Event::Broken(Breach::AcceptedAfterAnotherClaimed)),
            (LEFT_ALONE, |_, it| it.last != Event::Broken(Breach::TakenFromTheLiving)),
            (DEAD_GET_NONE, |_, it| it.last != Event::Broken(Breach::GrantedToTheDead)),
            (MUTE, |_, it| it.last != Event::Broken(Breach::ToldAfterItsLease)),
            (BY_TWO, |_, it| it.last != Event::Broken(Breach::EndedByOne)),
        ];
        all.extend(never.map(|(name, condition)| Property::always(name, condition)));
        all.extend(seen.map(|(name, condition)| Property::sometimes(name, condition)));
        all
    }
}
