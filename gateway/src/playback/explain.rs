//! GET `/api/v1/playback/sessions/{id}/explain`: why a session is a view or not. For its viewer,
//! the creator of what they watch, and operators.

use super::{ask, session, unexpected};
use crate::App;
use crate::auth::Caller;
use crate::content::no_cache;
use crate::problem::{Answer, Problem};
use axum::extract::{Path, State};
use playhouse_actors::playback::{Explanation, Reply, Request as Ask, ViewState};
use playhouse_storage::model::{Quality, SessionId};
use serde_json::{Value, json};

/// GET.
pub(crate) async fn explain(
    State(app): State<App>,
    caller: Caller,
    Path(text): Path<String>,
) -> Answer {
    let session = session(&text)?;
    let explanation = match ask(&app, session.viewer(), Ask::Explain { session }).await? {
        Reply::Explained(explanation) => explanation,
        other @ (Reply::Opened { .. } | Reply::Told(_) | Reply::Rested | Reply::Refused(_)) => {
            return Err(unexpected(&other));
        }
    };
    check(&app, &caller, session, &explanation).await?;
    Ok(no_cache(body(&explanation)))
}

async fn check(
    app: &App,
    caller: &Caller,
    session: SessionId,
    explanation: &Explanation,
) -> Answer<()> {
    if caller.viewer(app) == Some(session.viewer()) || caller.may_operate().is_ok() {
        return Ok(());
    }
    let card = app.platform.cards.get(explanation.content_id).await?;
    match card.is_some_and(|card| caller.owns(&card.owner)) {
        true => Ok(()),
        false => Err(Problem::forbidden(
            "a session is explained to its viewer, to the creator of the content, and to operators",
        )),
    }
}

fn body(of: &Explanation) -> Value {
    let (state, reason, at) = match &of.view {
        ViewState::Pending => ("pending", None, None),
        ViewState::Counted { at } => ("counted", None, Some(at)),
        ViewState::Refused { reason, at } => ("refused", Some(reason), Some(at)),
    };
    json!({
        "session_id": of.session_id,
        "content_id": of.content_id,
        "device": of.device,
        "opened_at": of.opened_at,
        "state": of.state,
        "view": {"state": state, "reason": reason, "sentence": of.sentence, "at": at},
        "watch_time_s": of.watch_time_s,
        "needed_s": of.needed_s,
        "watched": of.watched,
        "seq": {"seen": of.seen, "gaps": of.seen.len().saturating_sub(1)},
        "events": {
            "accepted": of.accepted,
            "duplicates": of.duplicates,
            "refused": of.refused,
        },
        "qoe": quality(&of.quality),
    })
}

fn quality(of: &Quality) -> Value {
    json!({
        "startup_s": of.startup_s,
        "stalls": of.stalls,
        "stalled_s": of.stalled_s,
        "bitrate_bps": (of.bits_s > 0.0).then(|| (of.bits / of.bits_s).round()),
        "errors": of.errors,
    })
}
