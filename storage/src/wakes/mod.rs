//! Wake-ups: that a job waits, told to whoever could take it, at once and on any machine.
//!
//! The job is a row; a wake-up carries only its id. So one that gets lost costs time until somebody
//! looks at the table, one that comes twice costs a look, and an engine that is away costs both;
//! nothing here is ever waited for by who commits a job.

mod calls;
mod config;

pub mod amqp;
pub mod local;

pub use config::Config;

use crate::Result;
use crate::model::JobId;
use async_trait::async_trait;

/// Which kind of work waits: who can only do some of it listens to some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Queue(&'static str);

impl Queue {
    /// Probes of fresh sources.
    pub const PROBE: Self = Self("probe");
    /// What makes a content play.
    pub const OPENING: Self = Self("encode.opening");
    /// Still pictures.
    pub const PICTURES: Self = Self("pictures");
    /// Renditions of sound alone.
    pub const AUDIO: Self = Self("encode.audio");
    /// A rung that has no queue of its own.
    pub const VIDEO_OTHER: Self = Self("encode.video.other");

    /// Every queue there is.
    pub const ALL: [Self; 11] = [
        Self::PROBE,
        Self::OPENING,
        Self::PICTURES,
        Self::AUDIO,
        Self("encode.video.240p"),
        Self("encode.video.360p"),
        Self("encode.video.480p"),
        Self("encode.video.720p"),
        Self("encode.video.1080p"),
        Self("encode.video.2160p"),
        Self::VIDEO_OTHER,
    ];

    /// The queue of a video rung: `720p`.
    #[must_use]
    pub fn video(rung: &str) -> Self {
        let is_it = |queue: &Self| queue.0.strip_prefix("encode.video.") == Some(rung);
        Self::ALL.into_iter().find(is_it).unwrap_or(Self::VIDEO_OTHER)
    }

    /// Its name: `encode.video.720p`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0
    }
}

/// A job that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Which.
    pub job: JobId,
    /// What kind of work it is.
    pub queue: Queue,
    /// It waits for long already: an engine in which others of its queue wait to be told is told
    /// enough.
    pub again: bool,
}

/// The port of wake-ups.
#[async_trait]
pub trait Wakes: Send + Sync {
    /// Puts a call in the queue of those to be carried, and never waits. One that finds the queue
    /// full is lost.
    fn announce(&self, call: Call);

    /// Carries what is announced to the engine, for as long as the engine takes it. Returns only
    /// with an error: to be called again after a pause. What it had in hand may be lost.
    ///
    /// # Errors
    /// `Unavailable` when the engine is away.
    async fn carry(&self) -> Result<()>;

    /// Carries what is announced already, and returns: for a process that ends.
    ///
    /// # Errors
    /// `Unavailable` when the engine is away.
    async fn flush(&self) -> Result<()>;

    /// Listens to these queues from now on. A wake-up goes to one listener at a time; what a
    /// listener has not settled when it is dropped is told to another one.
    ///
    /// # Errors
    /// `Unavailable` when the engine is away.
    async fn listen(&self, queues: &[Queue]) -> Result<Box<dyn Listener>>;

    /// Whether the engine answers.
    ///
    /// # Errors
    /// `Unavailable` when it does not.
    async fn ping(&self) -> Result<()>;
}

/// Who waits for wake-ups.
#[async_trait]
pub trait Listener: Send {
    /// The next wake-up. Nothing is lost when the future is dropped before it is ready.
    ///
    /// # Errors
    /// `Unavailable` when the engine is away: listen anew.
    async fn next(&mut self) -> Result<Box<dyn Wake>>;
}

/// A wake-up in somebody's hand.
#[async_trait]
pub trait Wake: Send {
    /// The job that waited when it was called.
    fn job(&self) -> JobId;

    /// The job is claimed, by whomever, or gone: nobody else needs to be woken.
    ///
    /// # Errors
    /// `Unavailable`: it may be told again.
    async fn settle(self: Box<Self>) -> Result<()>;

    /// It waits still: somebody else is to be woken.
    ///
    /// # Errors
    /// `Unavailable`: it is told again anyway.
    async fn pass_on(self: Box<Self>) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rung_has_a_queue() {
        assert_eq!(Queue::video("720p").name(), "encode.video.720p");
        assert_eq!(Queue::video("4320p"), Queue::VIDEO_OTHER);
        let mut names: Vec<_> = Queue::ALL.map(Queue::name).into();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Queue::ALL.len());
    }
}
