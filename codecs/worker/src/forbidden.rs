//! Tries what the cell forbids, so that tests can see each attempt refused.

#![allow(unsafe_code)]

use crate::control::Control;
use playhouse_codecs::worker::{Event, Forbidden};
use std::io;

/// Makes the attempt and tells what came of it.
pub(crate) fn attempt(control: &Control, what: &Forbidden) {
    let outcome = match what {
        Forbidden::Socket => std::net::UdpSocket::bind("127.0.0.1:0").map(drop),
        Forbidden::Read { path } => std::fs::read(path).map(drop),
        Forbidden::Write { path } => std::fs::write(path, b"out of the cell"),
        Forbidden::Allocate { bytes } => allocate(*bytes),
        Forbidden::Execute => std::process::Command::new("/bin/true").status().map(drop),
        Forbidden::Hang => hang(),
        Forbidden::Crash => crash(),
    };
    control.send(&Event::Tried { refused: outcome.err().map(|error| error.to_string()) });
}

fn allocate(bytes: u64) -> io::Result<()> {
    let mut memory: Vec<u8> = Vec::new();
    let size = usize::try_from(bytes).map_err(|_| io::ErrorKind::OutOfMemory)?;
    memory.try_reserve_exact(size).map_err(|_| io::ErrorKind::OutOfMemory)?;
    memory.resize(size, 1);
    std::hint::black_box(&memory);
    Ok(())
}

fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

fn crash() -> ! {
    // SAFETY: a default signal disposition and a signal to ourselves; the process dies of it.
    unsafe {
        libc::signal(libc::SIGSEGV, libc::SIG_DFL);
        libc::raise(libc::SIGSEGV);
    }
    std::process::abort()
}
