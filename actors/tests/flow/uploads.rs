//! Uploads that break off, race, end and are too large.

use crate::house::{House, create};
use playhouse_actors::content;
use playhouse_actors::upload::{Refusal, Reply, Request};
use playhouse_storage::Error;
use playhouse_storage::model::{Residency, Status, UploadId, UploadMetadata, UploadState};

fn nothing() -> UploadMetadata {
    UploadMetadata::default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creator_who_comes_back_goes_on_where_the_disk_stands() {
    let house = House::build().await;
    let upload = house.create(10, nothing()).await;
    assert_eq!(house.content(upload.content_id).await.status, Status::Uploading);
    house.send(upload.id, 0, b"01234").await;
    let wrong = house.ask(upload.id, Request::Grant { offset: 0 }).await;
    assert!(matches!(wrong, Reply::Refused(Refusal::WrongOffset { expected: 5 })), "{wrong:?}");
    match house.send(upload.id, 5, b"56789").await {
        Reply::Upload(upload) => assert_eq!(upload.state, UploadState::Completed),
        other => panic!("{other:?}"),
    }
    let again = house.ask(upload.id, Request::Grant { offset: 10 }).await;
    assert!(matches!(again, Reply::Refused(Refusal::Completed)), "{again:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_request_takes_the_upload_from_a_stalled_one() {
    let house = House::build().await;
    let upload = house.create(10, nothing()).await;
    let stalled = house.ask(upload.id, Request::Grant { offset: 0 }).await;
    let Reply::Granted { token: old, .. } = stalled else { panic!("{stalled:?}") };
    let mut writer =
        house.stores.staging.open(upload.id, Residency::Global, old, 0).await.expect("opened");
    house.send(upload.id, 0, b"0123").await;
    let late = writer.write(bytes::Bytes::from_static(b"xxxxxxxx")).await;
    let late = match late {
        Ok(()) => writer.sync().await.map(drop),
        Err(error) => Err(error),
    };
    assert!(matches!(late, Err(Error::Revoked)), "{late:?}");
    let late = house.ask(upload.id, Request::Commit { token: old, offset: 8 }).await;
    assert!(matches!(late, Reply::Refused(Refusal::Revoked)), "{late:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminated_upload_leaves_neither_bytes_nor_content() {
    let house = House::build().await;
    let upload = house.create(10, nothing()).await;
    house.send(upload.id, 0, b"0123").await;
    let ended = house.ask(upload.id, Request::Terminate).await;
    assert!(matches!(ended, Reply::Ended), "{ended:?}");
    let content = house.stores.catalog.content(upload.content_id).await.expect("an answer");
    assert_eq!(content, None);
    assert_eq!(house.stores.staging.list().await.expect("a list"), vec![]);
    let gone = house.ask(upload.id, Request::Grant { offset: 4 }).await;
    assert!(matches!(gone, Reply::Refused(Refusal::Gone)), "{gone:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_late_writer_leaves_of_an_ended_upload_is_removed() {
    let house = House::build().await;
    let upload = house.create(10, nothing()).await;
    let granted = house.ask(upload.id, Request::Grant { offset: 0 }).await;
    let Reply::Granted { token, .. } = granted else { panic!("{granted:?}") };
    house.ask(upload.id, Request::Terminate).await;
    let mut late =
        house.stores.staging.open(upload.id, Residency::Global, token, 0).await.expect("opened");
    late.write(bytes::Bytes::from_static(b"0123")).await.expect("written");
    drop(late);
    let house = house.reopen().await;
    let staging = &house.stores.staging;
    let gone = async {
        while !staging.list().await.expect("a list").is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(crate::house::DEADLINE, gone).await.expect("the next round removes it");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_for_a_deleted_content_are_not_taken() {
    let house = House::build().await;
    let upload = house.create(10, nothing()).await;
    let pipeline = house.platform.pipeline(upload.content_id);
    let deleted = pipeline.ask(content::Request::Delete, crate::house::DEADLINE).await;
    assert!(matches!(deleted, Ok(content::Reply::Deleted)), "{deleted:?}");
    let refused = house.ask(upload.id, Request::Grant { offset: 0 }).await;
    assert!(matches!(refused, Reply::Refused(Refusal::Gone)), "{refused:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_and_oversized_files_are_refused_before_a_record_exists() {
    let house = House::build().await;
    let id = UploadId::new();
    let empty = house.ask(id, create(0, nothing())).await;
    assert!(matches!(empty, Reply::Refused(Refusal::Empty)), "{empty:?}");
    let huge = house.ask(id, create(20_000_000_001, nothing())).await;
    assert!(matches!(huge, Reply::Refused(Refusal::TooLarge { .. })), "{huge:?}");
    assert_eq!(house.stores.catalog.upload(id).await.expect("an answer"), None);
    house.close().await;
}
