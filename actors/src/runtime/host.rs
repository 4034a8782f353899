//! The role of the host is to carry one entity on ractor: it loads the state with the first
//! message, hands over one message at a time, and turns a panic or an error into an `Exit` that the
//! sender and everybody in the queue is told.
//!
//! The sender hears of an end only when the address is free again, so its next ask loads anew.

use super::backlog::Backlog;
use super::chronicle::Happening;
use super::directory::AskError;
use super::mailbox::Stamp;
use super::resident::Resident;
use super::shard::{Running, Shard};
use super::{Entity, Exit, Named, panics, trace};
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, ActorRuntime, Message};
use serde::{Serialize, de::DeserializeOwned};
use std::marker::PhantomData;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::Instrument;

/// What is in the mailbox.
pub(super) enum Mail<K: Entity<P>, P: Clone + Send + 'static> {
    Asked(Envelope<K, P>),
    /// Nothing: wakes it, so that a fault on order finds it.
    #[cfg(debug_assertions)]
    Nudge,
}

/// A request on its way.
pub(super) struct Envelope<K: Entity<P>, P: Clone + Send + 'static> {
    pub(super) request: K::Request,
    pub(super) reply: oneshot::Sender<Result<K::Reply, Exit>>,
    pub(super) deadline: Instant,
    pub(super) stamp: Stamp,
    /// Where in a trace it was asked.
    pub(super) trace: trace::Context,
}

impl<K: Entity<P>, P: Clone + Send + 'static> Message for Mail<K, P> {}

/// What a host needs to load its entity, and the entity once it is loaded.
struct Residence<K: Entity<P>, P: Clone + Send + 'static> {
    id: K::Id,
    platform: P,
    shard: Arc<Shard>,
    resident: Arc<Resident>,
    entity: Option<K>,
    backlog: Backlog,
}

struct Host<K, P>(PhantomData<fn() -> (K, P)>);

/// Starts the host of an entity. Its state is loaded by the first message, not here.
pub(super) fn start<K: Entity<P>, P: Clone + Send + 'static>(
    id: K::Id,
    platform: P,
    shard: Arc<Shard>,
    resident: Arc<Resident>,
) -> Option<Running> {
    let listed = Arc::clone(&resident);
    let residence = Residence::<K, P> {
        id,
        platform,
        shard,
        resident,
        entity: None,
        backlog: Backlog::default(),
    };
    #[expect(clippy::disallowed_methods, reason = "this is where entities are spawned")]
    // It only fails for a name that is taken, and entities have none.
    let (host, _) = ActorRuntime::spawn_instant(None, Host(PhantomData), residence).ok()?;
    Some(Running::new(listed, host.get_cell(), nudge::<K, P>))
}

#[cfg(debug_assertions)]
fn nudge<K: Entity<P>, P: Clone + Send + 'static>(cell: &ActorCell) {
    // One that has ended needs no waking.
    let _ = cell.send_message(Mail::<K, P>::Nudge);
}

#[cfg(not(debug_assertions))]
fn nudge<K: Entity<P>, P: Clone + Send + 'static>(_: &ActorCell) {}

impl<K: Entity<P>, P: Clone + Send + 'static> Actor for Host<K, P> {
    type Msg = Mail<K, P>;
    type State = Residence<K, P>;
    type Arguments = Residence<K, P>;

    async fn pre_start(
        &self,
        _: ActorRef<Self::Msg>,
        residence: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(residence)
    }

    async fn handle(
        &self,
        _: ActorRef<Self::Msg>,
        mail: Self::Msg,
        residence: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        // Boxed: an idle actor must not keep room for the largest of its handlers.
        let served = match mail {
            Mail::Asked(envelope) => Box::pin(residence.serve(envelope)).await,
            #[cfg(debug_assertions)]
            Mail::Nudge => Box::pin(residence.nudged()).await,
        };
        served.map_err(Into::into)
    }

    async fn post_stop(
        &self,
        _: ActorRef<Self::Msg>,
        residence: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        residence.shard.ended(&residence.resident, &Exit::Stopped);
        Ok(())
    }
}

