//! The encode pool: claims jobs, runs confined workers, hands their results to the entities.
//!
//! A job names its [`Work`]; what is left of it is asked from the renditions when it starts, so a
//! job that is claimed again goes on behind the last committed segment. Every end of a worker has
//! a name in [`Outcome`].

mod body;
mod commands;
mod config;
mod door;
mod events;
mod hashes;
mod herald;
mod loss;
mod outcome;
mod pool;
mod process;
mod queue;
mod report;
mod runner;
mod scaler;
mod scaling;
mod segments;
mod shop;
mod shown;
mod slots;
mod source;
mod spans;
mod waker;

pub use commands::storyboard;
pub use config::{Encode, Scaling};
pub use door::{DoorError, pass, take_note};
pub use herald::{Herald, Message as HeraldMessage};
pub use outcome::{Outcome, Product};
pub use pool::{Message, Pool};
pub use scaler::{Message as ScalerMessage, Scaler};
pub use scaling::{Order, Seen, Workforce, decide};
pub use shop::Workshop;
pub use waker::{Message as WakerMessage, Waker};

pub(crate) use queue::queue_of;

use playhouse_storage::jobs::Jobs;
use playhouse_storage::model::Job;
use playhouse_storage::wakes::{Call, Wakes};
use serde::{Deserialize, Serialize};

/// Announces jobs that wait; one that waits for long is announced `again`.
pub(crate) fn announce<'a>(
    wakes: &dyn Wakes,
    jobs: impl IntoIterator<Item = &'a Job>,
    again: bool,
) {
    for job in jobs {
        wakes.announce(Call { job: job.id, queue: queue_of(job), again });
    }
}

/// Gives back every job that is leased in the name of this process, once none of its attempts runs
/// any more, and wakes others for them. Answers how many; when it fails, leases run out.
///
/// # Errors
/// Of the store. That nobody could be woken is none.
pub async fn give_back(jobs: &dyn Jobs, wakes: &dyn Wakes) -> playhouse_storage::Result<usize> {
    let released = jobs.release_own().await?;
    announce(wakes, &released, false);
    if let Err(error) = wakes.flush().await {
        tracing::warn!(%error, "nobody was woken for jobs that were given back");
    }
    Ok(released.len())
}

/// What a job has to do; stored in its row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "snake_case")]
pub enum Work {
    /// Look at the source.
    Probe {
        /// Failed attempts so far.
        attempts: u32,
    },
    /// Make what is missing of some renditions from one decode.
    Encode {
        /// Their names.
        renditions: Vec<String>,
        /// One past the last segment to make; `None` means to the end.
        end: Option<u32>,
    },
    /// Make the still pictures.
    Pictures {
        /// Failed attempts so far.
        attempts: u32,
    },
}

impl Work {
    /// The renditions that it serves.
    #[must_use]
    pub fn renditions(&self) -> &[String] {
        match self {
            Self::Encode { renditions, .. } => renditions,
            Self::Probe { .. } | Self::Pictures { .. } => &[],
        }
    }

    /// As it is stored.
    #[must_use]
    pub fn to_value(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("a tagged enum of numbers and strings is JSON")
    }

    /// From how it is stored.
    ///
    /// # Errors
    /// When it is of another version of this program.
    pub fn from_value(value: &serde_json::Value) -> Result<Self, serde_json::Error> {
        Self::deserialize(value)
    }
}
