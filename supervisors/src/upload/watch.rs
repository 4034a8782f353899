//! `--wait`: follows a content until every rendition has ended.
//!
//! Polls the content, because a poll outlives restarts of the node without a state of its own.
//! What the answer means is decided by a pure function.

use super::bars::Bars;
use super::tus::Client;
use crate::remote::{Break, Patience};
use indicatif::ProgressBar;
use serde_json::Value;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Between two looks until something plays: the time to playable is read from it.
const LOOK_EAGER: Duration = Duration::from_millis(100);
/// Between two looks afterwards.
const LOOK: Duration = Duration::from_millis(500);

/// What one look at a content means.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Nothing plays yet.
    Waiting,
    /// It plays; renditions are still being made.
    Plays,
    /// It plays and every rendition has ended.
    Ended,
    /// It never will.
    Refused(String),
}

/// Follows `content` until it has ended, one bar per rendition.
///
/// # Errors
/// Why it is blocked or has failed, or that the node was away for too long.
pub(super) async fn until_ended(
    client: &Client,
    content: &str,
    bars: &Bars,
    last_byte: Instant,
    patience: &mut Patience,
) -> Result<(), Break> {
    let path = format!("/api/v1/content/{content}");
    let mut board = Board { bars, rows: HashMap::new() };
    let mut plays = false;
    loop {
        let answer = patience.insist(|| client.json(&path)).await?;
        patience.progress();
        board.show(&answer);
        let verdict = judge(&answer);
        if !plays && matches!(verdict, Verdict::Plays | Verdict::Ended) {
            plays = true;
            bars.line(&format!("playable: {:.2} s after the last byte", seconds(last_byte)));
        }
        match verdict {
            Verdict::Waiting => tokio::time::sleep(LOOK_EAGER).await,
            Verdict::Plays => tokio::time::sleep(LOOK).await,
            Verdict::Refused(reason) => return Err(Break::Refused(reason)),
            Verdict::Ended => {
                bars.line(&format!("complete: {:.2} s after the last byte", seconds(last_byte)));
                return Ok(());
            }
        }
    }
}

fn seconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64()
}

/// What a content's document means.
fn judge(content: &Value) -> Verdict {
    let status = content["status"].as_str().unwrap_or_default();
    let ended =
        |rendition: &Value| matches!(rendition["state"].as_str(), Some("complete" | "failed"));
    let renditions = content["renditions"].as_array().map_or(&[][..], Vec::as_slice);
    match status {
        "published" if !renditions.is_empty() && renditions.iter().all(ended) => Verdict::Ended,
        "published" => Verdict::Plays,
        "blocked" | "failed" => Verdict::Refused(format!("{status}: {}", reason(content))),
        "draft" => Verdict::Refused("it was taken back to draft".to_owned()),
        _ => Verdict::Waiting,
    }
}

fn reason(content: &Value) -> String {
    let blocked = &content["blocked_reason"];
    let text = blocked["detail"].as_str().or(blocked.as_str());
    text.unwrap_or("the server gives no reason").to_owned()
}

/// One bar, or one last told state, per rendition.
struct Board<'b> {
    bars: &'b Bars,
    rows: HashMap<String, (ProgressBar, String)>,
}

impl Board<'_> {
    fn show(&mut self, content: &Value) {
        for rendition in content["renditions"].as_array().into_iter().flatten() {
            let name = rendition["name"].as_str().unwrap_or("?");
            let state = rendition["state"].as_str().unwrap_or("?");
            let (bar, told) = self
                .rows
                .entry(name.to_owned())
                .or_insert_with(|| (self.bars.rendition(name), String::new()));
            let progress = rendition["progress"].as_f64().unwrap_or(0.0).clamp(0.0, 1.0);
            bar.set_position((progress * 1000.0) as u64);
            if *told == state {
                continue;
            }
            state.clone_into(told);
            if self.bars.plain() {
                eprintln!("{name}: {state}");
            }
            match state {
                "complete" => bar.finish(),
                "failed" => bar.abandon_with_message(format!("{name} failed")),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_content_has_ended_when_it_plays_and_no_rendition_is_left() {
        let content = |status: &str, states: &[&str]| {
            let renditions: Vec<_> = states.iter().map(|state| json!({ "state": state })).collect();
            judge(&json!({ "status": status, "renditions": renditions }))
        };
        assert_eq!(content("processing", &["encoding"]), Verdict::Waiting);
        assert_eq!(content("published", &["complete", "encoding"]), Verdict::Plays);
        assert_eq!(content("published", &["complete", "failed"]), Verdict::Ended);
        assert_eq!(content("published", &[]), Verdict::Plays);
    }

    #[test]
    fn a_refusal_says_why() {
        let blocked = json!({ "code": "not_media", "detail": "no container that we know" });
        let content = json!({ "status": "blocked", "blocked_reason": blocked });
        let expected = "blocked: no container that we know".to_owned();
        assert_eq!(judge(&content), Verdict::Refused(expected));
    }
}
