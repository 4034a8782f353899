//! The one error of this crate: a kind to branch on, a source to read.

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The shard's epoch has moved on: the writer is no longer the owner and must end.
    #[error("fenced: shard {shard} is past epoch {epoch}")]
    Fenced {
        /// The shard that was written to.
        shard: u16,
        /// The epoch that the writer held.
        epoch: u64,
    },
    /// A record is not at the row version that the writer read, or exists already.
    #[error("conflict: {what} was changed by someone else")]
    Conflict {
        /// Table and id.
        what: String,
    },
    /// A newer grant for the same upload has been given; this writer must stop.
    #[error("revoked: a newer grant writes to this upload")]
    Revoked,
    /// The record, part or blob does not exist.
    #[error("not found: {what}")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// A finished blob is never overwritten.
    #[error("exists already: {what}")]
    Exists {
        /// The key.
        what: String,
    },
    /// No space left on the device.
    #[error("storage is full")]
    Full,
    /// Another process holds the data folder.
    #[error("the data folder {path} is in use by another process")]
    InUse {
        /// The folder.
        path: String,
    },
    /// An earlier life of a node's name has a lease that is still good.
    #[error(
        "a node named {name} is alive: give this one another name, or, if that one was ended just \
         now, wait {left_ms} ms until its lease is over"
    )]
    Alive {
        /// The name.
        name: String,
        /// How long that lease still is, milliseconds.
        left_ms: u64,
    },
    /// The queue in front of the store is at its bound.
    #[error("busy: the store's queue is full")]
    Busy,
    /// The engine does not answer, or stopped in the middle: what was asked may have been done, and
    /// it may go better later.
    #[error("unavailable: {what}")]
    Unavailable {
        /// Which part, and what it said.
        what: String,
    },
    /// The schema on disk is newer than this program.
    #[error(
        "the catalog has schema {found}, this program knows up to {known}: use a newer playhouse"
    )]
    SchemaTooNew {
        /// Version on disk.
        found: u32,
        /// Highest version that this program knows.
        known: u32,
    },
    /// What is stored cannot be read back.
    #[error("corrupt: {what}")]
    Corrupt {
        /// What was read and why it does not parse.
        what: String,
    },
    /// A setting, key or name that cannot be served; says which and what would do.
    #[error("invalid: {0}")]
    Invalid(String),
    /// The operating system said no.
    #[error("i/o: {0}")]
    Io(std::io::Error),
    /// The engine said no.
    #[error("engine: {0}")]
    Engine(String),
}

impl Error {
    /// The same answer for another one who was hit by it: of a source only its text is kept.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Fenced { shard, epoch } => Self::Fenced { shard: *shard, epoch: *epoch },
            Self::Conflict { what } => Self::Conflict { what: what.clone() },
            Self::Revoked => Self::Revoked,
            Self::NotFound { what } => Self::NotFound { what: what.clone() },
            Self::Exists { what } => Self::Exists { what: what.clone() },
            Self::Full => Self::Full,
            Self::InUse { path } => Self::InUse { path: path.clone() },
            Self::Alive { name, left_ms } => Self::Alive { name: name.clone(), left_ms: *left_ms },
            Self::Busy => Self::Busy,
            Self::Unavailable { what } => Self::Unavailable { what: what.clone() },
            Self::SchemaTooNew { found, known } => {
                Self::SchemaTooNew { found: *found, known: *known }
            }
            Self::Corrupt { what } => Self::Corrupt { what: what.clone() },
            Self::Invalid(text) => Self::Invalid(text.clone()),
            Self::Io(source) => Self::Io(std::io::Error::new(source.kind(), source.to_string())),
            Self::Engine(text) => Self::Engine(text.clone()),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io(error),
        }
    }
}
