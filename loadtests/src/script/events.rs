//! Heartbeats of many sessions in turn, one or many in a request, as players would send them.
//!
//! Positions follow the wall clock, so nobody watches faster than time passes, however many
//! heartbeats a second are sent. What was not acknowledged is sent again with the same `seq`.

use super::Script;
use crate::clock::{Clock, now_ms};
use crate::target::{Content, Target};
use crate::wire::{Wire, text};
use anyhow::{Context, ensure};
use serde_json::json;
use std::io::Write;

/// One session that plays its content round and round.
pub(crate) struct Session {
    line: String,
    duration_ms: i64,
    opened_ms: i64,
    told_ms: i64,
    seq: u64,
}

impl Session {
    /// Opens a session as a viewer that nobody knows yet, and starts to play.
    ///
    /// # Errors
    /// When the node does not take it.
    pub(crate) async fn open(
        target: &Target,
        wire: &mut Wire,
        content: &Content,
        device: &str,
    ) -> anyhow::Result<Self> {
        let mut request = Vec::new();
        open_request(target, content, device, &mut request);
        let reply = wire.ask(&request).await?;
        let told = || String::from_utf8_lossy(reply.body).into_owned();
        ensure!(reply.status == 201, "opening was answered {}: {}", reply.status, told());
        let id = text(reply.body, "session_id").with_context(told)?;
        let mut session = Self::of(id, content);
        request.clear();
        let (mut clock, mut body) = (Clock::default(), Vec::new());
        session.event("start", session.opened_ms, 0, &mut clock, &mut body);
        target.write(&session.line, "", &body, &mut request);
        session.seq = 1;
        let status = wire.ask(&request).await?.status;
        ensure!(status == 202, "`start` was answered {status}");
        Ok(session)
    }

    /// One that has been opened just now and knows no event yet.
    pub(crate) fn of(id: &str, content: &Content) -> Self {
        let line = format!("POST /api/v1/playback/sessions/{id}/events");
        let duration_ms = ((content.duration_s * 1000.0) as i64).max(1);
        let opened_ms = now_ms();
        Self { line, duration_ms, opened_ms, told_ms: opened_ms, seq: 0 }
    }

    /// The same after so many events.
    pub(crate) fn after(self, seq: u64) -> Self {
        Self { seq, ..self }
    }

    /// A request with one event, which counts as sent.
    pub(crate) fn single(&mut self, target: &Target, event: &str, into: &mut Vec<u8>) {
        let (mut clock, mut body) = (Clock::default(), Vec::new());
        self.event(event, now_ms(), 0, &mut clock, &mut body);
        target.write(&self.line, "", &body, into);
        self.seq += 1;
    }

    fn event(&self, event: &str, at_ms: i64, after: u64, clock: &mut Clock, into: &mut Vec<u8>) {
        let position = (at_ms - self.opened_ms).max(0) % self.duration_ms;
        let (seq, seconds, rest) = (self.seq + after, position / 1000, position % 1000);
        // Writing to a vector does not fail.
        let _ = write!(
            into,
            r#"{{"seq":{seq},"event":"{event}","position_s":{seconds}.{rest:03},"at":""#
        );
        clock.write(at_ms, into);
        into.extend_from_slice(b"\"}");
    }
}

/// The request that opens a session; without a cookie the node makes a new viewer.
pub(crate) fn open_request(target: &Target, content: &Content, device: &str, into: &mut Vec<u8>) {
    let body = json!({ "content_id": content.id, "device": device }).to_string();
    target.write("POST /api/v1/playback/sessions", "", body.as_bytes(), into);
}

/// Heartbeats of some sessions in turn.
pub(crate) struct Events {
    target: Target,
    sessions: Vec<Session>,
    turn: usize,
    batch: u64,
    sent_ms: i64,
    clock: Clock,
    body: Vec<u8>,
}

impl Events {
    /// `batch` events in each request; the sessions are this connection's alone.
    pub(crate) fn new(target: &Target, sessions: Vec<Session>, batch: u64) -> Self {
        let (clock, body) = (Clock::default(), Vec::new());
        Self { target: target.clone(), sessions, turn: 0, batch, sent_ms: 0, clock, body }
    }

    fn heartbeats(&mut self) {
        let session = &self.sessions[self.turn];
        let (from, count) = (session.told_ms, self.batch.cast_signed());
        for after in 0..self.batch {
            // A late batch tells of the whole time since the one before it.
            let share = after.cast_signed() + 1;
            let at_ms = from + (self.sent_ms - from) * share / count;
            if after > 0 {
                self.body.push(b',');
            }
            session.event("heartbeat", at_ms, after, &mut self.clock, &mut self.body);
        }
    }
}

impl Script for Events {
    fn next(&mut self, into: &mut Vec<u8>) {
        self.sent_ms = now_ms();
        self.body.clear();
        if self.batch == 1 {
            self.heartbeats();
        } else {
            self.body.push(b'[');
            self.heartbeats();
            self.body.push(b']');
        }
        self.target.write(&self.sessions[self.turn].line, "", &self.body, into);
    }

    fn answered(&mut self, acknowledged: bool) {
        let session = &mut self.sessions[self.turn];
        if acknowledged {
            session.seq += self.batch;
            session.told_ms = self.sent_ms;
        }
        self.turn = (self.turn + 1) % self.sessions.len();
    }

    fn events(&self) -> u64 {
        self.batch
    }

    fn end(&mut self, into: &mut Vec<u8>) -> bool {
        let Some(mut session) = self.sessions.pop() else { return false };
        session.single(&self.target, "end", into);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn script(batch: u64) -> Events {
        let target = Target::new("http://127.0.0.1:1", "").expect("an address");
        let content = Content { id: "c".to_owned(), duration_s: 5.0 };
        Events::new(&target, vec![Session::of("s", &content)], batch)
    }

    fn body(script: &mut Events) -> Value {
        let mut request = Vec::new();
        script.next(&mut request);
        let text = String::from_utf8(request).expect("plain text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("POST /api/v1/playback/sessions/s/events HTTP/1.1\r\n"), "{head}");
        assert!(head.ends_with(&format!("Content-Length: {}", body.len())), "{head}");
        serde_json::from_str(body).expect("JSON")
    }

    #[test]
    fn what_was_not_acknowledged_is_sent_again_with_the_same_seq() {
        let mut script = script(1);
        assert_eq!(body(&mut script)["seq"], 0);
        script.answered(false);
        assert_eq!(body(&mut script)["seq"], 0);
        script.answered(true);
        assert_eq!(body(&mut script)["seq"], 1);
    }

    #[test]
    fn the_events_of_a_batch_rise_in_seq_and_time() {
        let mut script = script(3);
        script.sessions[0].told_ms -= 3000;
        script.sessions[0].opened_ms -= 3000;
        let batch = body(&mut script);
        let seqs: Vec<_> = (0..3).map(|at| batch[at]["seq"].as_u64()).collect();
        assert_eq!(seqs, [Some(0), Some(1), Some(2)]);
        let whole = (0..3).map(|at| batch[at]["position_s"].as_f64().expect("a number").round());
        assert_eq!(whole.collect::<Vec<_>>(), [1.0, 2.0, 3.0]);
        script.answered(true);
        assert_eq!(body(&mut script)[0]["seq"], 3);
    }
}
