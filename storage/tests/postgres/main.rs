//! PostgreSQL under the contract suites, directly and through a pgbouncer that hands out
//! transactions, and what only a server that several nodes share has.
//!
//! Each test has a database of its own on the server that `PLAYHOUSE_TEST_POSTGRES` names, and
//! drops it. `PLAYHOUSE_TEST_PGBOUNCER` names a pgbouncer before that server which passes any
//! database on.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test says what it means by its name")]

#[path = "../contract/mod.rs"]
#[allow(dead_code, reason = "the suites of the other ports run on their own engines")]
mod contract;
mod members;
mod promises;
mod replica;
mod server;
mod suites;
mod tls;
