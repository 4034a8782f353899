//! Too much at once, or too large: it is refused where it begins, and everybody else goes on.

use super::meetings::pair;
use super::*;
use crate::cluster::Carried;
use crate::cluster::link::greeting::{self, Hello};
use crate::cluster::link::parcel::What;
use crate::cluster::link::socket::Stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The answer to one who waited.
const ACK: Answer = Answer::Ack { reply: Value::Null };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_asks_than_credits_are_full_until_one_is_answered() {
    let (a, b) = pair(config(), Config { credits: 2, ..config() }).await;
    assert_eq!(a.state("b").credits, 2);
    let crowd = async {
        until(|| a.state("b").in_flight == 2, || "two asks".to_owned()).await;
        let full = a.ask("b", "echo").await;
        assert_eq!(
            full,
            Err(LinkError::Full { node: b.name.clone(), retry_after: Duration::from_millis(100) })
        );
        b.released.add_permits(2);
    };
    let (one, other, ()) = tokio::join!(a.ask("b", "wait"), a.ask("b", "wait"), crowd);
    assert_eq!((one, other), (Ok(ACK), Ok(ACK)));
    assert_eq!(a.ask("b", "echo").await, echo("b", "a"));
    assert_eq!(a.state("b").in_flight, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_does_not_count_its_credits_is_told_that_the_node_is_busy() {
    let (a, b) = pair(config(), Config { credits: 1, ..config() }).await;
    let line = a.link.line(&b.name).expect("it was met");
    let connection = line.connection().expect("it is reached");
    let ask = |kind| {
        let body = serde_json::to_vec(&envelope(kind)).expect("text");
        connection.call(What::Ask, body, PATIENCE)
    };
    let greedy = async {
        let answer = ask("echo").await.expect("an answer");
        let answer: Answer = serde_json::from_slice(&answer).expect("an answer");
        assert_eq!(answer, Answer::Busy { retry_after_ms: 100 });
        b.released.add_permits(1);
    };
    // Both leave in this order, and arrive in it.
    let (waited, ()) = tokio::join!(biased; ask("wait"), greedy);
    waited.expect("an answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_for_the_other_side_costs_one_ask_and_no_connection() {
    let small = Config { frame_bytes_max: 16 * 1024, ..config() };
    let (a, b) = pair(small.clone(), small).await;
    let since = a.state("b").since;
    let large = Envelope { request: "x".repeat(20_000).into(), ..envelope("echo") };
    let refused = a.link.ask(&b.name, large).await.expect_err("too large");
    assert!(matches!(refused, LinkError::Unreachable { carried: Carried::No, .. }));
    assert!(refused.to_string().contains("its link takes 15872 (link.frame_bytes_max)"));
    let Ok(Answer::Ended { exit }) = a.ask("b", "large").await else { panic!("it came") };
    assert!(exit.to_string().contains("the asker's link takes 15872"), "{exit}");
    assert_eq!(a.ask("b", "echo").await, echo("b", "a"));
    assert_eq!(a.state("b").since, since);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_that_says_it_is_huge_ends_its_connection_before_it_is_read() {
    let (a, b) = pair(config(), config()).await;
    let mut stream: Stream = Box::new(TcpStream::connect(b.address).await.expect("connected"));
    let hello = Hello::new(&name("c"), &b.name, &config());
    greeting::dial(&mut stream, &hello, Some(&Secret([7; 32]))).await.expect("welcome");
    stream.write_u64(u64::MAX / 2).await.expect("written");
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
    // Closed or reset, but not waited for.
    let _ = ended.expect("it is ended");
    assert_eq!(a.ask("b", "echo").await, echo("b", "a"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_falls_silent_after_the_greeting_is_given_up() {
    let b = Node::start("b", config(), plain(7)).await;
    let mut stream: Stream = Box::new(TcpStream::connect(b.address).await.expect("connected"));
    let hello = Hello { silence_ms: 200, ..Hello::new(&name("c"), &b.name, &config()) };
    greeting::dial(&mut stream, &hello, Some(&Secret([7; 32]))).await.expect("welcome");
    let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await;
    let _ = ended.expect("it is ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_never_speak_hold_nobody_up_and_are_dropped() {
    let authority = Authority::of(&["a", "b"]);
    let host = Config { handshakes_max: 8, handshake_ms: 2_000, ..config() };
    let b = Node::start("b", host, authority.security("b")).await;
    let mut silent = Vec::new();
    for _ in 0..7 {
        silent.push(TcpStream::connect(b.address).await.expect("connected"));
    }
    let a = Node::start("a", config(), authority.security("a")).await;
    a.link.meet(vec![b.peer()]);
    a.reaches("b").await;
    assert_eq!(a.ask("b", "echo").await, echo("b", "a"));
    for mut tcp in silent {
        let ended = tokio::time::timeout(PATIENCE, tcp.read(&mut [0; 1])).await;
        assert_eq!(ended.expect("it is dropped").unwrap_or_default(), 0);
    }
    // With every place taken, the next ones wait for a place and are not lost.
    for _ in 0..16 {
        drop(TcpStream::connect(b.address).await.expect("connected"));
    }
    a.link.meet(Vec::new());
    a.link.meet(vec![b.peer()]);
    a.reaches("b").await;
}
