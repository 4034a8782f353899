//! Files that are no media are refused with one clear error, and leave nothing behind.

use crate::house::{House, at_rest};
use playhouse_storage::model::{Stage, Status, UploadMetadata};

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_calls_itself_a_film_is_refused_and_its_bytes_are_removed() {
    let house = House::build().await;
    let metadata =
        UploadMetadata { filename: Some("film.mp4".into()), ..UploadMetadata::default() };
    let text = b"This is no film. ".repeat(500);
    let id = house.upload(&text, metadata).await;
    let refused = house.wait(id, at_rest).await;
    assert_eq!((refused.stage, refused.status), (Stage::Failed, Status::Failed));
    let blocked = refused.blocked.expect("a reason");
    assert_eq!(blocked.code, "not_media", "{}", blocked.detail);
    assert_eq!(refused.source, None);
    let upload = house.stores.catalog.upload(refused.upload_id).await.expect("an answer");
    let key = format!("source/{id}/{}", upload.expect("the upload is kept").id);
    assert!(house.stores.blobs.size(&key).await.is_err(), "the bytes are gone");
    let jobs = house.stores.catalog.jobs_of(id).await.expect("an answer");
    assert!(jobs.is_empty(), "{jobs:?}");
    house.close().await;
}
