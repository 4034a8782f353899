//! One bucket: requests that are bounded, timed and tried again.

use super::S3;
use super::fault::Fault;
use crate::metrics::{Meter, OK};
use crate::{Error, Result};
use bytes::Bytes;
use rand::Rng as _;
use s3::command::Command;
use s3::creds::Credentials;
use s3::error::S3Error;
use s3::request::tokio_backend::ReqwestRequest;
use s3::request::{Request as _, ResponseData};
use s3::serde_types::HeadObjectResult;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::time::sleep;
use uuid::Uuid;

/// The metadata by which a write is known again.
const MARK: &str = "x-amz-meta-write";
/// Its name in an answer.
const MARK_NAME: &str = "write";

static REQUESTS: Meter = Meter::new("s3", "request");

/// What all requests of a node share.
pub(super) struct Shared {
    permits: Semaphore,
    tries_max: u32,
    retry_first: Duration,
    retry_longest: Duration,
    timeout: Duration,
    /// Off when the service does not take conditions on writes.
    conditions: AtomicBool,
}

impl Shared {
    pub(super) fn new(config: &S3) -> Self {
        Self {
            permits: Semaphore::new(config.requests_max),
            tries_max: config.tries_max,
            retry_first: Duration::from_millis(config.retry_first_ms),
            retry_longest: Duration::from_millis(config.retry_longest_ms),
            timeout: Duration::from_secs(config.request_timeout_s),
            conditions: AtomicBool::new(true),
        }
    }
}

/// One bucket under one prefix. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Bucket {
    pub(super) inner: Box<s3::Bucket>,
    /// The same at the address that clients reach, when that is another.
    outside: Option<Box<s3::Bucket>>,
    prefix: String,
    shared: Arc<Shared>,
}

/// How a request ended, and whether it was sent more than once.
pub(super) struct Answer<T> {
    pub(super) result: Result<T, Fault>,
    pub(super) repeated: bool,
}

impl Bucket {
    pub(super) fn open(
        name: &str,
        prefix: &str,
        config: &S3,
        credentials: &Credentials,
        shared: &Arc<Shared>,
    ) -> Result<Self> {
        let invalid =
            |error: &dyn std::fmt::Display| Error::Invalid(format!("storage.s3: {error}"));
        let at = |endpoint: &str| {
            let region = match endpoint.is_empty() {
                true => config.region.parse().map_err(|error| invalid(&error))?,
                false => s3::Region::Custom {
                    region: config.region.clone(),
                    endpoint: endpoint.trim_end_matches('/').to_owned(),
                },
            };
            let mut bucket = s3::Bucket::new(name, region, credentials.clone())
                .map_err(|error| invalid(&error))?;
            if config.path_style() {
                bucket.set_path_style();
            }
            bucket.set_request_timeout(Some(shared.timeout));
            Ok::<_, Error>(bucket)
        };
        let inner = at(&config.endpoint)?;
        let outside = match config.public_endpoint.as_str() {
            "" => None,
            endpoint => Some(at(endpoint)?),
        };
        let prefix = match prefix {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        Ok(Self { inner, outside, prefix, shared: shared.clone() })
    }

    /// The bucket as clients reach it, to sign URLs for.
    pub(super) fn outside(&self) -> &s3::Bucket {
        self.outside.as_ref().unwrap_or(&self.inner)
    }

    /// The bucket's own name.
    pub(crate) fn name(&self) -> &str {
        &self.inner.name
    }

    /// The object of a key.
    pub(crate) fn object(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// The key of an object; `None` for one outside of the prefix.
    pub(crate) fn key<'a>(&self, object: &'a str) -> Option<&'a str> {
        object.strip_prefix(&self.prefix)
    }

