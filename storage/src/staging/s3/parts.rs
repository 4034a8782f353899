//! Parts of an upload as those of a multipart upload under the blob's own key, in the bucket where
//! the blob may rest: what comes never goes through this node and is never copied.
//!
//! The service itself takes care of what a local disk needs turns for: a part that is sent again
//! replaces the older one when it is whole, the list at the end names each part by its ETag, and
//! after it no URL lands anything. Objects of their own, as those of a stream, would have to be
//! copied together.

use super::S3Staging;
use crate::blobs::keys;
use crate::bucket::{Bucket, Multipart, bare};
use crate::model::UploadId;
use crate::staging::parts::{Claimed, Part, PartBody, Parts, PartsOf, Received};
use crate::{Error, Result, failpoint};
use async_trait::async_trait;
use md5::{Digest as _, Md5};
use std::time::Duration;

#[async_trait]
impl Parts for S3Staging {
    async fn begin(&self, _: UploadId, key: &str) -> Result<String> {
        Ok(Multipart::begin(self.place(key)?, key).await?.id().to_owned())
    }

    async fn url(&self, of: &PartsOf, part: Part, valid: Duration) -> Result<Option<String>> {
        let bucket = self.place(&of.key)?;
        bucket.part_url((&of.key, &of.handle), part.number, part.bytes, valid).await.map(Some)
    }

    async fn receive(&self, _: &PartsOf, _: Part) -> Result<Box<dyn PartBody>> {
        Err(Error::Invalid("parts go to the URLs that were signed for them".to_owned()))
    }

    async fn received(&self, of: &PartsOf) -> Result<Vec<Received>> {
        let come = self.place(&of.key)?.parts_come((&of.key, &of.handle)).await?;
        let told = come.into_iter().map(|part| {
            let (number, bytes, etag) = (part.number, part.bytes, part.etag);
            Received { number, bytes, etag }
        });
        Ok(told.collect())
    }

    async fn assemble(&self, of: &PartsOf, size_bytes: u64, parts: &[Claimed]) -> Result<()> {
        let bucket = self.place(&of.key)?;
        if is_there(bucket, &of.key, size_bytes).await? {
            return Ok(());
        }
        // A service that lists no ETags may not look at them in the end either.
        let unlooked =
            self.received(of).await.is_ok_and(|all| all.iter().any(|it| it.etag.is_none()));
        let list = parts.iter().map(|part| s3::serde_types::Part {
            part_number: part.number,
            etag: format!("\"{}\"", part.etag),
        });
        let made = Multipart::known(bucket, &of.key, &of.handle).complete(list.collect()).await;
        failpoint::pass("parts.assembled");
        match made {
            Ok(()) | Err(Error::Exists { .. } | Error::NotFound { .. }) => {}
            Err(Error::Engine(why)) if why.contains("InvalidPart") => {
                return Err(Error::Conflict { what: format!("parts of upload {}", of.upload) });
            }
            Err(error) => return Err(error),
        }
        if unlooked {
            hold(bucket, &of.key, parts).await?;
        }
        match is_there(bucket, &of.key, size_bytes).await? {
            true => Ok(()),
            // Its answer got lost, and the service is still at it.
            false => Err(Error::Unavailable { what: format!("S3 on {}: not there yet", of.key) }),
        }
    }

    async fn abandon(&self, of: &PartsOf) -> Result<()> {
        let ended = Multipart::known(self.place(&of.key)?, &of.key, &of.handle).end().await;
        match ended {
            // Some services refuse to end what they do not know.
            Err(Error::Engine(_)) if self.has_none(of).await => Ok(()),
            ended => ended,
        }
    }
}

impl S3Staging {
    /// Whether the service surely has no part of it.
    async fn has_none(&self, of: &PartsOf) -> bool {
        match self.received(of).await {
            Ok(received) => received.is_empty(),
            Err(error) => matches!(error, Error::NotFound { .. }),
        }
    }

    /// The one bucket that a key may rest in.
    fn place(&self, key: &str) -> Result<&Bucket> {
        keys::check(key)?;
        self.buckets.finished(keys::residency(key))
    }
}

/// Whether the blob is there.
///
/// # Errors
/// `Corrupt` when it has another size.
async fn is_there(bucket: &Bucket, key: &str, size_bytes: u64) -> Result<bool> {
    match bucket.size(key).await {
        Ok(found) if found == size_bytes => Ok(true),
        Ok(found) => {
            let what = format!("{key}: {found} bytes where {size_bytes} are due");
            Err(Error::Corrupt { what })
        }
        Err(Error::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Holds the list against the ETag of the object where that is made of those of its parts; what was
/// made of others is removed.
async fn hold(bucket: &Bucket, key: &str, parts: &[Claimed]) -> Result<()> {
    let (Some(expected), Some(found)) = (whole(parts), bucket.etag(key).await?) else {
        return Ok(());
    };
    let found = bare(&found);
    if !found.contains('-') || found == expected {
        return Ok(());
    }
    bucket.delete(key).await?;
    let what = format!("{key}: made of other parts ({found}) than were meant ({expected})");
    Err(Error::Corrupt { what })
}

/// The ETag of an object of these parts: the MD5 of their MD5s, and how many they are.
fn whole(parts: &[Claimed]) -> Option<String> {
    let mut hash = Md5::new();
    for part in parts {
        hash.update(bytes_of(&part.etag)?);
    }
    Some(format!("{}-{}", crate::blobs::local::hex(&hash.finalize()), parts.len()))
}

fn bytes_of(hex: &str) -> Option<[u8; 16]> {
    let number = (hex.len() == 32).then(|| u128::from_str_radix(hex, 16).ok())??;
    Some(number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_etag_of_a_whole_is_made_of_those_of_its_parts() {
        let claimed = |etag: &str| Claimed { number: 1, etag: etag.into() };
        let parts = ["d41d8cd98f00b204e9800998ecf8427e", "0cc175b9c0f1b6a831c399e269772661"];
        let found = whole(&parts.map(claimed)).unwrap();
        assert_eq!(found.len(), 34);
        assert!(found.ends_with("-2"), "{found}");
        assert_ne!(whole(&[claimed(parts[1]), claimed(parts[0])]), Some(found));
        assert_eq!(whole(&[claimed("not an MD5")]), None);
    }
}
