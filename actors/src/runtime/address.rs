//! Kind and id of an entity, as the key of a shard's map: compared by the id itself, not by its
//! text, which would have to be written for every message.

use super::EntityId;
use std::any::Any;
use std::fmt::{self, Debug, Display};
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;

/// Kind and id of an entity. Cheap to clone.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) kind: &'static str,
    hash: u64,
    id: Arc<dyn ErasedId>,
}

/// An id whose type only its kind knows.
trait ErasedId: Any + Display + Send + Sync {
    fn as_any(&self) -> &dyn Any;
}

impl<T: EntityId> ErasedId for T {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Address {
    /// `hash` is that of kind and id, the same for all who look in one map.
    pub(super) fn new(kind: &'static str, id: &impl EntityId, hash: u64) -> Self {
        Self { kind, hash, id: Arc::new(id.clone()) }
    }

    pub(super) fn is<I: EntityId>(&self, kind: &'static str, id: &I, hash: u64) -> bool {
        self.hash == hash
            && self.kind == kind
            && self.id.as_any().downcast_ref::<I>().is_some_and(|own| own == id)
    }

    /// The id's text.
    pub(super) fn id(&self) -> String {
        self.id.to_string()
    }
}

impl Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.id)
    }
}

impl Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        // Two ids of a kind never share their text.
        Arc::ptr_eq(&self.id, &other.id)
            || (self.hash == other.hash && self.kind == other.kind && self.id() == other.id())
    }
}

impl Eq for Address {}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// For maps whose keys know their hash.
pub(super) type KnownHash = BuildHasherDefault<Known>;

/// Answers the hash that it is given.
#[derive(Default)]
pub(super) struct Known(u64);

impl Hasher for Known {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Only whole words are hashed here; anything else is mixed in so that it still works.
        for byte in bytes {
            self.0 = self.0.rotate_left(5) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
