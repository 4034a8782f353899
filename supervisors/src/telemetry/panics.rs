//! A panic is one line of the log, with its place and the trace that it happened in.
//!
//! Rust's own hook writes plain lines, which no shipper of logs can read between JSON and which
//! name no request. Panics of actors are caught before they come here: those are told as an end.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, PanicHookInfo};

/// Tells panics from now on. Before the first actor runs, whose hook stands before this one.
pub(super) fn tell() {
    panic::set_hook(Box::new(log));
}

fn log(panic: &PanicHookInfo<'_>) {
    let text = panic.payload_as_str().unwrap_or("a panic without a text");
    let place = panic.location().map(ToString::to_string);
    let thread = std::thread::current();
    // Taken when RUST_BACKTRACE asks for it.
    let backtrace = Backtrace::capture();
    let taken = backtrace.status() == BacktraceStatus::Captured;
    let backtrace = taken.then(|| backtrace.to_string());
    tracing::error!(text, place, thread = thread.name(), backtrace, "a panic");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::lines::tests::Page;
    use playhouse_actors::runtime::trace::{Context, traced_now};

    #[test]
    fn a_panic_is_a_line_that_names_its_place_and_its_trace() {
        let page = Page::default();
        let place = Context { trace_id: 0xabc, span_id: 7, sampled: false };
        let before = panic::take_hook();
        tell();
        let line = line!() + 1;
        let panics = || traced_now(place, || assert!(place.sampled, "no {}", "bytes"));
        let caught = tracing::subscriber::with_default(page.log(), || panic::catch_unwind(panics));
        panic::set_hook(before);
        assert!(caught.is_err());
        let lines = page.lines();
        let [told] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!((&told["message"], &told["text"]), (&"a panic".into(), &"no bytes".into()));
        let at = told["place"].as_str().expect("a place");
        assert!(at.starts_with(&format!("{}:{line}:", file!())), "{at}");
        assert_eq!(told["trace_id"], "00000000000000000000000000000abc");
    }
}
