//! Who sent a request, and what they may do: the rules are plain functions over caller and record.

use super::access::{Access, is_public};
use super::{Role, viewer};
use crate::App;
use crate::problem::Problem;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use jiff::Timestamp;
use playhouse_storage::model::{Stage, Status, Upload};

/// Who sent a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) subject: String,
    pub(crate) role: Role,
    pub(crate) via: Via,
}

/// How a caller is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    Token,
    Cookie,
    Nothing,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Self::of(&parts.headers, app)
    }
}

impl Caller {
    fn of(headers: &HeaderMap, app: &App) -> Result<Self, Problem> {
        if let Some(token) = bearer(headers)? {
            let claims = app
                .tokens
                .verify(&app.keys, token, Timestamp::now())
                .map_err(|error| Problem::unauthorized(error.code(), error))?;
            return Ok(Self { subject: claims.sub.clone(), role: claims.role, via: Via::Token });
        }
        Ok(match viewer::known(headers, &app.keys) {
            Some(id) => Self::guest(id),
            None => Self { subject: String::new(), role: Role::Guest, via: Via::Nothing },
        })
    }

    pub(crate) fn guest(id: uuid::Uuid) -> Self {
        Self { subject: id.to_string(), role: Role::Guest, via: Via::Cookie }
    }

    pub(crate) fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    pub(crate) fn owns(&self, owner: &str) -> bool {
        self.via == Via::Token && self.subject == owner
    }

    /// Sees what only the creator of a content sees.
    pub(crate) fn is_creator_of<'a>(&self, content: impl Into<Access<'a>>) -> bool {
        self.is_admin() || self.owns(content.into().owner)
    }

    /// A content that the caller may not see is told as one that is not there.
    pub(crate) fn may_see<'a>(&self, content: impl Into<Access<'a>>) -> bool {
        let content = content.into();
        content.stage != Stage::Deleting && (is_public(content) || self.is_creator_of(content))
    }

    /// Nobody plays what is blocked.
    pub(crate) fn may_play<'a>(&self, content: impl Into<Access<'a>>) -> bool {
        let content = content.into();
        self.may_see(content) && content.status != Status::Blocked
    }

    pub(crate) fn with_token(&self) -> Result<(), Problem> {
        match self.via {
            Via::Token => Ok(()),
            Via::Cookie | Via::Nothing => Err(Problem::unauthorized(
                "token-missing",
                "send a token: Authorization: Bearer <token> (playhouse token makes one)",
            )),
        }
    }

    pub(crate) fn may_upload(&self) -> Result<(), Problem> {
        self.with_token()?;
        match self.role {
            Role::Admin | Role::Editor => Ok(()),
            Role::Operator | Role::Worker | Role::Viewer | Role::Guest => {
                Err(Problem::forbidden("uploads need a token with the role editor or admin"))
            }
        }
    }

    pub(crate) fn may_write_to(&self, upload: &Upload) -> Result<(), Problem> {
        if self.is_admin() || self.owns(&upload.owner) {
            Ok(())
        } else {
            Err(Problem::forbidden("this upload belongs to someone else"))
        }
    }

    pub(crate) fn may_change<'a>(&self, content: impl Into<Access<'a>>) -> Result<(), Problem> {
        self.may_upload()?;
        if self.is_creator_of(content) {
            Ok(())
        } else {
            Err(Problem::forbidden("this content belongs to someone else"))
        }
    }

    /// Looks at everything that an administrator changes.
    pub(crate) fn may_operate(&self) -> Result<(), Problem> {
        self.with_token()?;
        match self.role {
            Role::Admin | Role::Operator => Ok(()),
            Role::Editor | Role::Worker | Role::Viewer | Role::Guest => {
                Err(Problem::forbidden("this needs a token with the role operator or admin"))
            }
        }
    }

    /// Tells entities what came of jobs.
    pub(crate) fn may_work(&self) -> Result<(), Problem> {
        self.with_token()?;
        match self.role {
            Role::Worker | Role::Admin => Ok(()),
            Role::Operator | Role::Editor | Role::Viewer | Role::Guest => {
                Err(Problem::forbidden("this needs a token with the role worker"))
            }
        }
    }

    pub(crate) fn may_administrate(&self) -> Result<(), Problem> {
        self.with_token()?;
        if self.is_admin() {
            Ok(())
        } else {
            Err(Problem::forbidden("this needs a token with the role admin"))
        }
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750 section 2.1).
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let token = value.to_str().ok().and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    token.map(Some).ok_or_else(|| {
        Problem::unauthorized("token-invalid", "Authorization must be 'Bearer <token>'")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::content;

    fn with(role: Role, subject: &str) -> Caller {
        Caller { subject: subject.into(), role, via: Via::Token }
    }

    #[test]
    fn drafts_are_seen_by_their_creator_and_administrators_alone() {
        let mut draft = content();
        draft.unlisted = true;
        assert!(with(Role::Editor, "ada").may_see(&draft));
        assert!(with(Role::Admin, "root").may_see(&draft));
        assert!(!with(Role::Editor, "bob").may_see(&draft));
        assert!(!Caller::guest(uuid::Uuid::nil()).may_see(&draft));
    }

    #[test]
    fn nobody_plays_what_is_blocked_or_being_deleted() {
        let admin = with(Role::Admin, "root");
        let mut blocked = content();
        blocked.status = Status::Blocked;
        assert!(admin.may_see(&blocked) && !admin.may_play(&blocked));
        let mut deleting = content();
        deleting.stage = Stage::Deleting;
        assert!(!admin.may_see(&deleting) && !admin.may_play(&deleting));
    }

    #[test]
    fn a_cookie_owns_nothing_even_when_a_record_names_it() {
        let viewer = Caller::guest(uuid::Uuid::nil());
        let mut draft = content();
        draft.owner = viewer.subject.clone();
        draft.unlisted = true;
        assert!(!viewer.may_see(&draft));
    }

    #[test]
    fn uploads_need_a_token_and_a_role() {
        assert_eq!(Caller::guest(uuid::Uuid::nil()).may_upload().unwrap_err().status, 401);
        assert_eq!(with(Role::Viewer, "v").may_upload().unwrap_err().status, 403);
        assert!(with(Role::Editor, "e").may_upload().is_ok());
    }

    #[test]
    fn a_worker_does_its_work_and_nothing_else() {
        let worker = with(Role::Worker, "w");
        assert!(worker.may_work().is_ok());
        for refused in [worker.may_upload(), worker.may_operate(), worker.may_administrate()] {
            assert_eq!(refused.unwrap_err().status, 403);
        }
        for other in [Role::Operator, Role::Editor, Role::Viewer] {
            assert_eq!(with(other, "o").may_work().unwrap_err().status, 403);
        }
        assert_eq!(Caller::guest(uuid::Uuid::nil()).may_work().unwrap_err().status, 401);
    }

    #[test]
    fn operators_look_and_change_nothing() {
        let operator = with(Role::Operator, "o");
        assert!(operator.may_operate().is_ok());
        assert_eq!(operator.may_administrate().unwrap_err().status, 403);
        assert_eq!(operator.may_upload().unwrap_err().status, 403);
        let mut draft = content();
        draft.unlisted = true;
        assert!(!operator.may_see(&draft));
        assert_eq!(with(Role::Editor, "e").may_operate().unwrap_err().status, 403);
        assert_eq!(Caller::guest(uuid::Uuid::nil()).may_operate().unwrap_err().status, 401);
    }
}
