//! `/api/v1/content/{id}/events`: a content as it comes into being, as server-sent events
//! (WHATWG HTML, section 9.2).
//!
//! A stream begins with a whole snapshot and sends another whenever the catalog has changed, so a
//! client that missed something is right again with the next event. Hints are only a reason to
//! read; a lost one is made good by reading every few seconds. The number of streams, their rate
//! and their life are bounded.

use crate::App;
use crate::auth::Caller;
use crate::content::read;
use crate::extract::Id;
use crate::problem::{Answer, Problem};
use crate::stopping::Stopping;
use crate::view::{self, Rows};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt, stream};
use playhouse_actors::events::Hint;
use playhouse_storage::model::ContentId;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::{Instant, sleep_until, timeout_at};

/// GET: events `content`, `progress` and `end`.
pub(crate) async fn watch(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ContentId>,
    stopping: Stopping,
) -> Answer {
    let permit = Arc::clone(&app.streams).try_acquire_owned().map_err(|_| {
        Problem::unavailable("too-many-streams", "too many event streams are open, try again", 5)
    })?;
    // Listen before the first look, so that no change falls between the two.
    let hints = app.platform.hub.listen();
    let rows = read(&app, &caller, id).await?;
    let keepalive = Duration::from_secs(app.config.sse_keepalive_s);
    let lifetime = Duration::from_secs(app.config.sse_lifetime_s);
    let watch = Watch {
        app,
        caller,
        id,
        hints,
        stopping,
        told: Value::Null,
        progress: Vec::new(),
        dirty: false,
        last: Instant::now(),
        until: Instant::now() + lifetime,
        _permit: permit,
    };
    let sse = Sse::new(events(watch, rows)).keep_alive(KeepAlive::new().interval(keepalive));
    Ok(([("x-accel-buffering", "no")], sse).into_response())
}

/// One open stream.
struct Watch {
    app: App,
    caller: Caller,
    id: ContentId,
    hints: Receiver<Hint>,
    stopping: Stopping,
    /// The last snapshot that was sent.
    told: Value,
    /// The newest progress of each job (by the renditions that it serves).
    progress: Vec<(Vec<String>, f64)>,
    /// A hint came since the last look.
    dirty: bool,
    last: Instant,
    until: Instant,
    _permit: OwnedSemaphorePermit,
}

fn events(watch: Watch, first: Rows) -> impl Stream<Item = Result<Event, Infallible>> {
    let start = (Some(watch), Some(first));
    stream::unfold(start, |(watch, first)| async move {
        let mut watch = watch?;
        let (batch, more) = match first {
            Some(rows) => watch.snapshot(&rows),
            None => watch.round().await,
        };
        Some((stream::iter(batch.into_iter().map(Ok)), (more.then_some(watch), None)))
    })
    .flatten()
}

impl Watch {
    /// Waits for something to tell; events, and whether more may follow.
    async fn round(&mut self) -> (Vec<Event>, bool) {
        loop {
            if !self.wait().await {
                // Closed without an `end`: the client opens it again.
                return (Vec::new(), false);
            }
            let (mut batch, mut more) = (self.take_progress(), true);
            if std::mem::take(&mut self.dirty) {
                let (events, go_on) = self.look().await;
                batch.extend(events);
                more = go_on;
            }
            self.last = Instant::now();
            if !batch.is_empty() || !more {
                return (batch, more);
            }
        }
    }

    /// Collects hints until one can be acted on, at most as often as the debounce allows. False
    /// when the stream's time is over, or the node stops.
    async fn wait(&mut self) -> bool {
        let config = &self.app.config;
        let refresh = self.last + Duration::from_secs(config.sse_refresh_s);
        let earliest = self.last + Duration::from_millis(config.sse_debounce_ms);
        while !self.dirty && self.progress.is_empty() {
            let hint = timeout_at(refresh.min(self.until), self.hints.recv());
            let hint = tokio::select! {
                hint = hint => hint,
                () = self.stopping.asked() => return false,
            };
            match hint {
                Ok(hint) => self.note(hint),
                Err(_) => self.dirty = true,
            }
        }
        while let Ok(hint) = timeout_at(earliest, self.hints.recv()).await {
            let closed = hint == Err(RecvError::Closed);
            self.note(hint);
            if closed {
                sleep_until(earliest).await;
            }
        }
        Instant::now() < self.until
    }

    fn note(&mut self, hint: Result<Hint, RecvError>) {
        match hint {
            Ok(Hint::Changed(id)) => self.dirty |= id == self.id,
            Ok(Hint::Progress { content, renditions, progress }) if content == self.id => {
                self.progress.retain(|(names, _)| *names != renditions);
                self.progress.push((renditions, progress));
            }
            Ok(Hint::Progress { .. }) => {}
            // What was missed is in the catalog. A hub that is gone means that the node stops.
            Err(RecvError::Lagged(_) | RecvError::Closed) => self.dirty = true,
        }
    }

    fn take_progress(&mut self) -> Vec<Event> {
        let told = |(renditions, progress)| {
            event("progress", &json!({"renditions": renditions, "progress": progress}))
        };
        std::mem::take(&mut self.progress).into_iter().map(told).collect()
    }

    async fn look(&mut self) -> (Vec<Event>, bool) {
        match read(&self.app, &self.caller, self.id).await {
            Ok(rows) => self.snapshot(&rows),
            Err(problem) if problem.status == StatusCode::NOT_FOUND => (vec![end("gone")], false),
            // The catalog is away for a moment: the next refresh looks again.
            Err(problem) => {
                problem.log();
                (Vec::new(), true)
            }
        }
    }

    fn snapshot(&mut self, rows: &Rows) -> (Vec<Event>, bool) {
        let view = view::content(rows);
        let mut batch = Vec::new();
        if view != self.told {
            batch.push(event("content", &view));
            self.told = view;
        }
        let settled = rows.content.stage.is_settled();
        if settled {
            batch.push(end("settled"));
        }
        (batch, !settled)
    }
}

fn end(reason: &str) -> Event {
    event("end", &json!({"reason": reason}))
}

fn event(name: &str, data: &Value) -> Event {
    Event::default().event(name).data(data.to_string())
}