    /// Size of an object.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`, or the service's own.
    pub(crate) async fn size(&self, key: &str) -> Result<u64> {
        let head = match self.head(key).await {
            Ok(head) => head,
            // A service on a file system may stumble over a folder of that name.
            Err(Fault::Passing(why)) => {
                return Err(match self.is_listed(key).await {
                    Ok(false) => Fault::Missing.error(key),
                    Ok(true) | Err(_) => Fault::Passing(why).error(key),
                });
            }
            Err(fault) => return Err(fault.error(key)),
        };
        head.content_length.and_then(|length| u64::try_from(length).ok()).ok_or_else(|| {
            Error::Engine(format!("S3 on {key}: the service does not tell its size"))
        })
    }

    /// What the service says an object is known by.
    ///
    /// # Errors
    /// As [`Bucket::size`].
    pub(crate) async fn etag(&self, key: &str) -> Result<Option<String>> {
        Ok(self.head(key).await.map_err(|fault| fault.error(key))?.e_tag)
    }

    /// Reads a small object whole.
    ///
    /// # Errors
    /// As [`Bucket::size`].
    pub(crate) async fn get(&self, key: &str) -> Result<Bytes> {
        let object = self.object(key);
        let answer = self.ask(|| self.inner.get_object(&object)).await;
        let found: ResponseData = answer.result.map_err(|fault| fault.error(key))?;
        Ok(found.into_bytes())
    }

    /// Writes a new object whole; one that is there stays as it is.
    ///
    /// # Errors
    /// `Exists`, `Full`, `Unavailable`, or the service's own.
    pub(crate) async fn create(&self, key: &str, bytes: &[u8]) -> Result<()> {
        let (object, mark) = (self.object(key), Mark::new());
        let answer = self
            .conditionally(|condition| {
                let bucket = self.marked(&mark, condition);
                let object = &object;
                async move { bucket.put_object(object, bytes).await }
            })
            .await;
        self.settle(key, &mark, answer).await
    }

    /// Writes an object whole in place of one that may be there.
    ///
    /// # Errors
    /// As [`Bucket::create`], without `Exists`.
    pub(crate) async fn replace(&self, key: &str, bytes: &[u8]) -> Result<()> {
        let object = self.object(key);
        let answer = self.ask(|| self.inner.put_object(&object, bytes)).await;
        answer.result.map(drop).map_err(|fault| fault.error(key))
    }

    /// Has the service copy an object of that key from another bucket.
    ///
    /// # Errors
    /// `NotOffered` by services that do not; the service's own.
    pub(crate) async fn copy_object(&self, from: &Bucket, key: &str) -> Result<(), Fault> {
        let object = self.object(key);
        // Names are made of characters that need no escape.
        let source = format!("/{}/{}", from.name(), from.object(key));
        self.ask(|| copy(&self.inner, &object, &source)).await.result
    }

    /// Removes an object; one that is not there is no error.
    ///
    /// # Errors
    /// `Unavailable`, or the service's own.
    pub(crate) async fn delete(&self, key: &str) -> Result<()> {
        let object = self.object(key);
        match self.ask(|| self.inner.delete_object(&object)).await.result {
            Ok(_) | Err(Fault::Missing) => Ok(()),
            Err(fault) => Err(fault.error(key)),
        }
    }

    /// A handle with a condition and a mark for one write.
    pub(super) fn marked(&self, mark: &Mark, condition: bool) -> s3::Bucket {
        let mut bucket = (*self.inner).clone();
        bucket.add_header(MARK, &mark.0);
        if condition {
            bucket.add_header("if-none-match", "*");
        }
        bucket
    }

    /// Sends a write that must not replace anything. A service that takes no conditions is asked
    /// without one from then on: the caller has looked before, and keys are never used twice.
    pub(super) async fn conditionally<T, F: Future<Output = Result<T, S3Error>>>(
        &self,
        request: impl Fn(bool) -> F,
    ) -> Answer<T> {
        let condition = self.shared.conditions.load(Ordering::Relaxed);
        let answer = self.ask(|| request(condition)).await;
        match &answer.result {
            Err(Fault::NotOffered(why)) if condition => {
                tracing::warn!(
                    why,
                    "the S3 service takes no conditions on writes, goes on without"
                );
                self.shared.conditions.store(false, Ordering::Relaxed);
                self.ask(|| request(false)).await
            }
            Ok(_) | Err(_) => answer,
        }
    }

