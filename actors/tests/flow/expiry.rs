//! What nobody continues or needs any more goes when its time is over: uploads, whether the node
//! runs then or not, and old orders.

use crate::house::{DEADLINE, House};
use jiff::{SignedDuration, Timestamp};
use playhouse_actors::upload::{Refusal, Reply, Request};
use playhouse_storage::model::{
    AuditEntry, AuditId, AuditOutcome, Upload, UploadId, UploadMetadata, UploadState,
};
use std::time::Duration;
use tokio::time::{sleep, timeout};

async fn house(ttl_s: u64) -> House {
    House::with(|config| {
        config.upload_ttl_s = ttl_s;
        // Nobody else looks for it meanwhile.
        config.events.janitor_every_s = 3_600;
    })
    .await
}

async fn upload(house: &House, id: UploadId) -> Upload {
    let upload = house.stores.catalog.upload(id).await.expect("an answer");
    upload.expect("the record is kept")
}

async fn timers(house: &House) -> usize {
    let timers = house.stores.catalog.timers_due(Timestamp::MAX, 100).await;
    timers.expect("an answer").len()
}

async fn check_expires(house: &House, id: UploadId) {
    let expired = async {
        while upload(house, id).await.state == UploadState::Receiving || timers(house).await > 0 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(DEADLINE, expired).await.expect("it expires, and its timer goes with it");
    let ended = upload(house, id).await;
    assert_eq!(ended.state, UploadState::Expired);
    assert!(ended.expires_at <= Timestamp::now(), "never early");
    let content = house.stores.catalog.content(ended.content_id).await.expect("an answer");
    assert_eq!(content, None);
    assert_eq!(house.stores.staging.list().await.expect("a list"), vec![]);
    let gone = house.ask(id, Request::Grant { offset: ended.offset_bytes }).await;
    assert!(matches!(gone, Reply::Refused(Refusal::Gone)), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_expires_its_time_after_the_last_byte() {
    let house = house(2).await;
    let created = house.create(10, UploadMetadata::default()).await;
    sleep(Duration::from_secs(1)).await;
    house.send(created.id, 0, b"0123").await;
    // Its timer rings when the first expiry is over and is set anew: the bytes have moved it.
    let expires_at = upload(&house, created.id).await.expires_at;
    assert!(expires_at > created.expires_at);
    check_expires(&house, created.id).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_whose_time_ends_while_the_node_is_down_expires_when_it_is_back() {
    let house = house(5).await;
    let created = house.create(10, UploadMetadata::default()).await;
    house.send(created.id, 0, b"0123").await;
    let left = upload(&house, created.id).await;
    let folder = house.shut().await;
    let until = Timestamp::now().duration_until(left.expires_at);
    let until = Duration::try_from(until).expect("the node is down before the time is over");
    sleep(until).await;
    let house = House::open(folder, |_| {}).await;
    check_expires(&house, created.id).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_complete_or_terminated_has_no_timer() {
    let house = house(3_600).await;
    let (whole, ended) = (
        house.create(4, UploadMetadata::default()).await,
        house.create(9, UploadMetadata::default()).await,
    );
    assert_eq!(timers(&house).await, 2);
    house.send(whole.id, 0, b"0123").await;
    assert_eq!(timers(&house).await, 1);
    house.ask(ended.id, Request::Terminate).await;
    assert_eq!(timers(&house).await, 0);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_of_operators_are_forgotten_after_a_year() {
    let house = House::with(|config| config.events.janitor_every_s = 1).await;
    let catalog = &house.stores.catalog;
    for days in [400, 366, 364, 0] {
        let at = Timestamp::now() - SignedDuration::from_hours(24 * days);
        catalog.audit_append(order(at)).await.expect("it is written down");
    }
    let forgotten = async {
        while catalog.audit(None, 9).await.expect("a list").len() > 2 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(DEADLINE, forgotten).await.expect("the next round forgets");
    let left = catalog.audit(None, 9).await.expect("a list");
    let year = Timestamp::now() - SignedDuration::from_hours(24 * 365);
    assert!(left.len() == 2 && left.iter().all(|order| order.at > year), "{left:?}");
    house.close().await;
}

fn order(at: Timestamp) -> AuditEntry {
    AuditEntry {
        id: AuditId::new(),
        at,
        subject: "ada".into(),
        action: "restart".into(),
        path: "events/bridge".into(),
        reason: None,
        outcome: AuditOutcome::Asked,
        trace_id: None,
    }
}
