//! What a node tells of itself, whichever node an operator asks: its lease by its own clock, what
//! it serves, whom it reaches, what it did with shards lately.
//!
//! A report is asked for over the link like anything else, under a kind that no entity has.

use super::envelope::millis;
use super::{Answer, Citizen, Envelope, Move, PeerState, envelope};
use crate::runtime::{Directory, trace};
use futures_util::future::join_all;
use jiff::Timestamp;
use playhouse_storage::model::{Epoch, Fence, NodeLife, Phase, ShardId, View};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;

/// The kind of who is asked when it is a node itself.
pub(super) const KIND: &str = "node";

/// Moves that a report tells of: what happened in the last minutes, when little happens.
const MOVES_MAX: usize = 64;

/// Fences that a report names: more than there are shards, and far below a frame of the link.
const FENCES_MAX: usize = 8_192;

/// What a node is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Report,
}

/// What a node tells of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeReport {
    /// Which life of which node.
    #[serde(flatten)]
    pub life: NodeLife,
    /// Version of its program.
    pub build: String,
    /// What it is to do, by the view that it has seen.
    pub phase: Option<Phase>,
    /// How long it may still own anything by its own clock, milliseconds; none without a cluster.
    pub lease_left_ms: Option<u64>,
    /// Version of the view that it has seen last.
    pub view_version: Option<u64>,
    /// When it read that view.
    pub seen_at: Option<Timestamp>,
    /// How many shards it serves.
    pub shards_held: usize,
    /// Which, at which epochs; [`FENCES_MAX`] at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fences: Vec<Fence>,
    /// Entities that run there.
    pub entities: usize,
    /// How it reaches its peers.
    pub peers: Vec<PeerState>,
    /// What it did with shards lately, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<Move>,
}

/// What each living member has told of itself, or in one sentence why it has not.
pub type Reports = BTreeMap<NodeLife, Result<NodeReport, String>>;

impl NodeReport {
    /// What a node tells that is no cluster's.
    #[must_use]
    pub fn alone(life: NodeLife, directory: &Directory) -> Self {
        let held = directory.held();
        Self {
            life,
            build: env!("CARGO_PKG_VERSION").to_owned(),
            phase: Some(Phase::Up),
            lease_left_ms: None,
            view_version: None,
            seen_at: None,
            shards_held: held.len(),
            fences: held.into_iter().take(FENCES_MAX).collect(),
            entities: directory.active(),
            peers: Vec::new(),
            moves: Vec::new(),
        }
    }
}

impl Citizen {
    /// What this node tells of itself.
    #[must_use]
    pub fn report(&self) -> NodeReport {
        let (seen, mut moves) = (self.seen(), self.moves());
        moves.reverse();
        moves.truncate(MOVES_MAX);
        let view = seen.view.as_deref();
        let member = view.and_then(|it| it.members.iter().find(|it| it.life == *self.me()));
        NodeReport {
            phase: member.map(|member| member.phase),
            lease_left_ms: Some(millis(self.lease_left())),
            view_version: view.map(|view| view.version),
            seen_at: seen.at,
            peers: self.peers(),
            moves,
            ..NodeReport::alone(self.me().clone(), self.directory())
        }
    }

    /// What all living members of a view tell of themselves, asked side by side; who has not
    /// answered `within` is missing.
    pub async fn reports(&self, view: &View, within: Duration) -> Reports {
        let living = view.members.iter().filter(|member| member.alive);
        let asks = living.map(|member| {
            let (citizen, life) = (self.clone(), member.life.clone());
            async move {
                let told = citizen.report_of(&life, within).await;
                (life, told)
            }
        });
        join_all(asks).await.into_iter().collect()
    }

    async fn report_of(&self, life: &NodeLife, within: Duration) -> Result<NodeReport, String> {
        if life == self.me() {
            return Ok(self.report());
        }
        let asked = self.link().ask(&life.name, asking(within));
        match timeout(within, asked).await {
            Ok(Ok(answer)) => understood(life, answer),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", within.as_secs_f64())),
        }
    }
}

