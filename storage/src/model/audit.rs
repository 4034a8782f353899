//! The record of one order of an operator.

use super::AuditId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One order: who asked what of whom, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its id; rises with time.
    pub id: AuditId,
    /// When it was asked.
    pub at: Timestamp,
    /// Subject of the token that asked.
    pub subject: String,
    /// What was asked: `restart`, `stop`.
    pub action: String,
    /// Path of the actor that it was asked of.
    pub path: String,
    /// Why, in the words of who asked.
    pub reason: Option<String>,
    /// What came of it.
    pub outcome: AuditOutcome,
    /// Trace of the request.
    pub trace_id: Option<String>,
}

/// What came of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// Written down before it is carried out. It stays so when the node ends in between.
    Asked,
    /// Carried out.
    Done,
    /// Not carried out: the actor is not there, or its role or status does not allow it.
    Refused,
    /// Begun, and not seen to its end.
    Failed,
}
