//! What operators ask of the tree: to restart or stop one actor.

use super::chronicle::Happening;
use super::inspect::OrderError;
use super::inspect::view::Role;
use super::member::{Action, Member, Order};
use super::{Config, Exit, Tree};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// Has an order carried out by whoever answers for the actor: a task is ended either way, a service
/// or a branch is stopped or restarted by its supervisor. Waits for that as long as one service may
/// take to stop, and a second.
///
/// # Errors
/// [`OrderError`]: nothing was done, unless it says that it takes longer.
pub(super) async fn order(
    tree: &Tree,
    path: &str,
    action: Action,
    config: &Config,
) -> Result<(), OrderError> {
    let unknown = || OrderError::Unknown { path: path.to_owned() };
    let member = tree.0.find(path).ok_or_else(unknown)?;
    match member.role {
        Role::Task => end_task(&member, action),
        Role::Service | Role::Supervisor => {
            let above = path.rsplit_once('/').map_or("", |(above, _)| above);
            let above = tree.0.find(above).ok_or_else(unknown)?;
            let within = config.stop_deadline() + config.kill_grace() + Duration::from_secs(1);
            tell(&above, &member, action, within).await
        }
        Role::Node => Err(not_now("the node is stopped and started by who runs it".to_owned())),
        // They are not in this tree.
        Role::Kind | Role::Entity => Err(unknown()),
    }
}

/// A task is not started by a supervisor: its service hears of the end and does what it must.
fn end_task(task: &Member, action: Action) -> Result<(), OrderError> {
    if task.now().life.is_none() {
        return Err(not_now(format!("{} has ended already", task.name)));
    }
    task.note(by_operator(action), "");
    task.kill(Exit::Killed);
    Ok(())
}

async fn tell(
    above: &Member,
    member: &Member,
    action: Action,
    within: Duration,
) -> Result<(), OrderError> {
    let supervisor = if above.name.is_empty() { "the node" } else { &above.path };
    let down = || not_now(format!("{supervisor}, which answers for it, does not run"));
    let (done, answer) = oneshot::channel();
    let order = Order { child: member.name.clone(), action, done };
    above.orders().ok_or_else(down)?.try_send(order).map_err(|refused| match refused {
        mpsc::error::TrySendError::Full(_) => {
            not_now(format!("{supervisor} has too many orders before this one"))
        }
        mpsc::error::TrySendError::Closed(_) => down(),
    })?;
    match timeout(within, answer).await {
        Ok(Ok(answer)) => answer.map_err(not_now),
        Ok(Err(_)) => Err(down()),
        Err(_) => Err(not_now(format!("it takes longer than {} s", within.as_secs()))),
    }
}

fn not_now(reason: String) -> OrderError {
    OrderError::NotNow { reason }
}

/// What an order is called in the chronicle.
pub(super) fn by_operator(action: Action) -> Happening {
    match action {
        Action::Restart => Happening::RestartedByOperator,
        Action::Stop => Happening::StoppedByOperator,
    }
}
