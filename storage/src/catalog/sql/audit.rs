//! What the catalog says to a database about the orders of operators.

use super::{Statement, insert, one};
use crate::catalog::cell::Cell;
use crate::model::{AuditEntry, AuditId, AuditOutcome};

/// Removes the oldest entries: `$1` asked before, `$2` limit.
pub(crate) const FORGET: &str = "DELETE FROM audit WHERE id IN \
     (SELECT id FROM audit WHERE at < $1 ORDER BY at LIMIT $2)";

/// Writes an order down.
pub(crate) fn append(entry: &AuditEntry) -> Statement {
    insert(entry)
}

/// Writes down what came of an order, once.
pub(crate) fn outcome(id: AuditId, outcome: AuditOutcome) -> Statement {
    one(
        "UPDATE audit SET outcome = $2 WHERE id = $1 AND outcome = $3",
        vec![Cell::text(id), Cell::word(&outcome), Cell::word(&AuditOutcome::Asked)],
        format!("audit {id}"),
    )
}
