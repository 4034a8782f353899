//! The control socket: one command in, events out, and the end when the node goes away.
//!
//! A thread of its own reads the socket to its end and then ends the process, since a worker
//! without its node encodes for nobody. Signs of life come from the work itself and not from a
//! timer, so a worker that hangs falls silent and the node's watchdog sees it.

#![allow(unsafe_code)]

use crate::failure::{Failure, Result};
use anyhow::Context as _;
use playhouse_codecs::worker::{CONTROL_FD, Command, Event, PROTOCOL_VERSION, frame};
use std::io::Read as _;
use std::os::fd::FromRawFd as _;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Exit status when the node has closed the control socket.
const ORPHANED: i32 = 3;
/// Distance of two signs of life; a quarter below the second that the node counts on.
const PULSE: Duration = Duration::from_millis(750);

/// The worker's side of the control socket.
pub(crate) struct Control {
    stream: Mutex<UnixStream>,
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
        watch(stream.try_clone()?)?;
        let last_pulse = Mutex::new(Instant::now());
        let stopped = AtomicBool::new(false);
        Ok((Self { stream: Mutex::new(stream), last_pulse, stopped }, command))
    }

    /// Tells the node; without a node there is nothing left to do.
    pub(crate) fn send(&self, event: &Event) {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        if frame::write(&mut *stream, event).is_err() {
            end_orphaned();
        }
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

fn watch(mut stream: UnixStream) -> std::io::Result<()> {
    let wait_for_end = move || {
        let mut ignored = [0; 64];
        while matches!(stream.read(&mut ignored), Ok(n) if n > 0) {}
        end_orphaned();
    };
    std::thread::Builder::new().name("control".into()).spawn(wait_for_end).map(drop)
}

fn end_orphaned() -> ! {
    // SAFETY: ends the process at once; exit handlers would wait for encoder threads.
    unsafe { libc::_exit(ORPHANED) }
}
