//! A peer that dies and one that stands still: real processes, since that is what happens to one.
//!
//! Each story starts this test again as the other node; there it only lives until its input ends.

use super::*;
use crate::cluster::Carried;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

/// In the other process: where to listen.
const ADDRESS: &str = "PLAYHOUSE_TEST_LINK_ADDRESS";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_peer_ends_its_asks_at_once_and_is_dialled_until_it_is_back() {
    if be_the_other().await {
        return;
    }
    let mut b = Other::start("a_killed_peer_ends_its_asks_at_once_and_is", "127.0.0.1:0");
    let a = Node::start("a", config(), plain(7)).await;
    a.link.meet(vec![peer("b", b.address)]);
    a.reaches("b").await;
    let killing = async {
        until(|| a.state("b").in_flight == 2, || "two asks".to_owned()).await;
        // It follows the others over the same connection: they have arrived.
        assert_eq!(a.ask("b", "echo").await, echo("b", "a"));
        b.child.kill().expect("killed");
        Instant::now()
    };
    let (one, other, killed) = tokio::join!(a.ask("b", "wait"), a.ask("b", "wait"), killing);
    // Far before their own time is over.
    assert!(killed.elapsed() < Duration::from_secs(20), "{:?}", killed.elapsed());
    for ended in [one, other] {
        let perhaps =
            matches!(ended, Err(LinkError::Unreachable { carried: Carried::Perhaps, .. }));
        assert!(perhaps, "{ended:?}");
    }
    let refused = a.fails("b", "a does not reach b").await;
    assert!(refused.contains("refused"), "{refused}");
    let gone = a.ask("b", "echo").await;
    assert!(matches!(gone, Err(LinkError::Unreachable { carried: Carried::No, .. })), "{gone:?}");

    let address = b.address.to_string();
    drop(b);
    let _b = Other::start("a_killed_peer_ends_its_asks_at_once_and_is", &address);
    a.reaches("b").await;
    assert_eq!(a.ask("b", "echo").await, echo("b", "a"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_stands_still_is_found_out_by_its_heartbeats() {
    if be_the_other().await {
        return;
    }
    let b = Other::start("a_peer_that_stands_still_is_found_out", "127.0.0.1:0");
    let a = Node::start("a", config(), plain(7)).await;
    a.link.meet(vec![peer("b", b.address)]);
    a.reaches("b").await;
    let stopping = async {
        until(|| a.state("b").in_flight == 1, || "the ask".to_owned()).await;
        b.signal(Signal::STOP);
    };
    let (waited, ()) = tokio::join!(a.ask("b", "wait"), stopping);
    let Err(LinkError::Unreachable { reason, carried: Carried::Perhaps, .. }) = waited else {
        panic!("{waited:?}")
    };
    assert_eq!(reason, "no answer to heartbeats for 2000 ms");
    assert!(!a.state("b").connected);

    b.signal(Signal::CONT);
    a.reaches("b").await;
    assert_eq!(a.ask("b", "echo").await, echo("b", "a"));
}

/// The node `b` in a process of its own.
struct Other {
    child: Child,
    address: SocketAddr,
}

impl Other {
    /// Starts the story of this name again as the other node.
    fn start(story: &str, address: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args([story, "--nocapture", "--test-threads=1"])
            .env(ADDRESS, address)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let lines = output.lines().map(|line| line.expect("text"));
        let address = lines
            .filter_map(|line| line.split_once("listens on ").map(|(_, address)| address.parse()))
            .next()
            .expect("it says where it listens")
            .expect("an address");
        Self { child, address }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it lives");
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// In the other process: lives as the node `b` until nobody wants it any more.
async fn be_the_other() -> bool {
    let Ok(address) = std::env::var(ADDRESS) else { return false };
    let b = Node::at("b", &address, config(), plain(7)).await;
    println!("listens on {}", b.address);
    let input = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    // Its end is all that it says.
    let _ = input.await;
    true
}
