//! The role of the hall is to receive what other nodes send: asks for the shards of this one, and
//! notes.

use super::envelope::millis;
use super::{Answer, Door, Envelope, Note, Routes, relay, report};
use crate::Platform;
use crate::events::Hint;
use crate::runtime::trace::{Context, within};
use crate::runtime::{AskError, Exit, Letter, NotHere};
use async_trait::async_trait;
use playhouse_storage::model::{Epoch, NodeName};
use serde_json::Value;
use std::sync::{Arc, OnceLock};

/// Receives for one node.
pub struct Hall {
    routes: Arc<Routes>,
    platform: OnceLock<Platform>,
    /// Called when shards have become free.
    freed: Box<dyn Fn() + Send + Sync>,
}

impl Hall {
    /// A hall that receives nothing before its platform is there. `freed` is called whenever a node
    /// has given shards up.
    #[must_use]
    pub fn new(routes: Arc<Routes>, freed: impl Fn() + Send + Sync + 'static) -> Self {
        Self { routes, platform: OnceLock::new(), freed: Box::new(freed) }
    }

    /// Receives from now on for this platform.
    pub fn open(&self, platform: Platform) {
        // A second platform in one process would be another node.
        let _ = self.platform.set(platform);
    }

    async fn pass(&self, platform: &Platform, envelope: Envelope) -> Answer {
        let Envelope { kind, id, shard, within_ms, request, .. } = envelope;
        let within_ms = within_ms.min(millis(platform.config.ask_deadline()));
        let letter = Letter { kind, id, request, within_ms, shard: Some(shard), repeats: false };
        match platform.directory.deliver(letter).await {
            Ok(Ok(reply)) => Answer::Ack { reply },
            // Nothing of it was committed: whoever has the shard since may be asked.
            Ok(Err(AskError::Ended(Exit::Fenced))) | Err(NotHere::Elsewhere) => {
                let route = self.routes.of(shard);
                Answer::NotOwner { owner: route.owner, epoch: Epoch(route.epoch) }
            }
            Ok(Err(AskError::Busy { retry_after })) => {
                Answer::Busy { retry_after_ms: millis(retry_after) }
            }
            Ok(Err(AskError::Expired)) => Answer::Expired,
            Ok(Err(AskError::Unavailable)) => busy(platform),
            Ok(Err(AskError::Ended(exit))) => Answer::Ended { exit },
            Err(NotHere::Unknown { reason }) => Answer::Unknown { reason },
        }
    }
}

fn busy(platform: &Platform) -> Answer {
    Answer::Busy { retry_after_ms: millis(platform.directory.config().retry_after()) }
}

/// The trace that an envelope is part of; none for a text that is none. A node of the version
/// before says which trace, and not where in it.
fn trace_of(envelope: &Envelope) -> Context {
    let place = envelope.traceparent.as_deref().and_then(Context::of_traceparent);
    place.unwrap_or_else(|| {
        let text = envelope.trace.as_deref().unwrap_or_default();
        let trace_id = u128::from_str_radix(text, 16).unwrap_or_default();
        Context { trace_id, ..Context::NONE }
    })
}

#[async_trait]
impl Door for Hall {
    async fn asked(&self, _: &NodeName, envelope: Envelope) -> Answer {
        let Some(platform) = self.platform.get() else {
            // It is starting: it owns nothing yet.
            let route = self.routes.of(envelope.shard);
            return Answer::NotOwner { owner: route.owner, epoch: Epoch(route.epoch) };
        };
        if let (Some(citizen), Some(owner)) = (&platform.citizen, envelope.relay_to.clone())
            && citizen.me().name != owner
        {
            return relay::pass_on(citizen.link().as_ref(), &owner, envelope).await;
        }
        if envelope.kind == report::KIND {
            return report::answer(platform.citizen.as_ref(), envelope.request);
        }
        within(trace_of(&envelope), self.pass(platform, envelope)).await
    }

    fn told(&self, from: &NodeName, note: Value) {
        match serde_json::from_value(note) {
            Ok(Note::Claimed(fences)) => self.routes.claimed(from, &fences),
            Ok(Note::Released(fences)) => {
                self.routes.released(&fences);
                (self.freed)();
            }
            Ok(Note::Hints(hints)) => {
                let Some(platform) = self.platform.get() else { return };
                for hint in hints {
                    if let Hint::Changed(content) = &hint {
                        platform.cards.forget(*content);
                    }
                    platform.hub.retell(hint);
                }
            }
            // A newer node may say what this one does not know: it may get lost.
            Err(error) => tracing::debug!(%from, %error, "a note was not understood"),
        }
    }
}
