//! Connections as the link wants them: without delays, probed by the kernel, and cut at once when
//! it is over with them.

use super::config::Config;
use ractor_cluster::{BoxRead, BoxWrite};
use rustix::net::sockopt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// A connection, whatever secures it.
pub(super) type Stream = Box<dyn Duplex>;

pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Duplex for T {}

/// Sets what the kernel does with a connection.
pub(super) fn tune(tcp: &TcpStream, config: &Config) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    sockopt::set_socket_keepalive(tcp, true)?;
    sockopt::set_tcp_keepidle(tcp, config.keepalive())?;
    sockopt::set_tcp_keepintvl(tcp, config.keepalive())?;
    sockopt::set_tcp_keepcnt(tcp, 3)?;
    Ok(())
}

/// Both halves of a connection; cancelling `cut` breaks them, even when one waits for a peer that
/// neither reads nor writes. The carrier itself would leave its writer waiting there.
pub(super) fn severable(stream: Stream, cut: &CancellationToken) -> (BoxRead, BoxWrite) {
    let (reader, writer) = tokio::io::split(stream);
    (Box::new(Severable::new(reader, cut)), Box::new(Severable::new(writer, cut)))
}

struct Severable<T> {
    half: T,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl<T> Severable<T> {
    fn new(half: T, cut: &CancellationToken) -> Self {
        Self { half, cut: Box::pin(cut.clone().cancelled_owned()) }
    }

    /// An error once it is cut, and a promise to wake when it is.
    fn whole(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.cut.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Severable<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.whole(cx).is_err() {
            // For the carrier the end of a stream is nothing to complain about.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.half).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Severable<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.whole(cx)?;
        let written = ready!(Pin::new(&mut self.half).poll_write(cx, bytes));
        Poll::Ready(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.whole(cx)?;
        Pin::new(&mut self.half).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.whole(cx)?;
        Pin::new(&mut self.half).poll_shutdown(cx)
    }
}
