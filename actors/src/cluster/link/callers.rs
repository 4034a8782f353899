//! The nodes that have dialled this one, by the token of their connection.

use playhouse_storage::model::NodeName;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

/// One connection of a node to this one.
pub(super) struct Caller {
    pub(super) name: NodeName,
    /// As many asks as it was given credit for.
    pub(super) slots: Arc<Semaphore>,
    /// Largest answer that it takes.
    pub(super) answer_bytes_max: usize,
    heard: Notify,
    replaced: CancellationToken,
}

impl Caller {
    pub(super) fn new(name: NodeName, credits: u32, answer_bytes_max: usize) -> Self {
        Self {
            name,
            slots: Arc::new(Semaphore::new(credits as usize)),
            answer_bytes_max,
            heard: Notify::new(),
            replaced: CancellationToken::new(),
        }
    }

    /// It said something.
    pub(super) fn speaks(&self) {
        self.heard.notify_one();
    }

    /// Waits until it says something.
    pub(super) async fn heard(&self) {
        self.heard.notified().await;
    }

    /// Waits until a newer connection of its node has taken its place.
    pub(super) async fn replaced(&self) {
        self.replaced.cancelled().await;
    }
}

/// All of them. A node has one connection: a newer one ends the one before, which its dialler has
/// given up.
#[derive(Default)]
pub(super) struct Callers(Mutex<HashMap<String, Arc<Caller>>>);

impl Callers {
    pub(super) fn of(&self, token: &str) -> Option<Arc<Caller>> {
        self.lock().get(token).cloned()
    }

    /// Lets one in, for as long as the answer lives.
    pub(super) fn enter(self: &Arc<Self>, token: String, caller: Arc<Caller>) -> Entered {
        let mut callers = self.lock();
        for before in callers.values().filter(|before| before.name == caller.name) {
            before.replaced.cancel();
        }
        callers.insert(token.clone(), caller);
        drop(callers);
        Entered { callers: Arc::clone(self), token }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Caller>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of a caller among the others.
pub(super) struct Entered {
    callers: Arc<Callers>,
    token: String,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.callers.lock().remove(&self.token);
    }
}
