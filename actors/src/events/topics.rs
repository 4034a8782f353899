//! The topics of the platform, each with the version of its schema that this program writes.
//!
//! The schemas are in `schemas/`, one file per topic and version. A version may add what consumers
//! need not know and change nothing else, so an event that an older program left in the outbox
//! keeps to the schema of today.

/// Every topic: some are told by nobody yet (see `schemas/README.md`).
pub const TOPICS: [&str; 11] = [
    "media.upload.initiated",
    "media.upload.completed",
    "media.upload.blocked",
    "media.copyright.cleared",
    "media.transcoding.completed",
    "media.drm.packaged",
    "media.published",
    "user.events",
    PLAYBACK,
    "billing.events",
    "content.events",
];

/// What viewers did.
pub const PLAYBACK: &str = "playback.events";

/// The version of a topic's schema that this program writes.
#[must_use]
pub fn schema_version(_topic: &str) -> u32 {
    // None has a second version yet.
    1
}
