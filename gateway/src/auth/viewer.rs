//! An anonymous viewer: a random id in a signed cookie, so that nobody can claim another's.
//!
//! The cookie is made when a page or `/api/v1/me` is first asked for, when a playback session is
//! opened, or something is liked; never on media or other API calls. It is signed with a keyed
//! hash, which costs a microsecond where the signature of a token costs thirty: it comes with every
//! request of a browser, and only this node reads it.

use super::Keys;
use crate::Config;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponseParts, ResponseParts};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use std::convert::Infallible;
use uuid::Uuid;

const COOKIE: &str = "playhouse_viewer";

/// A viewer who opens a page: known by their cookie, or made known with this answer.
pub(crate) struct Visit {
    pub(crate) id: Uuid,
    cookie: Option<HeaderValue>,
}

impl Visit {
    pub(crate) fn of(headers: &HeaderMap, keys: &Keys, config: &Config) -> Self {
        if let Some(id) = known(headers, keys) {
            return Self { id, cookie: None };
        }
        let id = Uuid::now_v7();
        let secure = if config.viewer_cookie_secure { "; Secure" } else { "" };
        let text = format!(
            "{COOKIE}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}",
            sign(keys, id),
            config.viewer_cookie_ttl_s,
        );
        Self { id, cookie: HeaderValue::from_str(&text).ok() }
    }
}

impl IntoResponseParts for Visit {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        if let Some(cookie) = self.cookie {
            parts.headers_mut().append(header::SET_COOKIE, cookie);
        }
        Ok(parts)
    }
}

/// The viewer that a request's cookie names, if its signature holds.
pub(super) fn known(headers: &HeaderMap, keys: &Keys) -> Option<Uuid> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == COOKIE)
        .find_map(|(_, value)| verify(keys, value))
}

fn sign(keys: &Keys, id: Uuid) -> String {
    format!("{id}.{}", B64.encode(keys.cookies().hash(id.as_bytes())))
}

fn verify(keys: &Keys, value: &str) -> Option<Uuid> {
    let (id, hash) = value.split_once('.')?;
    let id = Uuid::parse_str(id).ok()?;
    let hash = B64.decode(hash).ok()?;
    keys.cookies().verifies(id.as_bytes(), &hash).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(cookie).unwrap())])
    }

    #[test]
    fn a_viewer_who_comes_back_is_the_same() {
        let keys = Keys::from_seed([1; 32]);
        let first = Visit::of(&HeaderMap::new(), &keys, &Config::default());
        let cookie = first.cookie.unwrap();
        let text = cookie.to_str().unwrap();
        assert!(text.contains("HttpOnly; SameSite=Lax"), "{text}");

        let pair = text.split(';').next().unwrap();
        let again = Visit::of(&headers(&format!("a=b; {pair}")), &keys, &Config::default());
        assert_eq!(again.id, first.id);
        assert!(again.cookie.is_none());
    }

    #[test]
    fn another_viewers_id_cannot_be_claimed() {
        let keys = Keys::from_seed([1; 32]);
        let mine = sign(&keys, Uuid::now_v7());
        let (_, signature) = mine.split_once('.').unwrap();
        let forged = format!("{COOKIE}={}.{signature}", Uuid::now_v7());
        assert_eq!(known(&headers(&forged), &keys), None);
        assert_eq!(known(&headers("playhouse_viewer=x"), &keys), None);
    }
}
