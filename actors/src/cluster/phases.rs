//! How an operator has a member give its shards away, or own some again: a change of the view,
//! decided anew whenever somebody else was quicker.

use super::Citizen;
use playhouse_storage::Error;
use playhouse_storage::model::{NodeName, Phase, View, ViewChange};

/// Views change when a node comes or goes: who loses so often in a row is told to look again.
const TRIES_MAX: u32 = 8;

/// Why a member's phase was not changed.
#[derive(Debug, thiserror::Error)]
pub enum PhaseError {
    /// Nobody of this name has joined.
    #[error("there is no member {0}: GET /admin/api/cluster lists them")]
    NotAMember(NodeName),
    /// Nobody could take its shards.
    #[error(
        "{0} is the only member that may own shards, nobody could take its own: start another \
         node, or resume one that drains, first"
    )]
    OnlyOne(NodeName),
    /// Others changed the view each time.
    #[error("the members changed {TRIES_MAX} times meanwhile: look, and try again")]
    Contended,
    /// The database has not taken it.
    #[error(transparent)]
    Storage(#[from] Error),
}

/// The change that brings a member into a phase; none when it is in it.
///
/// # Errors
/// [`PhaseError::NotAMember`], [`PhaseError::OnlyOne`].
pub fn turned(
    view: &View,
    name: &NodeName,
    phase: Phase,
) -> Result<Option<ViewChange>, PhaseError> {
    let member = view.members.iter().find(|member| member.life.name == *name);
    let member = member.ok_or_else(|| PhaseError::NotAMember(name.clone()))?;
    if member.phase == phase {
        return Ok(None);
    }
    let others = view.members.iter().filter(|it| it.life.name != *name);
    if phase == Phase::Draining && !others.into_iter().any(|it| it.is_able()) {
        return Err(PhaseError::OnlyOne(name.clone()));
    }
    Ok(Some(ViewChange::Phase(name.clone(), phase)))
}

impl Citizen {
    /// Brings a member into a phase; its shards move as the members see it, within seconds.
    ///
    /// # Errors
    /// [`PhaseError`].
    pub async fn turn(&self, name: &NodeName, phase: Phase) -> Result<(), PhaseError> {
        for _ in 0..TRIES_MAX {
            let view = self.membership().view(self.config().suspicion_fresh()).await?;
            let Some(change) = turned(&view, name, phase)? else { return Ok(()) };
            match self.membership().change(view.version, change).await {
                Err(Error::Conflict { .. }) => {}
                done => return done.map(drop).map_err(PhaseError::from),
            }
        }
        Err(PhaseError::Contended)
    }
}
