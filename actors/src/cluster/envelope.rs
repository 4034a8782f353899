//! What crosses between nodes: an ask, written down, and its explicit answer.
//!
//! Both are JSON with names for every field. The version rule: a node reads every envelope of its
//! own [`VERSION`] and of the one before; fields are only ever added, and what a reader does not
//! know it ignores; a change that an older reader would misunderstand raises the version. So nodes
//! of two neighbouring versions work side by side while one replaces the other.

use crate::runtime::Exit;
use playhouse_storage::model::{Epoch, NodeName, ShardId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

/// The version that this program writes.
pub const VERSION: u16 = 1;

/// An ask on its way to the owner of a shard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// [`VERSION`] of the writer.
    pub version: u16,
    /// Tells two asks apart in logs; the same when one is sent again.
    pub message: Uuid,
    /// Kind of who is asked.
    pub kind: String,
    /// Its address within the kind.
    pub id: Value,
    /// The shard of the address.
    pub shard: ShardId,
    /// At which epoch the sender believes the receiver to own it.
    pub epoch: Epoch,
    /// How long the sender still waits, milliseconds: durations cross, times do not.
    pub within_ms: u64,
    /// Trace of the request that it comes from, 32 hexadecimal digits: for who does not know the
    /// next field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// The same with the sender's place in it and whether it is sampled, as W3C writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// Whom it is for, where the sender does not reach the owner itself: any other passes it on,
    /// once. Who does not know this field answers that it is no owner, which is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relay_to: Option<NodeName>,
    /// What is asked.
    pub request: Value,
}

/// A duration as it crosses, whole milliseconds.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What came of an envelope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// It was carried out, or refused by the entity in its own words.
    Ack {
        /// The entity's reply.
        reply: Value,
    },
    /// The receiver does not own the shard; nothing was done.
    NotOwner {
        /// Who owns it, as far as the receiver knows.
        owner: Option<NodeName>,
        /// The last epoch that the receiver knows.
        epoch: Epoch,
    },
    /// No room now; nothing was done.
    Busy {
        /// When to try again, milliseconds.
        retry_after_ms: u64,
    },
    /// No answer within the time; it may still be carried out.
    Expired,
    /// The receiver does not understand the envelope: it is of another version, or names a kind or
    /// request that it does not have. Nothing was done.
    Unknown {
        /// What was not understood.
        reason: String,
    },
    /// The entity ended while it worked on it, or before; it may have been carried out.
    Ended {
        /// Why.
        exit: Exit,
    },
}
