//! Why a command failed: the kind that the node branches on, and one sentence for people.

use ffmpeg_next as ffmpeg;
use playhouse_codecs::worker::FailureKind;
use std::fmt;

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// A failure that the worker can name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) detail: String,
}

impl Failure {
    pub(crate) fn not_media(detail: impl Into<String>) -> Self {
        Self { kind: FailureKind::NotMedia, detail: detail.into() }
    }

    pub(crate) fn truncated(detail: impl Into<String>) -> Self {
        Self { kind: FailureKind::Truncated, detail: detail.into() }
    }

    pub(crate) fn unsupported(detail: impl Into<String>) -> Self {
        Self { kind: FailureKind::Unsupported, detail: detail.into() }
    }

    pub(crate) fn mismatch(detail: impl Into<String>) -> Self {
        Self { kind: FailureKind::PlanMismatch, detail: detail.into() }
    }

    /// Not a cause: another part of the job has failed.
    pub(crate) fn stopped() -> Self {
        Self::internal("stopped because another part of the job failed")
    }

    pub(crate) fn internal(detail: impl Into<String>) -> Self {
        Self { kind: FailureKind::Internal, detail: detail.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.detail)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::internal(error.to_string())
    }
}

impl From<ffmpeg::Error> for Failure {
    fn from(error: ffmpeg::Error) -> Self {
        Self::internal(format!("ffmpeg: {error}"))
    }
}

/// Says what was being done when FFmpeg refused.
pub(crate) trait During<T> {
    fn during(self, what: &str) -> Result<T>;
}

impl<T> During<T> for std::result::Result<T, ffmpeg::Error> {
    fn during(self, what: &str) -> Result<T> {
        self.map_err(|error| Failure::internal(format!("{what}: {error}")))
    }
}
