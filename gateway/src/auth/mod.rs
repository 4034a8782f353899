//! Who is calling: a bearer token (JWT, EdDSA), the signed cookie of an anonymous viewer, or
//! nobody.
//!
//! A token that is there but not valid is always refused, also where none is needed: a client
//! whose token has expired must learn it, and not be shown less in silence. Secrets never come in
//! the URL.

mod access;
mod address;
mod caller;
mod identity;
mod jwt;
mod keys;
mod known;
mod mac;
mod viewer;

pub(crate) use access::is_public;
pub(crate) use address::{Client, whole_address, within};
pub(crate) use caller::{Caller, Via};
pub(crate) use identity::Watcher;
pub use jwt::{Claims, TokenError};
pub use keys::{Keys, KeysError};
pub(crate) use known::KnownTokens;
pub(crate) use viewer::Visit;

use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
    /// Reads everything under `/admin/api`, changes nothing.
    Operator,
    /// Uploads, and changes what is theirs.
    Editor,
    /// Encodes: tells what came of jobs, and nothing else.
    Worker,
    /// Watches, under a name.
    Viewer,
    /// Watches, without a name.
    Guest,
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "admin" => Ok(Self::Admin),
            "operator" => Ok(Self::Operator),
            "editor" => Ok(Self::Editor),
            "worker" => Ok(Self::Worker),
            "viewer" => Ok(Self::Viewer),
            "guest" => Ok(Self::Guest),
            other => Err(format!(
                "'{other}' is no role: use admin, operator, editor, worker, viewer or guest"
            )),
        }
    }
}
