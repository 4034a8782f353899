//! `/api/v1/content/{id}/engagement`, `…/views`, `…/like`, `…/insights`, `…/analytics`: what
//! viewers do with a content, told by trusted servers and viewers, shown to everybody, and in
//! detail to its creator.

mod analytics;
mod insights;
mod like;
mod stream;
mod views;

pub(crate) use analytics::analytics;
pub(crate) use insights::insights;
pub(crate) use like::{like, unlike};
pub(crate) use stream::watch;
pub(crate) use views::count;

use crate::App;
use crate::auth::Caller;
use crate::content::{self, no_store};
use crate::extract::Id;
use crate::problem::{Answer, Problem};
use axum::extract::State;
use playhouse_actors::engagement::{Engagement, Reply, Request};
use playhouse_storage::model::ContentId;
use serde::Serialize;

/// The numbers of a content, and what the caller is to them.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    engagement: Engagement,
    /// The caller likes it.
    liked: bool,
}

/// GET: the numbers that everybody sees.
pub(crate) async fn show(State(app): State<App>, caller: Caller, Id(id): Id<ContentId>) -> Answer {
    content::card(&app, &caller, id).await?;
    let engagement = look(&app, id).await?;
    let liked = match caller.viewer(&app) {
        Some(viewer) => app.platform.engines.engagement.likes(id, &viewer.to_string()).await?,
        None => false,
    };
    Ok(no_store(Shown { engagement, liked }))
}

/// The numbers as they are.
async fn look(app: &App, id: ContentId) -> Answer<Engagement> {
    shown(app.platform.look(id, app.config.ask_deadline()).await?)
}

/// The numbers after a request that is answered with them.
async fn numbers(app: &App, id: ContentId, request: Request) -> Answer<Engagement> {
    shown(ask(app, id, request).await?)
}

fn shown(reply: Reply) -> Answer<Engagement> {
    match reply {
        Reply::Engagement(engagement) => Ok(engagement),
        other @ (Reply::Insights(_) | Reply::Unknown) => Err(unexpected(&other)),
    }
}

async fn ask(app: &App, id: ContentId, request: Request) -> Answer<Reply> {
    Ok(app.platform.counter(id).ask(request, app.config.ask_deadline()).await?)
}

fn unexpected(reply: &Reply) -> Problem {
    match reply {
        Reply::Unknown => Problem::not_found("there is no such content, or it is not public"),
        other @ (Reply::Engagement(_) | Reply::Insights(_)) => {
            Problem::internal(format!("the counter answered {other:?}"))
        }
    }
}
