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
    /// Taken from the queue, and not told yet.
    batch: Vec<Span>,
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
        let (batch, complained) = (Vec::new(), None);
        let exporter = Self { queue, batch, client, url, teller, config, complained, lost: 0 };
        (Queue(sender), exporter)
    }

    /// Sends batches for ever. May be dropped at any moment: what was not told then is told by
    /// [`Self::flush`], a batch that was on its way perhaps twice.
    pub(super) async fn run(&mut self) {
        while self.gather().await {
            self.send().await;
        }
    }

    /// Sends what still waits, until `deadline`.
    pub(super) async fn flush(&mut self, deadline: Instant) {
        self.queue.close();
        loop {
            let more = self.config.batch_spans_max - self.batch.len();
            if more > 0 {
                self.queue.recv_many(&mut self.batch, more).await;
            }
            if self.batch.is_empty() {
                return;
            }
            if timeout_at(deadline, self.send()).await.is_err() {
                note_dropped((self.queue.len() + self.batch.len()) as u64);
                return;
            }
        }
    }

    /// Waits for a batch: a full one, or what has come a while after the first. False at the end.
    async fn gather(&mut self) -> bool {
        let most = self.config.batch_spans_max;
        if self.queue.recv_many(&mut self.batch, most).await == 0 {
            return false;
        }
        let deadline = Instant::now() + self.config.export_every();
        while self.batch.len() < most {
            let room = most - self.batch.len();
            let more = self.queue.recv_many(&mut self.batch, room);
            match timeout_at(deadline, more).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => break,
            }
        }
        true
    }

    async fn send(&mut self) {
        let body = otlp::request(&self.teller, &self.batch).to_string();
        let request = self.client.post(&self.url).timeout(self.config.export_timeout());
        let request = request.header(reqwest::header::CONTENT_TYPE, "application/json").body(body);
        let answer = request.send().await.and_then(reqwest::Response::error_for_status);
        let spans = self.batch.len();
        self.batch.clear();
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
