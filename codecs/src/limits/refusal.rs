//! What is said of a source that is not taken.

use crate::worker::FailureKind;
use serde::{Deserialize, Serialize};

/// Whether a content is shown or only heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Has moving pictures.
    Video,
    /// Sound alone (a cover picture does not count).
    Audio,
}

/// Why a source is refused; stable, in snake_case on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// Neither audio nor video.
    NotMedia,
    /// The file ends before its container says.
    Truncated,
    /// More bytes than are taken.
    TooLarge,
    /// Lasts longer than is taken.
    TooLong,
    /// Lasts shorter than is taken.
    TooShort,
    /// A picture of no usable size.
    BadDimensions,
    /// A container that is not taken.
    UnsupportedContainer,
    /// A codec that is not taken.
    UnsupportedCodec,
    /// Claimed to be something else.
    WrongFiletype,
}

impl RefusalCode {
    /// The code as it is stored and sent.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotMedia => "not_media",
            Self::Truncated => "truncated",
            Self::TooLarge => "too_large",
            Self::TooLong => "too_long",
            Self::TooShort => "too_short",
            Self::BadDimensions => "bad_dimensions",
            Self::UnsupportedContainer => "unsupported_container",
            Self::UnsupportedCodec => "unsupported_codec",
            Self::WrongFiletype => "wrong_filetype",
        }
    }
}

/// Why a source is refused and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}: {detail}", code.as_str())]
pub struct Refusal {
    /// What to branch on.
    pub code: RefusalCode,
    /// One or two sentences for the creator.
    pub detail: String,
}

pub(super) fn refuse<T>(code: RefusalCode, detail: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { code, detail: detail.into() })
}

impl Refusal {
    /// What a failed probe means for the creator; `None` when the source is not to blame.
    #[must_use]
    pub fn of_failure(kind: FailureKind, detail: &str) -> Option<Self> {
        let (code, advice) = match kind {
            FailureKind::NotMedia => (RefusalCode::NotMedia, "upload a film or a sound"),
            FailureKind::Truncated => {
                (RefusalCode::Truncated, "the file was cut short, upload the whole file")
            }
            FailureKind::Unsupported => {
                (RefusalCode::UnsupportedCodec, "export the film as H.264 with AAC in MP4")
            }
            FailureKind::PlanMismatch | FailureKind::Internal => return None,
        };
        Some(Self { code, detail: format!("{}; {advice}", detail.trim_end_matches('.')) })
    }
}
