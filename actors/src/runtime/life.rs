//! A life as its supervisor holds it: the levers to end it, and its end.
//!
//! A life that was killed and does not end blocks its thread. Nobody can end it then; it is cut
//! off instead, and counts as ended with [`Exit::Stuck`], so that its successor may begin.

#[cfg(debug_assertions)]
use super::vitals::Vitals;
use super::{Exit, StartError};
use futures_util::future::{AbortHandle, BoxFuture, Fuse};
use ractor::ActorCell;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

/// A life, as its supervisor holds it. One that is dropped is asked to stop.
pub(super) struct Life {
    pub(super) reins: Reins,
    /// Completes when it has started; closed when it has not, unless it knows which of its
    /// children did not start.
    pub(super) started: Fuse<oneshot::Receiver<Result<(), StartError>>>,
    /// Completes when nothing of it is left, or nothing that can be ended.
    pub(super) ended: BoxFuture<'static, Exit>,
}

/// How a life is ended from outside.
#[derive(Clone)]
pub(super) enum Levers {
    /// An actor.
    Actor {
        cell: ActorCell,
        /// Wakes it with a message that means nothing.
        #[cfg_attr(not(debug_assertions), expect(dead_code, reason = "only faults on order wake"))]
        nudge: fn(&ActorCell),
        killed: Arc<watch::Sender<bool>>,
    },
    /// A task of an actor.
    Task(AbortHandle),
    /// A supervisor.
    Branch(Arc<watch::Sender<Asked>>),
}

/// What a supervisor is asked for from above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Nothing,
    /// To stop its children in order and end.
    Stop,
    /// To kill them and end.
    Kill,
}

impl Levers {
    /// Asks it to end in order.
    fn stop(&self) {
        match self {
            Self::Actor { cell, .. } => cell.stop(None),
            Self::Task(task) => task.abort(),
            Self::Branch(ask) => {
                ask.send_if_modified(|asked| {
                    let first = *asked == Asked::Nothing;
                    if first {
                        *asked = Asked::Stop;
                    }
                    first
                });
            }
        }
    }

    /// Ends it in the middle of whatever it does.
    pub(super) fn kill(&self) {
        match self {
            Self::Actor { cell, killed, .. } => {
                killed.send_replace(true);
                cell.kill();
            }
            Self::Task(task) => task.abort(),
            Self::Branch(ask) => {
                ask.send_replace(Asked::Kill);
            }
        }
    }

    #[cfg(debug_assertions)]
    pub(super) fn nudge(&self, vitals: &Vitals) {
        match self {
            Self::Actor { cell, nudge, .. } if vitals.gauge.admit_own().is_ok() => nudge(cell),
            Self::Actor { .. } => {}
            Self::Task(_) | Self::Branch(_) => {}
        }
    }
}

/// Levers in the hand of the one who answers for the life.
pub(super) struct Reins(pub(super) Levers);

impl Reins {
    /// Asks the life to end in order.
    pub(super) fn stop(&self) {
        self.0.stop();
    }
}

impl Drop for Reins {
    fn drop(&mut self) {
        // To one that has ended already this means nothing.
        self.0.stop();
    }
}

/// Waits for the end of an actor. When it was killed and goes on for longer than `grace`, `cut_off`
/// is called and it counts as stuck.
pub(super) async fn ended_or_stuck(
    mut ended: oneshot::Receiver<Exit>,
    killed: Arc<watch::Sender<bool>>,
    grace: Duration,
    cut_off: impl FnOnce(),
) -> Exit {
    tokio::select! {
        exit = &mut ended => return exit.unwrap_or(Exit::Killed),
        () = is_killed(&killed) => {}
    }
    if let Ok(exit) = timeout(grace, &mut ended).await {
        return exit.unwrap_or(Exit::Killed);
    }
    cut_off();
    Exit::Stuck
}

async fn is_killed(killed: &watch::Sender<bool>) {
    // The sender is borrowed, so it is not gone.
    let _ = killed.subscribe().wait_for(|killed| *killed).await;
}
