//! Who watches: the viewer that an identity is addressed by.

use super::{Caller, Via, Visit};
use crate::App;
use axum::http::HeaderMap;
use playhouse_storage::model::ViewerId;

/// A viewer, made known with the answer when nobody knew them.
pub(crate) struct Watcher {
    pub(crate) id: ViewerId,
    /// Carries their new cookie.
    pub(crate) visit: Option<Visit>,
}

impl Caller {
    /// The viewer that this caller is, if they have shown an identity.
    pub(crate) fn viewer(&self, app: &App) -> Option<ViewerId> {
        // A subject that reads like a cookie's id is still another viewer.
        let identity = match self.via {
            Via::Token => format!("token:{}", self.subject),
            Via::Cookie => format!("cookie:{}", self.subject),
            Via::Nothing => return None,
        };
        Some(ViewerId::new(app.keys.viewer_key(&identity)))
    }

    /// The viewer that this caller is; without an identity they get one.
    pub(crate) fn watcher(&self, headers: &HeaderMap, app: &App) -> Watcher {
        if let Some(id) = self.viewer(app) {
            return Watcher { id, visit: None };
        }
        let visit = Visit::of(headers, &app.keys, &app.config);
        let id = Self::guest(visit.id).viewer(app).unwrap_or_default();
        Watcher { id, visit: Some(visit) }
    }

    /// The viewer whom this caller, a trusted server, calls by a name of its own.
    pub(crate) fn viewer_named(&self, name: &str, app: &App) -> ViewerId {
        let identity = format!("named:{}:{}:{name}", self.subject.len(), self.subject);
        ViewerId::new(app.keys.viewer_key(&identity))
    }
}