    /// What a write came to: when its answer got lost and the next try met an object, that may be
    /// its own.
    pub(super) async fn settle<T>(&self, key: &str, mark: &Mark, answer: Answer<T>) -> Result<()> {
        match answer.result {
            Ok(_) => Ok(()),
            Err(fault @ (Fault::Taken | Fault::Missing)) if answer.repeated => {
                let head = self.head(key).await.map_err(|fault| fault.error(key))?;
                match mark.is_in(&head) {
                    true => Ok(()),
                    false => Err(fault.error(key)),
                }
            }
            Err(fault) => Err(fault.error(key)),
        }
    }

    async fn head(&self, key: &str) -> Result<HeadObjectResult, Fault> {
        let object = self.object(key);
        self.ask(|| self.inner.head_object(&object)).await.result.map(|(head, _)| head)
    }

    /// Sends a request until it is answered, refused, or tried often enough.
    pub(super) async fn ask<T, F: Future<Output = Result<T, S3Error>>>(
        &self,
        request: impl Fn() -> F,
    ) -> Answer<T> {
        let (began, mut tries) = (Instant::now(), 0);
        loop {
            tries += 1;
            let result = match self.shared.permits.acquire().await {
                Ok(_permit) => request().await.map_err(Fault::from),
                Err(_) => Err(Fault::Refused("the store is closed".to_owned())),
            };
            match result {
                Err(Fault::Passing(why)) if tries < self.shared.tries_max => {
                    tracing::debug!(why, tries, "a request to S3 is tried again");
                    self.pause(tries).await;
                }
                result => {
                    REQUESTS.count(began, result.as_ref().map_or_else(Fault::outcome, |_| OK));
                    return Answer { result, repeated: tries > 1 };
                }
            }
        }
    }

    /// Tries of a request, and of one place in a stream.
    pub(super) fn tries_max(&self) -> u32 {
        self.shared.tries_max
    }

    /// How long a request, or the next bytes of an answer, may take.
    pub(super) fn timeout(&self) -> Duration {
        self.shared.timeout
    }

    /// Waits before another try.
    pub(super) async fn pause(&self, tries: u32) {
        let longest = pause_at_most(self.shared.retry_first, self.shared.retry_longest, tries);
        let dice: f64 = rand::rng().random();
        sleep(longest.mul_f64(dice)).await;
    }
}

/// A copy between buckets; the client library's own call knows one bucket only.
async fn copy(inner: &s3::Bucket, object: &str, from: &str) -> Result<(), S3Error> {
    let request = ReqwestRequest::new(inner, object, Command::CopyObject { from });
    let answer = request.await?.response_data(false).await?;
    let body = answer.as_str()?;
    // An error may come under a good status, when the copy had begun.
    match body.contains("<Error>") {
        false => Ok(()),
        true => Err(S3Error::HttpFailWithBody(answer.status_code(), body.to_owned())),
    }
}

/// What one write is known by.
pub(super) struct Mark(String);

impl Mark {
    pub(super) fn new() -> Self {
        Self(Uuid::now_v7().simple().to_string())
    }

    fn is_in(&self, head: &HeadObjectResult) -> bool {
        let found = head.metadata.as_ref().and_then(|all| all.get(MARK_NAME));
        found.is_some_and(|mark| *mark == self.0)
    }
}

/// Doubled with each try, up to a bound.
fn pause_at_most(first: Duration, longest: Duration, tries: u32) -> Duration {
    let doubled = 2u32.saturating_pow(tries.saturating_sub(1));
    first.saturating_mul(doubled).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_their_bound() {
        let ms = Duration::from_millis;
        let found = [1, 2, 3, 4, 99].map(|tries| pause_at_most(ms(100), ms(500), tries));
        assert_eq!(found, [100, 200, 400, 500, 500].map(ms));
    }
}
