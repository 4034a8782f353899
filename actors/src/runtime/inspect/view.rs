//! What an operator is told about actors: plain data, the same for the page, the terminal and the
//! stream. Ids and counts only: no payload, no key, nothing about a person.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What an actor is in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The root: the whole node.
    Node,
    /// Starts, restarts and stops its children.
    Supervisor,
    /// Named, one of its kind, restarted by its supervisor.
    Service,
    /// Work linked to a service; ends with it.
    Task,
    /// All entities of a kind.
    Kind,
    /// Addressed by kind and id, loaded by its first message.
    Entity,
}

/// How an actor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// On its way up.
    Starting,
    /// Waits for messages.
    Idle,
    /// Handles one.
    Working,
    /// Handles one, and waits longer than its policy finds normal.
    Slow,
    /// Handles one, and has blocked its thread longer than its policy finds normal.
    Stuck,
    /// Has died and is started again after a while.
    BackingOff,
    /// Has ended and stays so.
    Stopped,
}

/// The message that is being handled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Current {
    /// Its kind: the name of the variant.
    pub message: String,
    /// For so many seconds.
    pub for_s: f64,
    /// True when the handler does not give its thread back.
    pub blocked: bool,
}

/// Why the last life ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastExit {
    /// Name of the exit: `panicked`, `killed`, …
    pub reason: String,
    /// One sentence.
    pub detail: String,
    /// When.
    pub at: Timestamp,
    /// The request that it was working on, if it came from one.
    pub trace_id: Option<String>,
}

/// One actor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActorView {
    /// Unique; names joined by `/`, empty for the node.
    pub path: String,
    /// Path of the one above it; none for the node.
    pub parent: Option<String>,
    /// Its name below its parent.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// Kind of entity, or name of the service.
    pub kind: String,
    /// How it is.
    pub status: Status,
    /// State of its state machine, as it says itself.
    pub state: Option<String>,
    /// Size of its state in bytes, as it says itself.
    pub state_bytes: Option<u64>,
    /// Actors right below it.
    pub children: u64,
    /// Messages that wait or are handled.
    pub depth: u64,
    /// Bound of `depth`.
    pub depth_max: u64,
    /// Highest `depth` of this life.
    pub high_water: u64,
    /// Age of the oldest message inside, seconds.
    pub oldest_s: Option<f64>,
    /// Messages let in.
    pub received: u64,
    /// Messages handled.
    pub handled: u64,
    /// Messages refused at the door: the mailbox was full.
    pub refused: u64,
    /// Messages dropped because nobody waited for the answer any more.
    pub expired: u64,
    /// Messages lost with a life that ended.
    pub undelivered: u64,
    /// Lives after the first.
    pub restarts: u64,
    /// Seconds spent in handlers.
    pub busy_s: f64,
    /// Seconds of the last handler.
    pub last_s: f64,
    /// Seconds of the longest handler of this life.
    pub longest_s: f64,
    /// What it does right now.
    pub current: Option<Current>,
    /// Begin of this life.
    pub started_at: Option<Timestamp>,
    /// Seconds until it is started again.
    pub restart_in_s: Option<f64>,
    /// Shard of an entity.
    pub shard: Option<u16>,
    /// Epoch under which an entity writes.
    pub epoch: Option<u64>,
    /// Why the last life ended.
    pub last_exit: Option<LastExit>,
}

/// The node's sums.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Everything that runs.
    pub actors: u64,
    /// Supervisors.
    pub supervisors: u64,
    /// Services.
    pub services: u64,
    /// Tasks of services.
    pub tasks: u64,
    /// Resident entities.
    pub entities: u64,
    /// Actors whose handler waits too long.
    pub slow: u64,
    /// Actors whose handler blocks its thread.
    pub stuck: u64,
    /// Messages lost with lives that ended, since the node started.
    pub undelivered: u64,
}

/// The node itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeView {
    /// Version of the program.
    pub version: String,
    /// When it started.
    pub started_at: Timestamp,
}

/// A bounded part of the tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TreePage {
    /// When it was looked at.
    pub at: Timestamp,
    /// Whose tree it is.
    pub node: NodeView,
    /// Sums of the whole node.
    pub totals: Totals,
    /// Parents before children, or largest first.
    pub actors: Vec<ActorView>,
    /// Where to go on; none at the end.
    pub next_cursor: Option<String>,
}

/// What a flat list is ordered by, largest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Messages inside.
    Depth,
    /// Age of the oldest message inside.
    Oldest,
    /// Lives after the first.
    Restarts,
    /// Time spent in handlers.
    Busy,
}

/// Which part of the tree is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeQuery {
    /// Path of the root of the part; empty for the node.
    pub under: String,
    /// Levels below `under`.
    pub depth: u32,
    /// A flat list in this order instead of a tree.
    pub sort: Option<Sort>,
    /// A flat list of the actors whose path contains this.
    pub search: Option<String>,
    /// Actors at most.
    pub limit: usize,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// When and how an actor is restarted, and how long its handlers may take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyView {
    /// `permanent`, `transient` or `temporary`; entities are `on_message`.
    pub restart: String,
    /// Restarts within `window_s` before the trouble goes up.
    pub intensity: u32,
    /// Seconds.
    pub window_s: f64,
    /// Seconds before the first restart.
    pub backoff_first_s: f64,
    /// Seconds before a restart, at most.
    pub backoff_max_s: f64,
    /// Of a supervisor: `one_for_one`, `one_for_all`, `rest_for_one`.
    pub strategy: Option<String>,
    /// Seconds after which a handler is reported.
    pub report_after_s: f64,
    /// Seconds after which a handler that waits is killed; none for never.
    pub kill_after_s: Option<f64>,
}

/// Handler times of a service or kind since the node started.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Handlers that were timed.
    pub count: u64,
    /// Median, seconds.
    pub p50_s: f64,
    /// 90th percentile, seconds.
    pub p90_s: f64,
    /// 99th percentile, seconds.
    pub p99_s: f64,
    /// Longest, seconds.
    pub max_s: f64,
}

/// The last minutes of a service or kind, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Seconds between two samples.
    pub every_s: f64,
    /// Messages handled in each interval.
    pub handled: Vec<u64>,
    /// Messages inside at each sample.
    pub depth: Vec<u64>,
    /// Share of each interval spent in handlers; above 1 when several of a kind were busy.
    pub busy: Vec<f64>,
}

/// Something that happened to an actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventView {
    /// When.
    pub at: Timestamp,
    /// `started`, `passivated`, `slow`, `ended`, …
    pub event: String,
    /// One sentence; may be empty.
    pub detail: String,
    /// The request that it was working on, if it came from one.
    pub trace_id: Option<String>,
}

/// One actor with all that is known about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActorDetail {
    /// As in the tree.
    pub actor: ActorView,
    /// When and how it is restarted.
    pub policy: Option<PolicyView>,
    /// Handler times.
    pub latency: Option<Latency>,
    /// The last minutes.
    pub history: Option<History>,
    /// The last 20 events of its life, newest first.
    pub events: Vec<EventView>,
}
