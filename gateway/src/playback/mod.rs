//! `/api/v1/playback/sessions`: players tell what they do, and can ask what became of it.
//!
//! A session's id routes alone to the viewer whose session it is, so events need no identity:
//! embedded players and beacons of a page that closes have none to show. Opening a session and
//! explaining one do.

mod cmcd;
mod events;
mod explain;
mod faults;
mod open;
mod wire;

pub(crate) use events::tell;
pub(crate) use explain::explain;
pub(crate) use open::open;

use crate::App;
use crate::extract;
use crate::problem::{Answer, Problem};
use playhouse_actors::playback::{Refusal, Reply, Request};
use playhouse_storage::model::{SessionId, ViewerId};

/// The session that a path names.
fn session(text: &str) -> Answer<SessionId> {
    let session: SessionId = extract::id(text)?;
    // Any other UUID would wake a viewer who cannot know it.
    if session.0.get_version_num() == 7 { Ok(session) } else { Err(unknown()) }
}

async fn ask(app: &App, viewer: ViewerId, request: Request) -> Answer<Reply> {
    Ok(app.platform.viewer(viewer).ask(request, app.config.ask_deadline()).await?)
}

fn unknown() -> Problem {
    Problem::not_found("there is no such session, or it is forgotten: open a new one")
}

/// Facts wait to be counted and are more than may.
pub(crate) fn full(app: &App) -> Problem {
    Problem::unavailable(
        "busy",
        "more wait to be counted than may: keep what you have to tell and send it later",
        app.config.playback.full_retry_s,
    )
}

fn unexpected(reply: &Reply) -> Problem {
    match reply {
        Reply::Refused(Refusal::NotFound) => unknown(),
        other @ (Reply::Opened { .. }
        | Reply::Told(_)
        | Reply::Explained(_)
        | Reply::Rested
        | Reply::Refused(Refusal::StreamLimit { .. })) => {
            Problem::internal(format!("the viewer answered {other:?}"))
        }
    }
}
