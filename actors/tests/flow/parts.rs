//! Uploads in parts that nobody continues: what has come is removed with them, unless the file was
//! whole and only the answer got lost.

use crate::house::{DEADLINE, House, create};
use async_trait::async_trait;
use bytes::Bytes;
use playhouse_actors::upload::{Reply, Request, parts_of};
use playhouse_storage::model::{
    Content, Residency, Stage, Upload, UploadId, UploadMetadata, UploadState,
};
use playhouse_storage::staging::parts::{Claimed, Part, PartBody, Parts, PartsOf, Received};
use playhouse_storage::staging::{PartWriter, Staging};
use playhouse_storage::{Error, Result};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// A store that makes the blob and does not get to say so.
struct Mute(Arc<dyn Staging>);

#[async_trait]
impl Parts for Mute {
    async fn begin(&self, upload: UploadId, key: &str) -> Result<String> {
        self.0.begin(upload, key).await
    }

    async fn url(&self, of: &PartsOf, part: Part, valid: Duration) -> Result<Option<String>> {
        self.0.url(of, part, valid).await
    }

    async fn receive(&self, of: &PartsOf, part: Part) -> Result<Box<dyn PartBody>> {
        self.0.receive(of, part).await
    }

    async fn received(&self, of: &PartsOf) -> Result<Vec<Received>> {
        self.0.received(of).await
    }

    async fn assemble(&self, of: &PartsOf, size_bytes: u64, parts: &[Claimed]) -> Result<()> {
        self.0.assemble(of, size_bytes, parts).await?;
        Err(Error::Unavailable { what: "the answer got lost".to_owned() })
    }

    async fn abandon(&self, of: &PartsOf) -> Result<()> {
        self.0.abandon(of).await
    }
}

#[async_trait]
impl Staging for Mute {
    async fn open(
        &self,
        upload: UploadId,
        residency: Residency,
        token: u64,
        offset: u64,
    ) -> Result<Box<dyn PartWriter>> {
        self.0.open(upload, residency, token, offset).await
    }

    async fn seal(&self, upload: UploadId, size_bytes: u64, key: &str) -> Result<()> {
        self.0.seal(upload, size_bytes, key).await
    }

    async fn discard(&self, upload: UploadId) -> Result<()> {
        self.0.discard(upload).await
    }

    async fn list(&self) -> Result<Vec<UploadId>> {
        self.0.list().await
    }
}

async fn house() -> House {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = |config: &mut playhouse_actors::Config| {
        config.upload_ttl_s = 2;
        config.events.janitor_every_s = 3_600;
    };
    House::open_on(folder, settings, |engines| {
        engines.staging = Arc::new(Mute(engines.staging.clone()));
    })
    .await
}

/// An upload of four bytes, one part of which has come whole; and what its PUT was answered.
async fn sent(house: &House) -> (Upload, Claimed) {
    let id = UploadId::new();
    let wish = match create(4, UploadMetadata::default()) {
        Request::Create { content_id, owner, size_bytes, metadata, .. } => {
            Request::Create { content_id, owner, size_bytes, metadata, in_parts: true }
        }
        other => other,
    };
    let Reply::Upload(upload) = house.ask(id, wish).await else { panic!("it begins") };
    let of = parts_of(&upload).expect("it comes in parts");
    let part = Part { number: 1, start: 0, bytes: 4 };
    let mut into = house.stores.staging.receive(&of, part).await.expect("a writer");
    into.write(Bytes::from_static(b"film")).await.expect("written");
    let etag = into.finish(None).await.expect("whole");
    (*upload, Claimed { number: 1, etag })
}

async fn content(house: &House, upload: &Upload) -> Content {
    let content = house.stores.catalog.content(upload.content_id).await.expect("an answer");
    content.expect("it is there")
}

async fn wait_ended(house: &House, id: UploadId) -> Upload {
    let ended = async {
        loop {
            let upload = house.stores.catalog.upload(id).await.expect("an answer");
            match upload.filter(|upload| upload.state != UploadState::Receiving) {
                Some(upload) => return upload,
                None => sleep(Duration::from_millis(10)).await,
            }
        }
    };
    timeout(DEADLINE, ended).await.expect("its time is over")
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_nobody_completes_go_with_their_upload() {
    let house = house().await;
    let (upload, _) = sent(&house).await;
    assert_eq!(house.stores.staging.list().await.expect("a list"), [upload.id]);
    let ended = wait_ended(&house, upload.id).await;
    assert_eq!(ended.state, UploadState::Expired);
    assert_eq!(house.stores.staging.list().await.expect("a list"), vec![]);
    let content = house.stores.catalog.content(upload.content_id).await.expect("an answer");
    assert_eq!(content, None);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_whole_stays_though_nobody_heard_of_it() {
    let house = house().await;
    let (upload, claimed) = sent(&house).await;
    let complete = Request::Complete { parts: vec![claimed] };
    let answer = house.platform.session(upload.id).ask(complete, DEADLINE).await;
    assert!(answer.is_err(), "the store did not get to say so: {answer:?}");
    let ended = wait_ended(&house, upload.id).await;
    assert_eq!(ended.state, UploadState::Completed);
    let received = async {
        while content(&house, &upload).await.stage == Stage::Receive {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(DEADLINE, received).await.expect("its pipeline gets it");
    house.close().await;
}
