//! An anonymous viewer: a random id in a signed cookie, so that nobody can claim another's.
//!
//! The cookie is made when a page or `/api/v1/me` is first asked for, never on media or API
//! calls of programs. What is signed begins with a text that no JWT begins with, so neither can
//! stand in for the other.

use super::Keys;
use crate::Config;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponseParts, ResponseParts};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use std::convert::Infallible;
use uuid::Uuid;

const COOKIE: &str = "playhouse_viewer";
const PURPOSE: &str = "playhouse-viewer:";

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
            keys.sign_viewer(id),
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
        .find_map(|(_, value)| keys.verify_viewer(value))
}

pub(super) fn sign(key: &SigningKey, id: Uuid) -> String {
    let signature = key.sign(format!("{PURPOSE}{id}").as_bytes()).to_bytes();
    format!("{id}.{}", B64.encode(signature))
}

pub(super) fn verify(key: &VerifyingKey, value: &str) -> Option<Uuid> {
    let (id, signature) = value.split_once('.')?;
    let id = Uuid::parse_str(id).ok()?;
    let signature = Signature::from_slice(&B64.decode(signature).ok()?).ok()?;
    key.verify_strict(format!("{PURPOSE}{id}").as_bytes(), &signature).ok().map(|()| id)
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
        let mine = keys.sign_viewer(Uuid::now_v7());
        let (_, signature) = mine.split_once('.').unwrap();
        let forged = format!("{COOKIE}={}.{signature}", Uuid::now_v7());
        assert_eq!(known(&headers(&forged), &keys), None);
        assert_eq!(known(&headers("playhouse_viewer=x"), &keys), None);
    }
}
