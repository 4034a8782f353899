//! The link to entities over HTTP: letters of this worker to the node that `worker.node_url` names.
//!
//! Tries again within a letter's time when the node cannot be reached, since it may be starting;
//! what the node answers is the answer. One that is busy is told as such: who asked waits.

use crate::remote::{away, coded_problem, http};
use anyhow::Result;
use async_trait::async_trait;
use playhouse_actors::runtime::{AskError, Exit, Letter, Link, trace};
use playhouse_storage::Secret;
use reqwest::{RequestBuilder, Response, StatusCode, header};
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Pause before the first new try; doubles up to [`PAUSE_MOST`].
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MOST: Duration = Duration::from_secs(2);
/// The node answers a letter after its time at the latest; its answer gets so much more to arrive.
const ON_THE_WAY: Duration = Duration::from_secs(1);
/// A note that takes longer is old.
const NOTE: Duration = Duration::from_secs(2);

/// The link.
pub(crate) struct HttpLink {
    client: reqwest::Client,
    ask_url: String,
    hints_url: String,
    token: Secret,
}

impl HttpLink {
    /// A link to the node at this address.
    ///
    /// # Errors
    /// When the certificates of the system cannot be used.
    pub(crate) fn new(node_url: &str, token: &Secret) -> Result<Self> {
        let base = node_url.trim_end_matches('/');
        Ok(Self {
            client: http(None)?,
            ask_url: format!("{base}/worker/api/ask"),
            hints_url: format!("{base}/worker/api/hints"),
            token: token.clone(),
        })
    }

    fn post(&self, url: &str, within: Duration) -> RequestBuilder {
        let request = self.client.post(url).bearer_auth(self.token.reveal()).timeout(within);
        match trace::current().traceparent() {
            Some(place) => request.header("traceparent", place),
            None => request,
        }
    }

    async fn try_once(&self, letter: &Letter, left: Duration) -> Result<Value, Failed> {
        let sent = self.post(&self.ask_url, left + ON_THE_WAY).json(letter).send().await;
        let response = sent.map_err(|error| Failed::of(&error))?;
        if !response.status().is_success() {
            return Err(Failed::Answered(refusal(response).await));
        }
        response.json().await.map_err(|error| Failed::of(&error))
    }
}

/// Why a try brought no answer.
enum Failed {
    /// The node has said why.
    Answered(AskError),
    /// It cannot be reached: it has not read the letter, or nothing is known.
    Away(String),
    /// It did not answer in time.
    Late,
}

impl Failed {
    fn of(error: &reqwest::Error) -> Self {
        if error.is_timeout() && !error.is_connect() {
            return Self::Late;
        }
        Self::Away(away(error).to_string())
    }
}

#[async_trait]
impl Link for HttpLink {
    async fn ask(&self, letter: Letter) -> Result<Value, AskError> {
        let deadline = Instant::now() + Duration::from_millis(letter.within_ms);
        let mut pause = PAUSE_FIRST;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let within_ms = left.as_millis() as u64;
            match self.try_once(&Letter { within_ms, ..letter.clone() }, left).await {
                Ok(reply) => return Ok(reply),
                Err(Failed::Answered(error)) => return Err(error),
                Err(Failed::Late) => return Err(AskError::Expired),
                Err(Failed::Away(why)) => {
                    if Instant::now() + pause >= deadline {
                        tracing::warn!(why, "the node is away");
                        return Err(AskError::Unavailable);
                    }
                    sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MOST);
                }
            }
        }
    }

    async fn tell(&self, note: Value) -> Result<(), AskError> {
        match self.post(&self.hints_url, NOTE).json(&note).send().await {
            Ok(response) if response.status().is_success() => Ok(()),
            Ok(response) => Err(refusal(response).await),
            Err(_) => Err(AskError::Unavailable),
        }
    }
}

/// What an answer that is none means for who asked.
async fn refusal(response: Response) -> AskError {
    let status = response.status();
    let after = response.headers().get(header::RETRY_AFTER).and_then(|it| it.to_str().ok());
    let after = after.and_then(|it| it.parse().ok()).map_or(1, |seconds: u64| seconds.clamp(1, 30));
    let (code, detail) = coded_problem(status, &response.text().await.unwrap_or_default());
    meaning(status, &code, detail, Duration::from_secs(after))
}

fn meaning(status: StatusCode, code: &str, detail: String, retry_after: Duration) -> AskError {
    match (status, code) {
        (StatusCode::SERVICE_UNAVAILABLE, "expired") => AskError::Expired,
        (StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS, _) => {
            AskError::Busy { retry_after }
        }
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => AskError::Ended(Exit::Failed {
            error: format!("the node does not accept worker.token for this: {detail}"),
        }),
        _ => AskError::Ended(Exit::Failed { error: detail }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_node_answers_means_what_it_would_here() {
        let check = |status: u16, code: &str| {
            let status = StatusCode::from_u16(status).expect("a status");
            meaning(status, code, "told".to_owned(), Duration::from_secs(3))
        };
        assert_eq!(check(503, "expired"), AskError::Expired);
        let busy = AskError::Busy { retry_after: Duration::from_secs(3) };
        for code in ["busy", "moving", "unavailable"] {
            assert_eq!(check(503, code), busy);
        }
        let told = |error: &str| AskError::Ended(Exit::Failed { error: error.to_owned() });
        assert_eq!(check(507, "storage-full"), told("told"));
        assert_eq!(
            check(403, "forbidden"),
            told("the node does not accept worker.token for this: told")
        );
    }
}
