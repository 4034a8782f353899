//! The actor: loads the record, applies the rules, commits, and only then answers.

use super::rules::{self, Alarm};
use super::{Refusal, Reply, Request, cut, parts_of};
use crate::Platform;
use crate::content;
use crate::runtime::trace::{self, Context};
use crate::runtime::{AskError, Entity, Exit, Report};
use crate::weight;
use jiff::Timestamp;
use playhouse_storage::blobs::keys;
use playhouse_storage::catalog::{Commit, NewEvent, Write};
use playhouse_storage::failpoint;
use playhouse_storage::model::{ContentId, Fence, Upload, UploadId, UploadMetadata, UploadState};
use serde_json::json;

/// The role of the session is to say which byte comes next and who may write it.
pub struct Session {
    id: UploadId,
    fence: Fence,
    pub(super) platform: Platform,
    pub(super) upload: Option<Upload>,
    /// What the timer of the expiry is set to, once that is known.
    alarm: Option<Timestamp>,
}

/// Name of the timer of the expiry; the migration that brought timers sets it too.
const EXPIRE: &str = "expire";

pub(super) type Answer = Result<Result<Reply, Refusal>, Exit>;

impl Entity for Session {
    const KIND: &'static str = "upload.session";
    type Id = UploadId;
    type Request = Request;
    type Reply = Reply;

    async fn load(id: UploadId, fence: Fence, platform: Platform) -> Result<Self, Exit> {
        let upload = platform.engines.catalog.upload(id).await?;
        Ok(Self { id, fence, platform, upload, alarm: None })
    }

    /// A second grant revokes the first, which nobody has.
    fn repeats(request: &Request) -> bool {
        matches!(request, Request::Look | Request::Grant { .. })
    }

    async fn handle(&mut self, request: Request) -> Result<Reply, Exit> {
        let answer = match request {
            Request::Create { content_id, owner, size_bytes, metadata, in_parts } => {
                self.create(Wish { content_id, owner, size_bytes, metadata, in_parts }).await?
            }
            Request::Announce { numbers } => self.announce(&numbers).await?,
            Request::Complete { parts } => self.complete(parts).await?,
            Request::Look => self.known().cloned().map(reply),
            Request::Grant { offset } => self.grant(offset).await?,
            Request::Commit { token, offset } => self.commit(token, offset).await?,
            Request::Terminate => self.end(UploadState::Terminated).await?,
            Request::Expire => self.expire().await?,
            Request::HandOver => self.hand_over().await?,
        };
        Ok(answer.unwrap_or_else(Reply::Refused))
    }

    fn on_timer(name: &str) -> Option<Request> {
        (name == EXPIRE).then_some(Request::Expire)
    }

    /// Requests that send its bytes have traces of their own: it is one work, whatever they say.
    fn trace(&self) -> Option<Context> {
        Context::of_traceparent(self.upload.as_ref()?.traceparent.as_deref()?)
    }

    fn report(&self) -> Report {
        let upload = self.upload.as_ref();
        let state = upload.map_or("absent", |upload| upload.state.into());
        let bytes = size_of::<Self>() + upload.map_or(0, weight::upload);
        Report { state, bytes: bytes as u64 }
    }
}

/// What is to be created.
struct Wish {
    content_id: ContentId,
    owner: String,
    size_bytes: u64,
    metadata: UploadMetadata,
    in_parts: bool,
}

pub(super) fn reply(upload: Upload) -> Reply {
    Reply::Upload(Box::new(upload))
}

impl Session {
    pub(super) fn known(&self) -> Result<&Upload, Refusal> {
        self.upload.as_ref().ok_or(Refusal::NotFound)
    }

    /// Both records are on disk before the answer. Asked twice, the second finds the first.
    async fn create(&mut self, wish: Wish) -> Answer {
        let config = self.platform.config.clone();
        if let Err(refusal) = rules::admit(wish.size_bytes, config.upload_bytes_max) {
            return Ok(Err(refusal));
        }
        let parts = match wish.in_parts.then(|| cut::cut(wish.size_bytes, config.upload_part_bytes))
        {
            None => None,
            Some(Ok(parts)) => Some(parts),
            Some(Err(refusal)) => return Ok(Err(refusal)),
        };
        if self.upload.is_none() {
            let now = Timestamp::now();
            let expires_at = match parts {
                None => rules::expiry(now, config.upload_ttl_s),
                Some(_) => self.parts_expiry(now),
            };
            let upload = Upload {
                id: self.id,
                content_id: wish.content_id,
                owner: wish.owner,
                size_bytes: wish.size_bytes,
                offset_bytes: 0,
                state: UploadState::Receiving,
                metadata: wish.metadata,
                grant: 0,
                created_at: now,
                expires_at,
                parts,
                traceparent: trace::traceparent(),
                row_version: 1,
            };
            self.store(Some(Write::InsertUpload(Box::new(upload.clone()))), upload, vec![]).await?;
        }
        self.begin_parts().await?;
        self.open_content().await
    }

