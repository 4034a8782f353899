//! A broker that says who it is, and nothing else; and then is away.
//!
//! It is its own controller, which the client's mock never has.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const METADATA: i16 = 3;
const API_VERSIONS: i16 = 18;
const CREATE_TOPICS: i16 = 19;
/// Error code 35, UNSUPPORTED_VERSION: asked again, the client takes version 0.
const UNSUPPORTED: i16 = 35;
/// The client names a thread after it.
const ID: i32 = 4711;

/// It ends when this is dropped.
pub(crate) struct Broker {
    pub(crate) address: String,
    tasks: JoinSet<()>,
}

impl Broker {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(serve(stream, port));
            }
        });
        Self { address: format!("127.0.0.1:{port}"), tasks }
    }

    /// Nobody listens there any more.
    pub(crate) async fn leave(mut self) {
        self.tasks.shutdown().await;
    }
}

/// CPU time that this process has spent on connections to the broker, hundredths of a second.
pub(crate) fn spent() -> u64 {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let stat = |thread: std::io::Result<std::fs::DirEntry>| {
        let stat = std::fs::read_to_string(thread.unwrap().path().join("stat")).ok()?;
        let (name, fields) = stat.rsplit_once(") ")?;
        // After the state, user and system time are fields 14 and 15 (proc(5)).
        let spent = fields.split(' ').skip(11).take(2).map(|it| it.parse::<u64>().unwrap());
        name.ends_with(&format!("rdk:broker{ID}")).then(|| spent.sum::<u64>())
    };
    threads.filter_map(stat).sum()
}

/// Kafka's protocol: a length, then the kind of request, its version, its number.
async fn serve(mut stream: TcpStream, port: u16) {
    while let Ok(length) = stream.read_i32().await {
        let mut request = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut request).await.unwrap();
        let number = |at: usize| i16::from_be_bytes([request[at], request[at + 1]]);
        let mut answer = request[4..8].to_vec();
        match number(0) {
            API_VERSIONS => answer.extend(versions(number(2))),
            METADATA => answer.extend(metadata(port)),
            other => panic!("a request of kind {other}"),
        }
        stream.write_i32(i32::try_from(answer.len()).unwrap()).await.unwrap();
        stream.write_all(&answer).await.unwrap();
    }
}

fn versions(asked: i16) -> Vec<u8> {
    let error = if asked == 0 { 0 } else { UNSUPPORTED };
    let mut body = error.to_be_bytes().to_vec();
    body.extend(3_i32.to_be_bytes());
    for (kind, most) in [(METADATA, 1), (API_VERSIONS, 0), (CREATE_TOPICS, 1)] {
        body.extend([kind, 0, most].iter().flat_map(|it: &i16| it.to_be_bytes()));
    }
    body
}

/// Version 1: brokers (id, host, port, no rack), the controller, no topics.
fn metadata(port: u16) -> Vec<u8> {
    let host = b"127.0.0.1";
    let mut body = 1_i32.to_be_bytes().to_vec();
    body.extend(ID.to_be_bytes());
    body.extend(i16::try_from(host.len()).unwrap().to_be_bytes());
    body.extend(host);
    body.extend(i32::from(port).to_be_bytes());
    body.extend((-1_i16).to_be_bytes());
    body.extend(ID.to_be_bytes());
    body.extend(0_i32.to_be_bytes());
    body
}
