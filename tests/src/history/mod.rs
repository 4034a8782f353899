//! The offline checker of histories: what a database accepted while several nodes wrote to it,
//! held against the promise that an entity has at most one effective writer at any time.
//!
//! The history is kept by triggers in the database itself (`database.rs`), a row per entity and
//! transaction, so no node can leave out what it did. Every transaction says its fence
//! (`storage.postgres.tell_fences`). Rows are in the order of `seq`, a number that is taken inside
//! the transaction, after the fence and the entity's row are held, so that it rises with the
//! versions of an entity and with the epochs of a shard. What was rolled back is not in it.

mod check;
mod database;
mod record;

pub use check::{Finding, Summary, check};
pub use database::{keep, kept};
pub use record::{Record, read, write};

#[cfg(test)]
mod tests;
