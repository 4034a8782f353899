//! Dials a peer: from its address to a connection over which it has answered a heartbeat.

use super::certificates::explain;
use super::connection::Connection;
use super::core::Core;
use super::greeting::{self, Hello, Trouble};
use super::keeper::{self, Opening};
use super::parcel::What;
use super::socket::tune;
use super::{mailbox, socket::Stream};
use crate::cluster::Peer;
use playhouse_storage::model::NodeName;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Dials a peer once.
pub(super) async fn dial(peer: &Peer, core: &Core) -> Result<Arc<Connection>, String> {
    let failed = |why: String| {
        format!("{} does not reach {} at {}: {why}", core.me, peer.life.name, peer.address)
    };
    attempt(peer, core).await.map_err(failed)
}

async fn attempt(peer: &Peer, core: &Core) -> Result<Arc<Connection>, String> {
    let (connect, handshake) = (core.config.connect(), core.config.handshake());
    let name = &peer.life.name;
    let tcp = in_time(connect, reach(&peer.address, core)).await?;
    in_time(handshake, greet(tcp, name, core)).await
}

/// Runs a step of a dial.
async fn in_time<T>(
    within: Duration,
    step: impl Future<Output = Result<T, String>>,
) -> Result<T, String> {
    let late = |_| Err(format!("no answer within {} ms", within.as_millis()));
    timeout(within, step).await.unwrap_or_else(late)
}

async fn reach(address: &str, core: &Core) -> Result<TcpStream, String> {
    let found = tokio::net::lookup_host(address).await;
    let found: Vec<SocketAddr> = found.map_err(|error| error.to_string())?.collect();
    let mut why = "its name has no address".to_owned();
    for address in found {
        core.guard.allows(address)?;
        match TcpStream::connect(address).await {
            Ok(tcp) => {
                tune(&tcp, &core.config).map_err(|error| error.to_string())?;
                return Ok(tcp);
            }
            Err(error) => why = error.to_string(),
        }
    }
    Err(why)
}

async fn greet(tcp: TcpStream, peer: &NodeName, core: &Core) -> Result<Arc<Connection>, String> {
    let mut stream = core.guard.dialled(tcp, peer).await.map_err(|error| sentence(&error))?;
    let hello = Hello::new(&core.me, peer, &core.config);
    let welcome = greeting::dial(&mut stream, &hello, core.guard.secret()).await;
    let welcome = welcome.map_err(|trouble| match trouble {
        Trouble::Stream(error) => sentence(&error),
        Trouble::Refused(reason) => format!("it refuses: {reason}"),
        Trouble::Refuse(reason) => reason,
    })?;
    let token = welcome.token.clone();
    let kept = open(stream, token, core).await?;
    if !kept.ready().await {
        return Err("it closed the connection before it was ready".to_owned());
    }
    let mailbox = mailbox::of_peer(peer, kept.number).ok_or("it shows no mailbox")?;
    let retry = core.config.full_retry();
    let connection = Connection::new(peer.clone(), mailbox, welcome, retry, kept);
    let first = connection.call(What::Beat, Vec::new(), core.config.heartbeat_deadline()).await;
    first.map_err(|_| "it did not answer the first heartbeat")?;
    Ok(Arc::new(connection))
}

async fn open(stream: Stream, token: String, core: &Core) -> Result<keeper::Kept, String> {
    let opening = Opening {
        stream,
        dialled: true,
        me: core.me.clone(),
        token,
        frame_bytes_max: core.config.frame_bytes_max,
    };
    keeper::open(opening, &core.tasks).await
}

/// What went wrong with a stream, in words.
pub(super) fn sentence(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    match inner {
        Some(tls) => explain(tls),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            "it closed the connection before it said who it is".to_owned()
        }
        None => error.to_string(),
    }
}
