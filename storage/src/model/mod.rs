//! Ids and records. A record is what a row says: plain serde data, no behaviour but its own rules.

mod audit;
mod cluster;
mod content;
mod country;
mod engagement;
mod ids;
mod job;
mod timer;
mod upload;

pub use audit::{AuditEntry, AuditOutcome};
pub use cluster::{
    Holding, Member, Newcomer, NodeLife, NodeName, NotAName, Phase, Pin, Rules, View, ViewChange,
};
pub use content::{
    Blocked, Check, Content, Init, MediaKind, Picture, PictureKind, Rendition, RenditionState,
    Segment, Source, Stage, Status, Tier,
};
pub use country::Country;
pub use engagement::{Counter, Fact, FactKind, NewFact, Origin, Quality, Report};
pub use ids::{
    AuditId, ContentId, DeadLetterId, Epoch, Fence, JobId, SessionId, ShardId, UploadId, ViewerId,
};
pub use job::{DeadLetter, Job, JobClass, JobCount, JobState};
pub use timer::Timer;
pub use upload::{Protection, Residency, Upload, UploadMetadata, UploadParts, UploadState};
