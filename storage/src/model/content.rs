//! The records of a content: itself, its renditions and their segments.

use super::{ContentId, Protection, Residency, UploadId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One content. Written by its `content::Pipeline` only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// Its id; the shard key.
    pub id: ContentId,
    /// The upload that it came by.
    pub upload_id: UploadId,
    /// Subject of the token that created it.
    pub owner: String,
    /// Shown to viewers.
    pub title: String,
    /// Shown to viewers.
    pub description: String,
    /// BCP 47 tag.
    pub language: Option<String>,
    /// Where its bytes may rest.
    pub residency: Residency,
    /// How its segments are protected.
    pub protection: Protection,
    /// Known once it is validated.
    pub kind: Option<MediaKind>,
    /// What users are told.
    pub status: Status,
    /// Where the pipeline stands; the state of its state machine.
    pub stage: Stage,
    /// The original, once it is whole.
    pub source: Option<Source>,
    /// What the probe found (`playhouse_codecs::media::MediaInfo`).
    pub media: Option<Value>,
    /// What is made of it (`playhouse_codecs::plan::EncodePlan`).
    pub plan: Option<Value>,
    /// Length of the presentation in seconds.
    pub duration_s: Option<f64>,
    /// Candidates for the poster, and the storyboard.
    pub pictures: Vec<Picture>,
    /// What the malware scan said.
    pub scan: Check,
    /// What the copyright fingerprint said.
    pub fingerprint: Check,
    /// Why it is blocked or failed.
    pub blocked: Option<Blocked>,
    /// Where most of its bytes rest.
    pub tier: Tier,
    /// True when its owner took it back: it stays playable for the owner only.
    pub unlisted: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its row last changed.
    pub updated_at: Timestamp,
    /// When it first played.
    pub published_at: Option<Timestamp>,
    /// Where in a trace it began, a W3C `traceparent`: what becomes of it goes on there.
    pub traceparent: Option<String>,
    /// Rises by one with each write of the row.
    pub row_version: u64,
}

/// What users are told about a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Taken back by its owner.
    Draft,
    /// Bytes are coming.
    Uploading,
    /// Nothing plays yet.
    Processing,
    /// Something plays.
    Published,
    /// A check or a rule forbids it.
    Blocked,
    /// It could not be made to play.
    Failed,
}

/// Where most bytes of a content rest, and what is being done about it. In each state it can be
/// played; whoever finds one that is neither `Hot` nor `Cold` does its one step again.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Tier {
    /// On the hot shelf.
    #[default]
    Hot,
    /// Copies come to the cold shelf.
    Cooling,
    /// They are whole there; those on the hot shelf go.
    Cooled,
    /// On the cold shelf.
    Cold,
    /// Copies come to the hot shelf.
    Warming,
    /// They are whole there; those on the cold shelf go.
    Warmed,
}

impl Tier {
    /// What comes next.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Hot => Self::Cooling,
            Self::Cooling => Self::Cooled,
            Self::Cooled => Self::Cold,
            Self::Cold => Self::Warming,
            Self::Warming => Self::Warmed,
            Self::Warmed => Self::Hot,
        }
    }
}

/// Where the pipeline stands. Each is persisted before it is acted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Stage {
    /// Waits for the upload to complete.
    Receive,
    /// Probes the source and holds it against the limits.
    Validate,
    /// Looks for malware.
    Scan,
    /// Looks for known copyrighted works.
    Fingerprint,
    /// Decides renditions and jobs.
    Plan,
    /// Jobs run; segments appear.
    Encode,
    /// Every rendition has ended; closing work (pictures, hash, measured rates).
    Finish,
    /// Nothing is left to do.
    Done,
    /// Refused by validation, scan or fingerprint; the source is kept for the owner's appeal.
    Blocked,
    /// Gave up.
    Failed,
    /// Its owner deleted it; files are being removed.
    Deleting,
}

impl Stage {
    /// The content changes by an edit or an operator only.
    #[must_use]
    pub fn is_settled(self) -> bool {
        match self {
            Self::Done | Self::Blocked | Self::Failed => true,
            Self::Receive
            | Self::Validate
            | Self::Scan
            | Self::Fingerprint
            | Self::Plan
            | Self::Encode
            | Self::Finish
            | Self::Deleting => false,
        }
    }
}

