//! How often one client may begin something. A guard, not a promise: it counts in the cache, and
//! lets everybody pass while that is away.

use crate::App;
use crate::auth::{Caller, Client};
use crate::problem::{Answer, Problem};
use axum::http::{HeaderValue, StatusCode, header};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// Counts the opening of a playback session at its address, if it has one.
pub(crate) async fn session(app: &App, client: Client) -> Answer<()> {
    let Some(address) = client.address else { return Ok(()) };
    let most = app.config.rates.sessions_per_minute_max;
    let what = Rate { name: "sessions", most, window: MINUTE, words: "address opened" };
    what.check(app, app.keys.viewer_key(&format!("address:{address}"))).await
}

/// Counts the beginning of an upload by its creator.
pub(crate) async fn upload(app: &App, caller: &Caller) -> Answer<()> {
    if caller.is_admin() {
        return Ok(());
    }
    let most = app.config.rates.uploads_per_hour_max;
    let what = Rate { name: "uploads", most, window: HOUR, words: "creator began" };
    what.check(app, app.keys.viewer_key(&format!("creator:{}", caller.subject))).await
}

struct Rate {
    name: &'static str,
    /// 0 is no limit.
    most: u64,
    window: Duration,
    /// Who did what.
    words: &'static str,
}

impl Rate {
    async fn check(self, app: &App, who: u64) -> Answer<()> {
        let Self { name, most, window, words } = self;
        if most == 0 {
            return Ok(());
        }
        let key = format!("rate:{name}:{who}");
        let count = match app.platform.engines.cache.count(&key, window).await {
            Ok(count) if count.count > most => count,
            Ok(_) => return Ok(()),
            Err(error) => {
                tracing::debug!(%error, name, "nobody is counted");
                return Ok(());
            }
        };
        let wait_s = count.resets_in.as_secs() + 1;
        let window_s = window.as_secs();
        let detail = format!("this {words} {most} {name} within {window_s} s; wait {wait_s} s");
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-often", detail);
        Err(problem.with(header::RETRY_AFTER, HeaderValue::from(wait_s)))
    }
}
