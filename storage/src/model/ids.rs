//! Ids are types. Public ids are UUIDv7 text; the shard of an id is a pure function of its bytes.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// A shard's number, `0..shard_count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ShardId(pub u16);

/// The rising number of a shard's ownership. A write that carries an older one fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Epoch(pub u64);

/// What a writer holds to prove that it owns a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fence {
    /// The shard that is owned.
    pub shard: ShardId,
    /// The epoch at which it is owned.
    pub epoch: Epoch,
}

impl ShardId {
    /// The shard of `key` among `count`: FNV-1a over the bytes, folded.
    #[must_use]
    pub fn of(key: &[u8], count: u16) -> Self {
        let hash = key.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(((hash ^ (hash >> 32)) % u64::from(count.max(1))) as u16)
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id, rising with time (RFC 9562, UUIDv7).
            #[must_use]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// The shard among `count` whose owner this id is routed to.
            #[must_use]
            pub fn shard(&self, count: u16) -> ShardId {
                ShardId::of(self.0.as_bytes(), count)
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

id! {
    /// A piece of content: what is uploaded once, encoded often and watched.
    ContentId
}
id! {
    /// One resumable upload.
    UploadId
}
id! {
    /// One piece of encode work.
    JobId
}
id! {
    /// One job that gave up.
    DeadLetterId
}
id! {
    /// One order of an operator.
    AuditId
}

/// A viewer: 62 bits that the gateway makes of who is calling, so that names are not stored.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ViewerId(u64);

impl ViewerId {
    /// The bits of a UUIDv7 below its variant (RFC 9562 section 5.7: `rand_b`).
    const BITS: u64 = (1 << 62) - 1;

    /// The viewer of a keyed hash, of which the low 62 bits count.
    #[must_use]
    pub fn new(hash: u64) -> Self {
        Self(hash & Self::BITS)
    }

    /// The 62 bits.
    #[must_use]
    pub fn bits(self) -> u64 {
        self.0
    }

    /// The shard among `count` whose owner this viewer is routed to.
    #[must_use]
    pub fn shard(&self, count: u16) -> ShardId {
        ShardId::of(&self.0.to_be_bytes(), count)
    }
}

impl fmt::Display for ViewerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for ViewerId {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self::new)
    }
}

id! {
    /// One playback session. Its last 62 bits are its viewer's, so that it can be routed alone.
    SessionId
}

impl SessionId {
    /// The session of a viewer that is opened at a time; `number` (12 bits) tells those of one
    /// millisecond apart.
    #[must_use]
    pub fn of(viewer: ViewerId, opened_at: jiff::Timestamp, number: u16) -> Self {
        let milliseconds = opened_at.as_millisecond().unsigned_abs() & ((1 << 48) - 1);
        let high = (milliseconds << 16) | 0x7000 | u64::from(number & 0x0fff);
        Self(Uuid::from_u64_pair(high, 0x8000_0000_0000_0000 | viewer.bits()))
    }

    /// When it was opened, in whole milliseconds (RFC 9562 section 5.7: `unix_ts_ms`).
    #[must_use]
    pub fn opened_at(&self) -> jiff::Timestamp {
        let milliseconds = (self.0.as_u64_pair().0 >> 16) as i64;
        jiff::Timestamp::from_millisecond(milliseconds).unwrap_or(jiff::Timestamp::MAX)
    }

    /// Whose session it is.
    #[must_use]
    pub fn viewer(&self) -> ViewerId {
        ViewerId::new(self.0.as_u64_pair().1)
    }
}
