//! The contract of wake-ups on RabbitMQ: `ops/services up rabbitmq` starts one, and its
//! `PLAYHOUSE_TEST_AMQP` names it. And what only a broker has: letters that nobody can deliver.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test that meets an error has failed")]

#[path = "contract/wakes.rs"]
mod wakes;

use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{BasicConsumeOptions, BasicPublishOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use playhouse_storage::model::JobId;
use playhouse_storage::wakes::{Call, Config, Queue, Wakes, amqp};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(10);

/// Queues of one test, on the broker of all.
struct Broker {
    config: Config,
    channel: Channel,
    _connection: Connection,
}

fn url() -> String {
    std::env::var("PLAYHOUSE_TEST_AMQP")
        .expect("PLAYHOUSE_TEST_AMQP names no broker: run `ops/services up rabbitmq`")
}

impl Broker {
    async fn new(delivery_limit: u32) -> Self {
        let prefix = format!("test-{}", Uuid::now_v7().simple());
        let config = Config { prefix, delivery_limit, ..Config::default() };
        let connection =
            Connection::connect(&url(), ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        Self { config, channel, _connection: connection }
    }

    fn wakes(&self) -> Arc<dyn Wakes> {
        amqp::open(&url(), &self.config).unwrap()
    }

    /// The next dead letter.
    async fn dead_letter(&self) -> Delivery {
        let name = format!("{}.dead", self.config.prefix);
        let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
        let consume = self.channel.basic_consume(
            name.as_str().into(),
            "".into(),
            options,
            FieldTable::default(),
        );
        let mut letters = consume.await.unwrap();
        timeout(SOON, letters.next()).await.expect("a dead letter").unwrap().unwrap()
    }

    async fn close(self) {
        let names = Queue::ALL.into_iter().map(Queue::name).chain(["dead"]);
        for name in names.map(|name| format!("{}.{name}", self.config.prefix)) {
            let options = QueueDeleteOptions::default();
            self.channel.queue_delete(name.as_str().into(), options).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_broker_keeps_the_contract() {
    let broker = Broker::new(20).await;
    let (here, there) = (broker.wakes(), broker.wakes());
    wakes::check(here.as_ref(), there.as_ref()).await;
    broker.close().await;
}

#[tokio::test]
async fn a_message_that_nobody_understands_is_a_dead_letter_and_holds_up_nobody() {
    let broker = Broker::new(20).await;
    let wakes = broker.wakes();
    let mut listener = wakes.listen(&[Queue::PROBE]).await.unwrap();
    let name = format!("{}.{}", broker.config.prefix, Queue::PROBE.name());
    let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
    let odd =
        broker.channel.basic_publish("".into(), name.as_str().into(), options, b"?", properties);
    odd.await.unwrap().await.unwrap();
    let call = Call { job: JobId::new(), queue: Queue::PROBE, again: false };
    wakes.announce(call);
    wakes.flush().await.unwrap();
    let wake = timeout(SOON, listener.next()).await.expect("somebody is woken").unwrap();
    assert_eq!(wake.job(), call.job);
    wake.settle().await.unwrap();
    assert_eq!(broker.dead_letter().await.data, b"?");
    broker.close().await;
}

#[tokio::test]
async fn a_wake_up_that_nobody_can_use_ends_as_a_dead_letter() {
    let broker = Broker::new(3).await;
    let wakes = broker.wakes();
    let call = Call { job: JobId::new(), queue: Queue::AUDIO, again: false };
    wakes.announce(call);
    wakes.flush().await.unwrap();
    let mut listener = wakes.listen(&[Queue::AUDIO]).await.unwrap();
    let mut told = 0;
    while let Ok(wake) = timeout(Duration::from_secs(2), listener.next()).await {
        told += 1;
        wake.unwrap().pass_on().await.unwrap();
    }
    assert_eq!(told, 4, "once, and three times more");
    let letter = String::from_utf8(broker.dead_letter().await.data).unwrap();
    assert!(letter.contains(&call.job.to_string()), "{letter}");
    broker.close().await;
}

#[tokio::test]
async fn a_wrong_password_is_told_without_it() {
    let (user, place) =
        url().split_once('@').map(|(user, it)| (user.to_owned(), it.to_owned())).unwrap();
    let user = user.rsplit_once(':').unwrap().0.to_owned();
    let wakes = amqp::open(&format!("{user}:hush@{place}"), &Config::default()).unwrap();
    let told = wakes.ping().await.unwrap_err().to_string();
    assert!(told.contains("storage.jobs") && !told.contains("hush"), "{told}");
}
