//! Manifests as they were rendered last, for while the catalog is away: what plays goes on.

use super::reading::{Reading, Told, is_away};
use super::{Manifest, ManifestError};
use hashlink::LruCache;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A bounded number of manifests by their path, the least recently used going first.
#[derive(Clone)]
pub(super) struct Last {
    kept: Arc<Mutex<LruCache<String, Kept>>>,
    stale: Duration,
    reading: Reading,
}

/// A manifest, and when it was rendered.
type Kept = (Arc<Manifest>, Instant);

impl Last {
    /// At most `max` manifests, each for `stale` after it was rendered.
    pub(super) fn new(max: usize, stale: Duration, reading: Reading) -> Self {
        Self { kept: Arc::new(Mutex::new(LruCache::new(max))), stale, reading }
    }

    /// What is rendered now; or last, when the catalog is away or slow.
    pub(super) async fn or_last(
        &self,
        path: String,
        render: impl Future<Output = Result<Manifest, ManifestError>>,
    ) -> Result<Manifest, ManifestError> {
        let away = |error: &ManifestError| match error {
            ManifestError::Storage(error) => is_away(error),
            ManifestError::NotFound(_) => false,
        };
        match self.reading.or_old(self.last(&path), render, away).await {
            Told::Fresh(rendered) => self.keep(path, rendered),
            Told::Old(last) => Ok((*last).clone()),
        }
    }

    fn last(&self, path: &str) -> Option<Arc<Manifest>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (manifest, at) = kept.get(path)?;
        (Instant::now() < *at + self.stale).then(|| Arc::clone(manifest))
    }

    fn keep(
        &self,
        path: String,
        rendered: Result<Manifest, ManifestError>,
    ) -> Result<Manifest, ManifestError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match &rendered {
            Ok(manifest) => match kept.get_mut(&path) {
                // Most are asked for again as they were: no copy.
                Some((known, at)) if known.etag == manifest.etag => *at = now,
                Some(_) | None => drop(kept.insert(path, (Arc::new(manifest.clone()), now))),
            },
            Err(_) => drop(kept.remove(&path)),
        }
        rendered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use playhouse_storage::Error;
    use std::future::ready;

    const STALE: Duration = Duration::from_secs(60);
    const PATIENCE: Duration = Duration::from_secs(1);

    fn manifest(body: &str) -> Manifest {
        Manifest { body: body.to_owned(), etag: body.to_owned(), ended: true }
    }

    fn away() -> ManifestError {
        ManifestError::Storage(Error::Unavailable { what: "the catalog".to_owned() })
    }

    async fn ask(
        last: &Last,
        path: &str,
        rendered: Result<Manifest, ManifestError>,
    ) -> Option<Manifest> {
        // Whether it is asked is another story.
        tokio::time::advance(PATIENCE).await;
        last.or_last(path.to_owned(), ready(rendered)).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn while_the_catalog_is_away_the_last_one_serves_for_a_while() {
        let last = Last::new(2, STALE, Reading::new(PATIENCE));
        assert_eq!(ask(&last, "a", Err(away())).await, None);
        ask(&last, "a", Ok(manifest("old"))).await;
        ask(&last, "a", Ok(manifest("new"))).await;
        assert_eq!(ask(&last, "a", Err(away())).await, Some(manifest("new")));
        tokio::time::advance(STALE).await;
        assert_eq!(ask(&last, "a", Err(away())).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_play_any_more_is_forgotten_and_the_number_is_bounded() {
        let last = Last::new(2, STALE, Reading::new(PATIENCE));
        for path in ["a", "b", "c"] {
            ask(&last, path, Ok(manifest(path))).await;
        }
        assert_eq!(ask(&last, "a", Err(away())).await, None, "the least recently used");
        ask(&last, "b", Err(ManifestError::NotFound("blocked".to_owned()))).await;
        assert_eq!(ask(&last, "b", Err(away())).await, None, "it was blocked");
        assert_eq!(ask(&last, "c", Err(away())).await, Some(manifest("c")));
    }
}
