//! JSON Web Tokens with one algorithm: EdDSA over Ed25519 (RFC 7519, RFC 8037), compact form.
//!
//! One algorithm leaves nothing to choose: a token that names another, `none` included, is refused
//! before its signature is looked at. Pure: the time is an argument.

use super::Role;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

/// Who issues tokens.
const ISSUER: &str = "playhouse";
/// No honest token comes near; a longer one is not worth decoding. Bytes.
const TOKEN_BYTES_MAX: usize = 4096;
/// Clocks of issuer and verifier may differ by so much. Seconds.
const SKEW_S: i64 = 60;
const HEADER: &str = r#"{"alg":"EdDSA","typ":"JWT"}"#;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who it is.
    pub sub: String,
    /// What they may do.
    pub role: Role,
    /// When it was issued, seconds since 1970.
    pub iat: i64,
    /// When it ends, seconds since 1970.
    pub exp: i64,
    /// Names the token.
    pub jti: String,
    /// Who issued it.
    pub iss: String,
}

/// Why a token is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// No JWT of ours.
    #[error("the token is malformed")]
    Malformed,
    /// Another algorithm than EdDSA.
    #[error("the token is signed with another algorithm than EdDSA")]
    Algorithm,
    /// Changed, or signed by another node's key.
    #[error("the token's signature does not verify with this node's key")]
    Signature,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Issued in the future.
    #[error("the token is not valid yet: check the clock of the machine that made it")]
    NotYet,
    /// Issued by someone else.
    #[error("the token was issued by someone else")]
    Issuer,
}

impl TokenError {
    /// Names the kind for programs.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Expired => "token-expired",
            Self::Malformed | Self::Algorithm | Self::Signature | Self::NotYet | Self::Issuer => {
                "token-invalid"
            }
        }
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    crit: Option<serde_json::Value>,
}

/// New claims of this issuer.
pub(super) fn claims(subject: &str, role: Role, now: i64, ttl_s: i64) -> Claims {
    Claims {
        sub: subject.to_owned(),
        role,
        iat: now,
        exp: now.saturating_add(ttl_s),
        jti: uuid::Uuid::now_v7().to_string(),
        iss: ISSUER.to_owned(),
    }
}

pub(super) fn sign(key: &SigningKey, claims: &Claims) -> String {
    let payload = serde_json::to_vec(claims).expect("claims are plain strings and numbers");
    let signed = format!("{}.{}", B64.encode(HEADER), B64.encode(payload));
    let signature = key.sign(signed.as_bytes()).to_bytes();
    format!("{signed}.{}", B64.encode(signature))
}

pub(super) fn verify(key: &VerifyingKey, token: &str, now: i64) -> Result<Claims, TokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::Malformed);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
    check_header(&decode(header)?)?;
    let signature = decode(signature)?;
    let signature = Signature::from_slice(&signature).map_err(|_| TokenError::Signature)?;
    key.verify_strict(signed.as_bytes(), &signature).map_err(|_| TokenError::Signature)?;
    let claims = serde_json::from_slice(&decode(payload)?).map_err(|_| TokenError::Malformed)?;
    check_claims(claims, now)
}

fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    B64.decode(part).map_err(|_| TokenError::Malformed)
}

fn check_header(bytes: &[u8]) -> Result<(), TokenError> {
    let header: Header = serde_json::from_slice(bytes).map_err(|_| TokenError::Malformed)?;
    if header.alg != "EdDSA" {
        return Err(TokenError::Algorithm);
    }
    let foreign = header.typ.is_some_and(|typ| typ != "JWT") || header.crit.is_some();
    if foreign { Err(TokenError::Malformed) } else { Ok(()) }
}

fn check_claims(claims: Claims, now: i64) -> Result<Claims, TokenError> {
    if claims.iss != ISSUER {
        return Err(TokenError::Issuer);
    }
    check_times(&claims, now)?;
    if claims.sub.is_empty() { Err(TokenError::Malformed) } else { Ok(claims) }
}

/// What must be held against the clock at each use, also of a token that has been verified.
pub(super) fn check_times(claims: &Claims, now: i64) -> Result<(), TokenError> {
    if claims.exp <= now {
        Err(TokenError::Expired)
    } else if claims.iat > now.saturating_add(SKEW_S) {
        Err(TokenError::NotYet)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    fn check(token: &str, now: i64, expected: Result<&str, TokenError>) {
        let found = verify(&key().verifying_key(), token, now);
        assert_eq!(found.as_ref().map(|claims| claims.sub.as_str()).map_err(|e| *e), expected);
    }

    fn token() -> String {
        sign(&key(), &claims("ada", Role::Editor, NOW, 60))
    }

    /// The token with another header, signed anew: an attacker's, but with our key.
    fn with_header(header: &str) -> String {
        let token = token();
        let payload = token.split('.').nth(1).unwrap().to_owned();
        let signed = format!("{}.{payload}", B64.encode(header));
        let signature = key().sign(signed.as_bytes()).to_bytes();
        format!("{signed}.{}", B64.encode(signature))
    }

    #[test]
    fn a_token_says_who_it_is_until_it_expires() {
        check(&token(), NOW + 59, Ok("ada"));
        check(&token(), NOW + 60, Err(TokenError::Expired));
    }

    #[test]
    fn a_token_from_a_clock_far_ahead_is_not_valid_yet() {
        check(&token(), NOW - 60, Ok("ada"));
        check(&token(), NOW - 61, Err(TokenError::NotYet));
    }

    #[test]
    fn a_changed_byte_anywhere_is_noticed() {
        let token = token();
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(verify(&key().verifying_key(), &changed, NOW).is_err(), "byte {at}");
        }
    }

    #[test]
    fn another_role_with_the_old_signature_is_refused() {
        let token = token();
        let parts: Vec<&str> = token.split('.').collect();
        let payload = String::from_utf8(B64.decode(parts[1]).unwrap()).unwrap();
        let admin = B64.encode(payload.replace("editor", "admin"));
        check(&format!("{}.{admin}.{}", parts[0], parts[2]), NOW, Err(TokenError::Signature));
    }

    #[test]
    fn no_other_algorithm_is_taken() {
        for alg in ["none", "None", "HS256", "ES256", "eddsa"] {
            let header = format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#);
            check(&with_header(&header), NOW, Err(TokenError::Algorithm));
        }
        let token = token();
        let (signed, _) = token.rsplit_once('.').unwrap();
        check(&format!("{signed}."), NOW, Err(TokenError::Signature));
    }

    #[test]
    fn extensions_that_must_be_understood_are_refused() {
        let header = r#"{"alg":"EdDSA","crit":["b64"],"b64":false}"#;
        check(&with_header(header), NOW, Err(TokenError::Malformed));
    }

    #[test]
    fn another_nodes_token_is_refused() {
        let other = SigningKey::from_bytes(&[8; 32]);
        let token = sign(&other, &claims("ada", Role::Admin, NOW, 60));
        check(&token, NOW, Err(TokenError::Signature));
    }

    #[test]
    fn what_is_no_token_is_malformed() {
        for text in ["", ".", "..", "a.b", "a.b.c.d", "????.b.c", &"x".repeat(5000)] {
            check(text, NOW, Err(TokenError::Malformed));
        }
    }
}
