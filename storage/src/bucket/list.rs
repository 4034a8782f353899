//! Listing and removing many objects, page by page.

use super::client::Bucket;
use super::fault::Fault;
use crate::{Error, Result};
use jiff::Timestamp;
use s3::serde_types::ObjectIdentifier;

/// Objects on a page, and removed by one request: the most that S3 takes.
const PAGE: usize = 1000;

/// One object of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its key, without the bucket's prefix.
    pub(crate) key: String,
    pub(crate) bytes: u64,
}

/// One page of a listing.
pub(crate) struct Page {
    pub(crate) objects: Vec<Listed>,
    /// What is below a `/`, when that was asked for; keys that end with it.
    pub(crate) folders: Vec<String>,
    /// Where the next page begins; `None` after the last.
    pub(crate) next: Option<String>,
}

impl Bucket {
    /// One page of the objects whose keys begin with `prefix`, in their order, from behind the key
    /// `after`; `folders` rolls up what has a further `/`.
    ///
    /// # Errors
    /// `Unavailable`, or the service's own.
    pub(crate) async fn page(
        &self,
        prefix: &str,
        folders: bool,
        next: Option<String>,
        after: Option<String>,
    ) -> Result<Page> {
        let object = self.object(prefix);
        let after = after.map(|key| self.object(&key));
        let delimiter = folders.then(|| "/".to_owned());
        let ask = || {
            let (object, delimiter) = (object.clone(), delimiter.clone());
            let (next, after) = (next.clone(), after.clone());
            self.inner.list_page(object, delimiter, next, after, Some(PAGE))
        };
        let (page, _) = self.ask(ask).await.result.map_err(|fault| fault.error(prefix))?;
        let objects = page
            .contents
            .into_iter()
            .filter_map(|it| Some(Listed { key: self.key(&it.key)?.to_owned(), bytes: it.size }));
        let folders = page.common_prefixes.unwrap_or_default().into_iter();
        Ok(Page {
            objects: objects.collect(),
            folders: folders.filter_map(|it| Some(self.key(&it.prefix)?.to_owned())).collect(),
            next: page.next_continuation_token.filter(|_| page.is_truncated),
        })
    }

    /// Every object whose key begins with `prefix`.
    ///
    /// # Errors
    /// `Corrupt` when there are more than `most`; as [`Bucket::page`].
    pub(crate) async fn list(&self, prefix: &str, most: usize) -> Result<Vec<Listed>> {
        let (mut found, mut next) = (Vec::new(), None);
        loop {
            let page = self.page(prefix, false, next, None).await?;
            found.extend(page.objects);
            if found.len() > most {
                let what = format!("{prefix}: more than {most} objects");
                return Err(Error::Corrupt { what });
            }
            match page.next {
                Some(token) => next = Some(token),
                None => return Ok(found),
            }
        }
    }

    /// Whether a listing knows the object.
    pub(super) async fn is_listed(&self, key: &str) -> Result<bool> {
        // The shortest key with a prefix comes first.
        let page = self.page(key, true, None, None).await?;
        Ok(page.objects.first().is_some_and(|found| found.key == key))
    }

    /// Removes every object whose key begins with `prefix`, a page at a time.
    ///
    /// # Errors
    /// As [`Bucket::page`]; what was not removed yet is removed by the next call.
    pub(crate) async fn delete_all(&self, prefix: &str) -> Result<()> {
        loop {
            let page = self.page(prefix, false, None, None).await?;
            if page.objects.is_empty() {
                return Ok(());
            }
            self.delete_many(prefix, &page.objects).await?;
            if page.next.is_none() {
                return Ok(());
            }
        }
    }

    async fn delete_many(&self, prefix: &str, objects: &[Listed]) -> Result<()> {
        let names: Vec<ObjectIdentifier> =
            objects.iter().map(|it| ObjectIdentifier::new(self.object(&it.key))).collect();
        match self.ask(|| self.inner.delete_objects(names.clone())).await.result {
            Ok(done) => match done.errors.first() {
                None => Ok(()),
                Some(error) => Err(Error::Engine(format!(
                    "S3 did not remove {}: {} {}",
                    error.key, error.code, error.message
                ))),
            },
            Err(Fault::NotOffered(_)) => {
                for object in objects {
                    self.delete(&object.key).await?;
                }
                Ok(())
            }
            Err(fault) => Err(fault.error(prefix)),
        }
    }

    /// Ends multipart uploads under the bucket's prefix that began before `before` and that nobody
    /// has completed; answers how many. A service that cannot list them keeps them: it is told
    /// once a call, and costs space only.
    ///
    /// # Errors
    /// `Unavailable`, or the service's own.
    pub(crate) async fn end_orphans(&self, before: Timestamp) -> Result<u64> {
        let prefix = self.object("");
        let (mut ended, mut after) = (0, (None, None));
        loop {
            let (key, id): (Option<String>, Option<String>) = after.clone();
            let ask = || {
                let prefix = (!prefix.is_empty()).then_some(prefix.as_str());
                let (key, id) = (key.clone(), id.clone());
                self.inner.list_multiparts_uploads_page(prefix, None, key, id, Some(PAGE))
            };
            let page = match self.ask(ask).await.result {
                Ok((page, _)) => page,
                Err(Fault::NotOffered(why)) => {
                    tracing::debug!(why, "this S3 service does not list unfinished uploads");
                    return Ok(ended);
                }
                Err(fault) => return Err(fault.error("unfinished uploads")),
            };
            for upload in page.uploads {
                if is_orphan(&upload.initiated, before) {
                    self.abort(&upload.key, &upload.id).await?;
                    ended += 1;
                }
            }
            let next = (page.next_marker, page.next_upload_id_marker);
            if !page.is_truncated || next.0.is_none() || next == after {
                return Ok(ended);
            }
            after = next;
        }
    }

    /// Ends a multipart upload of an object; one that is gone is no error.
    ///
    /// # Errors
    /// `Unavailable`, or the service's own.
    pub(super) async fn abort(&self, object: &str, id: &str) -> Result<()> {
        match self.ask(|| self.inner.abort_upload(object, id)).await.result {
            Ok(()) | Err(Fault::Missing) => Ok(()),
            Err(fault) => Err(fault.error(object)),
        }
    }
}

/// Whether an upload that began then is old enough; one of an unknown age is left alone.
fn is_orphan(began: &str, before: Timestamp) -> bool {
    began.parse::<Timestamp>().is_ok_and(|began| began < before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_to_be_old_is_an_orphan() {
        let before: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let found = ["2026-11-21T11:59:59.000Z", "2026-11-21T12:00:00.000Z", "", "yesterday"]
            .map(|began| is_orphan(began, before));
        assert_eq!(found, [true, false, false, false]);
    }
}
