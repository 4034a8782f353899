//! One door for HTTP errors (RFC 9457). Whatever a handler returns, a client sees
//! `application/problem+json` with `{type, title, status, detail, trace_id}`; the inner cause is
//! logged once and never sent.
//!
//! A [`Problem`] travels as an extension of an empty response; [`crate::trace`] renders and logs
//! it, because only there the trace id is known.

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use playhouse_actors::cluster::PhaseError;
use playhouse_actors::content::{ManifestError, Refusal as ContentRefusal};
use playhouse_actors::runtime::{AskError, Exit, OrderError};
use playhouse_storage::Error as StorageError;
use serde_json::{Value, json};
use std::fmt::Display;

/// What a handler answers with.
pub(crate) type Answer<T = Response> = Result<T, Problem>;

/// An error on its way to a client.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    /// Names the kind for programs: the last part of `type`.
    pub(crate) code: &'static str,
    /// One sentence for the client: what was wrong and how to mend it.
    pub(crate) detail: String,
    /// For the log only.
    cause: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Extension members (RFC 9457 section 3.2).
    members: Vec<(&'static str, Value)>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Display) -> Self {
        Self {
            status,
            code,
            detail: detail.to_string(),
            cause: None,
            headers: Vec::new(),
            members: Vec::new(),
        }
    }

    pub(crate) fn bad_request(code: &'static str, detail: impl Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    pub(crate) fn not_found(detail: impl Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", detail)
    }

    pub(crate) fn forbidden(detail: impl Display) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// 401; tells how to log in (RFC 6750 section 3).
    pub(crate) fn unauthorized(code: &'static str, detail: impl Display) -> Self {
        let challenge = match code {
            "token-missing" => "Bearer realm=\"playhouse\"",
            _ => "Bearer realm=\"playhouse\", error=\"invalid_token\"",
        };
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
            .with(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
    }

    /// 503 with `Retry-After` in whole seconds, at least one.
    pub(crate) fn unavailable(
        code: &'static str,
        detail: impl Display,
        retry_after_s: u64,
    ) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
            .with(header::RETRY_AFTER, HeaderValue::from(retry_after_s.max(1)))
    }

    /// Nobody knows whether it was, or will be, carried out.
    pub(crate) fn expired() -> Self {
        Self::unavailable(
            "expired",
            "no answer within the deadline; it may still be carried out, look before repeating",
            2,
        )
    }

    pub(crate) fn internal(cause: impl Display) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something failed on our side; the trace id finds it in the log",
        )
        .caused_by(cause)
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Tells programs more (RFC 9457 section 3.2).
    pub(crate) fn telling(mut self, member: &'static str, value: Value) -> Self {
        self.members.push((member, value));
        self
    }

    pub(crate) fn caused_by(mut self, cause: impl Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// The problem of a response that some layer made without this module.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        Self::new(status, "refused", status.canonical_reason().unwrap_or("refused").to_lowercase())
    }

    /// The body as sent (RFC 9457 section 3).
    pub(crate) fn body(&self, trace_id: &str) -> String {
        let mut body = json!({
            "type": format!("/docs#problem-{}", self.code),
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "trace_id": trace_id,
        });
        for (member, value) in &self.members {
            body[*member] = value.clone();
        }
        body.to_string()
    }

    /// What went wrong, for those who look after the node.
    pub(crate) fn why(&self) -> &str {
        self.cause.as_deref().unwrap_or(&self.detail)
    }

    /// Something failed on our side; being too busy is no failure.
    pub(crate) fn is_ours(&self) -> bool {
        self.status.is_server_error() && self.status != StatusCode::SERVICE_UNAVAILABLE
    }

    /// Logs the cause: an error when it is ours, else for whoever looks for it.
    pub(crate) fn log(&self) {
        let cause = self.cause.as_deref().unwrap_or("-");
        let status = self.status.as_u16();
        if self.is_ours() {
            tracing::error!(status, code = self.code, cause, "request failed");
        } else {
            let (code, detail) = (self.code, &self.detail);
            tracing::debug!(status, code, detail, cause, "request refused");
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        for (name, value) in &self.headers {
            response.headers_mut().insert(name, value.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        match &error {
            StorageError::Full => full(),
            StorageError::Busy => Self::unavailable("busy", "the store is busy, try again", 1),
            StorageError::Unavailable { .. } => {
                Self::unavailable("unavailable", "the store does not answer now, try again", 2)
            }
            StorageError::Fenced { .. } => {
                Self::unavailable("moving", "the owner of this record is changing, try again", 1)
            }
            StorageError::Revoked => revoked(),
            StorageError::Conflict { .. } | StorageError::Exists { .. } => {
                Self::new(StatusCode::CONFLICT, "conflict", "someone else changed this, try again")
            }
            StorageError::NotFound { .. } => Self::not_found("there is nothing here"),
            StorageError::InUse { .. }
            | StorageError::Alive { .. }
            | StorageError::SchemaTooNew { .. }
            | StorageError::Invalid(_)
            | StorageError::Corrupt { .. }
            | StorageError::Io(_)
            | StorageError::Engine(_) => Self::internal(&error),
        }
        .caused_by(&error)
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        match &error {
            AskError::Busy { retry_after } => Self::unavailable(
                "busy",
                "too much is under way, try again",
                retry_after.as_millis().div_ceil(1_000) as u64,
            ),
            AskError::Expired => Self::expired(),
            AskError::Unavailable => {
                Self::unavailable("unavailable", "not available on this node now, try again", 1)
            }
            AskError::Ended(exit) => ended(exit),
        }
        .caused_by(&error)
    }
}

/// An actor that ended while it worked on the request.
fn ended(exit: &Exit) -> Problem {
    match exit {
        Exit::Busy => Problem::from(StorageError::Busy),
        Exit::Stopped
        | Exit::Fenced
        | Exit::Overtaken
        | Exit::Killed
        | Exit::TimedOut { .. }
        | Exit::Stuck => {
            Problem::unavailable("moving", "the owner of this record is changing, try again", 1)
        }
        // The store's kinds do not travel with an exit; a full disk must still be told as one.
        Exit::Failed { error } if error.ends_with(&StorageError::Full.to_string()) => full(),
        Exit::Failed { .. } | Exit::Panicked { .. } => Problem::internal(exit),
    }
}

fn full() -> Problem {
    Problem::new(
        StatusCode::INSUFFICIENT_STORAGE,
        "storage-full",
        "the disk of this node is full; what it has acknowledged is kept, try again later",
    )
}

/// A newer request writes to the same upload.
pub(crate) fn revoked() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "revoked",
        "another request writes to this upload now; ask for the offset with HEAD and go on there",
    )
}

