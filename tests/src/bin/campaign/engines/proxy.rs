//! A wire between the node and one engine that can be cut: what is sent while it is cut arrives
//! when it is whole again, as over a network that loses every packet for a while.
//!
//! Nobody is told: connections stay open, new ones are accepted and get no answer.

use std::io::Result;
use std::net::IpAddr;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Bytes that one direction of a connection holds.
const BUFFER_BYTES: usize = 64 * 1024;

/// A listener, and everything that goes through it.
pub(crate) struct Proxy {
    port: u16,
    cut: watch::Sender<bool>,
    // Ends with the proxy.
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// Listens for the server on `target` of loopback: there on a free port, at another address of
    /// this machine on the same one.
    ///
    /// # Errors
    /// When no port is free.
    pub(crate) async fn to(target: u16, host: IpAddr) -> Result<Self> {
        let port = if host.is_loopback() { 0 } else { target };
        let listener = TcpListener::bind((host, port)).await?;
        let port = listener.local_addr()?.port();
        let (cut, seen) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, target, seen));
        Ok(Self { port, cut, _tasks: tasks })
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Cuts the wire, or mends it.
    pub(crate) fn cut(&self, cut: bool) {
        self.cut.send_replace(cut);
    }
}

async fn serve(listener: TcpListener, target: u16, cut: watch::Receiver<bool>) {
    let mut pairs = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let cut = cut.clone();
        pairs.spawn(async move {
            // How a connection ended is for its two ends to see.
            let _ = carry(client, target, cut).await;
        });
        while pairs.try_join_next().is_some() {}
    }
}

async fn carry(client: TcpStream, target: u16, cut: watch::Receiver<bool>) -> Result<()> {
    whole(&mut cut.clone()).await;
    let server = TcpStream::connect(("127.0.0.1", target)).await?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    tokio::try_join!(
        copy(from_client, to_server, cut.clone()),
        copy(from_server, to_client, cut.clone())
    )?;
    Ok(())
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut cut: watch::Receiver<bool>,
) -> Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let count = from.read(&mut buffer).await?;
        whole(&mut cut).await;
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..count]).await?;
    }
}

/// Waits until the wire is whole. Its owner is alive as long as its tasks are.
async fn whole(cut: &mut watch::Receiver<bool>) {
    let _ = cut.wait_for(|cut| !cut).await;
}