fn asking(within: Duration) -> Envelope {
    Envelope {
        version: envelope::VERSION,
        message: Uuid::now_v7(),
        kind: KIND.to_owned(),
        id: Value::Null,
        // It is no shard's: these are not looked at.
        shard: ShardId(0),
        epoch: Epoch(0),
        within_ms: millis(within),
        trace: trace::trace_id(),
        traceparent: trace::traceparent(),
        relay_to: None,
        request: serde_json::json!(Request::Report),
    }
}

/// What a node answers that is asked about itself.
pub(super) fn answer(citizen: Option<&Citizen>, request: Value) -> Answer {
    let Some(citizen) = citizen else {
        return Answer::Unknown { reason: "it is in no cluster".to_owned() };
    };
    match serde_json::from_value(request) {
        Ok(Request::Report) => match serde_json::to_value(citizen.report()) {
            Ok(reply) => Answer::Ack { reply },
            Err(error) => Answer::Unknown { reason: error.to_string() },
        },
        Err(error) => Answer::Unknown { reason: format!("no question to a node: {error}") },
    }
}

fn understood(life: &NodeLife, answer: Answer) -> Result<NodeReport, String> {
    let reply = match answer {
        Answer::Ack { reply } => reply,
        Answer::NotOwner { .. } => return Err("it is starting".to_owned()),
        Answer::Busy { .. } => return Err("it is too busy to answer".to_owned()),
        Answer::Expired => return Err("it did not answer in time".to_owned()),
        Answer::Unknown { reason } => {
            return Err(format!("its program does not know the question: {reason}"));
        }
        Answer::Ended { exit } => return Err(format!("its answer was cut short: {exit}")),
    };
    let report: NodeReport = serde_json::from_value(reply)
        .map_err(|error| format!("its report is unreadable: {error}"))?;
    match report.life == *life {
        true => Ok(report),
        false => Err(format!("its life {} answered instead", report.life.incarnation)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(incarnation: u64) -> NodeLife {
        NodeLife { name: "a".parse().expect("a name"), incarnation }
    }

    fn report() -> NodeReport {
        let directory = Directory::shared(4, crate::runtime::Config::default());
        directory.open(Fence { shard: ShardId(2), epoch: Epoch(7) });
        NodeReport::alone(life(3), &directory)
    }

    #[test]
    fn a_report_crosses_and_one_of_another_life_is_none() {
        let reply = serde_json::to_value(report()).expect("plain data");
        assert_eq!(reply["name"], "a");
        let told = understood(&life(3), Answer::Ack { reply: reply.clone() });
        assert_eq!(told, Ok(report()));
        let told = understood(&life(2), Answer::Ack { reply });
        assert_eq!(told, Err("its life 3 answered instead".to_owned()));
    }

    #[test]
    fn what_a_newer_node_adds_is_not_looked_at_and_what_it_leaves_out_is_named() {
        let mut reply = serde_json::to_value(report()).expect("plain data");
        reply["mood"] = "good".into();
        assert_eq!(understood(&life(3), Answer::Ack { reply: reply.clone() }), Ok(report()));
        reply.as_object_mut().expect("an object").remove("entities");
        let told = understood(&life(3), Answer::Ack { reply }).expect_err("no report");
        assert!(told.contains("entities"), "{told}");
    }

    #[test]
    fn every_answer_that_is_no_report_is_a_reason() {
        let check = |answer, part: &str| {
            let told = understood(&life(3), answer).expect_err("no report");
            assert!(told.contains(part), "{told}");
        };
        check(Answer::NotOwner { owner: None, epoch: Epoch(0) }, "starting");
        check(Answer::Busy { retry_after_ms: 1 }, "busy");
        check(Answer::Expired, "in time");
        check(super::answer(None, serde_json::json!("report")), "in no cluster");
    }
}