impl From<ManifestError> for Problem {
    fn from(error: ManifestError) -> Self {
        match error {
            ManifestError::NotFound(what) => Self::not_found(what),
            ManifestError::Storage(error) => error.into(),
        }
    }
}

impl From<ContentRefusal> for Problem {
    fn from(refusal: ContentRefusal) -> Self {
        match refusal {
            ContentRefusal::NotFound => Self::not_found("there is no such content"),
            ContentRefusal::NotNow(why) => Self::new(StatusCode::CONFLICT, "not-now", why),
        }
    }
}

impl From<OrderError> for Problem {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::Unknown { .. } => Self::not_found(error),
            OrderError::NotNow { reason } => Self::new(StatusCode::CONFLICT, "not-now", reason),
        }
    }
}

impl From<PhaseError> for Problem {
    fn from(error: PhaseError) -> Self {
        match error {
            PhaseError::NotAMember(_) => Self::not_found(error),
            PhaseError::OnlyOne(_) => Self::new(StatusCode::CONFLICT, "not-now", error),
            PhaseError::Contended => Self::unavailable("busy", error, 1),
            PhaseError::Storage(error) => error.into(),
        }
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let code = match rejection.status() {
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "media-type",
            StatusCode::PAYLOAD_TOO_LARGE => "body-too-large",
            _ => "bad-json",
        };
        // 422 says no more to a client than 400 does: bad JSON has one answer.
        let status = match rejection.status() {
            StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
            other => other,
        };
        Self::new(status, code, rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::bad_request("bad-query", rejection.body_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use std::time::Duration;

    #[test]
    fn a_problem_tells_what_rfc_9457_asks_for_and_no_cause() {
        let problem = Problem::from(StorageError::Corrupt { what: "row 7 of secret".into() });
        let body: serde_json::Value = serde_json::from_str(&problem.body("4bf9")).unwrap();
        expect![[r#"
            {
              "detail": "something failed on our side; the trace id finds it in the log",
              "status": 500,
              "title": "Internal Server Error",
              "trace_id": "4bf9",
              "type": "/docs#problem-internal"
            }"#]]
        .assert_eq(&format!("{body:#}"));
    }

    #[test]
    fn what_can_be_tried_again_says_when() {
        let busy = AskError::Busy { retry_after: Duration::from_millis(2_100) };
        for (error, seconds) in
            [(busy, "3"), (AskError::Expired, "2"), (AskError::Unavailable, "1")]
        {
            let response = Problem::from(error).into_response();
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(response.headers()[header::RETRY_AFTER], seconds);
        }
    }

    #[test]
    fn a_full_disk_is_told_as_one_whoever_met_it() {
        let direct = Problem::from(StorageError::Full);
        let exit = Exit::from(StorageError::Full);
        let through_actor = Problem::from(AskError::Ended(exit));
        assert_eq!(direct.status.as_u16(), 507);
        assert_eq!(through_actor.status.as_u16(), 507);
    }
}
