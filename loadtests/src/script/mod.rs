//! What one connection sends: the next request, and what its answer means for the one after.

mod events;
mod fixed;
mod views;

pub(crate) use events::{Events, Session, open_request};
pub(crate) use fixed::Fixed;
pub(crate) use views::Views;

/// A row of requests that never ends.
pub(crate) trait Script: Send {
    /// Appends a whole request.
    fn next(&mut self, into: &mut Vec<u8>);

    /// Whether the last one was acknowledged; one that was not may be sent again.
    fn answered(&mut self, acknowledged: bool);

    /// Events in one request.
    fn events(&self) -> u64 {
        1
    }

    /// What ends the row in good order, one request at a time; `false` when nothing is left.
    fn end(&mut self, _into: &mut Vec<u8>) -> bool {
        false
    }
}
