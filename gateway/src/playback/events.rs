//! POST `/api/v1/playback/sessions/{id}/events`: the commonest request there is. It reads no
//! record and checks no identity; what it answers is on disk.

use super::wire::{self, Bounds};
use super::{ask, full, session, unexpected};
use crate::App;
use crate::extract;
use crate::problem::{Answer, Problem};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use playhouse_actors::playback::{Reply, Request as Ask, Told, ViewState};
use std::fmt::Write as _;

/// POST.
pub(crate) async fn tell(
    State(app): State<App>,
    Path(text): Path<String>,
    request: Request,
) -> Answer {
    let session = session(&text)?;
    check_type(request.headers())?;
    if app.platform.cells.is_full() {
        return Err(full(&app));
    }
    let limits = &app.config.playback;
    let body = extract::bytes(request, limits.events_bytes_max, &app).await?;
    let bounds = Bounds { events_max: limits.events_max, error_chars_max: limits.error_chars_max };
    let events = wire::parse(&body, bounds)?;
    match ask(&app, session.viewer(), Ask::Tell { session, events }).await? {
        Reply::Told(told) => {
            app.platform.cells.beat(&told.beat);
            let kind = [(header::CONTENT_TYPE, "application/json")];
            Ok((StatusCode::ACCEPTED, kind, body_of(&told)).into_response())
        }
        other
        @ (Reply::Opened { .. } | Reply::Explained(_) | Reply::Rested | Reply::Refused(_)) => {
            Err(unexpected(&other))
        }
    }
}

/// JSON; also as text, because that is all that a beacon of another origin may send without asking
/// first (Fetch standard, CORS-safelisted request-header).
fn check_type(headers: &HeaderMap) -> Answer<()> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let text = value.to_str().unwrap_or_default();
    let kind = text.split_once(';').map_or(text, |(kind, _)| kind).trim();
    let known = ["application/json", "text/plain"];
    if known.iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "media-type",
        "send events as application/json, or as text/plain from a beacon",
    ))
}

fn body_of(told: &Told) -> String {
    let mut json = String::with_capacity(80);
    let view = match told.view {
        ViewState::Pending => "pending",
        ViewState::Counted { .. } => "counted",
        ViewState::Refused { .. } => "refused",
    };
    let (accepted, duplicates) = (told.accepted, told.duplicates);
    let written =
        write!(json, "{{\"accepted\":{accepted},\"duplicates\":{duplicates},\"refused\":[");
    written.expect("memory has room");
    for (place, (seq, reason)) in told.refused.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        let reason: &'static str = reason.into();
        write!(json, "{comma}{{\"seq\":{seq},\"reason\":\"{reason}\"}}").expect("memory has room");
    }
    write!(json, "],\"view\":\"{view}\"}}").expect("memory has room");
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use playhouse_actors::playback::{Beat, Reason};
    use playhouse_storage::model::ContentId;
    use serde_json::{Value, json};

    #[test]
    fn an_answer_is_the_json_that_is_promised() {
        let beat = Beat {
            content: ContentId::new(),
            was_playing_at: None,
            playing: true,
            counted: false,
            watched_s: 0.0,
        };
        let mut told =
            Told { accepted: 1, duplicates: 2, refused: vec![], view: ViewState::Pending, beat };
        let read = |told: &Told| serde_json::from_str::<Value>(&body_of(told)).unwrap();
        let none = json!({"accepted": 1, "duplicates": 2, "refused": [], "view": "pending"});
        assert_eq!(read(&told), none);
        told.refused = vec![(7, Reason::TooOld), (9, Reason::InFuture)];
        let refused = json!([{"seq": 7, "reason": "too_old"}, {"seq": 9, "reason": "in_future"}]);
        assert_eq!(read(&told)["refused"], refused);
    }
}
