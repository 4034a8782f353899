//! Manifests as they were rendered last: those that have ended serve on while their content stays
//! as it is, and all of them while the catalog is away, so that what plays goes on.

use super::reading::{Reading, Told, is_away};
use super::{Card, Manifest, ManifestError};
use crate::metrics::CacheMeter;
use hashlink::LruCache;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

static LOOKS: CacheMeter = CacheMeter::new("manifests");

/// A bounded number of manifests by their path, the least recently used going first.
#[derive(Clone)]
pub(super) struct Last {
    kept: Arc<Mutex<LruCache<String, Kept>>>,
    terms: Terms,
    reading: Reading,
}

/// How long manifests are kept after they were rendered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// One that has ended serves without a look for so long, unless its content has changed.
    pub(crate) fresh: Duration,
    /// Any serves for so long while the catalog is away.
    pub(crate) stale: Duration,
}

/// A manifest, of which version of its content, and when it was rendered.
struct Kept {
    manifest: Arc<Manifest>,
    version: u64,
    at: Instant,
}

impl Last {
    /// At most `max` manifests.
    pub(super) fn new(max: usize, terms: Terms, reading: Reading) -> Self {
        Self { kept: Arc::new(Mutex::new(LruCache::new(max))), terms, reading }
    }

    /// What was rendered last, if it has ended and the content is as it was; what is rendered now;
    /// or what was rendered last, when the catalog is away or slow.
    pub(super) async fn or_last(
        &self,
        path: String,
        card: &Card,
        render: impl Future<Output = Result<Manifest, ManifestError>>,
    ) -> Result<Arc<Manifest>, ManifestError> {
        let known = self.fresh(&path, card.version);
        LOOKS.looked(known.is_some());
        if let Some(known) = known {
            return Ok(known);
        }
        let away = |error: &ManifestError| match error {
            ManifestError::Storage(error) => is_away(error),
            ManifestError::NotFound(_) => false,
        };
        match self.reading.or_old(self.last(&path), render, away).await {
            Told::Fresh(rendered) => self.keep(path, card.version, rendered),
            Told::Old(last) => Ok(last),
        }
    }

    /// Rendered of a version that is not older than the one that is known of the content.
    fn fresh(&self, path: &str, version: u64) -> Option<Arc<Manifest>> {
        let (mut kept, now) = (self.lock(), Instant::now());
        let found = kept.get(path)?;
        let is_it =
            found.manifest.ended && found.version == version && now < found.at + self.terms.fresh;
        is_it.then(|| Arc::clone(&found.manifest))
    }

    fn last(&self, path: &str) -> Option<Arc<Manifest>> {
        let (mut kept, now) = (self.lock(), Instant::now());
        let found = kept.get(path)?;
        (now < found.at + self.terms.stale).then(|| Arc::clone(&found.manifest))
    }

    fn keep(
        &self,
        path: String,
        version: u64,
        rendered: Result<Manifest, ManifestError>,
    ) -> Result<Arc<Manifest>, ManifestError> {
        let (mut kept, at) = (self.lock(), Instant::now());
        let rendered = match rendered {
            Ok(rendered) => rendered,
            Err(error) => {
                drop(kept.remove(&path));
                return Err(error);
            }
        };
        // Most are asked for again as they were: what was made of it serves on.
        let same = kept.get(&path).filter(|known| known.manifest.etag == rendered.etag);
        let manifest = match same {
            Some(known) if known.manifest.ended == rendered.ended => Arc::clone(&known.manifest),
            Some(_) | None => Arc::new(rendered),
        };
        kept.insert(path, Kept { manifest: Arc::clone(&manifest), version, at });
        Ok(manifest)
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::fresh;
    use playhouse_storage::Error;
    use playhouse_storage::model::{ContentId, UploadId, UploadMetadata};
    use std::future::ready;

    const FRESH: Duration = Duration::from_secs(10);
    const STALE: Duration = Duration::from_secs(60);
    const TERMS: Terms = Terms { fresh: FRESH, stale: STALE };
    const PATIENCE: Duration = Duration::from_secs(1);

    fn growing(body: &str) -> Manifest {
        Manifest::new(body.to_owned(), false)
    }

    fn card(version: u64) -> Card {
        let content =
            fresh(ContentId::new(), UploadId::new(), "ada".to_owned(), UploadMetadata::default());
        Card { version, ..Card::of(content, &[]) }
    }

    fn away() -> ManifestError {
        ManifestError::Storage(Error::Unavailable { what: "the catalog".to_owned() })
    }

    async fn ask(
        last: &Last,
        path: &str,
        rendered: Result<Manifest, ManifestError>,
    ) -> Option<Arc<Manifest>> {
        // Whether it is asked is another story.
        tokio::time::advance(PATIENCE).await;
        last.or_last(path.to_owned(), &card(1), ready(rendered)).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_has_ended_serves_for_a_while_unless_its_content_changes() {
        let last = Last::new(2, TERMS, Reading::new(PATIENCE));
        let ask = async |version: u64, body: &str| {
            let render = ready(Ok(Manifest::new(body.to_owned(), true)));
            last.or_last("a".to_owned(), &card(version), render).await.expect("it plays")
        };
        assert_eq!(ask(1, "one").await.body, "one");
        assert_eq!(ask(1, "two").await.body, "one", "nobody looked");
        assert_eq!(ask(2, "two").await.body, "two", "the content has changed");
        tokio::time::advance(FRESH).await;
        assert_eq!(ask(2, "three").await.body, "three", "another node may have changed it");
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_grows_is_always_as_it_is() {
        let last = Last::new(2, TERMS, Reading::new(PATIENCE));
        for body in ["one", "two"] {
            let told = ask(&last, "a", Ok(growing(body))).await.expect("it plays");
            assert_eq!(told.body, body);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn while_the_catalog_is_away_the_last_one_serves_for_a_while() {
        let last = Last::new(2, TERMS, Reading::new(PATIENCE));
        assert_eq!(ask(&last, "a", Err(away())).await, None);
        ask(&last, "a", Ok(growing("old"))).await;
        ask(&last, "a", Ok(growing("new"))).await;
        assert_eq!(ask(&last, "a", Err(away())).await, Some(Arc::new(growing("new"))));
        tokio::time::advance(STALE).await;
        assert_eq!(ask(&last, "a", Err(away())).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_play_any_more_is_forgotten_and_the_number_is_bounded() {
        let last = Last::new(2, TERMS, Reading::new(PATIENCE));
        for path in ["a", "b", "c"] {
            ask(&last, path, Ok(growing(path))).await;
        }
        assert_eq!(ask(&last, "a", Err(away())).await, None, "the least recently used");
        ask(&last, "b", Err(ManifestError::NotFound("blocked".to_owned()))).await;
        assert_eq!(ask(&last, "b", Err(away())).await, None, "it was blocked");
        assert_eq!(ask(&last, "c", Err(away())).await, Some(Arc::new(growing("c"))));
    }
}
