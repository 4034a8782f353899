//! The session of an upload whose parts come in any order, past this node or through it.
//!
//! The store knows which parts have come; the session knows which there are, until when, and which
//! list was accepted. An accepted list is on disk before the store makes the blob of it, so
//! whatever crashes in between, the same call again ends the same way and no other list does.

use super::session::{Answer, Session, reply};
use super::{Refusal, cut, parts_of, rules};
use crate::runtime::Exit;
use jiff::Timestamp;
use playhouse_storage::Error;
use playhouse_storage::model::{Stage, Upload, UploadState};
use playhouse_storage::staging::parts::{Claimed, PartsOf, digest};

impl Session {
    /// Has the store make room, once.
    pub(super) async fn begin_parts(&mut self) -> Result<(), Exit> {
        let Some(upload) = self.upload.clone() else { return Ok(()) };
        let Some(of) = parts_of(&upload).filter(|of| of.handle.is_empty()) else { return Ok(()) };
        let handle = self.platform.engines.staging.begin(of.upload, &of.key).await?;
        let mut next = rules::changed(&upload);
        if let Some(parts) = &mut next.parts {
            parts.handle = handle;
        }
        self.update(next, vec![]).await
    }

    /// These parts are about to be sent: keeps the upload alive.
    pub(super) async fn announce(&mut self, numbers: &[u32]) -> Answer {
        let next = match self.known() {
            Ok(upload) => cut::announce(upload, numbers, self.parts_expiry(upload.created_at)),
            Err(refusal) => Err(refusal),
        };
        let next = match next {
            Ok(next) => next,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if !self.is_awaited(&next).await? {
            return Ok(Err(Refusal::Gone));
        }
        self.update(next.clone(), vec![]).await?;
        Ok(Ok(reply(next)))
    }

    /// The parts of the list are the file. Said again, it answers the same.
    pub(super) async fn complete(&mut self, claimed: Vec<Claimed>) -> Answer {
        let upload = match self.known() {
            Ok(upload) => upload.clone(),
            Err(refusal) => return Ok(Err(refusal)),
        };
        let (Some(parts), Some(of)) = (&upload.parts, parts_of(&upload)) else {
            return Ok(Err(Refusal::NotInParts));
        };
        let mut sorted = claimed;
        sorted.sort_by_key(|part| part.number);
        let said = digest(&sorted);
        let accepted = parts.accepted.as_ref() == Some(&said);
        if upload.state == UploadState::Completed {
            return if accepted { self.hand_over().await } else { Ok(Err(Refusal::OtherParts)) };
        }
        let sorted = match cut::whole(&upload, sorted) {
            Ok(sorted) => sorted,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if !self.is_awaited(&upload).await? {
            return Ok(Err(Refusal::Gone));
        }
        if !accepted && let Err(refusal) = self.accept(&upload, &of, &sorted, said).await? {
            return Ok(Err(refusal));
        }
        self.assemble(&of, &sorted).await
    }

    /// Holds the list against the store and writes down that it is the one.
    async fn accept(
        &mut self,
        upload: &Upload,
        of: &PartsOf,
        claimed: &[Claimed],
        said: String,
    ) -> Result<Result<(), Refusal>, Exit> {
        let received = match self.platform.engines.staging.received(of).await {
            Ok(received) => received,
            Err(Error::NotFound { .. }) => return self.lost(of).await.map(Err),
            Err(error) => return Err(error.into()),
        };
        if received.is_empty() && self.is_made(of).await? {
            return Ok(Err(Refusal::OtherParts));
        }
        if let Err(refusal) = cut::verify(upload, claimed, &received) {
            return Ok(Err(refusal));
        }
        let mut next = rules::changed(upload);
        if let Some(parts) = &mut next.parts {
            parts.accepted = Some(said);
        }
        self.update(next, vec![]).await?;
        Ok(Ok(()))
    }

    /// Has the store make the blob of an accepted list, and hands it over.
    async fn assemble(&mut self, of: &PartsOf, claimed: &[Claimed]) -> Answer {
        let Some(upload) = self.upload.clone() else { return Ok(Err(Refusal::NotFound)) };
        match self.platform.engines.staging.assemble(of, upload.size_bytes, claimed).await {
            Ok(()) => self.has_come(&upload).await,
            Err(Error::Conflict { .. }) => {
                let why = "a part was sent again while the list was held against what is there: \
                           look which parts there are, and complete again";
                Ok(Err(Refusal::BadParts(why.to_owned())))
            }
            Err(Error::Corrupt { what }) => {
                tracing::warn!(upload = %upload.id, what, "parts of an upload are lost");
                self.end(UploadState::Terminated).await?.ok();
                Ok(Err(Refusal::PartsLost))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Every byte is in the blob: says so, and hands it over.
    async fn has_come(&mut self, upload: &Upload) -> Answer {
        let mut next = rules::changed(upload);
        next.offset_bytes = next.size_bytes;
        next.state = UploadState::Completed;
        let events = super::session::completed(&next).into_iter().collect();
        self.update(next, events).await?;
        let answer = self.hand_over().await?;
        playhouse_storage::failpoint::pass("upload.before_ack");
        Ok(answer)
    }

    /// An upload in parts whose time is over. One that was accepted, and whose blob is there, has
    /// come: only its answer did not.
    pub(super) async fn expire_parts(&mut self, upload: &Upload, of: &PartsOf) -> Answer {
        let accepted = upload.parts.as_ref().is_some_and(|parts| parts.accepted.is_some());
        match accepted && self.is_made(of).await? {
            true => self.has_come(upload).await,
            false => self.end(UploadState::Expired).await,
        }
    }

    /// Removes what the store has of an upload that ends: its parts, or what was made of them.
    pub(super) async fn abandon_parts(&self, of: &PartsOf) -> Result<(), Exit> {
        if !of.handle.is_empty() {
            self.platform.engines.staging.abandon(of).await?;
            self.platform.engines.blobs.delete(&of.key).await?;
        }
        Ok(())
    }

    /// Its parts are not there any more.
    async fn lost(&mut self, of: &PartsOf) -> Result<Refusal, Exit> {
        if self.is_made(of).await? {
            return Ok(Refusal::OtherParts);
        }
        self.end(UploadState::Terminated).await?.ok();
        Ok(Refusal::PartsLost)
    }

    async fn is_made(&self, of: &PartsOf) -> Result<bool, Exit> {
        match self.platform.engines.blobs.size(&of.key).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether its content still waits for it; if not, it ends: more bytes would come in vain.
    async fn is_awaited(&mut self, upload: &Upload) -> Result<bool, Exit> {
        let content = self.platform.engines.catalog.content(upload.content_id).await?;
        if content.is_some_and(|content| content.stage == Stage::Receive) {
            return Ok(true);
        }
        self.end(UploadState::Terminated).await?.ok();
        Ok(false)
    }

    /// When an upload in parts that is touched now expires.
    pub(super) fn parts_expiry(&self, created_at: Timestamp) -> Timestamp {
        let config = &self.platform.config;
        let idle = rules::expiry(Timestamp::now(), config.upload_ttl_s);
        cut::expiry(created_at, idle, config.upload_parts_life_s)
    }
}
