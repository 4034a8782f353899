//! What is measured apart: kinds of requests, and spans of a player that are no request.

use crate::report::figures::{STALL, STARTUP};

/// A kind of measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// POST of a view.
    View,
    /// GET of a content's numbers.
    Engagement,
    /// GET of the list.
    List,
    /// PUT of a like.
    Like,
    /// POST that opens a session.
    Session,
    /// GET of a playlist.
    Manifest,
    /// GET of an init segment.
    Init,
    /// GET of a segment, to its last byte.
    Segment,
    /// GET of a segment on a bad line, to its first byte.
    Trickle,
    /// POST of a player's events.
    Events,
    /// POST that begins an upload.
    UploadBegin,
    /// PATCH of a piece of an upload.
    UploadPiece,
    /// From the moment when somebody wants to watch to the first picture. No request.
    Startup,
    /// Time for which a player has run dry. No request.
    Stall,
}

impl Kind {
    /// Its name in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Engagement => "engagement",
            Self::List => "list",
            Self::Like => "like",
            Self::Session => "session",
            Self::Manifest => "manifest",
            Self::Init => "init",
            Self::Segment => "segment",
            Self::Trickle => "trickle",
            Self::Events => "events",
            Self::UploadBegin => "upload-begin",
            Self::UploadPiece => "upload-piece",
            Self::Startup => STARTUP,
            Self::Stall => STALL,
        }
    }

    /// False for spans that are made of requests, or of none.
    pub(crate) fn is_request(self) -> bool {
        !matches!(self, Self::Startup | Self::Stall)
    }
}
