//! The encode pool: claims jobs, runs confined workers, hands their results to the entities.

use serde::{Deserialize, Serialize};

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {}
