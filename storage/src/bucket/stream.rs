//! The bytes of an object as a stream that survives broken connections.
//!
//! An answer is read as slowly as its reader likes; only a wait for its next bytes has a time.
//! When the line breaks, another request goes on from the next byte: the same try is never
//! counted twice, and a byte is never told twice.

use super::client::Bucket;
use super::fault::Fault;
use crate::Result;
use crate::blobs::ByteStream;
use bytes::Bytes;
use futures_util::StreamExt as _;
use s3::error::S3Error;
use s3::request::DataStream;
use std::ops::Range;
use tokio::time::timeout;

const PARTIAL_CONTENT: u16 = 206;

impl Bucket {
    /// The bytes of `range` of an object, which must be within it.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`, or the service's own, before the first byte.
    pub(crate) async fn read(&self, key: &str, range: Range<u64>) -> Result<ByteStream> {
        let mut reading = Reading {
            bucket: self.clone(),
            key: key.to_owned(),
            left: range,
            answer: None,
            tries: 0,
        };
        if !reading.left.is_empty() {
            reading.answer = Some(
                open(self, key, reading.left.clone()).await.map_err(|fault| fault.error(key))?,
            );
        }
        Ok(futures_util::stream::try_unfold(reading, Reading::next).boxed())
    }

    /// The bytes of a range in one piece, for ranges of bounded length.
    ///
    /// # Errors
    /// As [`Bucket::read`], and in between.
    pub(crate) async fn read_whole(&self, key: &str, range: Range<u64>) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity((range.end - range.start) as usize);
        let mut stream = self.read(key, range).await?;
        while let Some(chunk) = stream.next().await {
            bytes.extend_from_slice(&chunk?);
        }
        Ok(bytes)
    }
}

/// A range that is being read.
struct Reading {
    bucket: Bucket,
    key: String,
    left: Range<u64>,
    answer: Option<DataStream>,
    /// Tries without a byte.
    tries: u32,
}

impl Reading {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>> {
        while !self.left.is_empty() {
            match self.bytes().await {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => {
                    self.left.start += bytes.len() as u64;
                    self.tries = 0;
                    return Ok(Some((bytes, self)));
                }
                Err(Fault::Passing(why)) if self.tries + 1 < self.bucket.tries_max() => {
                    self.tries += 1;
                    self.answer = None;
                    tracing::debug!(why, key = self.key, at = self.left.start, "reads on anew");
                    self.bucket.pause(self.tries).await;
                }
                Err(fault) => return Err(fault.error(&self.key)),
            }
        }
        Ok(None)
    }

    /// What the answer brings next, cut at the end of the range.
    async fn bytes(&mut self) -> Result<Bytes, Fault> {
        let mut answer = match self.answer.take() {
            Some(answer) => answer,
            None => open(&self.bucket, &self.key, self.left.clone()).await?,
        };
        let most = usize::try_from(self.left.end - self.left.start).unwrap_or(usize::MAX);
        match timeout(self.bucket.timeout(), answer.next()).await {
            Ok(Some(Ok(mut bytes))) => {
                bytes.truncate(most);
                self.answer = Some(answer);
                Ok(bytes)
            }
            Ok(Some(Err(error))) => Err(error.into()),
            Ok(None) => Err(Fault::Passing("the answer ended early".to_owned())),
            Err(_) => Err(Fault::Passing("no bytes came in time".to_owned())),
        }
    }
}

async fn open(bucket: &Bucket, key: &str, range: Range<u64>) -> Result<DataStream, Fault> {
    let object = bucket.object(key);
    let mut inner = (*bucket.inner).clone();
    inner.add_header("range", &format!("bytes={}-{}", range.start, range.end - 1));
    // That time would be one for the whole answer, however slow its reader is.
    inner.set_request_timeout(None);
    let ask = || async {
        match timeout(bucket.timeout(), inner.get_object_stream(&object)).await {
            Ok(answer) => answer,
            Err(_) => Err(S3Error::Io(std::io::ErrorKind::TimedOut.into())),
        }
    };
    let answer = bucket.ask(ask).await.result?;
    if answer.status_code != PARTIAL_CONTENT && range.start > 0 {
        return Err(Fault::NotOffered("ranges of an object".to_owned()));
    }
    Ok(answer.bytes)
}
