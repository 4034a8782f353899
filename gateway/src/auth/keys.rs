//! The node's signing key, on disk in the data folder, and what is made with it.
//!
//! `token-key` is a raw Ed25519 seed (RFC 8032 section 5.1.5, 32 bytes, mode 0600). `admin-token`
//! is written before it, once: a crash between the two makes both anew, and an operator who has
//! put the token elsewhere and removed the file does not find it again.

use super::Role;
use super::jwt::{self, Claims, TokenError};
use super::mac::PurposeKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use jiff::Timestamp;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const KEY_FILE: &str = "token-key";
const ADMIN_FILE: &str = "admin-token";
/// A year: the operator of a fresh node has nothing else to log in with, and makes better tokens
/// with `playhouse token` when this one ends.
const ADMIN_TTL: Duration = Duration::from_secs(365 * 86_400);

/// Issues and verifies tokens and viewer cookies. Cheap to clone.
#[derive(Clone)]
pub struct Keys(Arc<Secrets>);

struct Secrets {
    tokens: SigningKey,
    cookies: PurposeKey,
    viewers: PurposeKey,
    parts: PurposeKey,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no key.
    #[error(
        "{path} is no token key: it must have 32 bytes and has {bytes}; restore it from a \
         backup, or remove it to make a new one (every token made with the old one ends)"
    )]
    NoKey {
        /// The file.
        path: PathBuf,
        /// How long it is.
        bytes: usize,
    },
}

impl Keys {
    /// Reads the key of a data folder; the first time makes it, and writes `admin-token`.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn open(data_dir: &Path) -> Result<Self, KeysError> {
        let path = data_dir.join(KEY_FILE);
        match std::fs::read(&path) {
            Ok(bytes) => match <[u8; 32]>::try_from(bytes.as_slice()) {
                Ok(seed) => Ok(Self::from_seed(seed)),
                Err(_) => Err(KeysError::NoKey { path, bytes: bytes.len() }),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => Self::create(data_dir, &path),
            Err(source) => Err(KeysError::Io { path, source }),
        }
    }

    /// The keys that all nodes of a cluster have: whatever the data folder had before is replaced,
    /// so that tokens made with it (`playhouse token`) hold at every node.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn adopt(data_dir: &Path, seed: [u8; 32]) -> Result<Self, KeysError> {
        let path = data_dir.join(KEY_FILE);
        if std::fs::read(&path).is_ok_and(|bytes| bytes == seed) {
            return Ok(Self::from_seed(seed));
        }
        Self::write(data_dir, &path, seed)
    }

    /// Keys of a known seed.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(Arc::new(Secrets {
            tokens: SigningKey::from_bytes(&seed),
            cookies: PurposeKey::derive(&seed, "playhouse viewer cookie"),
            viewers: PurposeKey::derive(&seed, "playhouse viewer key"),
            parts: PurposeKey::derive(&seed, "playhouse upload part"),
        }))
    }

    fn create(data_dir: &Path, path: &Path) -> Result<Self, KeysError> {
        Self::write(data_dir, path, rand::random())
    }

    fn write(data_dir: &Path, path: &Path, seed: [u8; 32]) -> Result<Self, KeysError> {
        let keys = Self::from_seed(seed);
        let token = keys.issue("admin", Role::Admin, ADMIN_TTL);
        write_secret(&data_dir.join(ADMIN_FILE), format!("{token}\n").as_bytes())?;
        write_secret(path, &seed)?;
        Ok(keys)
    }

    /// A token for `subject`, valid from now on.
    #[must_use]
    pub fn issue(&self, subject: &str, role: Role, ttl: Duration) -> String {
        let ttl_s = i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX);
        let claims = jwt::claims(subject, role, Timestamp::now().as_second(), ttl_s);
        jwt::sign(&self.0.tokens, &claims)
    }

    /// What a token says, if it is ours and its time is not over.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        jwt::verify(&self.0.tokens.verifying_key(), token, now.as_second())
    }

    /// What a viewer is addressed by: 62 bits that only this node can make of an identity, so that
    /// nobody can aim at another's. Whoever calls keeps the kinds of identities apart.
    pub(crate) fn viewer_key(&self, identity: &str) -> u64 {
        const LOW: u64 = (1 << 62) - 1;
        let [.., a, b, c, d, e, f, g, h] = self.0.viewers.hash(identity.as_bytes());
        u64::from_be_bytes([a, b, c, d, e, f, g, h]) & LOW
    }

    /// Signs what a URL of one part of an upload says, for a query.
    pub(crate) fn sign_part(&self, said: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.0.parts.hash(said.as_bytes()))
    }

    /// Whether that is our signature of it. Takes the same time wherever they differ.
    pub(crate) fn is_part_signature(&self, said: &str, signature: &str) -> bool {
        let hash = URL_SAFE_NO_PAD.decode(signature);
        hash.is_ok_and(|hash| self.0.parts.verifies(said.as_bytes(), &hash))
    }

    /// Signs viewers' cookies.
    pub(super) fn cookies(&self) -> &PurposeKey {
        &self.0.cookies
    }
}

/// Writes a file that only its owner can read: whole or not at all, and on disk.
fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), KeysError> {
    let temporary = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        // A rest of a crashed first start may have other rights: make it anew.
        match std::fs::remove_file(&temporary) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    write().map_err(|source| KeysError::Io { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_first_start_makes_a_key_and_an_admin_and_the_next_keeps_them() {
        let folder = tempfile::tempdir().unwrap();
        let first = Keys::open(folder.path()).unwrap();
        let token = std::fs::read_to_string(folder.path().join("admin-token")).unwrap();
        let claims = first.verify(token.trim(), Timestamp::now()).unwrap();
        assert_eq!((claims.sub.as_str(), claims.role), ("admin", Role::Admin));
        for file in ["admin-token", "token-key"] {
            let mode = std::fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }

        std::fs::remove_file(folder.path().join("admin-token")).unwrap();
        let second = Keys::open(folder.path()).unwrap();
        assert!(second.verify(token.trim(), Timestamp::now()).is_ok());
        assert!(!folder.path().join("admin-token").exists(), "a token taken away stays away");
    }

    #[test]
    fn a_viewer_has_one_key_of_62_bits_on_this_node() {
        let keys = Keys::from_seed([1; 32]);
        let all = ["ada", "bob", "", "ada "].map(|identity| keys.viewer_key(identity));
        assert_eq!(all[0], keys.clone().viewer_key("ada"));
        assert!(all.iter().all(|key| key >> 62 == 0), "{all:?}");
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
        assert_ne!(all[0], Keys::from_seed([2; 32]).viewer_key("ada"));
    }

    #[test]
    fn a_cut_key_file_is_named_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token-key"), b"short").unwrap();
        let error = Keys::open(folder.path()).err().unwrap().to_string();
        assert!(error.contains("token-key is no token key"), "{error}");
        assert_eq!(std::fs::read(folder.path().join("token-key")).unwrap(), b"short");
    }
}
