//! A stream that fails when nothing moves on it for too long, and that ends politely.
//!
//! The clock runs only while a read or a write waits for the peer: a slow handler is not the
//! peer's fault. Closing takes and drops, for a moment, what the peer still sends; else the kernel
//! answers those bytes with a reset, and the peer loses the refusal that it was sent.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// How much is dropped at a time while closing. Bytes.
const DROPPED_AT_ONCE: usize = 16 * 1024;

pub(super) struct Idle<S> {
    stream: S,
    idle: Duration,
    linger: Duration,
    clock: Pin<Box<Sleep>>,
    waiting: bool,
    closing: Option<Instant>,
}

impl<S> Idle<S> {
    pub(super) fn new(stream: S, idle: Duration, linger: Duration) -> Self {
        let clock = Box::pin(sleep(idle));
        Self { stream, idle, linger, clock, waiting: false, closing: None }
    }

    /// Passes progress on; fails a wait that has lasted too long.
    fn judge<T>(&mut self, poll: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.waiting = false;
            return poll;
        }
        if !self.waiting {
            self.waiting = true;
            self.clock.as_mut().reset(Instant::now() + self.idle);
        }
        ready!(self.clock.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nothing moved for too long")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Idle<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.judge(poll, cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Idle<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.judge(poll, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.judge(poll, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A socket has nothing to flush: this says nothing about the peer.
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.closing.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            let until = Instant::now() + self.linger;
            self.closing = Some(until);
            self.clock.as_mut().reset(until);
        }
        self.drain(cx)
    }
}

impl<S: AsyncRead + Unpin> Idle<S> {
    /// Takes and drops until the peer closes too, or the time for it is over.
    fn drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut space = [0; DROPPED_AT_ONCE];
        loop {
            if self.clock.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut buffer = ReadBuf::new(&mut space);
            // A peer that is gone has nothing to lose.
            let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
