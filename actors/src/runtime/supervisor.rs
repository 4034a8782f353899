//! Supervision as data: a table of children, and a pure function that decides what a death means.

use std::time::Duration;

/// Who is restarted when one child dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Only the child that died.
    OneForOne,
}

/// When a child is restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// Always.
    Permanent,
    /// When it did not stop by itself.
    Transient,
    /// Never.
    Temporary,
}

/// Waiting time before a restart: doubles from `first` up to `most`, with jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Before the first restart.
    pub first: Duration,
    /// At most.
    pub most: Duration,
}

/// When and how often a child is restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartPolicy {
    /// When.
    pub restart: Restart,
    /// At most so many restarts within `window`; one more escalates.
    pub intensity: u32,
    /// The window of `intensity`.
    pub window: Duration,
    /// Waiting time.
    pub backoff: Backoff,
}

/// One row of the supervision table.
pub struct ChildSpec {
    /// Its name in the tree.
    pub name: &'static str,
    /// When and how often it is restarted.
    pub policy: RestartPolicy,
}

/// Runs the children of a table.
pub struct Supervisor {}
