//! Wake-ups through RabbitMQ (AMQP 0-9-1; 3.10 or newer): one quorum queue for each kind of work.
//!
//! A message is confirmed by the broker before it counts as told, and acknowledged once its job is
//! claimed in the database. What nobody can understand, or what was told too often, goes to the
//! exchange of dead letters. One connection carries all; a channel that fails takes only its own
//! work with it. Errors never show the URL, which has a password in it.

use super::calls::Calls;
use super::{Call, Config, Listener, Queue, Wake, Wakes};
use crate::metrics::Meter;
use crate::model::JobId;
use crate::{Error, Result};
use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::{SelectAll, select_all};
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicPublishOptions, BasicQosOptions,
    BasicRejectOptions, ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{
    Acker, BasicProperties, Channel, Connection, ConnectionProperties, Consumer, ExchangeKind,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// An URL that can be served.
pub(crate) const EXAMPLE: &str = "amqp://user:password@host:5672/playhouse";
/// Survives a restart of the broker (AMQP 0-9-1, `delivery-mode`).
static CALLS: Meter = Meter::new("amqp", "call");

const PERSISTENT: u8 = 2;

/// Whether an URL can be served.
pub(crate) fn check(url: &str) -> Result<()> {
    parse(url).map(drop)
}

/// The engine behind an URL. Connects when it is first used: a broker that is away keeps no node
/// from starting.
///
/// # Errors
/// `Invalid` for an URL that cannot be served.
pub fn open(url: &str, config: &Config) -> Result<Arc<dyn Wakes>> {
    let mut uri = parse(url)?;
    uri.query.heartbeat = Some(config.heartbeat_s);
    uri.query.connection_timeout = Some(config.deadline_ms);
    let calls = Calls::new(config.calls_max);
    Ok(Arc::new(AmqpWakes { uri, config: config.clone(), calls, connection: Mutex::default() }))
}

fn parse(url: &str) -> Result<AMQPUri> {
    let wrong =
        |why: &str| Error::Invalid(format!("storage.jobs: {why} (for example {EXAMPLE:?})"));
    // What the parser says may repeat what it was given.
    let uri: AMQPUri = url.parse().map_err(|_| wrong("this is no URL of a broker"))?;
    match uri.scheme {
        AMQPScheme::AMQP => Ok(uri),
        AMQPScheme::AMQPS => {
            Err(wrong("this program speaks amqp: without TLS; put a tunnel before"))
        }
    }
}

struct AmqpWakes {
    uri: AMQPUri,
    config: Config,
    calls: Calls,
    connection: Mutex<Option<Arc<Connection>>>,
}

/// What a message says.
#[derive(Serialize, Deserialize)]
struct Body {
    job: JobId,
}

impl AmqpWakes {
    /// Runs what is asked of the broker, within the deadline.
    async fn within<T>(&self, work: impl Future<Output = Result<T, lapin::Error>>) -> Result<T> {
        let within = async {
            match timeout(self.config.deadline(), work).await {
                Ok(done) => done.map_err(|error| away(&error)),
                Err(_) => Err(away(&"no answer within the deadline")),
            }
        };
        CALLS.around(within).await
    }

    /// A channel of its own, on the one connection.
    async fn channel(&self) -> Result<Channel> {
        let mut kept = self.connection.lock().await;
        if let Some(connection) = kept.as_ref().filter(|it| it.status().connected()) {
            return self.within(connection.create_channel()).await;
        }
        let properties = ConnectionProperties::default().with_connection_name("playhouse".into());
        let connection = self.within(Connection::connect_uri(self.uri.clone(), properties)).await?;
        let channel = self.within(connection.create_channel()).await?;
        self.within(self.declare(&channel)).await?;
        *kept = Some(Arc::new(connection));
        Ok(channel)
    }

    /// Makes what is not there yet; what is there otherwise is refused by the broker.
    async fn declare(&self, channel: &Channel) -> Result<(), lapin::Error> {
        let dead = self.dead();
        let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let none = FieldTable::default;
        let (name, kind) = (dead.as_str().into(), ExchangeKind::Fanout);
        channel.exchange_declare(name, kind, durable, none()).await?;
        let most = self.config.dead_messages_max;
        let letters = table([quorum(), ("x-max-length", AMQPValue::LongUInt(most))]);
        let options = QueueDeclareOptions { durable: true, ..Default::default() };
        channel.queue_declare(dead.as_str().into(), options, letters).await?;
        let (queue, exchange) = (dead.as_str().into(), dead.as_str().into());
        channel.queue_bind(queue, exchange, "".into(), QueueBindOptions::default(), none()).await?;
        for queue in Queue::ALL {
            let text = |text: &str| AMQPValue::LongString(text.into());
            let arguments = table([
                quorum(),
                ("x-dead-letter-exchange", text(&dead)),
                ("x-delivery-limit", AMQPValue::LongUInt(self.config.delivery_limit)),
                ("x-max-length", AMQPValue::LongUInt(self.config.queue_messages_max)),
                ("x-overflow", text("reject-publish")),
            ]);
            channel.queue_declare(self.name(queue).as_str().into(), options, arguments).await?;
        }
        Ok(())
    }

    fn name(&self, queue: Queue) -> String {
        format!("{}.{}", self.config.prefix, queue.name())
    }

    fn dead(&self) -> String {
        format!("{}.dead", self.config.prefix)
    }

    /// A channel on which the broker confirms what it has taken.
    async fn confirmed(&self) -> Result<Channel> {
        let channel = self.channel().await?;
        // Whoever has removed a queue meanwhile gets it back.
        self.within(self.declare(&channel)).await?;
        self.within(channel.confirm_select(ConfirmSelectOptions::default())).await?;
        Ok(channel)
    }

    async fn tell(&self, channel: &Channel, call: Call) -> Result<()> {
        let name = self.name(call.queue);
        if call.again && self.is_told(channel, &name).await? {
            return Ok(());
        }
        let body = serde_json::to_vec(&Body { job: call.job }).unwrap_or_default();
        let properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_content_type("application/json".into());
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        let told = async {
            let name = name.as_str().into();
            channel.basic_publish("".into(), name, options, &body, properties).await?.await
        };
        let confirmation = self.within(told).await?;
        if confirmation.is_nack() {
            tracing::debug!(job = %call.job, queue = name, "the queue of the broker is full");
        }
        match confirmation.take_message() {
            Some(_) => Err(away(&"a queue is missing")),
            None => Ok(()),
        }
    }

    /// Whether others wait in this queue to be told: who takes them looks at the table.
    async fn is_told(&self, channel: &Channel, name: &str) -> Result<bool> {
        let passive = QueueDeclareOptions { durable: true, passive: true, ..Default::default() };
        let declared = channel.queue_declare(name.into(), passive, FieldTable::default());
        Ok(self.within(declared).await?.message_count() > 0)
    }
}

fn quorum() -> (&'static str, AMQPValue) {
    ("x-queue-type", AMQPValue::LongString("quorum".into()))
}

fn table<const N: usize>(entries: [(&'static str, AMQPValue); N]) -> FieldTable {
    let mut table = FieldTable::default();
    for (key, value) in entries {
        table.insert(key.into(), value);
    }
    table
}

fn away(why: &dyn std::fmt::Display) -> Error {
    Error::Unavailable { what: format!("the broker of storage.jobs: {why}") }
}

#[async_trait]
impl Wakes for AmqpWakes {
    fn announce(&self, call: Call) {
        self.calls.put(call);
    }

    async fn carry(&self) -> Result<()> {
        let channel = self.confirmed().await?;
        loop {
            let call = self.calls.next(|_| true).await;
            self.tell(&channel, call).await?;
        }
    }

    async fn flush(&self) -> Result<()> {
        let mut channel = None;
        while let Some(call) = self.calls.take(|_| true) {
            let channel = match &channel {
                Some(channel) => channel,
                None => channel.insert(self.confirmed().await?),
            };
            self.tell(channel, call).await?;
        }
        Ok(())
    }

    async fn listen(&self, queues: &[Queue]) -> Result<Box<dyn Listener>> {
        let channel = self.channel().await?;
        // For each consumer: who has one in hand looks at the table and finds the others.
        self.within(channel.basic_qos(1, BasicQosOptions::default())).await?;
        let mut consumers = Vec::new();
        for queue in queues {
            let (name, options) = (self.name(*queue), BasicConsumeOptions::default());
            let consume = channel.basic_consume(
                name.as_str().into(),
                "".into(),
                options,
                FieldTable::default(),
            );
            consumers.push(self.within(consume).await?);
        }
        Ok(Box::new(AmqpListener { consumers: select_all(consumers), _channel: channel }))
    }

    async fn ping(&self) -> Result<()> {
        let channel = self.channel().await?;
        self.within(channel.close(200, "well".into())).await
    }
}

struct AmqpListener {
    consumers: SelectAll<Consumer>,
    /// Closed when it is dropped; what is not settled then is told to others.
    _channel: Channel,
}

#[async_trait]
impl Listener for AmqpListener {
    async fn next(&mut self) -> Result<Box<dyn Wake>> {
        loop {
            let Some(delivery) = self.consumers.next().await else {
                return Err(away(&"it has cancelled all consumers"));
            };
            let delivery = delivery.map_err(|error| away(&error))?;
            match serde_json::from_slice::<Body>(&delivery.data) {
                Ok(Body { job }) => return Ok(Box::new(AmqpWake { job, acker: delivery.acker })),
                Err(error) => {
                    tracing::warn!(%error, "a message that is no wake-up goes to the dead letters");
                    let options = BasicRejectOptions { requeue: false };
                    delivery.acker.reject(options).await.map_err(|error| away(&error))?;
                }
            }
        }
    }
}

struct AmqpWake {
    job: JobId,
    acker: Acker,
}

#[async_trait]
impl Wake for AmqpWake {
    fn job(&self) -> JobId {
        self.job
    }

    async fn settle(self: Box<Self>) -> Result<()> {
        let acked = self.acker.ack(BasicAckOptions::default()).await;
        acked.map(drop).map_err(|error| away(&error))
    }

    async fn pass_on(self: Box<Self>) -> Result<()> {
        let options = BasicNackOptions { requeue: true, ..Default::default() };
        let nacked = self.acker.nack(options).await;
        nacked.map(drop).map_err(|error| away(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_an_url_is_told_without_its_password() {
        for wrong in ["amqp://me:hush@[", "amqps://me:hush@host/v", "redis://me:hush@host"] {
            let told = check(wrong).unwrap_err().to_string();
            assert!(told.contains("storage.jobs") && !told.contains("hush"), "{told}");
        }
        assert!(check(EXAMPLE).is_ok());
    }

    #[tokio::test]
    async fn a_broker_that_is_away_is_told_without_the_password() {
        let wakes = open("amqp://me:hush@127.0.0.1:1/v", &Config::default()).unwrap();
        let told = wakes.ping().await.unwrap_err().to_string();
        assert!(told.contains("the broker of storage.jobs") && !told.contains("hush"), "{told}");
    }
}
