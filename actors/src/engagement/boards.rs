//! Boards: the numbers of contents that someone watches at this node, for event streams.
//!
//! A board is there while someone watches it. Many streams of one content share one, and cost its
//! counter no more than one does.

use super::Engagement;
use playhouse_storage::model::ContentId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The boards of this node. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Boards {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    boards_max: usize,
    boards: Mutex<HashMap<ContentId, Board>>,
}

#[derive(Debug)]
struct Board {
    /// None until the counter has answered.
    numbers: watch::Sender<Option<Engagement>>,
    watchers: usize,
}

/// As many contents are watched as may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("as many contents are watched as may be")]
pub struct BoardsFull;

impl Boards {
    /// No boards yet, and at most so many.
    #[must_use]
    pub fn new(boards_max: usize) -> Self {
        Self { inner: Arc::new(Inner { boards_max, boards: Mutex::default() }) }
    }

    /// Watches the numbers of a content until the answer is dropped.
    ///
    /// # Errors
    /// [`BoardsFull`].
    pub fn watch(&self, content: ContentId) -> Result<Watching, BoardsFull> {
        let mut boards = self.lock();
        if !boards.contains_key(&content) && boards.len() >= self.inner.boards_max {
            return Err(BoardsFull);
        }
        let board = boards
            .entry(content)
            .or_insert_with(|| Board { numbers: watch::Sender::new(None), watchers: 0 });
        board.watchers += 1;
        let mut numbers = board.numbers.subscribe();
        numbers.mark_changed();
        drop(boards);
        Ok(Watching { content, numbers, boards: self.clone() })
    }

    /// Shows new numbers to whoever watches.
    pub(super) fn post(&self, content: ContentId, engagement: Engagement) {
        if let Some(board) = self.lock().get(&content) {
            board.numbers.send_if_modified(|shown| shown.replace(engagement) != Some(engagement));
        }
    }

    /// What is watched, and whether nothing is shown of it yet.
    pub(super) fn watched(&self) -> Vec<(ContentId, bool)> {
        let boards = self.lock();
        boards.iter().map(|(id, board)| (*id, board.numbers.borrow().is_none())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ContentId, Board>> {
        self.inner.boards.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who watches a board.
#[derive(Debug)]
pub struct Watching {
    content: ContentId,
    numbers: watch::Receiver<Option<Engagement>>,
    boards: Boards,
}

impl Watching {
    /// The numbers, at once when they are known and have not been answered yet, else when they
    /// change. Of several changes the last is answered. May be dropped and called again.
    pub async fn next(&mut self) -> Engagement {
        loop {
            if self.numbers.changed().await.is_err() {
                // The board stays for as long as someone watches it.
                std::future::pending::<()>().await;
            }
            if let Some(engagement) = *self.numbers.borrow_and_update() {
                return engagement;
            }
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let mut boards = self.boards.lock();
        if let Some(board) = boards.get_mut(&self.content) {
            board.watchers -= 1;
            if board.watchers == 0 {
                boards.remove(&self.content);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    fn liked(likes: u64) -> Engagement {
        Engagement { likes, ..Engagement::default() }
    }

    async fn nothing_comes(watching: &mut Watching) {
        let next = timeout(Duration::from_secs(60), watching.next()).await;
        assert!(next.is_err(), "{next:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_watcher_sees_what_is_known_and_then_every_change() {
        let (boards, content) = (Boards::new(10), ContentId::new());
        let mut first = boards.watch(content).expect("there is room");
        nothing_comes(&mut first).await;
        boards.post(content, liked(0));
        assert_eq!(first.next().await, liked(0));
        let mut second = boards.watch(content).expect("there is room");
        assert_eq!(second.next().await, liked(0), "who comes later is told at once");
        boards.post(content, liked(0));
        nothing_comes(&mut first).await;
        boards.post(content, liked(1));
        assert_eq!((first.next().await, second.next().await), (liked(1), liked(1)));
    }

    #[tokio::test]
    async fn boards_are_bounded_and_go_with_their_last_watcher() {
        let (boards, content) = (Boards::new(1), ContentId::new());
        let (first, second) = (
            boards.watch(content).expect("there is room"),
            boards.watch(content).expect("there is room"),
        );
        assert_eq!(boards.watch(ContentId::new()).expect_err("it is refused"), BoardsFull);
        drop(first);
        assert_eq!(boards.watched(), [(content, true)]);
        drop(second);
        assert_eq!(boards.watched(), []);
        assert!(boards.watch(ContentId::new()).is_ok());
    }
}
