//! Keyed hashes: HMAC-SHA256 (RFC 2104) under keys that come from the node's seed, one for each
//! purpose, so that what was made for one says nothing for another.
//!
//! A key is the first block of HKDF-Expand (RFC 5869 section 2.3); the seed is random already, so
//! there is nothing to extract.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A key for one purpose, ready to use. Bytes of a hash: 32.
pub(super) struct PurposeKey(Hmac<Sha256>);

impl PurposeKey {
    pub(super) fn derive(seed: &[u8; 32], purpose: &str) -> Self {
        let expand = keyed(seed).chain_update(purpose).chain_update([1]);
        Self(keyed(&expand.finalize().into_bytes()))
    }

    pub(super) fn hash(&self, data: &[u8]) -> [u8; 32] {
        self.0.clone().chain_update(data).finalize().into_bytes().into()
    }

    /// True when this is the hash of that. Takes the same time wherever they differ.
    pub(super) fn verifies(&self, data: &[u8], hash: &[u8]) -> bool {
        self.0.clone().chain_update(data).verify_slice(hash).is_ok()
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of every length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_standard() {
        // RFC 4231 section 4.3, test case 2.
        let key = PurposeKey(keyed(b"Jefe"));
        let hash = key.hash(b"what do ya want for nothing?");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hash.map(|byte| format!("{byte:02x}")).concat(), expected);
    }

    #[test]
    fn a_hash_holds_for_its_seed_purpose_and_data_alone() {
        let key = PurposeKey::derive(&[1; 32], "a");
        let hash = key.hash(b"x");
        assert!(key.verifies(b"x", &hash));
        assert!(!key.verifies(b"y", &hash) && !key.verifies(b"x", &hash[..31]));
        assert!(!PurposeKey::derive(&[1; 32], "b").verifies(b"x", &hash));
        assert!(!PurposeKey::derive(&[2; 32], "a").verifies(b"x", &hash));
    }
}
