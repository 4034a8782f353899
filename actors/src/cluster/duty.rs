//! Work that one node of a cluster does for all: the one that owns a certain shard. When the shard
//! moves the work moves with it. Everything that is done so is safe to be done twice, since two
//! nodes may believe in the same duty for a moment.

use super::{Citizen, Routes};
use crate::runtime::{Directory, Exit, Handle, Report, Service};
use playhouse_storage::model::ShardId;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Which node does something: this one always when it is alone.
#[derive(Clone)]
pub struct Duty(Option<Shared>);

#[derive(Clone)]
struct Shared {
    shard: ShardId,
    directory: Directory,
    routes: Arc<Routes>,
}

impl Duty {
    /// A duty of a node that is alone.
    #[must_use]
    pub fn alone() -> Self {
        Self(None)
    }

    /// A duty of whoever owns a shard.
    #[must_use]
    pub fn of(citizen: &Citizen, shard: ShardId) -> Self {
        let (directory, routes) = (citizen.directory().clone(), Arc::clone(citizen.routes()));
        Self(Some(Shared { shard, directory, routes }))
    }

    pub(crate) fn holds(&self) -> bool {
        self.0.as_ref().is_none_or(|of| of.directory.fence(of.shard).is_some())
    }

    /// Ready when it may have come or gone since it was `before`.
    async fn changed(self, before: bool) {
        let Some(of) = &self.0 else { return std::future::pending().await };
        let mut changes = of.routes.listen();
        while self.holds() == before {
            if changes.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }
}

/// A service that works while its node has the duty. Before and after it drops what it is told:
/// whoever has the duty looks by itself.
pub struct OnDuty<S: Service> {
    duty: Duty,
    make: Arc<dyn Fn() -> S + Send + Sync>,
    wake: fn() -> S::Message,
    at_work: Option<S>,
    /// A task waits for the duty to come or go.
    listening: Arc<AtomicBool>,
}

impl<S: Service> OnDuty<S> {
    /// A service that `make` makes anew whenever the duty comes. `wake` makes a message that means
    /// nothing to one at work.
    #[must_use]
    pub fn new(
        duty: Duty,
        make: Arc<dyn Fn() -> S + Send + Sync>,
        wake: fn() -> S::Message,
    ) -> Self {
        Self { duty, make, wake, at_work: None, listening: Arc::default() }
    }

    /// Begins or ends the work when the duty has come or gone.
    async fn turn(&mut self, me: &Handle<S::Message>) -> Result<(), Exit> {
        match (&mut self.at_work, self.duty.holds()) {
            (None, true) => {
                let mut service = (self.make)();
                service.start(me).await?;
                self.at_work = Some(service);
            }
            (Some(service), false) => {
                service.stop().await;
                self.at_work = None;
            }
            (None, false) | (Some(_), true) => {}
        }
        self.listen(me);
        Ok(())
    }

    fn listen(&self, me: &Handle<S::Message>) {
        if self.duty.0.is_none() || self.listening.swap(true, Ordering::AcqRel) {
            return;
        }
        let (duty, wake, before) = (self.duty.clone(), self.wake, self.at_work.is_some());
        let listening = Arc::clone(&self.listening);
        let change = async move {
            duty.changed(before).await;
            listening.store(false, Ordering::Release);
        };
        me.run("duty", move |_| change, move |_| wake());
    }
}

impl<S: Service> Service for OnDuty<S> {
    type Message = S::Message;

    async fn start(&mut self, me: &Handle<S::Message>) -> Result<(), Exit> {
        self.turn(me).await
    }

    async fn handle(&mut self, message: S::Message, me: &Handle<S::Message>) -> Result<(), Exit> {
        let was_at_work = self.at_work.is_some();
        self.turn(me).await?;
        match &mut self.at_work {
            Some(service) if was_at_work => service.handle(message, me).await,
            Some(_) | None => Ok(()),
        }
    }

    async fn stop(&mut self) {
        if let Some(service) = &mut self.at_work {
            service.stop().await;
        }
    }

    fn report(&self) -> Report {
        let elsewhere = || Report { state: "another node does it", bytes: 0 };
        self.at_work.as_ref().map_or_else(elsewhere, Service::report)
    }
}
