//! A creator uploads a clip and finds it published with every rendition.

use crate::house::{DEADLINE, House, at_rest, clip, plays};
use playhouse_actors::content::{Card, Edit, Manifest, ManifestError, Reply, Request};
use playhouse_storage::model::{
    Check, ContentId, PictureKind, RenditionState, Stage, Status, UploadMetadata,
};
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn a_clip_is_published_with_all_its_renditions_and_can_be_deleted() {
    let house = House::build().await;
    let metadata = UploadMetadata { title: Some("Bunny".into()), ..UploadMetadata::default() };
    let id = house.upload(&clip(), metadata).await;

    let playing = house.wait(id, plays).await;
    assert_eq!(playing.title, "Bunny");
    let card = card(&house, id).await;
    let master = house.platform.manifests.multivariant(&card).await;
    let master = text(&master.expect("something plays"));
    assert!(master.contains("360p/index.m3u8"), "{master}");

    let done = house.wait(id, at_rest).await;
    assert_eq!((done.stage, done.status), (Stage::Done, Status::Published), "{:?}", done.blocked);
    assert_eq!(done.scan, Check::NotConfigured);
    check_renditions(&house, id).await;
    check_manifests(&house, id).await;
    check_source(&house, id).await;
    check_topics(&house, id).await;
    check_unlisting(&house, id).await;
    check_deletion(&house, id).await;
    house.close().await;
}

/// What players are shown of a content.
async fn card(house: &House, id: ContentId) -> Arc<Card> {
    house.platform.cards.get(id).await.expect("the catalog answers").expect("it is there")
}

fn text(manifest: &Manifest) -> String {
    String::from_utf8(manifest.body.to_vec()).expect("a manifest is text")
}

async fn check_renditions(house: &House, id: ContentId) {
    let renditions = house.stores.catalog.renditions(id).await.expect("renditions");
    let names: Vec<&str> = renditions.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["360p", "480p", "720p", "audio-64k", "audio-128k"]);
    for rendition in &renditions {
        let name = &rendition.name;
        assert_eq!(rendition.state, RenditionState::Complete, "{name}");
        assert!(rendition.average_bps.is_some_and(|bps| bps > 10_000), "{name}");
        let segments = house.stores.catalog.segments(id, name).await.expect("segments");
        assert_eq!(segments.len(), rendition.segments_total as usize, "{name}");
        for segment in segments {
            let size = house.stores.blobs.size(&segment.key).await.expect("the blob is there");
            assert_eq!(size, segment.bytes, "{}", segment.key);
        }
    }
    let jobs = house.stores.catalog.jobs_of(id).await.expect("jobs");
    assert!(jobs.is_empty(), "{jobs:?}");
}

async fn check_manifests(house: &House, id: ContentId) {
    let manifests = &house.platform.manifests;
    let card = &card(house, id).await;
    let master = manifests.multivariant(card).await.expect("it plays");
    assert!(master.ended, "nothing follows");
    let master = text(&master);
    assert_eq!(master.matches("#EXT-X-STREAM-INF").count(), 3, "{master}");
    let playlist = manifests.media(card, "360p").await.expect("it is complete");
    let list = text(&playlist);
    assert!(playlist.ended && list.ends_with("#EXT-X-ENDLIST\n"), "{list}");
    let listed: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(!listed.is_empty(), "{list}");
    for name in listed {
        let key = manifests.blob_key(id, &format!("360p/{name}")).await.expect("listed");
        house.stores.blobs.size(&key).await.expect("what is listed is there");
    }
    let mpd = text(&manifests.mpd(card).await.expect("the lowest rung is complete"));
    assert!(mpd.contains("video/mp4") && mpd.contains("audio/mp4"), "{mpd}");
    for name in ["360p/00000-made-up.m4s", "nothing", "../lock", "360p/../../x"] {
        let answer = manifests.blob_key(id, name).await;
        assert!(matches!(answer, Err(ManifestError::NotFound(_))), "{name}: {answer:?}");
    }
}

async fn check_source(house: &House, id: ContentId) {
    let content = house.content(id).await;
    let source = content.source.expect("the source is kept");
    let stored = house.stores.blobs.sha256(&source.key).await.expect("the source is there");
    assert_eq!(source.sha256, Some(stored));
    let of_kind = |kind| content.pictures.iter().filter(|it| it.kind == kind).count();
    assert_eq!(of_kind(PictureKind::Thumbnail), 4);
    assert_eq!(of_kind(PictureKind::Storyboard), 1);
    let manifests = &house.platform.manifests;
    manifests.blob_key(id, "thumb-1.jpg").await.expect("the first candidate");
}

/// Nobody looked at the copyright, so nobody says that it was cleared.
async fn check_topics(house: &House, id: ContentId) {
    while !house.stores.catalog.outbox(1).await.expect("the outbox").is_empty() {
        tokio::task::yield_now().await;
    }
    let told = async |topic: &str| {
        let records = house.told(topic).await;
        records.iter().filter(|record| record.key == id.to_string()).count()
    };
    assert_eq!(told("media.upload.initiated").await, 1);
    assert_eq!(told("media.upload.completed").await, 1);
    assert_eq!(told("media.published").await, 1);
    assert_eq!(told("media.transcoding.completed").await, 1);
    assert_eq!(told("media.copyright.cleared").await, 0);
}

async fn check_unlisting(house: &House, id: ContentId) {
    for (unlisted, status) in [(true, Status::Draft), (false, Status::Published)] {
        let edit = Edit { unlisted: Some(unlisted), ..Edit::default() };
        let reply = house.platform.pipeline(id).ask(Request::Edit(edit), DEADLINE).await;
        match reply.expect("an answer") {
            Reply::Content(content) => assert_eq!(content.status, status),
            other => panic!("{other:?}"),
        }
    }
}

async fn check_deletion(house: &House, id: ContentId) {
    let key = house.content(id).await.source.expect("a source").key;
    let reply = house.platform.pipeline(id).ask(Request::Delete, DEADLINE).await;
    assert!(matches!(reply, Ok(Reply::Deleted)), "{reply:?}");
    assert_eq!(house.stores.catalog.content(id).await.expect("an answer"), None);
    assert!(house.stores.blobs.size(&key).await.is_err(), "the source is gone");
    assert_eq!(house.platform.cards.get(id).await.expect("an answer"), None);
}
