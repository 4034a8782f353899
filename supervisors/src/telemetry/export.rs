//! The way of spans to a collector: a bounded queue, and batches that are sent or dropped.
//!
//! Nobody waits for it. What finds no room, or a collector that is away, is lost and counted; a
//! trace that is missing must never cost a request.

use super::config::TelemetryConfig;
use super::otlp::{self, Teller};
use playhouse_actors::runtime::trace::{Sink, Span, note_dropped, note_exported};
use reqwest::Client;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Instant, timeout_at};

/// The log says at most so often that a collector is away.
const COMPLAINS_EVERY: Duration = Duration::from_secs(60);

/// The queue's end that every hop has.
pub(super) struct Queue(Sender<Span>);

impl Sink for Queue {
    fn has_room(&self) -> bool {
        self.0.capacity() > 0
    }

    fn take(&self, span: Span) {
        if self.0.try_send(span).is_err() {
            note_dropped(1);
        }
    }
}

/// Sends what is in the queue.
pub(super) struct Exporter {
    queue: Receiver<Span>,
    client: Client,
    url: String,
    teller: Teller,
    config: TelemetryConfig,
    complained: Option<Instant>,
    /// Lost since the log said so last.
    lost: usize,
}

impl Exporter {
    /// An exporter to that address, and the queue in front of it.
    pub(super) fn new(
        url: String,
        teller: Teller,
        client: Client,
        config: &TelemetryConfig,
    ) -> (Queue, Self) {
        let (sender, queue) = channel(config.spans_waiting_max);
        let config = config.clone();
        let exporter = Self { queue, client, url, teller, config, complained: None, lost: 0 };
        (Queue(sender), exporter)
    }

    /// Sends batches for ever; dropped between two, it loses none that it has not taken.
    pub(super) async fn run(&mut self) {
        let mut batch = vec![];
        while self.gather(&mut batch).await {
            self.send(&mut batch).await;
        }
    }

    /// Sends what still waits, until `deadline`.
    pub(super) async fn flush(&mut self, deadline: Instant) {
        self.queue.close();
        let mut batch = vec![];
        while self.queue.recv_many(&mut batch, self.config.batch_spans_max).await > 0 {
            if timeout_at(deadline, self.send(&mut batch)).await.is_err() {
                note_dropped((self.queue.len() + batch.len()) as u64);
                return;
            }
        }
    }

    /// Waits for a batch: a full one, or what has come a while after the first. False at the end.
    async fn gather(&mut self, batch: &mut Vec<Span>) -> bool {
        let most = self.config.batch_spans_max;
        if self.queue.recv_many(batch, most).await == 0 {
            return false;
        }
        let deadline = Instant::now() + self.config.export_every();
        while batch.len() < most {
            let more = self.queue.recv_many(batch, most - batch.len());
            match timeout_at(deadline, more).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => break,
            }
        }
        true
    }

    async fn send(&mut self, batch: &mut Vec<Span>) {
        let body = otlp::request(&self.teller, batch).to_string();
        let request = self.client.post(&self.url).timeout(self.config.export_timeout());
        let request = request.header(reqwest::header::CONTENT_TYPE, "application/json").body(body);
        let answer = request.send().await.and_then(reqwest::Response::error_for_status);
        let spans = batch.len();
        batch.clear();
        match answer {
            Ok(_) => note_exported(spans as u64),
            Err(error) => self.complain(spans, &error.without_url()),
        }
    }

    fn complain(&mut self, spans: usize, error: &reqwest::Error) {
        note_dropped(spans as u64);
        self.lost += spans;
        if self.complained.is_some_and(|last| last.elapsed() < COMPLAINS_EVERY) {
            return;
        }
        self.complained = Some(Instant::now());
        let (lost, why) = (std::mem::take(&mut self.lost), crate::remote::away(error));
        tracing::warn!(collector = self.url, lost, %why, "spans were not taken by the collector");
    }
}
