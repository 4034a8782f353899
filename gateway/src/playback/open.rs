//! POST `/api/v1/playback/sessions`: the right to play, where to go on, and how to tell.

use super::{ask, unexpected};
use crate::App;
use crate::auth::{Caller, Client, Watcher};
use crate::extract::Json;
use crate::problem::{Answer, Problem};
use crate::rates;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use jiff::Timestamp;
use playhouse_actors::content::Card;
use playhouse_actors::playback::{
    Device, DeviceKind, Open, Playing, Refusal, Reply, Request as Ask,
};
use playhouse_storage::model::{ContentId, SessionId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// The body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wish {
    content_id: ContentId,
    device: Named,
}

/// A device by its id alone, or with what people call it.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "device must be a text, or an object with id, name and kind (desktop, \
    mobile, tablet, tv, other)"
)]
enum Named {
    Id(String),
    Whole(Whole),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    id: String,
    name: Option<String>,
    #[serde(default)]
    kind: DeviceKind,
}

/// The answer.
#[derive(Serialize)]
struct Opened {
    session_id: SessionId,
    hls: String,
    dash: Option<String>,
    /// Content is not protected yet.
    license_url: Option<String>,
    resume_position_s: f64,
    heartbeat_interval_s: u64,
    timeout_s: u64,
    server_time: Timestamp,
}

/// POST.
pub(crate) async fn open(
    State(app): State<App>,
    caller: Caller,
    client: Client,
    headers: HeaderMap,
    Json(wish): Json<Wish>,
) -> Answer {
    rates::session(&app, client).await?;
    let device = wish.device.checked(app.config.playback.device_chars_max)?;
    let card = playable(&app, &caller, wish.content_id).await?;
    let Watcher { id: viewer, visit } = caller.watcher(&headers, &app);
    let open = Open {
        content: card.id,
        duration_s: card.duration_s,
        device,
        address: client.address.map(|it| app.keys.viewer_key(&format!("address:{it}"))),
        country: client.country,
    };
    let opened = match ask(&app, viewer, Ask::Open(open)).await? {
        Reply::Opened { session, resume_position_s, beat } => {
            if let Some(beat) = beat {
                app.platform.cells.beat(&beat);
            }
            opened(&app, &card, session, resume_position_s)
        }
        Reply::Refused(Refusal::StreamLimit { streams_max, playing }) => {
            return Err(limit(&app, &caller, streams_max, &playing).await);
        }
        other @ (Reply::Told(_)
        | Reply::Explained(_)
        | Reply::Rested
        | Reply::Refused(Refusal::NotFound)) => return Err(unexpected(&other)),
    };
    let kind = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, visit, kind, axum::Json(opened)).into_response())
}

fn opened(app: &App, card: &Card, session: SessionId, resume_position_s: f64) -> Opened {
    let timeout_s = app.platform.config.playback.timeout_s;
    // Two may be lost on the way before the session times out.
    let interval_s = app.config.playback.heartbeat_interval_s.min(timeout_s / 3).max(1);
    Opened {
        session_id: session,
        hls: format!("/media/{}/master.m3u8", card.id),
        dash: card.dash.then(|| format!("/media/{}/manifest.mpd", card.id)),
        license_url: None,
        resume_position_s,
        heartbeat_interval_s: interval_s,
        timeout_s,
        server_time: Timestamp::now(),
    }
}

/// The card of a content that the caller may play, and of which something plays.
async fn playable(app: &App, caller: &Caller, id: ContentId) -> Answer<Arc<Card>> {
    let card = crate::content::playable(app, caller, id).await?;
    match card.plays {
        true => Ok(card),
        false => Err(Problem::new(
            StatusCode::CONFLICT,
            "not-now",
            "nothing of this content plays yet; its events tell when it does",
        )),
    }
}

impl Named {
    fn checked(self, chars_max: usize) -> Answer<Device> {
        let (id, name, kind) = match self {
            Self::Id(id) => (id, None, DeviceKind::default()),
            Self::Whole(Whole { id, name, kind }) => (id, name, kind),
        };
        let longest = id.chars().count().max(name.as_ref().map_or(0, |name| name.chars().count()));
        if id.trim().is_empty() || longest > chars_max {
            let detail =
                format!("device must have an id, and id and name 1 to {chars_max} characters");
            return Err(Problem::bad_request("bad-session", detail));
        }
        Ok(Device { id, name, kind })
    }
}

/// 409 with the devices that play, so that someone can stop one of them.
async fn limit(app: &App, caller: &Caller, streams_max: u32, playing: &[Playing]) -> Problem {
    let mut devices = Vec::with_capacity(playing.len());
    for one in playing {
        let card = app.platform.cards.get(one.content).await.ok().flatten();
        let card = card.filter(|card| caller.may_see(card.as_ref()));
        let title: Option<String> = card.map(|card| card.title.clone());
        devices.push(json!({"device": one.device, "title": title, "since": one.since}));
    }
    let on = match streams_max {
        1 => "one device".to_owned(),
        more => format!("{more} devices"),
    };
    let detail =
        format!("you may play on {on} at once, and do: stop playing there, then try again");
    Problem::new(StatusCode::CONFLICT, "stream-limit", detail)
        .telling("streams_max", streams_max.into())
        .telling("playing", Value::Array(devices))
}
