//! Tokens whose signature has been verified, so that a client that comes often pays for it once.
//!
//! What a signature says never changes, what the clock says does: a known token's times are held
//! against the clock at each use. Only tokens that verified are kept, so nobody without a token
//! can push others out; the least recently used goes first.

use super::jwt;
use super::{Claims, Keys, TokenError};
use hashlink::LruCache;
use jiff::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};

/// The tokens that this node has verified.
pub(crate) struct KnownTokens {
    tokens: Mutex<LruCache<Box<str>, Arc<Claims>>>,
}

impl KnownTokens {
    /// Keeps at most so many.
    pub(crate) fn new(tokens_max: usize) -> Self {
        Self { tokens: Mutex::new(LruCache::new(tokens_max)) }
    }

    /// What a token says, if it is ours and its time is not over.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub(crate) fn verify(
        &self,
        keys: &Keys,
        token: &str,
        now: Timestamp,
    ) -> Result<Arc<Claims>, TokenError> {
        if let Some(claims) = self.find(token) {
            return jwt::check_times(&claims, now.as_second()).map(|()| claims);
        }
        let claims = Arc::new(keys.verify(token, now)?);
        self.with(|tokens| tokens.insert(token.into(), Arc::clone(&claims)));
        Ok(claims)
    }

    fn find(&self, token: &str) -> Option<Arc<Claims>> {
        self.with(|tokens| tokens.get(token).map(Arc::clone))
    }

    fn with<T>(&self, work: impl FnOnce(&mut LruCache<Box<str>, Arc<Claims>>) -> T) -> T {
        work(&mut self.tokens.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Role;
    use std::time::Duration;

    fn kept(known: &KnownTokens) -> usize {
        known.with(|tokens| tokens.len())
    }

    #[test]
    fn a_known_token_ends_when_its_time_is_over() {
        let (keys, known) = (Keys::from_seed([1; 32]), KnownTokens::new(2));
        let token = keys.issue("ada", Role::Editor, Duration::from_secs(60));
        let now = Timestamp::now();
        for _ in 0..2 {
            assert_eq!(known.verify(&keys, &token, now).unwrap().sub, "ada");
        }
        let later = now + jiff::SignedDuration::from_secs(61);
        assert_eq!(known.verify(&keys, &token, later), Err(TokenError::Expired));
        let before = now - jiff::SignedDuration::from_secs(120);
        assert_eq!(known.verify(&keys, &token, before), Err(TokenError::NotYet));
    }

    #[test]
    fn a_token_that_does_not_verify_is_not_kept() {
        let (keys, known) = (Keys::from_seed([1; 32]), KnownTokens::new(2));
        let foreign = Keys::from_seed([2; 32]).issue("ada", Role::Admin, Duration::from_secs(60));
        let over = keys.issue("ada", Role::Admin, Duration::ZERO);
        for token in [foreign.as_str(), over.as_str(), "a.b.c"] {
            assert!(known.verify(&keys, token, Timestamp::now()).is_err(), "{token}");
        }
        assert_eq!(kept(&known), 0);
    }

    #[test]
    fn the_one_that_was_not_used_for_longest_makes_room() {
        let (keys, known) = (Keys::from_seed([1; 32]), KnownTokens::new(2));
        let [ada, bob, eve] =
            ["ada", "bob", "eve"].map(|who| keys.issue(who, Role::Viewer, Duration::from_secs(60)));
        for token in [&ada, &bob, &ada, &eve] {
            known.verify(&keys, token, Timestamp::now()).unwrap();
        }
        assert_eq!(kept(&known), 2);
        assert!(known.find(&ada).is_some() && known.find(&eve).is_some());
        assert!(known.find(&bob).is_none());
    }
}
