//! GET `/api/v1/content/{id}/engagement/stream`: the numbers as they change, as server-sent events
//! (WHATWG HTML, section 9.2).
//!
//! All streams of a content read one board; what changed in between is one event. Their number,
//! rate and life are bounded. A stream that closes is opened again by the page.

use super::look;
use crate::App;
use crate::auth::Caller;
use crate::content;
use crate::extract::Id;
use crate::problem::{Answer, Problem};
use crate::stopping::Stopping;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt, stream};
use playhouse_actors::engagement::{Engagement, Watching};
use playhouse_storage::model::ContentId;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until, timeout_at};

/// GET: event `engagement`.
pub(crate) async fn watch(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ContentId>,
    stopping: Stopping,
) -> Answer {
    let many =
        || Problem::unavailable("too-many-streams", "too many streams of numbers are open", 5);
    let permit = Arc::clone(&app.number_streams).try_acquire_owned().map_err(|_| many())?;
    content::card(&app, &caller, id).await?;
    // Watch before the first look, so that no change falls between the two.
    let board = app.platform.boards.watch(id).map_err(|_| many())?;
    let first = look(&app, id).await?;
    let now = Instant::now();
    let keepalive = Duration::from_secs(app.config.sse_keepalive_s);
    let watch = Watch {
        board,
        stopping,
        told: None,
        every: app.config.playback.stream_every(),
        last: now,
        until: now + Duration::from_secs(app.config.sse_lifetime_s),
        _permit: permit,
    };
    let sse = Sse::new(events(watch, first)).keep_alive(KeepAlive::new().interval(keepalive));
    Ok(([("x-accel-buffering", "no")], sse).into_response())
}

/// One open stream.
struct Watch {
    board: Watching,
    stopping: Stopping,
    told: Option<Engagement>,
    every: Duration,
    last: Instant,
    until: Instant,
    _permit: OwnedSemaphorePermit,
}

fn events(watch: Watch, first: Engagement) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold((watch, Some(first)), |(mut watch, first)| async move {
        let numbers = match first {
            Some(first) => first,
            None => watch.next().await?,
        };
        watch.told = Some(numbers);
        watch.last = Instant::now();
        Some((Ok(event(&numbers)), (watch, None)))
    })
    .fuse()
}

impl Watch {
    /// The next numbers that are not those told last, of several the newest; none when the
    /// stream's time is over or the node stops.
    async fn next(&mut self) -> Option<Engagement> {
        let earliest = self.last + self.every;
        let (board, told) = (&mut self.board, self.told);
        let numbers = async {
            sleep_until(earliest).await;
            loop {
                let numbers = board.next().await;
                if Some(numbers) != told {
                    return numbers;
                }
            }
        };
        tokio::select! {
            numbers = timeout_at(self.until, numbers) => numbers.ok(),
            () = self.stopping.asked() => None,
        }
    }
}

fn event(numbers: &Engagement) -> Event {
    let data = serde_json::to_string(numbers).expect("numbers are plain");
    Event::default().event("engagement").data(data)
}
