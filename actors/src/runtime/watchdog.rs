//! The watchdog: once a second, on a thread of its own, it looks at every actor: who takes too
//! long is reported and, if it waits and its policy says so, killed; what everybody did is sampled.
//!
//! A thread and not an actor, because it must see that all threads of the actors are blocked.

use super::chronicle::Happening;
use super::inspect::census::{Census, Counts};
use super::ledger::Sums;
use super::member::Member;
use super::population::Population;
use super::shard::Running;
use super::vitals::Vitals;
use super::{Exit, Tree, Watch};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// Between two looks: also the time between two samples.
pub(super) const EVERY: Duration = Duration::from_secs(1);

/// The watchdog of a node; it ends when this is dropped.
pub(super) struct Watchdog {
    census: Arc<Mutex<Option<Arc<Census>>>>,
    /// Closed by the drop, which ends the thread.
    _alive: Sender<()>,
}

/// What is to be done about a handler.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Finding {
    /// Nothing, or it has been said before.
    Fine,
    Report(Happening, String),
    Kill(Exit),
}

impl Watchdog {
    /// Begins to watch. The thread keeps nobody alive.
    pub(super) fn start(tree: &Tree, population: &Arc<Population>) -> Arc<Self> {
        let (alive, ended) = channel::<()>();
        let census = Arc::new(Mutex::new(None));
        let (root, population) = (Arc::downgrade(&tree.0), Arc::downgrade(population));
        let taken = Arc::clone(&census);
        let watch = move || {
            while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                let Some(found) = look(&root, &population) else { return };
                *taken.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(found));
            }
        };
        let spawned = std::thread::Builder::new().name("watchdog".to_owned()).spawn(watch);
        if let Err(error) = spawned {
            tracing::error!(%error, "nobody watches how long handlers take");
        }
        Arc::new(Self { census, _alive: alive })
    }

    /// The census of the last look, or one taken now when there was none yet.
    pub(super) fn census(&self, population: &Population) -> Arc<Census> {
        let last = self.census.lock().unwrap_or_else(PoisonError::into_inner).clone();
        last.unwrap_or_else(|| Arc::new(Census::of(population)))
    }
}

/// One look over everybody; none when the node is gone.
fn look(root: &Weak<Member>, population: &Weak<Population>) -> Option<Census> {
    let (root, population) = (root.upgrade()?, population.upgrade()?);
    look_at_members(&root);
    let census = look_at_entities(&population);
    for kind in population.kinds.all() {
        kind.ledger.sample(kind.sums(census.kind(kind.name).sums), EVERY);
    }
    Some(census)
}

fn look_at_members(member: &Arc<Member>) {
    let life = member.now().life.clone();
    if let Some((life, watch)) = life.zip(member.rules.watch) {
        match judge(&life.vitals, watch) {
            Finding::Fine => {}
            Finding::Report(what, detail) => {
                tracing::warn!(actor = member.path, detail, "a handler takes too long");
                member.note(what, &detail);
            }
            Finding::Kill(exit) => {
                tracing::warn!(actor = member.path, %exit, "a handler is given up");
                member.kill(exit);
            }
        }
    }
    let sums: Sums = member.sums();
    member.ledger.sample(sums, EVERY);
    member.children().iter().for_each(look_at_members);
}

/// One pass over all entities: counts them, and does what is to be done about those at work.
fn look_at_entities(population: &Population) -> Census {
    let mut census = Census::begin(population);
    for shard in population.shards() {
        let mut found = vec![];
        let mut counts = Counts::default();
        shard.visit(&mut |running| {
            let resident = &running.resident;
            if counts.add(resident) {
                match judge(&resident.vitals, resident.kind.rules.watch) {
                    Finding::Fine => {}
                    finding => found.push((running.clone(), finding)),
                }
            }
        });
        census.add(counts);
        found.into_iter().for_each(|(running, finding)| act(&running, finding));
    }
    census
}

