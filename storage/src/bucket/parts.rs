//! Multipart uploads whose parts come from elsewhere: URLs signed for one part each, and the list
//! of those that have come.

use super::client::Bucket;
use super::fault::{Fault, element};
use crate::{Error, Result};
use reqwest_of_rust_s3::header::{CONTENT_LENGTH, HeaderMap, HeaderValue};
use s3::command::Command;
use s3::error::S3Error;
use s3::request::Request as _;
use s3::request::tokio_backend::ReqwestRequest;
use std::collections::HashMap;
use std::time::Duration;

/// A part that has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Come {
    pub(crate) number: u32,
    pub(crate) bytes: u64,
    /// Without quotes; not every service lists it.
    pub(crate) etag: Option<String>,
}

impl Bucket {
    /// A URL that takes one part of exactly that size for so long (Signature Version 4 in the
    /// query; the length is signed as a header). It is made here: nobody is asked.
    ///
    /// # Errors
    /// `Invalid` for a time that cannot be signed, or the client library's own.
    pub(crate) async fn part_url(
        &self,
        (key, upload): (&str, &str),
        number: u32,
        bytes: u64,
        valid: Duration,
    ) -> Result<String> {
        let valid_s = u32::try_from(valid.as_secs())
            .map_err(|_| Error::Invalid("a signed URL is valid for a week at most".to_owned()))?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes));
        let queries = HashMap::from([
            ("partNumber".to_owned(), number.to_string()),
            ("uploadId".to_owned(), upload.to_owned()),
        ]);
        let object = self.object(key);
        let url = self.outside().presign_put(object, valid_s, Some(headers), Some(queries)).await;
        url.map_err(|error| Error::Engine(format!("S3 on {key}: no URL can be signed: {error}")))
    }

    /// The parts of a multipart upload that have come, in their order.
    ///
    /// # Errors
    /// `NotFound` when there is no such upload; `Unavailable`, or the service's own.
    pub(crate) async fn parts_come(&self, (key, upload): (&str, &str)) -> Result<Vec<Come>> {
        let object = self.object(key);
        let (mut come, mut after): (Vec<Come>, Option<String>) = (Vec::new(), None);
        loop {
            let mut inner = (*self.inner).clone();
            inner.add_query("uploadId", upload);
            if let Some(after) = &after {
                inner.add_query("part-number-marker", after);
            }
            let page = self.ask(|| list(&inner, &object)).await.result;
            let page = page.map_err(|fault: Fault| fault.error(key))?;
            come.extend(page.split("<Part>").skip(1).filter_map(read));
            let next = element(&page, "NextPartNumberMarker").map(str::to_owned);
            match next {
                Some(next)
                    if element(&page, "IsTruncated") == Some("true")
                        && after.as_ref() != Some(&next) =>
                {
                    after = Some(next);
                }
                Some(_) | None => break,
            }
        }
        come.sort_by_key(|part| part.number);
        Ok(come)
    }
}

/// A request that the client library has no call for: its reading of an object, said to be of the
/// parts of an upload.
async fn list(inner: &s3::Bucket, object: &str) -> Result<String, S3Error> {
    let request = ReqwestRequest::new(inner, object, Command::GetObject);
    let answer = request.await?.response_data(false).await?;
    Ok(answer.as_str()?.to_owned())
}

fn read(part: &str) -> Option<Come> {
    let number = element(part, "PartNumber")?.parse().ok()?;
    let bytes = element(part, "Size")?.parse().ok()?;
    Some(Come { number, bytes, etag: element(part, "ETag").map(bare).filter(|it| !it.is_empty()) })
}

/// An ETag without its quotes, which XML may have escaped.
pub(crate) fn bare(etag: &str) -> String {
    etag.replace("&quot;", "").replace("&#34;", "").replace('"', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_read_as_services_write_it() {
        let aws = "<PartNumber>2</PartNumber><LastModified>x</LastModified>\
                   <ETag>&quot;7778&quot;</ETag><Size>10485760</Size></Part>";
        let expected = Come { number: 2, bytes: 10_485_760, etag: Some("7778".into()) };
        assert_eq!(read(aws), Some(expected));
        let bare = read("<PartNumber>3</PartNumber><Size>5</Size></Part>");
        assert_eq!(bare, Some(Come { number: 3, bytes: 5, etag: None }));
        assert_eq!(read("<PartNumber>x</PartNumber><Size>5</Size>"), None);
    }
}
