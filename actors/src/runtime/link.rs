//! The way to entities that live on another node: the same asks, as plain JSON.
//!
//! Addresses, requests and replies are data, so an ask crosses a process by being written down.
//! How it is carried is the business of whoever implements [`Link`]; nothing here knows.

use super::trace::{self, Hop, Kind, Span};
use super::{AskError, Entity};
use async_trait::async_trait;
use playhouse_storage::model::ShardId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// An ask, written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    /// [`Entity::KIND`] of who is asked.
    pub kind: String,
    /// Its address.
    pub id: Value,
    /// What it is asked.
    pub request: Value,
    /// How long the sender waits for the answer, milliseconds.
    pub within_ms: u64,
    /// The shard of the address; none when the sender does not know how many there are. It is for
    /// whoever carries the letter, and not part of it.
    #[serde(skip)]
    pub shard: Option<ShardId>,
    /// [`Entity::repeats`]; for whoever carries it, too.
    #[serde(skip)]
    pub repeats: bool,
}

/// Carries asks to the node that owns an entity.
#[async_trait]
pub trait Link: Send + Sync {
    /// Delivers a letter and brings the answer, within the letter's time. A letter may arrive
    /// twice when the link tries again, as with any ask that is repeated.
    ///
    /// # Errors
    /// [`AskError`], as if the entity were here.
    async fn ask(&self, letter: Letter) -> Result<Value, AskError>;

    /// Carries something that may as well get lost.
    ///
    /// # Errors
    /// [`AskError`]: it was lost.
    async fn tell(&self, note: Value) -> Result<(), AskError>;
}

/// An ask of an entity, written down.
pub(super) fn letter<K: Entity<P>, P: Clone + Send + 'static>(
    id: &K::Id,
    request: &K::Request,
    within: Duration,
    shard: Option<ShardId>,
) -> Result<Letter, AskError> {
    let repeats = K::repeats(request);
    let written = serde_json::to_value(id).and_then(|id| Ok((id, serde_json::to_value(request)?)));
    let (id, request) = written.map_err(|error| unreadable(K::KIND, &error))?;
    let within_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
    Ok(Letter { kind: K::KIND.to_owned(), id, request, within_ms, shard, repeats })
}

/// Asks the entity of a letter on the other side of a link.
pub(super) async fn ask<K: Entity<P>, P: Clone + Send + 'static>(
    link: &dyn Link,
    letter: Letter,
) -> Result<K::Reply, AskError> {
    let within = Duration::from_millis(letter.within_ms);
    // The link keeps the time; this is for one that does not.
    let answer = tokio::time::timeout(within, link.ask(letter)).await;
    let answer = answer.map_err(|_| AskError::Expired)??;
    serde_json::from_value(answer).map_err(|error| unreadable(K::KIND, &error))
}

/// The same, seen as a step of the trace: what it took from here to there and back.
pub(super) async fn traced_ask<K: Entity<P>, P: Clone + Send + 'static>(
    link: &dyn Link,
    letter: Letter,
    message: &'static str,
) -> Result<K::Reply, AskError> {
    let hop = Hop::below(trace::current(), Instant::now());
    let shard = letter.shard;
    let answer = trace::within(hop.context(), ask::<K, P>(link, letter)).await;
    hop.end(answer.as_ref().err().map(|error| error as _), || {
        let span = Span::new(Kind::Client, format!("ask {} {message}", K::KIND))
            .with("playhouse.entity.kind", K::KIND)
            .with("playhouse.message", message);
        match shard {
            Some(shard) => span.with("playhouse.shard", u64::from(shard.0)),
            None => span,
        }
    });
    answer
}

/// Both sides must speak of the same types: two versions of the program may not.
fn unreadable(kind: &str, error: &serde_json::Error) -> AskError {
    let error = format!("what {kind} is asked or answers is not of this version: {error}");
    AskError::Ended(super::Exit::Failed { error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::{Config, Directory, EntityId, Exit};
    use playhouse_storage::model::{Epoch, Fence};
    use std::sync::Arc;

    /// Adds what it is asked to add.
    struct Adder;

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
    struct Name(String);

    #[derive(Debug, Serialize, Deserialize, strum::IntoStaticStr)]
    enum Request {
        Add(u32, u32),
    }

    impl std::fmt::Display for Name {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(&self.0)
        }
    }

    impl EntityId for Name {
        fn shard(&self, _: u16) -> ShardId {
            ShardId(0)
        }
    }

    impl Entity<()> for Adder {
        const KIND: &'static str = "adder";
        type Id = Name;
        type Request = Request;
        type Reply = u32;

        async fn load(_: Name, _: Fence, (): ()) -> Result<Self, Exit> {
            Ok(Self)
        }

        async fn handle(&mut self, Request::Add(one, other): Request) -> Result<u32, Exit> {
            Ok(one + other)
        }
    }

    /// What is on the other side of the link.
    enum Side {
        /// The entity.
        Node(Directory<()>),
        /// A node that never answers.
        Silent,
        /// A node of another version.
        Stranger,
    }

    #[async_trait]
    impl Link for Side {
        async fn ask(&self, letter: Letter) -> Result<Value, AskError> {
            match self {
                Self::Node(directory) => {
                    let Letter { kind, id, request, within_ms, .. } = letter;
                    assert_eq!(kind, Adder::KIND);
                    let id = serde_json::from_value(id).expect("an id");
                    let request = serde_json::from_value(request).expect("a request");
                    let within = Duration::from_millis(within_ms);
                    let reply = directory.entity::<Adder>(id).ask(request, within).await?;
                    Ok(serde_json::to_value(reply).expect("a number"))
                }
                Self::Silent => std::future::pending().await,
                Self::Stranger => Ok(Value::from("seven")),
            }
        }

        async fn tell(&self, _: Value) -> Result<(), AskError> {
            Ok(())
        }
    }

    async fn check(side: Side) -> Result<u32, AskError> {
        let directory = Directory::<()>::linked(Arc::new(side), Config::default());
        let entity = directory.entity::<Adder>(Name("a".into()));
        entity.ask(Request::Add(3, 4), Duration::from_secs(3)).await
    }

    #[tokio::test]
    async fn an_entity_of_another_node_answers_as_one_of_this_one() {
        let fence = Fence { shard: ShardId(0), epoch: Epoch(1) };
        let node = Directory::new(vec![fence], Config::default());
        node.bind(());
        assert_eq!(check(Side::Node(node.clone())).await, Ok(7));
        node.close().await;
        assert_eq!(check(Side::Node(node)).await, Err(AskError::Unavailable));
    }

    #[tokio::test(start_paused = true)]
    async fn a_link_that_never_answers_costs_no_more_than_the_deadline() {
        assert_eq!(check(Side::Silent).await, Err(AskError::Expired));
    }

    #[tokio::test]
    async fn a_node_of_another_version_is_told_as_such() {
        let error = check(Side::Stranger).await.expect_err("no number").to_string();
        assert!(error.contains("adder") && error.contains("not of this version"), "{error}");
    }
}
