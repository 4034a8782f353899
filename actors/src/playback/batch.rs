//! What a batch of events changes: taken one by one, with the view decided where it ripens.

use super::addresses::{Addresses, Admission};
use super::record::Record;
use super::session::{Session, Taken};
use super::view::{self, Counted, Decision, timestamp};
use super::{Config, Event, Reason, Told};
use playhouse_storage::model::{ContentId, FactKind, NewFact, Origin, SessionId, ViewerId};

/// Where, when and by which rules a batch is judged.
pub(super) struct Court<'a> {
    pub(super) viewer: ViewerId,
    /// Milliseconds since 1970, by this node's clock.
    pub(super) now: i64,
    pub(super) config: &'a Config,
    pub(super) addresses: &'a Addresses,
}

/// What became of a batch.
pub(super) struct Outcome {
    pub(super) told: Told,
    pub(super) facts: Vec<NewFact>,
    /// To be kept when the facts are on disk.
    pub(super) admission: Option<Admission>,
}

impl Record {
    /// Takes a batch of events of a session; none when there is no such session.
    pub(super) fn tell(
        &mut self,
        id: SessionId,
        events: &[Event],
        court: &Court<'_>,
    ) -> Option<Outcome> {
        let Self { sessions, counted, .. } = self;
        let session = sessions.iter_mut().find(|session| session.id == id)?;
        let (mut accepted, mut duplicates, mut refused) = (0, 0, Vec::new());
        let (mut facts, mut admission) = (Vec::new(), None);
        let heard_before = session.heard;
        for event in events {
            let taken = session.take(event, court.now, court.config);
            match taken {
                Taken::New => accepted += 1,
                Taken::Known => duplicates += 1,
                Taken::Refused(reason) => refused.push((event.seq, reason)),
            }
            if taken == Taken::New && session.is_ripe(court.config) {
                let at = event.at.as_millisecond().min(court.now);
                let decided = decide(session, at, counted, court);
                admission = decided.0;
                facts.push(decided.1);
            }
        }
        let is_view = facts.iter().any(|fact| matches!(fact.kind, FactKind::View { .. }));
        facts.extend(session.report_due(heard_before, court.config));
        let beat = session.beat(court.now, is_view, court.config);
        let view = session.view.into();
        let told = Told { accepted, duplicates, refused, view, beat };
        Some(Outcome { told, facts, admission })
    }
}

/// Decides whether a session is a view, and remembers it.
fn decide(
    session: &mut Session,
    at: i64,
    counted: &mut Vec<Counted>,
    court: &Court<'_>,
) -> (Option<Admission>, NewFact) {
    let (content, hour) = (session.content, view::hour_of(at));
    let judged = view::judge(counted, content, hour, court.config)
        .and_then(|()| admit(content, session.address, hour, court));
    let decision = Decision { at, refused: judged.as_ref().err().copied() };
    session.view = Some(decision);
    if let Some(new) = decision.counted(content) {
        view::remember(counted, new, court.config.counted_max);
    }
    let fact = |kind| NewFact { content, at: timestamp(at), kind };
    match judged {
        Ok(admission) => {
            let (key, viewer) = (view::key(court.viewer, hour), Some(court.viewer));
            let kind: &'static str = session.device.kind.into();
            let origin = Origin { country: session.country, device: kind.to_owned() };
            (admission, fact(FactKind::View { key, viewer, origin }))
        }
        Err(reason) => {
            let reason: &'static str = reason.into();
            (None, fact(FactKind::Refused { reason: reason.to_owned() }))
        }
    }
}

/// Whether the address may count once more; one that is not known has no limit.
fn admit(
    content: ContentId,
    address: Option<u32>,
    hour: i32,
    court: &Court<'_>,
) -> Result<Option<Admission>, Reason> {
    let most = court.config.views_per_address_hour_max;
    match address {
        Some(address) if most > 0 => {
            let admission = court.addresses.admit(content, address, hour, most);
            admission.map(Some).ok_or(Reason::AddressLimit)
        }
        Some(_) | None => Ok(None),
    }
}
