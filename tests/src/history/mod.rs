//! The offline checker of histories: what several nodes wrote down about their commits, held
//! against the promise that an entity has at most one effective writer at any time.
//!
//! A node writes one line of JSON per transaction and entity before it sends the commit, with
//! `accepted` null, and the same line again with the answer, true or false. So a node that is
//! killed in between leaves a line of unknown outcome instead of a hole. Lines of all nodes are put
//! in the order of `seq`, which the database gives: a number taken inside the transaction, after
//! the fence and the entity's row are held, so that it rises with the versions of an entity and
//! with the epochs of a shard. The nodes' clocks are for the reader only.

mod check;
mod record;

pub use check::{Finding, Summary, check};
pub use record::{Record, read};

#[cfg(test)]
mod tests;
