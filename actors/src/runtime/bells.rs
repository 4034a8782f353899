//! How a timer's row finds its entity: by kind, as text, through the entity's own `on_timer`.

use super::directory::AskError;
use super::{Directory, Entity, Exit};
use crate::Platform;
use playhouse_storage::model::Timer;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::time::Duration;

type Answer = Pin<Box<dyn Future<Output = Result<(), Missed>> + Send>>;

/// How the entities of one kind are rung.
pub struct Bell<P = Platform> {
    kind: &'static str,
    ring: fn(Directory<P>, Timer, Duration) -> Answer,
}

/// Why a timer that rang was not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missed {
    /// Its kind, its address or its name says nothing to this program.
    #[error("unknown here")]
    Unknown,
    /// Its entity did not answer.
    #[error("{0}")]
    Unanswered(AskError),
}

impl From<Exit> for Missed {
    fn from(exit: Exit) -> Self {
        Self::Unanswered(AskError::Ended(exit))
    }
}

impl<P: Clone + Send + 'static> Bell<P> {
    /// The bell of the kind `K`.
    #[must_use]
    pub const fn of<K: Entity<P, Id: FromStr>>() -> Self {
        Self { kind: K::KIND, ring: ring_entity::<K, P> }
    }
}

/// Rings a timer and waits for the answer of its entity, at most `within`.
pub(super) async fn ring<P>(
    bells: &[Bell<P>],
    directory: Directory<P>,
    timer: Timer,
    within: Duration,
) -> Result<(), Missed> {
    let bell = bells.iter().find(|bell| bell.kind == timer.kind).ok_or(Missed::Unknown)?;
    (bell.ring)(directory, timer, within).await
}

fn ring_entity<K: Entity<P, Id: FromStr>, P: Clone + Send + 'static>(
    directory: Directory<P>,
    timer: Timer,
    within: Duration,
) -> Answer {
    Box::pin(async move {
        let request = K::on_timer(&timer.name).ok_or(Missed::Unknown)?;
        let id = timer.id.parse().map_err(|_| Missed::Unknown)?;
        let answer = directory.entity::<K>(id).ask(request, within).await;
        answer.map(drop).map_err(Missed::Unanswered)
    })
}
