//! Buckets of S3: what the blob store and the staging store are made of where `storage.blobs` is
//! an `s3:` URL.
//!
//! One [`Bucket`] is one bucket under one prefix. Every request has a time, a bound on tries with
//! random pauses, and a place among the requests of this node. What is written goes with its MD5
//! and its SHA-256, which the service checks before it answers. An answer that got lost is told
//! from a refusal by a mark that each write carries.

mod buckets;
mod client;
mod config;
mod fault;
mod list;
mod multipart;
mod parts;
mod stream;

pub use config::{Addressing, S3, Secret};

pub(crate) use buckets::Buckets;
pub(crate) use client::Bucket;
pub(crate) use config::PART_BYTES_MIN;
pub(crate) use fault::Fault;
pub(crate) use multipart::Multipart;
pub(crate) use parts::bare;