    async fn open_content(&mut self) -> Answer {
        let upload = match self.known() {
            Ok(upload) => upload.clone(),
            Err(refusal) => return Ok(Err(refusal)),
        };
        let open = content::Request::Open {
            upload_id: upload.id,
            owner: upload.owner.clone(),
            metadata: upload.metadata.clone(),
        };
        // When this fails the creator is told so, and what is left of it expires.
        self.tell_pipeline(upload.content_id, open).await?;
        Ok(Ok(reply(upload)))
    }

    async fn grant(&mut self, offset: u64) -> Answer {
        let next = match self.known().and_then(|upload| rules::grant(upload, offset)) {
            Ok(next) => next,
            Err(refusal) => return Ok(Err(refusal)),
        };
        // The content may have been deleted meanwhile: bytes for it would be written in vain.
        if self.platform.engines.catalog.content(next.content_id).await?.is_none() {
            self.end(UploadState::Terminated).await?.ok();
            return Ok(Err(Refusal::Gone));
        }
        let granted = Reply::Granted { token: next.grant, offset, size_bytes: next.size_bytes };
        self.update(next, vec![]).await?;
        Ok(Ok(granted))
    }

    async fn commit(&mut self, token: u64, offset: u64) -> Answer {
        let expires_at = rules::expiry(Timestamp::now(), self.platform.config.upload_ttl_s);
        let next = self.known().and_then(|it| rules::commit(it, token, offset, expires_at));
        match next {
            Err(refusal) => return Ok(Err(refusal)),
            Ok(None) => {}
            Ok(Some(next)) => {
                let events = completed(&next).into_iter().collect();
                self.update(next, events).await?;
            }
        }
        let answer = self.hand_over().await?;
        failpoint::pass("upload.before_ack");
        Ok(answer)
    }

    /// Seals a completed upload and gives it to its pipeline. Every step may be done again: a
    /// crash between any two of them is mended by the next call.
    pub(super) async fn hand_over(&mut self) -> Answer {
        let upload = match self.known() {
            Ok(upload) => upload.clone(),
            Err(refusal) => return Ok(Err(refusal)),
        };
        if upload.state != UploadState::Completed {
            return Ok(Ok(reply(upload)));
        }
        let (content_id, size_bytes) = (upload.content_id, upload.size_bytes);
        let key = keys::source(upload.metadata.residency, content_id, upload.id);
        let stage = self.platform.engines.catalog.content(content_id).await?.map(|it| it.stage);
        match stage {
            Some(playhouse_storage::model::Stage::Receive) => {}
            Some(_) => return Ok(Ok(reply(upload))),
            None => {
                self.platform.engines.staging.discard(upload.id).await?;
                // What came in parts is a blob already.
                self.platform.engines.blobs.delete(&key).await?;
                return Ok(Ok(reply(upload)));
            }
        }
        self.platform.engines.staging.seal(upload.id, size_bytes, &key).await?;
        let receive = content::Request::Receive { key: key.clone(), size_bytes };
        match self.tell_pipeline(content_id, receive).await? {
            content::Reply::Content(_) => {}
            content::Reply::Deleted | content::Reply::Refused(_) => {
                // Deleted in the meantime: nobody else knows of this blob any more.
                self.platform.engines.blobs.delete(&key).await?;
            }
        }
        Ok(Ok(reply(upload)))
    }

