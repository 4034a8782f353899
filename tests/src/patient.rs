//! A tus client with a slow line that never gives up: HEAD, then PATCH from that offset.
//!
//! The body of each PATCH is streamed in small pieces, so that a kill falls into it. What was
//! acknowledged must still be there: an offset below it is a broken promise.

use crate::client::Client;
use anyhow::{Context, bail, ensure};
use std::cell::Cell;
use std::time::{Duration, Instant};

/// Bytes of one PATCH.
const PATCH_BYTES: usize = 6 * 1024 * 1024;
/// Bytes of one write, and the pause before it: at most 6.5 MB/s.
const PIECE_BYTES: usize = 64 * 1024;
const PIECE_EVERY: Duration = Duration::from_millis(10);
/// The node is never away for so long.
const PATIENCE: Duration = Duration::from_secs(120);

/// Creates an upload: where it goes on, and its content.
///
/// # Errors
/// When the node refuses it, or is away.
pub async fn create(client: &Client, size_bytes: usize) -> anyhow::Result<(String, String)> {
    let request = client.request("POST", "/api/v1/uploads").header("Upload-Length", size_bytes);
    let created = request.header("Upload-Metadata", "filename ZmlsbS5tcDQ=").send().await?;
    ensure!(created.status() == 201, "creation was answered {}", created.status());
    let text = |name: &str| {
        let value = created.headers().get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned).with_context(|| format!("no {name}"))
    };
    Ok((text("location")?, text("playhouse-content-id")?))
}

/// Uploads all bytes, however often the node dies. `offset` follows what is acknowledged.
///
/// # Errors
/// When the node stays away, forgets what it acknowledged, or refuses what it asked for.
pub async fn upload(
    client: &Client,
    location: &str,
    bytes: &[u8],
    offset: &Cell<u64>,
) -> anyhow::Result<()> {
    let mut heard = Instant::now();
    while offset.get() < bytes.len() as u64 {
        ensure!(heard.elapsed() < PATIENCE, "the upload got no answer for {PATIENCE:?}");
        if let Some(told) = head(client, location).await? {
            heard = Instant::now();
            let acknowledged = offset.get();
            ensure!(told >= acknowledged, "offset {told} after {acknowledged} was acknowledged");
            offset.set(told);
            let from = usize::try_from(told)?;
            let until = bytes.len().min(from + PATCH_BYTES);
            if let Some(next) = patch(client, location, told, &bytes[from..until]).await? {
                offset.set(next);
            }
        }
        tokio::time::sleep(PIECE_EVERY).await;
    }
    Ok(())
}

/// The offset that the node tells; `None` when it is away.
async fn head(client: &Client, location: &str) -> anyhow::Result<Option<u64>> {
    let Ok(answer) = client.request("HEAD", location).send().await else { return Ok(None) };
    match answer.status().as_u16() {
        200 => {
            let offset = answer.headers().get("upload-offset").context("no Upload-Offset")?;
            Ok(Some(offset.to_str()?.parse()?))
        }
        500..=599 => Ok(None),
        status => bail!("HEAD was answered {status}"),
    }
}

/// The offset after a PATCH; `None` when it broke off, or another request still holds the upload.
async fn patch(
    client: &Client,
    location: &str,
    offset: u64,
    body: &[u8],
) -> anyhow::Result<Option<u64>> {
    let pieces: Vec<Vec<u8>> = body.chunks(PIECE_BYTES).map(<[u8]>::to_vec).collect();
    let slow = futures_util::stream::unfold(pieces.into_iter(), |mut pieces| async move {
        let piece = pieces.next()?;
        tokio::time::sleep(PIECE_EVERY).await;
        Some((Ok::<_, std::io::Error>(piece), pieces))
    });
    let request = client.request("PATCH", location).header("Upload-Offset", offset);
    let request = request.header("Content-Type", "application/offset+octet-stream");
    let request = request.header("Content-Length", body.len());
    let Ok(answer) = request.body(reqwest::Body::wrap_stream(slow)).send().await else {
        return Ok(None);
    };
    match answer.status().as_u16() {
        204 => Ok(Some(offset + body.len() as u64)),
        // 5xx: whoever held the upload has died; what was acknowledged is asked again.
        409 | 423 | 500..=599 => Ok(None),
        status => bail!("PATCH at {offset} was answered {status}: {}", answer.text().await?),
    }
}