/// Video with or without sound, or sound alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// Has pictures.
    Video,
    /// Sound alone.
    Audio,
}

/// The original file, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its blob.
    pub key: String,
    /// Its length.
    pub size_bytes: u64,
    /// Lower-case hex SHA-256; computed beside the encode, so absent for a while.
    pub sha256: Option<String>,
    /// When its last byte was committed.
    pub completed_at: Timestamp,
}

/// What a check said. `not_configured` is recorded as such, never as clean.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Check {
    /// Not reached yet.
    #[default]
    Pending,
    /// No engine is configured; the content passes with that recorded.
    NotConfigured,
    /// An engine looked and found nothing.
    Clean {
        /// Name and version of the engine.
        engine: String,
    },
    /// An engine found something.
    Found {
        /// Name and version of the engine.
        engine: String,
        /// What it found.
        what: String,
    },
}

/// Why a content is blocked or failed: a code to branch on, a text to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocked {
    /// Stable, snake_case (`not_media`, `truncated`, `too_large`, …).
    pub code: String,
    /// One sentence naming what was wrong and how to mend it.
    pub detail: String,
}

/// A still picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// What it is for.
    pub kind: PictureKind,
    /// Its blob.
    pub key: String,
    /// Name in the URL (`thumb-1.jpg`).
    pub name: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Time in the content, in milliseconds.
    pub at_ms: u64,
    /// Size.
    pub bytes: u64,
}

/// What a picture is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureKind {
    /// A candidate for the poster.
    Thumbnail,
    /// Tiles for the seek bar.
    Storyboard,
}

/// One rendition. Written by its `rendition::Transcoder` (created by the pipeline's plan).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rendition {
    /// The content that it belongs to.
    pub content_id: ContentId,
    /// `360p`, `audio-64k`; unique within the content; part of its URLs.
    pub name: String,
    /// Pictures or sound.
    pub kind: MediaKind,
    /// Order in the ladder, lowest first, video before audio.
    pub position: u32,
    /// Encoder settings, fixed for life (`playhouse_codecs::ladder::{VideoRung, AudioRung}`).
    pub spec: Value,
    /// Where it stands.
    pub state: RenditionState,
    /// How many segments it will have.
    pub segments_total: u32,
    /// How many are committed. Segments are committed in rising order without a gap.
    pub segments_done: u32,
    /// Failed attempts in a row without a newly finished segment.
    pub attempts: u32,
    /// Its init segment; all segments decode with it.
    pub init: Option<Init>,
    /// Measured over the whole rendition, bits per second; set when complete.
    pub average_bps: Option<u64>,
    /// Highest segment, bits per second (RFC 8216 section 4.3.4.2 `BANDWIDTH`); set when complete.
    pub peak_bps: Option<u64>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// Rises by one with each write of the row.
    pub row_version: u64,
}

/// Where a rendition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RenditionState {
    /// No segment yet.
    Waiting,
    /// Some segments.
    Encoding,
    /// All segments.
    Complete,
    /// Gave up; see the dead letters.
    Failed,
}

/// An init segment (ISO/IEC 23000-19 CMAF header).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Init {
    /// Its blob.
    pub key: String,
    /// Lower-case hex SHA-256: a resumed encode must give the same.
    pub sha256: String,
    /// Size.
    pub bytes: u64,
    /// RFC 6381 codecs string (`avc1.64001e`, `mp4a.40.2`).
    pub codecs: String,
    /// Ticks per second of the rendition's timeline.
    pub timescale: u32,
}

/// One committed segment. Immutable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// The content that it belongs to.
    pub content_id: ContentId,
    /// The rendition that it belongs to.
    pub rendition: String,
    /// From 0, in order.
    pub index: u32,
    /// The attempt that made it; part of the blob's key, so a zombie's late write is harmless.
    pub attempt: String,
    /// Its blob.
    pub key: String,
    /// Earliest presentation time, ticks.
    pub start: u64,
    /// Ticks.
    pub duration: u64,
    /// Size.
    pub bytes: u64,
    /// Lower-case hex.
    pub sha256: String,
}
