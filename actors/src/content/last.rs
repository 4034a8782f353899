//! Manifests as they were rendered last, for while the catalog is away: what plays goes on.

use super::{Manifest, ManifestError};
use hashlink::LruCache;
use playhouse_storage::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A bounded number of manifests by their path, the least recently used going first.
#[derive(Clone)]
pub(super) struct Last {
    kept: Arc<Mutex<LruCache<String, (Manifest, Instant)>>>,
    stale: Duration,
}

impl Last {
    /// At most `max` manifests, each for `stale` after it was rendered.
    pub(super) fn new(max: usize, stale: Duration) -> Self {
        Self { kept: Arc::new(Mutex::new(LruCache::new(max))), stale }
    }

    /// What was rendered now; or last, when it could not be for want of the catalog.
    pub(super) fn or_last(
        &self,
        path: String,
        rendered: Result<Manifest, ManifestError>,
    ) -> Result<Manifest, ManifestError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match rendered {
            Ok(manifest) => {
                match kept.get_mut(&path) {
                    // Most are asked for again as they were: no copy.
                    Some((known, at)) if known.etag == manifest.etag => *at = now,
                    Some(_) | None => drop(kept.insert(path, (manifest.clone(), now))),
                }
                Ok(manifest)
            }
            Err(error @ ManifestError::Storage(Error::Unavailable { .. })) => {
                let last = kept.get(&path).filter(|(_, at)| now < *at + self.stale);
                last.map(|(manifest, _)| manifest.clone()).ok_or(error)
            }
            Err(error) => {
                kept.remove(&path);
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STALE: Duration = Duration::from_secs(60);

    fn manifest(body: &str) -> Manifest {
        Manifest { body: body.to_owned(), etag: body.to_owned(), ended: true }
    }

    fn away() -> ManifestError {
        ManifestError::Storage(Error::Unavailable { what: "the catalog".to_owned() })
    }

    #[tokio::test(start_paused = true)]
    async fn while_the_catalog_is_away_the_last_one_serves_for_a_while() {
        let last = Last::new(2, STALE);
        let ask = |path: &str, rendered| last.or_last(path.to_owned(), rendered).ok();
        assert_eq!(ask("a", Err(away())), None);
        ask("a", Ok(manifest("old")));
        ask("a", Ok(manifest("new")));
        assert_eq!(ask("a", Err(away())), Some(manifest("new")));
        tokio::time::advance(STALE).await;
        assert_eq!(ask("a", Err(away())), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_play_any_more_is_forgotten_and_the_number_is_bounded() {
        let last = Last::new(2, STALE);
        let ask = |path: &str, rendered| last.or_last(path.to_owned(), rendered).ok();
        for path in ["a", "b", "c"] {
            ask(path, Ok(manifest(path)));
        }
        assert_eq!(ask("a", Err(away())), None, "the least recently used");
        ask("b", Err(ManifestError::NotFound("blocked".to_owned())));
        assert_eq!(ask("b", Err(away())), None, "it was blocked");
        assert_eq!(ask("c", Err(away())), Some(manifest("c")));
    }
}