impl<K: Entity<P>, P: Clone + Send + 'static> Residence<K, P> {
    async fn serve(&mut self, envelope: Envelope<K, P>) -> Result<(), Exit> {
        let Envelope { request, reply, deadline, stamp, trace } = envelope;
        let Self { id, platform, shard, resident, entity, backlog } = self;
        let vitals = &resident.vitals;
        let began = backlog.begin();
        let (message, mut hop) = (request.name(), trace::Hop::below(trace, began));
        vitals.begin(began, message, stamp, trace.trace_id);
        if deadline <= began {
            tracing::debug!("request dropped: its deadline has passed");
            vitals.expire();
            backlog.end(&vitals.gauge, began);
            return Ok(());
        }
        let span = trace::entity_message(&resident.address, shard.fence.shard);
        let unloaded = entity.is_none().then(|| (id.clone(), shard.fence, platform.clone()));
        let answer = async {
            if let Some((id, fence, platform)) = unloaded {
                *entity = Some(trace::within(hop.context(), K::load(id, fence, platform)).await?);
            }
            let entity = entity.as_mut().expect("it has just been loaded, or was before");
            hop.join(entity.trace());
            Ok(as_sent(trace::within(hop.context(), entity.handle(request)).await?))
        };
        let answer = panics::watched(vitals, answer).instrument(span).await;
        let report = entity.as_ref().map(Entity::report).unwrap_or_default();
        hop.end(answer.as_ref().err().map(|exit| exit as _), || {
            let of = (shard.fence.shard, report.state);
            trace::entity_span(&resident.address, K::KIND, message, of)
        });
        let finished = vitals.finish(began, report);
        let took = finished.saturating_duration_since(began);
        resident.kind.ledger.took(took);
        if vitals.recovers() {
            resident.note(Happening::Recovered, &format!("after {} s", took.as_secs()));
        }
        backlog.end(&vitals.gauge, finished);
        let ended = answer.as_ref().err().cloned();
        if let Some(exit) = &ended {
            self.end(exit);
        }
        // A sender that has gone away needs no answer.
        let _ = reply.send(answer);
        ended.map_or(Ok(()), Err)
    }

    #[cfg(debug_assertions)]
    async fn nudged(&mut self) -> Result<(), Exit> {
        let resident = Arc::clone(&self.resident);
        self.backlog = Backlog::default();
        let result = panics::nudged(&resident.vitals).await;
        result.inspect_err(|exit| self.end(exit))
    }

    fn end(&mut self, exit: &Exit) {
        self.entity = None;
        self.shard.ended(&self.resident, exit);
    }
}

impl<K: Entity<P>, P: Clone + Send + 'static> Drop for Residence<K, P> {
    fn drop(&mut self) {
        // Whoever ended in order has said why before.
        self.shard.ended(&self.resident, &self.resident.doom());
    }
}

/// The value as another node would get it: with debug assertions it goes through JSON, so that no
/// request or reply can come to rely on a handle inside. Else it is left alone.
pub(super) fn as_sent<T: Serialize + DeserializeOwned>(value: T) -> T {
    if !cfg!(debug_assertions) {
        return value;
    }
    let text = serde_json::to_string(&value).expect("requests and replies are plain serde data");
    serde_json::from_str(&text).expect("requests and replies survive a JSON round trip")
}

/// What a sender whose request or answer was dropped with the actor is told.
pub(super) fn told(exit: Exit, retry_after: std::time::Duration) -> AskError {
    match exit {
        Exit::Busy | Exit::Overtaken => AskError::Busy { retry_after },
        Exit::Stopped
        | Exit::Fenced
        | Exit::Panicked { .. }
        | Exit::Failed { .. }
        | Exit::Killed
        | Exit::TimedOut { .. }
        | Exit::Stuck => AskError::Ended(exit),
    }
}

#[cfg(test)]
mod tests {
    use super::as_sent;
    use std::collections::BTreeMap;

    #[test]
    #[should_panic(expected = "plain serde data")]
    fn what_another_node_could_not_be_sent_is_found_here() {
        as_sent(BTreeMap::from([((1, 2), 3)]));
    }
}
