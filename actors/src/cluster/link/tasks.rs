//! The tasks of a link: they end with it, and none of them dies unseen.
//!
//! A link is no service of the supervision tree, because its sessions are actors of the carrier
//! with a tree of their own. Its tasks live here instead, so that `stop` can wait for each of them.

use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// All tasks of one link. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Tasks {
    tracker: TaskTracker,
    over: CancellationToken,
}

impl Tasks {
    /// Runs a task until it ends or the link does.
    pub(super) fn run(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let over = self.over.clone();
        self.tracker.spawn(async move {
            let task = AssertUnwindSafe(task).catch_unwind();
            if let Some(Err(_)) = over.run_until_cancelled(task).await {
                tracing::error!(task = name, "a task of the link panicked");
            }
        });
    }

    /// Waits for something at the end that ends by itself.
    pub(super) fn follow<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) {
        self.tracker.spawn(async move {
            task.await;
        });
    }

    /// Tells all tasks to end.
    pub(super) fn cancel(&self) {
        self.over.cancel();
    }

    /// Ends all tasks and waits until they have ended.
    pub(super) async fn end(&self) {
        self.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}
