//! Connections: a bound on all of them, and those that are kept between requests of the API.
//!
//! A trusted server keeps a few connections and sends each request on one that is free; players
//! have their own. What finds none free waits, which makes it late, and is never left out.

use crate::wire::Wire;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// All connections of a run.
pub(crate) struct Pool {
    free: Arc<Semaphore>,
    addresses: Vec<String>,
    /// Connections that nobody uses, of each server; the last used at the back.
    idle: Mutex<Vec<VecDeque<Wire>>>,
}

/// The right to hold some connections open; given back when it is dropped.
pub(crate) struct Seats(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl Pool {
    /// At most so many connections to servers at these addresses.
    pub(crate) fn new(addresses: Vec<String>, most: usize) -> Self {
        let idle = Mutex::new(addresses.iter().map(|_| VecDeque::new()).collect());
        Self { free: Arc::new(Semaphore::new(most)), addresses, idle }
    }

    /// Room for some connections; none when there is none in time.
    pub(crate) async fn seats(&self, count: u32, deadline: Instant) -> Option<Seats> {
        let wait = Arc::clone(&self.free).acquire_many_owned(count);
        let permit = timeout_at(deadline, wait).await.ok()?.ok()?;
        self.trim();
        Some(Seats(permit))
    }

    /// A connection for one who holds a seat: the one that was used last, or a new one.
    pub(crate) fn take(&self, server: usize) -> Wire {
        let idle = self.idle().get_mut(server).and_then(VecDeque::pop_back);
        idle.unwrap_or_else(|| Wire::new(&self.addresses[server]))
    }

    /// Keeps a connection for the next one; its seat is given back here.
    pub(crate) fn put(&self, server: usize, wire: Wire, seats: Seats) {
        if let Some(idle) = self.idle().get_mut(server) {
            idle.push_back(wire);
        }
        drop(seats);
        self.trim();
    }

    /// Idle connections are open too: there are never more of them than seats that are free.
    fn trim(&self) {
        let free = self.free.available_permits();
        let mut idle = self.idle();
        while idle.iter().map(VecDeque::len).sum::<usize>() > free {
            let fullest = idle.iter_mut().max_by_key(|wires| wires.len());
            fullest.and_then(VecDeque::pop_front);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<VecDeque<Wire>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn what_finds_no_connection_free_waits_and_is_told_so() {
        let pool = Pool::new(vec!["127.0.0.1:1".to_owned()], 2);
        let soon = || Instant::now() + Duration::from_secs(1);
        let one = pool.seats(1, soon()).await.expect("a seat");
        let two = pool.seats(1, soon()).await.expect("a seat");
        assert!(pool.seats(1, soon()).await.is_none());
        let wire = pool.take(0);
        pool.put(0, wire, one);
        assert_eq!(pool.idle()[0].len(), 1);
        drop(two);
        let both = pool.seats(2, soon()).await.expect("both");
        assert_eq!(pool.idle()[0].len(), 0, "an idle connection makes room");
        drop(both);
    }
}