    async fn expire(&mut self) -> Answer {
        match self.known().cloned() {
            Ok(upload) if upload.expires_at > Timestamp::now() => {
                // The timer has rung early and goes with this answer, whatever is known of it.
                self.alarm = None;
                self.store(None, upload.clone(), vec![]).await?;
                Ok(Ok(reply(upload)))
            }
            Ok(upload) => match parts_of(&upload) {
                Some(of) if upload.state == UploadState::Receiving => {
                    self.expire_parts(&upload, &of).await
                }
                Some(_) | None => self.end(UploadState::Expired).await,
            },
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    pub(super) async fn end(&mut self, state: UploadState) -> Answer {
        let upload = match self.known() {
            Ok(upload) => upload.clone(),
            Err(refusal) => return Ok(Err(refusal)),
        };
        match rules::end(&upload, state) {
            Err(refusal) => return Ok(Err(refusal)),
            Ok(None) => {}
            Ok(Some(next)) => {
                // The own record last: after a crash it expires, and all of this is done again.
                self.tell_pipeline(upload.content_id, content::Request::Abandon).await?;
                self.platform.engines.staging.discard(self.id).await?;
                if let Some(of) = parts_of(&upload) {
                    self.abandon_parts(&of).await?;
                }
                self.update(next, vec![]).await?;
            }
        }
        Ok(Ok(Reply::Ended))
    }

    async fn tell_pipeline(
        &self,
        content: ContentId,
        request: content::Request,
    ) -> Result<content::Reply, Exit> {
        let deadline = self.platform.config.ask_deadline();
        let answer = self.platform.pipeline(content).ask(request, deadline).await;
        answer.map_err(|error| match error {
            AskError::Busy { .. } => Exit::Busy,
            AskError::Expired | AskError::Ended(_) | AskError::Unavailable => {
                Exit::Failed { error: format!("the pipeline: {error}") }
            }
        })
    }

    pub(super) async fn update(&mut self, next: Upload, events: Vec<NewEvent>) -> Result<(), Exit> {
        self.store(Some(Write::UpdateUpload(Box::new(next.clone()))), next, events).await
    }

    /// Commits what has changed of the record, and what becomes of its timer with it.
    async fn store(
        &mut self,
        write: Option<Write>,
        next: Upload,
        events: Vec<NewEvent>,
    ) -> Result<(), Exit> {
        let content = next.content_id;
        let alarm = rules::alarm(self.alarm, &next, self.platform.config.upload_expiry_slack_s);
        let writes = write.into_iter().chain(self.timer(alarm)).collect();
        let commit = Commit { fence: self.fence, writes, events };
        self.platform.commit(content, commit).await?;
        self.upload = Some(next);
        match alarm {
            Alarm::Keep | Alarm::Clear => {}
            Alarm::Set(at) => self.alarm = Some(at),
        }
        Ok(())
    }

    fn timer(&self, alarm: Alarm) -> Option<Write> {
        let (kind, id, name) = (Self::KIND, self.id.to_string(), EXPIRE);
        match alarm {
            Alarm::Keep => None,
            Alarm::Set(due_at) => Some(Write::SetTimer { kind, id, name, due_at }),
            Alarm::Clear => Some(Write::ClearTimer { kind, id, name }),
        }
    }
}

pub(super) fn completed(upload: &Upload) -> Option<NewEvent> {
    (upload.state == UploadState::Completed).then(|| NewEvent {
        topic: "media.upload.completed".into(),
        key: upload.content_id.to_string(),
        payload: json!({
            "upload_id": upload.id,
            "content_id": upload.content_id,
            "owner": upload.owner,
            "size_bytes": upload.size_bytes,
        }),
        trace: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_a_completed_upload_keeps_to_its_schema() {
        let now = Timestamp::now();
        let mut upload = Upload {
            id: UploadId::new(),
            content_id: ContentId::new(),
            owner: "ada".into(),
            size_bytes: 7,
            offset_bytes: 7,
            state: UploadState::Receiving,
            metadata: UploadMetadata::default(),
            grant: 1,
            parts: None,
            created_at: now,
            expires_at: now,
            traceparent: None,
            row_version: 1,
        };
        assert!(completed(&upload).is_none());
        upload.state = UploadState::Completed;
        crate::events::schemas::check(&completed(&upload).expect("it is told"));
    }

    #[test]
    fn the_timer_that_migration_2_sets_for_older_uploads_is_known() {
        let sql = include_str!("../../../migrations/0002_add_timers_and_audit.sql");
        assert!(sql.contains(&format!("'{}', id, '{EXPIRE}'", Session::KIND)), "{sql}");
        assert!(matches!(Session::on_timer(EXPIRE), Some(Request::Expire)));
        assert!(Session::on_timer("another").is_none());
    }
}
