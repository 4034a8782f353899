//! One body of an upload on its way to staging.
//!
//! What has been written is made durable and committed every few megabytes or seconds, and at the
//! end, however it ends: whole, broken off, stalled, too long or because the node stops. So a
//! broken connection costs at most the bytes since the last commit, and the offset never runs
//! ahead of the disk. When even this request is dropped (the node has no time left), the bytes
//! since the last commit are sent again.

use super::{longer, record};
use crate::App;
use crate::extract::stalled;
use crate::problem::{Answer, Problem};
use crate::stopping::Stopping;
use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::StreamExt;
use playhouse_actors::metrics::upload_bytes;
use playhouse_actors::upload::Request as Ask;
use playhouse_storage::model::{Residency, Upload, UploadId};
use playhouse_storage::staging::PartWriter;
use std::cmp::Ordering;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// The right to write.
pub(super) struct Grant {
    pub(super) upload: UploadId,
    /// Where its bytes may rest.
    pub(super) residency: Residency,
    pub(super) token: u64,
    pub(super) offset: u64,
    pub(super) size_bytes: u64,
}

/// Streams `body` to staging; answers the record after the last commit.
pub(super) async fn receive(
    app: &App,
    grant: Grant,
    body: Body,
    stopping: Stopping,
) -> Answer<Upload> {
    let staging = &app.platform.engines.staging;
    let (token, offset) = (grant.token, grant.offset);
    let writer = staging.open(grant.upload, grant.residency, token, offset).await?;
    let mut part = Part {
        app,
        writer,
        written: grant.offset,
        committed: grant.offset,
        committed_at: Instant::now(),
        last: None,
        stopping,
        grant,
    };
    let mut stream = body.into_data_stream();
    let end = part.fill(&mut stream).await;
    let upload = match &end {
        // Nothing more can be done with this writer.
        Err(End::Failed(_)) => None,
        Ok(()) | Err(End::Broken(_) | End::Stalled | End::Stopping | End::TooLong) => {
            Some(part.commit().await?)
        }
    };
    match (end, upload) {
        (Ok(()), Some(upload)) => Ok(upload),
        (Ok(()), None) => Err(Problem::internal("an upload ended without a commit")),
        (Err(end), _) => Err(end.problem(part.grant.size_bytes - part.grant.offset)),
    }
}

/// Why a body ended before its end.
enum End {
    Broken(String),
    Stalled,
    Stopping,
    TooLong,
    Failed(Problem),
}

impl End {
    fn problem(self, left: u64) -> Problem {
        match self {
            Self::Broken(cause) => Problem::bad_request(
                "broken-off",
                "the connection broke off; what had come is kept, go on from there",
            )
            .caused_by(cause),
            Self::Stalled => stalled(),
            Self::Stopping => Problem::unavailable(
                "stopping",
                "the node stops; what had come is kept, go on from there when it is back",
                2,
            ),
            Self::TooLong => longer(left),
            Self::Failed(problem) => problem,
        }
    }
}

struct Part<'a> {
    app: &'a App,
    grant: Grant,
    writer: Box<dyn PartWriter>,
    written: u64,
    committed: u64,
    committed_at: Instant,
    /// The chunk that reaches the announced length.
    last: Option<Bytes>,
    stopping: Stopping,
}

impl Part<'_> {
    async fn fill(&mut self, body: &mut BodyDataStream) -> Result<(), End> {
        let stall = self.app.config.body_stall();
        loop {
            let next = tokio::select! {
                next = timeout(stall, body.next()) => next,
                () = self.stopping.asked() => return Err(End::Stopping),
            };
            match next {
                Err(_) => return Err(End::Stalled),
                Ok(None) => return self.close().await,
                Ok(Some(Err(error))) => return Err(End::Broken(error.to_string())),
                Ok(Some(Ok(bytes))) => self.take(bytes).await?,
            }
        }
    }

    /// A body that does not end where it was announced to end must not complete the upload: the
    /// chunk that would is held until the body has ended, and dropped when more follows.
    async fn take(&mut self, bytes: Bytes) -> Result<(), End> {
        let left = self.grant.size_bytes - self.written;
        match (bytes.len() as u64).cmp(&left) {
            _ if bytes.is_empty() => Ok(()),
            _ if self.last.is_some() => Err(End::TooLong),
            Ordering::Greater => Err(End::TooLong),
            Ordering::Equal => {
                self.last = Some(bytes);
                Ok(())
            }
            Ordering::Less => self.write(bytes).await,
        }
    }

    async fn close(&mut self) -> Result<(), End> {
        match self.last.take() {
            Some(bytes) => self.write(bytes).await,
            None => Ok(()),
        }
    }

    async fn write(&mut self, bytes: Bytes) -> Result<(), End> {
        let length = bytes.len() as u64;
        let written = self.writer.write(bytes).await;
        written.map_err(|error| End::Failed(error.into()))?;
        self.written += length;
        upload_bytes(length);
        if self.is_due() {
            self.commit().await.map_err(End::Failed)?;
        }
        Ok(())
    }

    /// The end of the body commits what is whole.
    fn is_due(&self) -> bool {
        let config = &self.app.config;
        let often = self.written - self.committed >= config.upload_commit_bytes
            || self.committed_at.elapsed() >= Duration::from_secs(config.upload_commit_s);
        often && self.written < self.grant.size_bytes
    }

    async fn commit(&mut self) -> Answer<Upload> {
        let offset = self.writer.sync().await?;
        let deadline = match offset == self.grant.size_bytes {
            true => self.app.config.finish_deadline(),
            false => self.app.config.ask_deadline(),
        };
        let ask = Ask::Commit { token: self.grant.token, offset };
        let reply = self.app.platform.session(self.grant.upload).ask(ask, deadline).await?;
        self.committed = offset;
        self.committed_at = Instant::now();
        record(reply)
    }
}
