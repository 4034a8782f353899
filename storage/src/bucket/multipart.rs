//! One multipart upload: parts sent or copied, then completed at once under the object's name.
//!
//! Until it is completed nobody sees any of it. Whoever gives it up aborts it; what a crash leaves
//! is ended after `storage.s3.orphans_after_h`.

use super::client::{Bucket, Mark};
use super::fault::{Fault, element};
use crate::{Error, Result};
use s3::command::Command;
use s3::error::S3Error;
use s3::request::Request as _;
use s3::request::tokio_backend::ReqwestRequest;
use s3::serde_types::Part;

/// Most parts of an object, by the rules of S3.
const PARTS_MAX: u32 = 10_000;
/// What a blob is to S3.
const CONTENT_TYPE: &str = "application/octet-stream";

/// A multipart upload under way.
pub(crate) struct Multipart<'a> {
    bucket: &'a Bucket,
    key: &'a str,
    object: String,
    id: String,
    mark: Mark,
}

impl<'a> Multipart<'a> {
    /// Begins one.
    ///
    /// # Errors
    /// `Unavailable`, or the service's own.
    pub(crate) async fn begin(bucket: &'a Bucket, key: &'a str) -> Result<Self> {
        let (object, mark) = (bucket.object(key), Mark::new());
        let marked = bucket.marked(&mark, false);
        let begun = bucket.ask(|| marked.initiate_multipart_upload(&object, CONTENT_TYPE)).await;
        let id = begun.result.map_err(|fault| fault.error(key))?.upload_id;
        Ok(Self { bucket, key, object, id, mark })
    }

    /// One that was begun before.
    pub(crate) fn known(bucket: &'a Bucket, key: &'a str, id: &str) -> Self {
        Self { bucket, key, object: bucket.object(key), id: id.to_owned(), mark: Mark::new() }
    }

    /// What the service calls it.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Sends part `number`, counted from 1.
    ///
    /// # Errors
    /// `Invalid` past the last possible part; `Full`, `Unavailable`, or the service's own.
    pub(crate) async fn send(&self, number: u32, bytes: Vec<u8>) -> Result<Part> {
        self.check(number)?;
        let ask = || {
            let (inner, bytes) = (&self.bucket.inner, bytes.clone());
            inner.put_multipart_chunk(bytes, &self.object, number, &self.id, CONTENT_TYPE)
        };
        self.bucket.ask(ask).await.result.map_err(|fault| fault.error(self.key))
    }

    /// Has the service copy part `number` from another object. (A range of one cannot be said: the
    /// client library signs the two headers in the wrong order.)
    ///
    /// # Errors
    /// `NotOffered` by services that do not; as [`Multipart::send`].
    pub(crate) async fn copy(&self, number: u32, from: (&Bucket, &str)) -> Result<Part, Fault> {
        self.check(number).map_err(|error| Fault::Refused(error.to_string()))?;
        let mut inner = (*self.bucket.inner).clone();
        inner.add_query("partNumber", &number.to_string());
        inner.add_query("uploadId", &self.id);
        // Names are made of characters that need no escape.
        let source = format!("/{}/{}", from.0.name(), from.0.object(from.1));
        let answer = self.bucket.ask(|| self.send_copy(&inner, &source)).await;
        answer.result.map(|etag| Part { part_number: number, etag })
    }

    /// Makes the parts, in this order, the object.
    ///
    /// # Errors
    /// `Exists` when the object is there; `Unavailable`, or the service's own.
    pub(crate) async fn complete(&self, parts: Vec<Part>) -> Result<()> {
        let answer = self
            .bucket
            .conditionally(|condition| {
                let bucket = self.bucket.marked(&self.mark, condition);
                let parts = parts
                    .iter()
                    .map(|part| Part { part_number: part.part_number, etag: part.etag.clone() });
                let parts = parts.collect();
                async move { bucket.complete_multipart_upload(&self.object, &self.id, parts).await }
            })
            .await;
        self.bucket.settle(self.key, &self.mark, answer).await
    }

    /// Ends it; one that is gone is no error.
    ///
    /// # Errors
    /// `Unavailable`, or the service's own.
    pub(crate) async fn end(self) -> Result<()> {
        self.bucket.abort(&self.object, &self.id).await
    }

    /// Gives it up. What cannot be removed now is removed later as an orphan.
    pub(crate) async fn abort(self) {
        if let Err(error) = self.bucket.abort(&self.object, &self.id).await {
            tracing::warn!(key = self.key, %error, "parts of a blob were left for later");
        }
    }

    fn check(&self, number: u32) -> Result<()> {
        if number <= PARTS_MAX {
            return Ok(());
        }
        Err(Error::Invalid(format!(
            "{}: more than {PARTS_MAX} parts; raise storage.s3.part_bytes",
            self.key
        )))
    }

    /// The one request that the client library has no call for: its copy of a whole object, said to
    /// be of a part.
    async fn send_copy(&self, inner: &s3::Bucket, from: &str) -> Result<String, S3Error> {
        let request = ReqwestRequest::new(inner, &self.object, Command::CopyObject { from });
        let answer = request.await?.response_data(false).await?;
        let body = answer.as_str()?;
        // An error may come under a good status, when the copy had begun.
        match element(body, "ETag") {
            Some(etag) => Ok(etag.replace("&quot;", "\"")),
            None => Err(S3Error::HttpFailWithBody(answer.status_code(), body.to_owned())),
        }
    }
}
