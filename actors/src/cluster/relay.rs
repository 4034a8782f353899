//! The way round: where two nodes do not reach each other, a third that reaches both passes on what
//! one asks the other. One hop, never more: who passes on sends to the owner itself or not at all.

use super::envelope::millis;
use super::{Answer, Carried, Envelope, LinkError, PeerState, Peers};
use jiff::Timestamp;
use playhouse_storage::model::{Epoch, NodeName};
use std::time::Duration;

/// Who may pass an ask on to `owner`: somebody who is reached, when `owner` has not been for
/// `after`. `turn` spreads the work, and has the next try go another way.
pub(super) fn third(
    states: &[PeerState],
    owner: &NodeName,
    after: Duration,
    turn: usize,
) -> Option<NodeName> {
    let away = states.iter().find(|it| it.life.name == *owner && !it.connected)?;
    let since = Timestamp::now().duration_since(away.since);
    if Duration::try_from(since).unwrap_or_default() < after {
        return None;
    }
    let mut reached = states.iter().filter(|it| it.connected);
    let count = reached.clone().count().max(1);
    reached.nth(turn % count).map(|it| it.life.name.clone())
}

/// Passes on what another node asks of `owner`: what came of it, as the owner or the link says it.
pub(super) async fn pass_on(peers: &dyn Peers, owner: &NodeName, envelope: Envelope) -> Answer {
    match peers.ask(owner, Envelope { relay_to: None, ..envelope }).await {
        Ok(answer) => answer,
        // It is not reached from here either: nothing was done, and nothing is known of an owner.
        Err(LinkError::Unreachable { carried: Carried::No, .. }) => {
            Answer::NotOwner { owner: None, epoch: Epoch(0) }
        }
        Err(LinkError::Full { retry_after, .. }) => {
            Answer::Busy { retry_after_ms: millis(retry_after) }
        }
        Err(LinkError::Unreachable { .. } | LinkError::Expired { .. }) => Answer::Expired,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Peer;
    use playhouse_storage::model::{NodeLife, ShardId};
    use serde_json::{Value, json};

    fn name(text: &str) -> NodeName {
        text.parse().expect("a name")
    }

    fn state(text: &str, connected: bool, for_s: i64) -> PeerState {
        PeerState {
            life: NodeLife { name: name(text), incarnation: 1 },
            address: "10.0.0.1:7400".to_owned(),
            since: Timestamp::now() - jiff::SignedDuration::from_secs(for_s),
            connected,
            round_trip_ms: None,
            in_flight: 0,
            credits: 256,
            last_error: None,
        }
    }

    #[test]
    fn one_that_is_reached_passes_on_to_one_that_has_long_not_been() {
        let after = Duration::from_secs(3);
        let via = |states: &[PeerState], turn| third(states, &name("b"), after, turn);
        let (gone, c, d) = (state("b", false, 4), state("c", true, 9), state("d", true, 9));
        let all = [gone.clone(), c.clone(), d];
        assert_eq!([via(&all, 0), via(&all, 1)], [Some(name("c")), Some(name("d"))]);
        assert_eq!(via(&[state("b", false, 2), c.clone()], 0), None, "it may have died just now");
        assert_eq!(via(&[state("b", true, 9), c], 0), None, "it is reached");
        assert_eq!(via(&[gone.clone(), state("c", false, 9)], 0), None, "nobody else is");
        assert_eq!(via(&[gone], 0), None, "there is nobody else");
    }

    /// A link on which every ask ends alike.
    struct Ends(Result<Answer, LinkError>);

    #[async_trait::async_trait]
    impl Peers for Ends {
        async fn ask(&self, node: &NodeName, envelope: Envelope) -> Result<Answer, LinkError> {
            assert_eq!((node, envelope.relay_to), (&name("b"), None), "it goes no further than b");
            self.0.clone()
        }

        fn tell(&self, _: &NodeName, _: Value) {}

        fn meet(&self, _: Vec<Peer>) {}

        fn states(&self) -> Vec<PeerState> {
            vec![]
        }
    }

    #[tokio::test]
    async fn who_asked_hears_what_came_of_it() {
        let envelope = Envelope {
            version: 1,
            message: uuid::Uuid::nil(),
            kind: "pipeline".to_owned(),
            id: json!("film"),
            shard: ShardId(7),
            epoch: Epoch(3),
            within_ms: 5_000,
            trace: None,
            traceparent: None,
            relay_to: Some(name("b")),
            request: json!(1),
        };
        let unreached = |carried| {
            Err(LinkError::Unreachable { node: name("b"), reason: "cut".to_owned(), carried })
        };
        let (node, retry_after) = (name("b"), Duration::from_millis(70));
        for (end, told) in [
            (Ok(Answer::Ack { reply: json!(2) }), Answer::Ack { reply: json!(2) }),
            (unreached(Carried::No), Answer::NotOwner { owner: None, epoch: Epoch(0) }),
            (unreached(Carried::Perhaps), Answer::Expired),
            (Err(LinkError::Expired { node: node.clone() }), Answer::Expired),
            (Err(LinkError::Full { node, retry_after }), Answer::Busy { retry_after_ms: 70 }),
        ] {
            assert_eq!(pass_on(&Ends(end), &name("b"), envelope.clone()).await, told);
        }
    }
}
