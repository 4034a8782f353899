//! From staged objects to a blob: the service copies the parts together, and it is there at once.

use super::chain::{self, Part, Span};
use super::{Limits, Room};
use crate::bucket::{Bucket, Fault, Multipart, PART_BYTES_MIN};
use crate::{Error, Result};
use futures_util::{StreamExt as _, TryStreamExt as _};

/// Makes the blob, unless it is there already.
///
/// # Errors
/// `Corrupt` when it has or would have another size; `NotFound` when nothing is staged.
pub(super) async fn seal(
    room: &Room,
    blob: (&Bucket, &str),
    size_bytes: u64,
    limits: Limits,
) -> Result<()> {
    let (bucket, key) = blob;
    match bucket.size(key).await {
        Ok(found) => return expect_size(key, found, size_bytes),
        Err(Error::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    let chain = match room.staged().await? {
        Some(staged) => staged.chain,
        // Nobody opens an upload to write nothing.
        None if size_bytes == 0 => vec![],
        None => return Err(Error::NotFound { what: format!("staged upload {}", room.upload) }),
    };
    expect_size(&format!("upload {}", room.upload), chain::total(&chain), size_bytes)?;
    let made = match size_bytes <= limits.part_bytes {
        true => bucket.create(key, &gather(room, &chain).await?).await,
        false => compose(room, blob, chain, limits.copies_max).await,
    };
    match made {
        // Two may seal at once: both bring the same bytes.
        Ok(()) | Err(Error::Exists { .. }) => expect_size(key, bucket.size(key).await?, size_bytes),
        Err(error) => Err(error),
    }
}

async fn compose(
    room: &Room,
    (bucket, key): (&Bucket, &str),
    chain: Vec<Span>,
    copies_max: usize,
) -> Result<()> {
    let upload = Multipart::begin(bucket, key).await?;
    let parts = chain::parts(chain, PART_BYTES_MIN);
    let made = futures_util::stream::iter((1..).zip(parts))
        .map(|(number, part)| make(room, &upload, number, part))
        .buffered(copies_max)
        .try_collect();
    let done = match made.await {
        Ok(parts) => upload.complete(parts).await,
        Err(error) => Err(error),
    };
    if done.is_err() {
        upload.abort().await;
    }
    done
}

async fn make(
    room: &Room,
    upload: &Multipart<'_>,
    number: u32,
    part: Part,
) -> Result<s3::serde_types::Part> {
    let spans = match part {
        Part::Gather(spans) => spans,
        Part::Copy(span) => {
            let from = room.key(&span.object);
            match upload.copy(number, (&room.bucket, &from)).await {
                Ok(part) => return Ok(part),
                Err(Fault::NotOffered(why)) => {
                    tracing::debug!(
                        why,
                        "this S3 service does not copy parts: they are sent again"
                    );
                    vec![span]
                }
                Err(fault) => return Err(fault.error(&from)),
            }
        }
    };
    upload.send(number, gather(room, &spans).await?).await
}

async fn gather(room: &Room, spans: &[Span]) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(chain::total(spans) as usize);
    for span in spans {
        bytes.extend_from_slice(&room.read(span).await?);
    }
    Ok(bytes)
}

fn expect_size(of: &str, found: u64, expected: u64) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    let what = format!("{of}: {found} bytes where {expected} are due");
    Err(Error::Corrupt { what })
}
