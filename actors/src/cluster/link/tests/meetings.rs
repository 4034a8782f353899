//! Nodes that may meet: asks, notes, credentials that change, and an end in order.

use super::*;
use crate::cluster::Carried;
use std::fs;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_ask_each_other_and_each_knows_the_other_by_its_certificate() {
    let authority = Authority::of(&["a", "b"]);
    let a = Node::start("a", config(), authority.security("a")).await;
    let b = Node::start("b", config(), authority.security("b")).await;
    a.link.meet(vec![a.peer(), b.peer()]);
    b.link.meet(vec![a.peer(), b.peer()]);
    a.reaches("b").await;
    b.reaches("a").await;
    assert_eq!(a.ask("b", "echo").await, echo("b", "a"));
    assert_eq!(b.ask("a", "echo").await, echo("a", "b"));

    until(|| a.state("b").round_trip_ms.is_some(), || "a round trip".to_owned()).await;
    let state = a.state("b");
    assert_eq!((state.in_flight, state.credits), (0, 256));
    assert_eq!(state.last_error, None);
    // It does not dial itself.
    assert_eq!(a.link.states().len(), 1);
    a.link.stop().await;
    b.link.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notes_arrive_in_their_order_and_one_too_large_is_dropped() {
    let (a, b) = pair(config(), Config { frame_bytes_max: 16 * 1024, ..config() }).await;
    a.link.tell(&name("b"), "x".repeat(20_000).into());
    for note in 0..300 {
        a.link.tell(&name("b"), json!({"note": note, "pad": "x".repeat(300)}));
    }
    let told = || b.room.told.lock().expect("no panic").len();
    until(|| told() == 300, || format!("{} notes", told())).await;
    let notes = b.room.told.lock().expect("no panic").clone();
    for (at, (from, note)) in notes.iter().enumerate() {
        assert_eq!((from.as_str(), &note["note"]), ("a", &json!(at)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_no_member_is_not_asked() {
    let (a, b) = pair(config(), config()).await;
    a.link.meet(Vec::new());
    let refused = a.ask("b", "echo").await.expect_err("it is gone");
    assert_eq!(refused.to_string(), "b is not reached: it is no member");
    assert!(matches!(refused, LinkError::Unreachable { carried: Carried::No, .. }));
    // Who was met under another address, or in another life, is dialled anew.
    a.link.meet(vec![b.peer()]);
    a.reaches("b").await;
    let mut next = b.peer();
    next.life.incarnation = 2;
    a.link.meet(vec![next.clone()]);
    assert_eq!(a.state("b").life, next.life);
    a.reaches("b").await;
    assert_eq!(a.ask("b", "echo").await, echo("b", "a"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ask_that_goes_wrong_there_has_an_answer_here() {
    let (a, b) = pair(config(), config()).await;
    let panicked =
        Answer::Ended { exit: crate::runtime::Exit::Failed { error: "it panicked".to_owned() } };
    assert_eq!(a.ask("b", "panic").await, Ok(panicked));
    let newer = Envelope { version: VERSION + 2, ..envelope("echo") };
    let Ok(Answer::Unknown { reason }) = a.link.ask(&b.name, newer).await else {
        panic!("it was understood")
    };
    assert!(reason.contains("is of version 3, this node reads 1 to 1"), "{reason}");
    let short = Envelope { within_ms: 50, ..envelope("wait") };
    let late = a.link.ask(&b.name, short).await;
    let expired = Err(LinkError::Expired { node: b.name.clone() });
    assert!(late == expired || late == Ok(Answer::Expired), "{late:?}");
    assert_eq!(a.ask("b", "echo").await, echo("b", "a"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_stops_tells_who_waits_and_leaves_nothing_behind() {
    let (a, b) = pair(config(), config()).await;
    let waiting = async { a.ask("b", "wait").await };
    let stopping = async {
        until(|| a.state("b").in_flight == 1, || "the ask".to_owned()).await;
        a.link.stop().await;
    };
    let (waited, ()) = tokio::join!(waiting, stopping);
    let ended = matches!(waited, Err(LinkError::Unreachable { carried: Carried::Perhaps, .. }));
    assert!(ended, "{waited:?}");
    let address = a.address.to_string();
    let gone = a.ask("b", "echo").await;
    assert!(matches!(gone, Err(LinkError::Unreachable { carried: Carried::No, .. })), "{gone:?}");
    // The port is free at once, and the peer takes the node back.
    let again = Node::at("a", &address, config(), plain(7)).await;
    again.link.meet(vec![b.peer()]);
    again.reaches("b").await;
    assert_eq!(again.ask("b", "echo").await, echo("b", "a"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_certificates_are_taken_up_without_a_restart() {
    let (first, second) = (Authority::of(&["a", "b"]), Authority::of(&["a", "b"]));
    let theirs = first.copy();
    let config = Config { certificates_every_ms: 20, ..config() };
    let a = Node::start("a", config.clone(), first.security("a")).await;
    let b = Node::start("b", config, theirs.security("b")).await;
    a.link.meet(vec![b.peer()]);
    a.reaches("b").await;

    // Renewed by the same authority, while the connection stands.
    theirs.certify(&["--renew", "b"]);
    assert_eq!(a.ask("b", "echo").await, echo("b", "a"));

    // A half of a new set is not used.
    fs::copy(second.path("b.pem"), theirs.path("b.pem")).expect("copied");
    a.link.meet(Vec::new());
    a.link.meet(vec![b.peer()]);
    a.reaches("b").await;

    // A whole one is: who does not know the new authority yet does not reach this node any more.
    fs::copy(second.path("authority.pem"), theirs.path("authority.pem")).expect("copied");
    fs::copy(second.path("b-key.pem"), theirs.path("b-key.pem")).expect("copied");
    let end = Instant::now() + PATIENCE;
    while a.state("b").last_error.is_none() {
        assert!(Instant::now() < end, "the new certificate is not used");
        a.link.meet(Vec::new());
        a.link.meet(vec![b.peer()]);
        let known = || a.state("b").connected || a.state("b").last_error.is_some();
        until(known, || format!("{:?}", a.state("b"))).await;
    }
    a.fails("b", "it is signed by another authority").await;

    // This node gets its own of the new authority.
    fs::copy(second.path("authority.pem"), first.path("authority.pem")).expect("copied");
    fs::copy(second.path("a.pem"), first.path("a.pem")).expect("copied");
    fs::copy(second.path("a-key.pem"), first.path("a-key.pem")).expect("copied");
    a.reaches("b").await;
    assert_eq!(a.ask("b", "echo").await, echo("b", "a"));
}

/// Two nodes of which the first reaches the second.
pub(super) async fn pair(ours: Config, theirs: Config) -> (Node, Node) {
    let a = Node::start("a", ours, plain(7)).await;
    let b = Node::start("b", theirs, plain(7)).await;
    a.link.meet(vec![b.peer()]);
    a.reaches("b").await;
    (a, b)
}