fn act(running: &Running, finding: Finding) {
    let resident = &running.resident;
    match finding {
        Finding::Fine => {}
        Finding::Report(what, detail) => {
            tracing::warn!(address = %resident.address, detail, "a handler takes too long");
            resident.note(what, &detail);
        }
        Finding::Kill(exit) => {
            resident.condemn(exit);
            running.cell.kill();
        }
    }
}

/// What the vitals of a life say about its handler.
fn judge(vitals: &Vitals, watch: Watch) -> Finding {
    if let Some(blocked) = vitals.blocked_for().filter(|it| *it >= watch.report_after) {
        return report(vitals, Happening::Stuck, || {
            format!("{} blocks its thread for {} s", vitals.doing().message, blocked.as_secs())
        });
    }
    let Some((doing, age)) = vitals.handling() else { return Finding::Fine };
    if watch.kill_after.is_some_and(|limit| age >= limit) {
        let message = doing.message.to_owned();
        return Finding::Kill(Exit::TimedOut { message, waited_s: age.as_secs() });
    }
    if age < watch.report_after {
        return Finding::Fine;
    }
    report(vitals, Happening::Slow, || format!("{} waits for {} s", doing.message, age.as_secs()))
}

/// Each handler is reported once.
fn report(vitals: &Vitals, what: Happening, detail: impl FnOnce() -> String) -> Finding {
    if vitals.reported.swap(true, Ordering::Relaxed) {
        return Finding::Fine;
    }
    Finding::Report(what, detail())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Report;
    use tokio::time::advance;

    const WATCH: Watch =
        Watch { report_after: Duration::from_secs(2), kill_after: Some(Duration::from_secs(10)) };

    fn handling() -> Vitals {
        let vitals = Vitals::new(8);
        let stamp = vitals.gauge.admit().expect("there is room");
        vitals.begin(tokio::time::Instant::now(), "Commit", stamp, 0);
        vitals.poll_ends();
        vitals
    }

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_waits_is_reported_once_then_killed() {
        let vitals = handling();
        assert_eq!(judge(&vitals, WATCH), Finding::Fine);
        advance(Duration::from_secs(2)).await;
        let slow = Finding::Report(Happening::Slow, "Commit waits for 2 s".to_owned());
        assert_eq!(judge(&vitals, WATCH), slow);
        assert_eq!(judge(&vitals, WATCH), Finding::Fine);
        advance(Duration::from_secs(8)).await;
        let exit = Exit::TimedOut { message: "Commit".to_owned(), waited_s: 10 };
        assert_eq!(judge(&vitals, WATCH), Finding::Kill(exit));
        let forever = Watch { kill_after: None, ..WATCH };
        assert_eq!(judge(&vitals, forever), Finding::Fine);
    }

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_blocks_its_thread_is_reported_as_stuck_and_not_killed() {
        let vitals = handling();
        vitals.poll_begins();
        advance(Duration::from_secs(20)).await;
        let stuck =
            Finding::Report(Happening::Stuck, "Commit blocks its thread for 20 s".to_owned());
        assert_eq!(judge(&vitals, WATCH), stuck);
        assert_eq!(judge(&vitals, WATCH), Finding::Fine);
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_handler_is_judged_anew() {
        let vitals = handling();
        advance(Duration::from_secs(3)).await;
        assert_ne!(judge(&vitals, WATCH), Finding::Fine);
        vitals.finish(tokio::time::Instant::now(), Report::default());
        assert!(vitals.recovers() && !vitals.recovers());
        assert_eq!(judge(&vitals, WATCH), Finding::Fine);
        let stamp = vitals.gauge.admit().expect("there is room");
        vitals.begin(tokio::time::Instant::now(), "Grant", stamp, 0);
        vitals.poll_ends();
        advance(Duration::from_secs(3)).await;
        assert_ne!(judge(&vitals, WATCH), Finding::Fine);
    }
}
