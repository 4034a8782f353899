//! Faults on order, in builds with debug assertions: what a test uses to see that every actor can
//! panic, be killed, hang or block its thread at any moment.

use futures_util::task::AtomicWaker;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Waker;
use std::time::Duration;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It panics, in the middle of a handler or between two.
    Panic,
    /// It is killed from outside.
    Kill,
    /// Its handler never gets ready.
    Hang,
    /// Its handler keeps its thread for so many milliseconds.
    Block(u16),
}

const NONE: u32 = 0;
const PANIC: u32 = 1;
const HANG: u32 = 2;
const BLOCK: u32 = 1 << 16;

/// The fault that an actor is about to suffer.
#[derive(Debug, Default)]
pub(super) struct Slot {
    armed: AtomicU32,
    waker: AtomicWaker,
}

impl Slot {
    /// Arms a fault and wakes the handler that it befalls. A kill needs no arming.
    pub(super) fn arm(&self, fault: Fault) {
        let code = match fault {
            Fault::Kill => return,
            Fault::Panic => PANIC,
            Fault::Hang => HANG,
            Fault::Block(ms) => BLOCK | u32::from(ms),
        };
        self.armed.store(code, Ordering::Release);
        self.waker.wake();
    }

    /// Suffers what is armed, in the poll of a handler. True when it hangs from now on.
    #[allow(
        clippy::disallowed_methods,
        reason = "blocking its thread is the fault that was ordered"
    )]
    pub(super) fn suffer(&self, waker: &Waker) -> bool {
        self.waker.register(waker);
        match self.armed.load(Ordering::Acquire) {
            NONE => false,
            HANG => true,
            PANIC => {
                self.armed.store(NONE, Ordering::Release);
                panic!("a fault was ordered")
            }
            block => {
                self.armed.store(NONE, Ordering::Release);
                std::thread::sleep(Duration::from_millis(u64::from(block & 0xffff)));
                false
            }
        }
    }
}
