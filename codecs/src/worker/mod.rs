//! The protocol between a node and a `codec-worker` process.
//!
//! The node starts `codec-worker --output DIR --memory-bytes N --file-bytes N`, and `--traceparent
//! T` within a trace, with three inherited descriptors: [`CONTROL_FD`] (a Unix stream socket, both
//! ways), [`SOURCE_FD`] (the source file, read only, or a Unix stream socket over which the node
//! serves its bytes, [`ranges`]) and stderr for logs. Frames on the control socket are
//! length-prefixed JSON ([`frame`]). The worker confines itself, says [`Event::Ready`], takes one
//! [`Command`], answers with events, ends with [`Event::Done`] or [`Event::Failed`] and exits. It
//! exits at once when the control socket closes.
//!
//! A rendition has at most one segment that is written and not committed ([`COMMITTED`]): the
//! worker holds the next one back, so that the end of either side costs no more than that one.

pub mod frame;
pub mod ranges;

use crate::ladder::{AudioRung, VideoRung};
use crate::media::MediaInfo;
use crate::plan::Timeline;
use serde::{Deserialize, Serialize};

/// Version of this protocol; a worker of another version is refused.
pub const PROTOCOL_VERSION: u32 = 3;
/// After its command the node sends this byte for each [`Event::SegmentWritten`] that it has
/// committed, in the order of the events.
pub const COMMITTED: u8 = 1;
/// Descriptor of the control socket in the worker.
pub const CONTROL_FD: i32 = 3;
/// Descriptor of the source in the worker.
pub const SOURCE_FD: i32 = 4;

/// What the node asks; one per process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Look at the source: answers [`Event::Probed`].
    Probe,
    /// Encode a range of segments of some renditions from one decode.
    Encode(EncodeJob),
    /// Still pictures: answers one [`Event::PictureWritten`] each.
    Pictures(PictureJob),
    /// For tests of the cell only: try something forbidden and answer [`Event::Tried`].
    Try(Forbidden),
}

/// What an encode has to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncodeJob {
    /// Name of the attempt; part of every file name and event.
    pub attempt: String,
    /// What the probe found (stream indices, rotation, interlacing, HDR, start times).
    pub media: MediaInfo,
    /// Index of the audio stream to use.
    pub audio_index: Option<u32>,
    /// The common timeline.
    pub timeline: Timeline,
    /// Video renditions; all are fed from one decode.
    pub video: Vec<VideoTarget>,
    /// Audio renditions; all are fed from one decode.
    pub audio: Vec<AudioTarget>,
}

/// One video rendition of a job: segments `first..end`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoTarget {
    /// Encoder settings.
    pub rung: VideoRung,
    /// First segment to write.
    pub first: u32,
    /// One past the last segment to write.
    pub end: u32,
}

/// One audio rendition of a job: segments `first..end`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioTarget {
    /// Encoder settings.
    pub rung: AudioRung,
    /// First segment to write.
    pub first: u32,
    /// One past the last segment to write.
    pub end: u32,
}

/// Which pictures to make.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PictureJob {
    /// What the probe found.
    pub media: MediaInfo,
    /// Times of the thumbnails in the content, milliseconds.
    pub thumbnails_ms: Vec<u64>,
    /// Width of a thumbnail in pixels (height follows, even).
    pub thumbnail_width: u32,
    /// Tiles of the seek bar, if any.
    pub storyboard: Option<Storyboard>,
}

/// A grid of small pictures at equal distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Storyboard {
    /// Columns of the grid.
    pub columns: u32,
    /// Rows of the grid.
    pub rows: u32,
    /// Width of one tile in pixels.
    pub tile_width: u32,
    /// Time between two tiles, milliseconds.
    pub interval_ms: u64,
}

/// What a confined worker must not be able to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Forbidden {
    /// Open an internet socket.
    Socket,
    /// Read a file by path.
    Read {
        /// Absolute path.
        path: String,
    },
    /// Write a file by path.
    Write {
        /// Absolute path.
        path: String,
    },
    /// Allocate and touch so many bytes.
    Allocate {
        /// How many.
        bytes: u64,
    },
    /// Run a program.
    Execute,
    /// Block for ever without a word (a hang).
    Hang,
    /// Die of a segmentation fault.
    Crash,
}

/// What the worker tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Confined and waiting for a command.
    Ready {
        /// [`PROTOCOL_VERSION`] of the worker.
        version: u32,
    },
    /// What was found in the source.
    Probed {
        /// It.
        media: MediaInfo,
    },
    /// A rendition's init segment is whole in the output folder.
    InitWritten {
        /// Rendition's name.
        rendition: String,
        /// File name within the output folder.
        file: String,
        /// Size.
        bytes: u64,
        /// Lower-case hex.
        sha256: String,
        /// RFC 6381 codecs string.
        codecs: String,
        /// Ticks per second of the rendition's timeline.
        timescale: u32,
    },
    /// A segment is whole in the output folder.
    SegmentWritten {
        /// The job's attempt.
        attempt: String,
        /// Rendition's name.
        rendition: String,
        /// Index from 0.
        index: u32,
        /// File name within the output folder.
        file: String,
        /// Earliest presentation time, ticks.
        pts: u64,
        /// Ticks.
        duration: u64,
        /// Size.
        bytes: u64,
        /// Lower-case hex.
        sha256: String,
    },
    /// Sign of life, about once a second: frames of the timeline done.
    Progress {
        /// Frames from 0 that every target of the job has passed.
        frame: u64,
    },
    /// A picture is whole in the output folder.
    PictureWritten {
        /// `thumbnail` or `storyboard`.
        kind: String,
        /// File name within the output folder (JPEG).
        file: String,
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// Time in the content, milliseconds.
        at_ms: u64,
        /// Size.
        bytes: u64,
    },
    /// What a forbidden act came to: the error, or `None` when it was allowed.
    Tried {
        /// The operating system's error text.
        refused: Option<String>,
    },
    /// The command is done.
    Done,
    /// The command failed for a reason that the worker knows.
    Failed {
        /// What kind.
        kind: FailureKind,
        /// One sentence.
        detail: String,
    },
}

/// Whose fault a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// No container that we take, or no audio or video in it.
    NotMedia,
    /// The file ends before its container says.
    Truncated,
    /// A codec, pixel format or size that is not taken.
    Unsupported,
    /// What was written does not match the plan.
    PlanMismatch,
    /// Anything else: worth another attempt.
    Internal,
}
