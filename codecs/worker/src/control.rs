//! The control socket: one command in, events out, and the end when the node goes away.
//!
//! A thread of its own reads the socket to its end and then ends the process, since a worker
//! without its node encodes for nobody. Until then it counts the segments that the node has
//! committed. Signs of life come from the work itself and not from a timer, so a worker that
//! hangs falls silent and the node's watchdog sees it.

#![allow(unsafe_code)]

use crate::failure::{Failure, Result};
use anyhow::Context as _;
use playhouse_codecs::worker::{CONTROL_FD, Command, Event, PROTOCOL_VERSION, frame};
use std::io::Read as _;
use std::os::fd::FromRawFd as _;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Exit status when the node has closed the control socket.
const ORPHANED: i32 = 3;
/// Distance of two signs of life; a quarter below the second that the node counts on.
const PULSE: Duration = Duration::from_millis(750);

/// Segments of all renditions: announced, and committed by the node, in the same order.
#[derive(Default)]
struct Segments {
    announced: Mutex<u64>,
    committed: Mutex<u64>,
    more: Condvar,
}

/// The worker's side of the control socket.
pub(crate) struct Control {
    stream: Mutex<UnixStream>,
    segments: Arc<Segments>,
    last_pulse: Mutex<Instant>,
    stopped: AtomicBool,
}

impl Control {
    /// Takes the inherited socket, says [`Event::Ready`] and waits for the command.
    ///
    /// # Errors
    /// When the socket is missing or does not carry a command.
    pub(crate) fn adopt() -> anyhow::Result<(Self, Command)> {
        // SAFETY: the descriptor is ours by the protocol and nothing else here uses it.
        let mut stream = unsafe { UnixStream::from_raw_fd(CONTROL_FD) };
        frame::write(&mut stream, &Event::Ready { version: PROTOCOL_VERSION })?;
        let command = frame::read(&mut stream)?.context("closed before a command came")?;
        let segments = Arc::new(Segments::default());
        watch(stream.try_clone()?, segments.clone())?;
        let last_pulse = Mutex::new(Instant::now());
        let stopped = AtomicBool::new(false);
        Ok((Self { stream: Mutex::new(stream), segments, last_pulse, stopped }, command))
    }

    /// Tells the node; without a node there is nothing left to do.
    pub(crate) fn send(&self, event: &Event) {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        if frame::write(&mut *stream, event).is_err() {
            end_orphaned();
        }
    }

    /// Tells the node of a segment; its number among all, counted from 1.
    pub(crate) fn announce(&self, event: &Event) -> u64 {
        // Held while sending: numbers rise in the order of the events.
        let mut announced = locked(&self.segments.announced);
        *announced += 1;
        self.send(event);
        *announced
    }

    /// Waits until the node has committed segment `number`. The node is alive as long as the
    /// socket is open, so there is no deadline; `pulse` is called meanwhile.
    ///
    /// # Errors
    /// Of `pulse`.
    pub(crate) fn wait_committed(&self, number: u64, pulse: impl Fn() -> Result<()>) -> Result<()> {
        let mut committed = locked(&self.segments.committed);
        while *committed < number {
            pulse()?;
            let waited = self.segments.more.wait_timeout(committed, PULSE);
            committed = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    /// A sign of life, sent at most every [`PULSE`]; called for each packet and frame.
    ///
    /// # Errors
    /// When another part of the job has failed, so that this one stops too.
    pub(crate) fn pulse(&self, frame: impl FnOnce() -> u64) -> Result<()> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(Failure::stopped());
        }
        let mut last = self.last_pulse.lock().unwrap_or_else(PoisonError::into_inner);
        if last.elapsed() >= PULSE {
            *last = Instant::now();
            self.send(&Event::Progress { frame: frame() });
        }
        Ok(())
    }

    /// Makes every later [`Control::pulse`] fail.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

fn locked(number: &Mutex<u64>) -> MutexGuard<'_, u64> {
    number.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts what the node has committed, one byte each, until it goes away.
fn watch(mut stream: UnixStream, segments: Arc<Segments>) -> std::io::Result<()> {
    let wait_for_end = move || {
        let mut bytes = [0; 64];
        while let Ok(count @ 1..) = stream.read(&mut bytes) {
            *locked(&segments.committed) += count as u64;
            segments.more.notify_all();
        }
        end_orphaned();
    };
    std::thread::Builder::new().name("control".into()).spawn(wait_for_end).map(drop)
}

fn end_orphaned() -> ! {
    // SAFETY: ends the process at once; exit handlers would wait for encoder threads.
    unsafe { libc::_exit(ORPHANED) }
}
