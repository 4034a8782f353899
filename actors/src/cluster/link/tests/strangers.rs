//! Those who are not let in, and what both sides are told about it.

use super::*;
use crate::cluster::link::certificates::Certificates;
use crate::cluster::link::greeting::{self, Hello, Trouble};
use std::fs;
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_of_another_authority_is_refused_by_either_side() {
    let (ours, theirs) = (Authority::of(&["a"]), Authority::of(&["b"]));
    let a = Node::start("a", config(), ours.security("a")).await;
    let b = Node::start("b", config(), theirs.security("b")).await;
    a.link.meet(vec![b.peer()]);
    let error = a.fails("b", "it is signed by another authority").await;
    assert!(error.starts_with(&format!("a does not reach b at {}: ", b.address)), "{error}");

    // One who trusts the host, but whom the host does not trust.
    let a = Node::start("a", config(), trusting_both(&ours, &theirs)).await;
    a.link.meet(vec![b.peer()]);
    let error = a.fails("b", "it refuses the certificate that it is shown").await;
    assert!(error.contains("UnknownCA"), "{error}");
}

/// The node `a` of an authority, which trusts another one as well.
fn trusting_both(ours: &Authority, theirs: &Authority) -> Security {
    let both = [ours.path("authority.pem"), theirs.path("authority.pem")];
    let both: String = both.map(|file| fs::read_to_string(file).expect("read")).concat();
    let trusting = Files { authority: ours.path("both.pem"), ..ours.files("a") };
    fs::write(&trusting.authority, both).expect("written");
    Security::Tls(trusting)
}

/// On one thread, so that what the host writes into its log is caught here.
#[tokio::test]
async fn the_host_writes_down_whom_it_refused() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone());
    // While there is only one subscriber, tracing asks the thread that comes to a line first
    // whether it is wanted, for good: a story beside this one would answer no.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _caught = tracing::subscriber::set_default(subscriber.finish());
    let (ours, theirs) = (Authority::of(&["a"]), Authority::of(&["b"]));
    let b = Node::start("b", config(), theirs.security("b")).await;
    let a = Node::start("a", config(), trusting_both(&ours, &theirs)).await;
    a.link.meet(vec![b.peer()]);
    let line = concat!(
        "refused the certificate of a node node=b ",
        r#"of="DnsName(\"a\")" why="it is signed by another authority""#
    );
    until(|| log.text().contains(line), || log.text()).await;
    until(|| log.text().contains("refused a connection to the link node=b"), || log.text()).await;
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("no panic")).into_owned()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_not_who_was_dialled_is_refused() {
    let authority = Authority::of(&["a", "b", "c"]);
    let a = Node::start("a", config(), authority.security("a")).await;
    let b = Node::start("b", config(), authority.security("b")).await;
    a.link.meet(vec![peer("c", b.address)]);
    let error = a.fails("c", "it is of DnsName(\"b\"), not of c").await;
    assert!(error.starts_with("a does not reach c at 127.0.0.1"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_says_it_is_another_is_refused() {
    let authority = Authority::of(&["a", "b", "c"]);
    let b = Node::start("b", config(), authority.security("b")).await;
    let certificates = Certificates::load(authority.files("c"), &name("c")).expect("certificates");
    let tcp = TcpStream::connect(b.address).await.expect("connected");
    let mut stream = certificates.dialled(tcp, &b.name).await.expect("secured");
    let lie = Hello::new(&name("a"), &b.name, &config());
    let Err(Trouble::Refused(reason)) = greeting::dial(&mut stream, &lie, None).await else {
        panic!("it was let in")
    };
    assert_eq!(
        reason,
        "the certificate of who says it is a: it is of DnsName(\"c\"), not of a; this node is b"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_the_certificate_of_another_does_not_start() {
    let authority = Authority::of(&["a", "b"]);
    let error = refused("a", "127.0.0.1:0", authority.security("b")).await;
    assert!(error.contains("it is of DnsName(\"b\"), not of a"), "{error}");
    assert!(error.contains("b.pem") && error.contains("ops/certs"), "{error}");
    let missing = Files { key: authority.path("none.pem"), ..authority.files("a") };
    let error = refused("a", "127.0.0.1:0", Security::Tls(missing)).await;
    assert!(error.contains("none.pem"), "{error}");
    let another = Files { key: authority.path("b-key.pem"), ..authority.files("a") };
    let error = refused("a", "127.0.0.1:0", Security::Tls(another)).await;
    assert!(error.contains("a.pem"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_tls_nothing_but_loopback_is_listened_on_or_dialled() {
    let error = refused("a", "0.0.0.0:0", plain(7)).await;
    assert!(error.contains("is no loopback address") && error.contains("ops/certs"), "{error}");
    let a = Node::start("a", config(), plain(7)).await;
    a.link.meet(vec![peer("b", "192.0.2.1:7000".parse().expect("an address"))]);
    a.fails("b", "192.0.2.1:7000 is no loopback address").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_tls_who_does_not_know_the_secret_is_refused() {
    let a = Node::start("a", config(), plain(7)).await;
    let b = Node::start("b", config(), plain(8)).await;
    a.link.meet(vec![b.peer()]);
    a.fails("b", "b does not know the secret of this cluster").await;
    // One who takes the host's word for it.
    let mut stream: super::super::socket::Stream =
        Box::new(TcpStream::connect(b.address).await.expect("connected"));
    let hello = Hello::new(&name("a"), &b.name, &config());
    let Err(Trouble::Refuse(reason)) = greeting::dial(&mut stream, &hello, None).await else {
        panic!("it was let in")
    };
    assert!(reason.contains("a challenge"), "{reason}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_tls_and_one_without_are_told_so() {
    let authority = Authority::of(&["a", "b"]);
    let a = Node::start("a", config(), authority.security("a")).await;
    let b = Node::start("b", config(), plain(7)).await;
    a.link.meet(vec![b.peer()]);
    b.link.meet(vec![a.peer()]);
    let error = a.fails("b", "does not reach b").await;
    assert!(!error.is_empty());
    b.fails("a", "are both with TLS, or both without?").await;
}

async fn refused(text: &str, address: &str, security: Security) -> String {
    let listener = TcpListener::bind(address).expect("a free port");
    let door: Arc<dyn Door> = Arc::new(Room::default());
    let started = Link::start(config(), name(text), security, listener, door).await;
    started.err().expect("it cannot start").to_string()
}
