//! The operator's eye: what every actor of the node does, bounded, without asking any of them.
//!
//! Actors publish what they do in counters that cost nanoseconds; looking reads the counters. So
//! an actor that hangs is seen as well as one that does not, and looking disturbs nobody.

pub mod view;

pub(super) mod census;
mod entities;
mod members;
mod meter;
mod page;

use super::population::Population;
use super::watchdog::{EVERY, Watchdog};
use super::{Directory, Tree};
use census::Census;
use entities::Found;
use jiff::Timestamp;
pub use meter::{LifeSums, Meter};
use std::sync::Arc;
use view::{ActorDetail, NodeView, Role, Status, Totals, TreePage, TreeQuery};

/// The way to look at the actors of the node, and to restart or stop one. Cheap to clone.
#[derive(Clone)]
pub struct Inspector {
    tree: Tree,
    population: Arc<Population>,
    watchdog: Arc<Watchdog>,
    started_at: Timestamp,
}

/// Why an order to an actor was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// Nobody has this path.
    #[error("there is no actor {path}")]
    Unknown {
        /// As it was asked for.
        path: String,
    },
    /// Its role or status does not allow it.
    #[error("{reason}")]
    NotNow {
        /// One sentence.
        reason: String,
    },
}

impl Inspector {
    /// An inspector of the entities of `directory`, and of the services that supervisors start
    /// below `tree`. Begins to watch how long handlers take.
    #[must_use]
    pub fn new<P: Clone + Send + 'static>(directory: &Directory<P>, tree: Tree) -> Self {
        let population = Arc::clone(directory.population());
        let watchdog = Watchdog::start(&tree, &population);
        Self { tree, population, watchdog, started_at: Timestamp::now() }
    }

    /// Where supervisors put their children.
    #[must_use]
    pub fn tree_root(&self) -> &Tree {
        &self.tree
    }

    /// A bounded part of the tree.
    #[must_use]
    pub fn tree(&self, query: &TreeQuery) -> TreePage {
        let census = self.watchdog.census(&self.population);
        let source =
            page::Source { root: &self.tree.0, population: &self.population, census: &census };
        let (actors, next_cursor) = page::page(&source, query);
        let version = env!("CARGO_PKG_VERSION").to_owned();
        TreePage {
            at: Timestamp::now(),
            node: NodeView { version, started_at: self.started_at },
            totals: self.totals(&census),
            actors,
            next_cursor,
        }
    }

    fn totals(&self, census: &Census) -> Totals {
        let mut totals = Totals::default();
        for count in census.kinds.values() {
            totals.entities += count.residents;
            totals.slow += count.slow;
            totals.stuck += count.stuck;
        }
        for kind in self.population.kinds.all() {
            totals.undelivered += kind.ledger.past().undelivered;
        }
        self.count_members(&self.tree.0, &mut totals);
        totals.actors = totals.supervisors + totals.services + totals.tasks + totals.entities;
        totals
    }

    fn count_members(&self, member: &Arc<super::member::Member>, totals: &mut Totals) {
        for child in member.children() {
            match child.role {
                Role::Supervisor => totals.supervisors += 1,
                Role::Service => totals.services += 1,
                Role::Task => totals.tasks += 1,
                Role::Node | Role::Kind | Role::Entity => {}
            }
            match members::view(&child, Some("")).status {
                Status::Slow => totals.slow += 1,
                Status::Stuck => totals.stuck += 1,
                Status::Starting
                | Status::Idle
                | Status::Working
                | Status::BackingOff
                | Status::Stopped => {}
            }
            totals.undelivered += child.sums().undelivered;
            self.count_members(&child, totals);
        }
    }

    /// What metrics tell of the actors, with their handlers' times counted by these rising bounds,
    /// seconds.
    #[must_use]
    pub fn meters(&self, bounds_s: &[f64]) -> Vec<Meter> {
        let census = self.watchdog.census(&self.population);
        let kinds = self.population.kinds.all();
        let mut meters: Vec<Meter> =
            kinds.iter().map(|it| meter::of_kind(it, &census.kind(it.name), bounds_s)).collect();
        meters.extend(meter::of_members(&self.tree.0, bounds_s));
        meters
    }

    /// One actor with all that is known about it.
    #[must_use]
    pub fn actor(&self, path: &str) -> Option<ActorDetail> {
        if let Some(found) = self.entity(path) {
            return Some(found.detail());
        }
        let kinds = self.population.kinds.all();
        if path == entities::BRANCH {
            return Some(bare(entities::branch(kinds.len())));
        }
        if let Some(name) = path.strip_prefix("entities/") {
            let kind = kinds.into_iter().find(|kind| kind.name == name)?;
            let count = self.watchdog.census(&self.population).kind(name);
            return Some(entities::kind_detail(&kind, &count, EVERY));
        }
        let member = self.tree.0.find(path)?;
        let parent = path.rsplit_once('/').map(|(parent, _)| parent);
        let parent = parent.or((!path.is_empty()).then_some(""));
        Some(ActorDetail {
            actor: members::view(&member, parent),
            policy: members::policy(&member),
            latency: member.ledger.latency(),
            history: Some(member.ledger.history(EVERY)),
            events: member.now().chronicle.events(),
        })
    }

    /// Ends the actor and lets it begin anew: an entity with its next message, a service by its
    /// supervisor, a task by its service. Waits until it is carried out, within a deadline.
    ///
    /// # Errors
    /// [`OrderError`]: nothing was done.
    pub async fn restart(&self, path: &str) -> Result<(), OrderError> {
        self.order(path, super::member::Action::Restart).await
    }

    /// Ends the actor. A service stays stopped until it is restarted; an entity comes back with
    /// its next message.
    ///
    /// # Errors
    /// [`OrderError`]: nothing was done.
    pub async fn stop(&self, path: &str) -> Result<(), OrderError> {
        self.order(path, super::member::Action::Stop).await
    }

    async fn order(&self, path: &str, action: super::member::Action) -> Result<(), OrderError> {
        if let Some(found) = self.entity(path) {
            self.population.end(&found.shard, &found.running, action).await;
            return Ok(());
        }
        if path == entities::BRANCH || path.starts_with("entities/") {
            return Err(match self.actor(path) {
                Some(_) => OrderError::NotNow {
                    reason: "a kind is not restarted or stopped, only its entities".to_owned(),
                },
                None => OrderError::Unknown { path: path.to_owned() },
            });
        }
        super::orders::order(&self.tree, path, action, &self.population.config).await
    }

    /// Orders a fault: builds with debug assertions only.
    ///
    /// # Errors
    /// [`OrderError`] when nobody has this path.
    #[cfg(debug_assertions)]
    pub fn fault(&self, path: &str, fault: super::Fault) -> Result<(), OrderError> {
        let unknown = || OrderError::Unknown { path: path.to_owned() };
        if let Some(Found { running, .. }) = self.entity(path) {
            running.resident.vitals.fault.arm(fault);
            match fault {
                super::Fault::Kill => running.cell.kill(),
                _ if running.resident.vitals.gauge.admit_own().is_ok() => {
                    (running.nudge)(&running.cell);
                }
                _ => {}
            }
            return Ok(());
        }
        let member = self.tree.0.find(path).ok_or_else(unknown)?;
        let life = member.now().life.clone().ok_or_else(unknown)?;
        life.vitals.fault.arm(fault);
        match fault {
            super::Fault::Kill => member.kill(super::Exit::Killed),
            _ => life.levers.nudge(&life.vitals),
        }
        Ok(())
    }

    fn entity(&self, path: &str) -> Option<Found> {
        let (kind, id) = path.strip_prefix("entities/")?.split_once('/')?;
        entities::find(&self.population, kind, id)
    }
}

fn bare(actor: view::ActorView) -> ActorDetail {
    ActorDetail { actor, policy: None, latency: None, history: None, events: vec![] }
}
