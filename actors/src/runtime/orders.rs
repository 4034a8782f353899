//! What operators ask of the tree: to restart or stop one actor.

use super::inspect::OrderError;
use super::inspect::view::Role;
use super::member::Action;
use super::{Config, Exit, Tree};

/// Has an order carried out by whoever answers for the actor.
///
/// # Errors
/// [`OrderError`]: nothing was done.
pub(super) async fn order(
    tree: &Tree,
    path: &str,
    _action: Action,
    _config: &Config,
) -> Result<(), OrderError> {
    let member = tree.0.find(path).ok_or_else(|| OrderError::Unknown { path: path.to_owned() })?;
    if member.role != Role::Task {
        return Err(OrderError::NotNow { reason: "only tasks can be ended".to_owned() });
    }
    member.kill(Exit::Killed);
    Ok(())
}
