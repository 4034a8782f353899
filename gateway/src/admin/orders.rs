//! How an operator's order is carried out: written down, done, and its outcome written down.
//!
//! It goes on when whoever ordered has gone away, and when the listener that took it is the one to
//! be restarted: the task belongs to the gateway, not to the request. How many go on at once is
//! bounded. What ends with the node stays `asked` in the audit log.

use crate::App;
use crate::problem::{Answer, Problem};
use crate::stopping::Stopping;
use crate::trace::TraceId;
use playhouse_actors::Platform;
use playhouse_storage::model::{AuditEntry, AuditId, AuditOutcome};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::Instrument;

/// The orders that are being carried out. Cheap to clone; they end with the last clone.
#[derive(Clone)]
pub(crate) struct Orders {
    tasks: Arc<Mutex<JoinSet<()>>>,
    places: Arc<Semaphore>,
}

impl Orders {
    /// Room for so many at once.
    pub(crate) fn new(most: usize) -> Self {
        Self { tasks: Arc::default(), places: Arc::new(Semaphore::new(most)) }
    }

    fn place(&self) -> Answer<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            Problem::unavailable("busy", "too many orders are being carried out, try again", 1)
        })
    }

    fn begin(&self, order: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(ended) = tasks.try_join_next() {
            if let Err(error) = ended {
                tracing::error!(%error, "an order ended early");
            }
        }
        tasks.spawn(order);
    }
}

/// Writes an order down, then carries it out. Ready when that is done, or when this listener is
/// asked to stop meanwhile.
///
/// # Errors
/// Nothing was done when the order could not be written down, or `work` refuses it.
pub(super) async fn carry_out(
    app: &App,
    entry: AuditEntry,
    work: impl Future<Output = Answer<()>> + Send + 'static,
    trace: TraceId,
    mut stopping: Stopping,
) -> Answer<()> {
    let place = app.orders.place()?;
    app.platform.engines.catalog.audit_append(entry.clone()).await?;
    let span = tracing::info_span!("order", path = entry.path, trace_id = %trace);
    let (action, subject) = (&entry.action, &entry.subject);
    span.in_scope(|| tracing::info!(action, subject, "an order is carried out"));
    let (tell, told) = oneshot::channel();
    let (platform, within) = (app.platform.clone(), app.config.ask_deadline());
    let order = async move {
        let _place = place;
        let answer = timeout(within, work).await.unwrap_or_else(|_| Err(Problem::expired()));
        note(&platform, entry.id, outcome(&answer)).await;
        // Whoever ordered may have gone away.
        let _ = tell.send(answer);
    };
    app.orders.begin(trace.around(order.instrument(span)));
    tokio::select! {
        answer = told => answer.unwrap_or_else(|_| Err(Problem::internal("the order panicked"))),
        () = stopping.asked() => Ok(()),
    }
}

fn outcome(answer: &Answer<()>) -> AuditOutcome {
    match answer {
        Ok(()) => AuditOutcome::Done,
        Err(problem) if problem.status.is_client_error() => AuditOutcome::Refused,
        Err(_) => AuditOutcome::Failed,
    }
}

/// The order has been carried out whether or not this can be written: it is logged then.
async fn note(platform: &Platform, id: AuditId, outcome: AuditOutcome) {
    if let Err(error) = platform.engines.catalog.audit_outcome(id, outcome).await {
        tracing::error!(%error, audit_id = %id, ?outcome, "an order's outcome was not written");
    }
}
