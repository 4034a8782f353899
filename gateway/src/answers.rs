//! Answers that are the same for everybody, made once and given again from the cache.
//!
//! A key names what its answer was made of, so no answer is ever taken back: a changed content has
//! another version, and with it another key. While the cache is away every answer is made.

use crate::App;
use crate::metrics::ANSWERS;
use crate::problem::Answer;
use bytes::Bytes;
use serde_json::Value;
use std::time::Duration;

/// The answer that is kept under a key, or the one that is made now and kept for `ttl_s` seconds.
pub(crate) async fn kept(
    app: &App,
    key: &str,
    ttl_s: u64,
    make: impl Future<Output = Answer<Value>>,
) -> Answer<Value> {
    if ttl_s == 0 {
        return make.await;
    }
    let known = find(app, key).await;
    ANSWERS.looked(known.is_some());
    if let Some(known) = known {
        return Ok(known);
    }
    let made = make.await?;
    keep(app, key, ttl_s, &made).await;
    Ok(made)
}

async fn find(app: &App, key: &str) -> Option<Value> {
    match app.platform.engines.cache.get(key).await {
        Ok(bytes) => serde_json::from_slice(&bytes?).ok(),
        Err(error) => {
            tracing::debug!(%error, key, "no answer is looked for");
            None
        }
    }
}

async fn keep(app: &App, key: &str, ttl_s: u64, made: &Value) {
    let bytes = Bytes::from(made.to_string());
    if bytes.len() > app.config.answers.bytes_max {
        return;
    }
    let ttl = Duration::from_secs(ttl_s);
    if let Err(error) = app.platform.engines.cache.put(key, bytes, ttl).await {
        tracing::debug!(%error, key, "an answer is not kept");
    }
}
