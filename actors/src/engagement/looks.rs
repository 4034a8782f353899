//! Looks: reads of the numbers of a content, of which those that come while one is under way share
//! the next.
//!
//! What everybody watches is read thousands of times a second, and its counter answers one message
//! after the other: while it rests for some tenths of a second, reads alone would fill its mailbox,
//! and likes and views be refused for them. So each node has one read of each content under way,
//! and whoever comes meanwhile gets the answer of the one after it, which begins when they are
//! there: who has liked sees the like.

use super::Reply;
use crate::runtime::AskError;
use playhouse_storage::model::ContentId;
use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a read is told.
type Told = Result<Reply, AskError>;

/// The reads of this node. Cheap to clone. As many contents are kept as there are requests.
#[derive(Clone, Debug, Default)]
pub struct Looks {
    desks: Arc<Mutex<HashMap<ContentId, Arc<Desk>>>>,
}

/// The reads of one content.
#[derive(Debug, Default)]
struct Desk {
    /// How many have begun.
    begun: AtomicU64,
    /// The last one that was answered, by its number. Locked by the one that is under way.
    last: tokio::sync::Mutex<Option<(u64, Told)>>,
}

/// Somebody at a desk; with the last of them it goes.
struct Seat {
    looks: Looks,
    content: ContentId,
    desk: Arc<Desk>,
}

impl Looks {
    /// The answer of a read that has begun after this was called: by `ask`, or that of another. One
    /// that is given up half-way is begun anew by whoever waits next.
    pub(crate) async fn look<F>(&self, content: ContentId, ask: impl FnOnce() -> F) -> Told
    where
        F: Future<Output = Told>,
    {
        let seat = self.sit(content);
        seat.desk.read(ask).await
    }

    fn sit(&self, content: ContentId) -> Seat {
        let desk = Arc::clone(self.lock().entry(content).or_default());
        Seat { looks: self.clone(), content, desk }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ContentId, Arc<Desk>>> {
        self.desks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    async fn read<F>(&self, ask: impl FnOnce() -> F) -> Told
    where
        F: Future<Output = Told>,
    {
        let wanted = self.begun.load(SeqCst) + 1;
        let mut last = self.last.lock().await;
        if let Some((_, told)) = last.as_ref().filter(|(number, _)| *number >= wanted) {
            return told.clone();
        }
        let number = self.begun.fetch_add(1, SeqCst) + 1;
        let told = ask().await;
        *last = Some((number, told.clone()));
        told
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut desks = self.looks.lock();
        // This one and the map's; nobody else sits down meanwhile.
        if Arc::strong_count(&self.desk) == 2 {
            desks.remove(&self.content);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engagement::Engagement;
    use futures_util::future::join_all;
    use std::cell::Cell;
    use tokio::sync::Semaphore;

    /// Reads that are numbered, and answered when they are let go.
    #[derive(Default)]
    struct Counter {
        asked: Cell<u64>,
        gate: Option<Semaphore>,
    }

    impl Counter {
        fn closed() -> Self {
            Self { gate: Some(Semaphore::new(0)), ..Self::default() }
        }

        async fn ask(&self) -> Told {
            let number = self.asked.get() + 1;
            self.asked.set(number);
            if let Some(gate) = &self.gate {
                gate.acquire().await.expect("it is not closed").forget();
            }
            told(number)
        }

        fn let_go(&self, count: usize) {
            self.gate.as_ref().expect("it has a gate").add_permits(count);
        }
    }

    fn told(likes: u64) -> Told {
        Ok(Reply::Engagement(Engagement { likes, ..Engagement::default() }))
    }

    #[tokio::test]
    async fn reads_that_come_while_one_is_under_way_share_the_next() {
        let (looks, content, counter) = (Looks::default(), ContentId::new(), Counter::closed());
        let read = |_| looks.look(content, || counter.ask());
        let (first, others, other, ()) = tokio::join!(
            read(0),
            join_all((0..50).map(read)),
            looks.look(ContentId::new(), || async { told(7) }),
            async { counter.let_go(2) },
        );
        assert_eq!((first, other), (told(1), told(7)), "another content waits for nobody");
        assert!(others.into_iter().all(|one| one == told(2)));
        assert_eq!(counter.asked.get(), 2);
        assert!(looks.lock().is_empty());
    }

    #[tokio::test]
    async fn a_read_after_another_asks_anew() {
        let (looks, content, counter) = (Looks::default(), ContentId::new(), Counter::default());
        for number in 1..=3 {
            assert_eq!(looks.look(content, || counter.ask()).await, told(number));
        }
    }

    #[tokio::test]
    async fn a_read_that_is_given_up_is_begun_anew_by_the_next() {
        let (looks, content, counter) = (Looks::default(), ContentId::new(), Counter::closed());
        let mut given_up = Box::pin(looks.look(content, || counter.ask()));
        assert!(futures_util::poll!(&mut given_up).is_pending());
        let mut next = Box::pin(looks.look(content, || counter.ask()));
        assert!(futures_util::poll!(&mut next).is_pending());
        drop(given_up);
        counter.let_go(1);
        assert_eq!(next.await, told(2));
        assert!(looks.lock().is_empty());
    }
}
