//! How long a node may believe that it lives: the lease that it renews in the database, and its own
//! deadline, by which it is silent before anybody may think it dead.
//!
//! The database counts the lease from when it hears of it, by its own clock. The node counts from
//! before it asked, by a clock that only goes forward: whatever the way there and back took, its
//! deadline comes first. A node that was stopped in between (SIGSTOP) finds its deadline over when
//! it goes on; one whose clock stood still with it (a machine that was suspended) does not. So the
//! lease only keeps a node from working needlessly: that it cannot write is held by the epoch in
//! each transaction.

use std::time::Duration;
use tokio::time::Instant;

/// How leases run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Terms {
    /// The database believes in a node for so long after a renewal.
    pub ttl: Duration,
    /// So often it is renewed.
    pub every: Duration,
    /// So long before the end the node falls silent: what two clocks may drift apart within one
    /// lease, and what an answer needs that is on its way.
    pub margin: Duration,
}

/// The lease of this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    terms: Terms,
    /// When the last renewal that was granted was sent.
    sent: Instant,
}

/// What is to be done about a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// Nothing for so long.
    Wait(Duration),
    /// Renew it now; the answer is worth something for so long.
    Renew(Duration),
    /// It is over: this node owns nothing any more.
    Fence,
}

impl Lease {
    /// A lease that was granted to a renewal sent at `sent`.
    #[must_use]
    pub fn granted(terms: Terms, sent: Instant) -> Self {
        Self { terms, sent }
    }

    /// Until when this node may own anything.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.sent + self.terms.ttl.saturating_sub(self.terms.margin)
    }

    /// What to do now.
    #[must_use]
    pub fn beat(&self, now: Instant) -> Beat {
        let due = self.sent + self.terms.every;
        let deadline = self.deadline();
        if now >= deadline {
            Beat::Fence
        } else if now >= due {
            Beat::Renew(deadline - now)
        } else {
            Beat::Wait(due - now)
        }
    }

    /// Another renewal was granted, sent at `sent`. Answers may come in any order.
    #[must_use]
    pub fn renewed(self, sent: Instant) -> Self {
        Self { sent: self.sent.max(sent), ..self }
    }

    /// It ends within the time of one renewal: some have failed, and this node may be the one that
    /// is cut off.
    #[must_use]
    pub fn is_short(&self, now: Instant) -> bool {
        now + self.terms.every >= self.deadline()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms = Terms { ttl: s(10), every: s(3), margin: s(1) };

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_node_renews_in_time_and_is_silent_before_anybody_thinks_it_dead() {
        let sent = Instant::now();
        let lease = Lease::granted(TERMS, sent);
        assert_eq!(lease.beat(sent + s(1)), Beat::Wait(s(2)));
        assert_eq!(lease.beat(sent + s(3)), Beat::Renew(s(6)));
        assert_eq!(lease.beat(sent + s(8)), Beat::Renew(s(1)));
        assert_eq!(lease.beat(sent + s(9)), Beat::Fence, "the database believes in it until 10 s");
    }

    #[test]
    fn the_time_of_a_renewal_is_when_it_was_sent_not_when_it_was_answered() {
        let sent = Instant::now();
        let lease = Lease::granted(TERMS, sent);
        // Sent after 3 s, answered 8 s later: its lease ends 13 s after the first was sent.
        let late = lease.renewed(sent + s(3));
        assert_eq!(late.beat(sent + s(11)), Beat::Renew(s(1)));
        assert_eq!(late.beat(sent + s(12)), Beat::Fence);
    }

    #[test]
    fn answers_out_of_order_shorten_nothing() {
        let sent = Instant::now();
        let lease = Lease::granted(TERMS, sent).renewed(sent + s(6)).renewed(sent + s(3));
        assert_eq!(lease.deadline(), sent + s(15));
    }

    #[test]
    fn a_lease_is_short_once_renewals_have_failed() {
        let sent = Instant::now();
        let lease = Lease::granted(TERMS, sent);
        assert!(!lease.is_short(sent + s(4)), "the first renewal is under way");
        assert!(lease.is_short(sent + s(6)), "two have failed");
    }
}
