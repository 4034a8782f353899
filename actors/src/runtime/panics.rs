//! A panic of an actor becomes a value: what it said and where.
//!
//! The payload of a panic does not carry its place, the process-wide hook does. The hook leaves the
//! place in a thread-local, and [`catch`] takes it there: a poll unwinds on the thread that ran it,
//! so the place is always that of the panic just caught. Panics outside [`catch`] go on to the hook
//! that was there before.

use super::Exit;
use super::vitals::Vitals;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::sync::Once;
use std::task::Poll;

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs a future to its end; a panic in it is [`Exit::Panicked`].
pub(super) async fn catch<T>(future: impl Future<Output = Result<T, Exit>>) -> Result<T, Exit> {
    install_hook();
    let mut future = pin!(future);
    poll_fn(|context| match catching(|| future.as_mut().poll(context)) {
        Ok(polled) => polled,
        Err(exit) => Poll::Ready(Err(exit)),
    })
    .await
}

/// Runs the handler of an actor to its end, as [`catch`] does, and shows in its vitals when it runs
/// on its thread.
pub(super) async fn watched<T>(
    vitals: &Vitals,
    future: impl Future<Output = Result<T, Exit>>,
) -> Result<T, Exit> {
    install_hook();
    let mut future = pin!(future);
    poll_fn(|context| {
        vitals.poll_begins();
        let polled = catching(|| {
            #[cfg(debug_assertions)]
            if vitals.fault.suffer(context.waker()) {
                return Poll::Pending;
            }
            future.as_mut().poll(context)
        });
        vitals.poll_ends();
        polled.unwrap_or_else(|exit| Poll::Ready(Err(exit)))
    })
    .await
}

/// Suffers the fault that a nudge brings. It was let in as a message is, so that whoever looks
/// for actors at work finds one that hangs in it.
#[cfg(debug_assertions)]
pub(super) async fn nudged(vitals: &Vitals) -> Result<(), Exit> {
    vitals.beat("Nudge");
    let result = watched(vitals, async { Ok(()) }).await;
    vitals.rest();
    vitals.gauge.left();
    result
}

/// Runs a function; a panic in it is [`Exit::Panicked`].
pub(super) fn catch_now<T>(run: impl FnOnce() -> T) -> Result<T, Exit> {
    install_hook();
    catching(run)
}

fn catching<T>(run: impl FnOnce() -> T) -> Result<T, Exit> {
    let outer = CATCHING.replace(true);
    // What the closure touched is dropped by the caller, never used again: it is unwind safe.
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    CATCHING.set(outer);
    result.map_err(|payload| Exit::Panicked {
        message: message(payload.as_ref()),
        location: LOCATION.take().unwrap_or_else(|| "an unknown place".to_owned()),
    })
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&'static str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".to_owned())
}

fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if CATCHING.get() {
                let place = info.location().map(|at| format!("{}:{}", at.file(), at.line()));
                LOCATION.replace(place);
            } else {
                previous(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_its_text_and_its_place() {
        let line = line!() + 1;
        let exit = catch::<()>(async { panic!("no {}", "bytes") }).await.expect_err("it panics");
        let location = format!("{}:{line}", file!());
        assert_eq!(exit, Exit::Panicked { message: "no bytes".to_owned(), location });
    }

    #[tokio::test]
    async fn an_inner_catch_leaves_the_outer_one_in_place() {
        let exit = catch::<()>(async {
            assert!(catch::<()>(async { panic!("inner") }).await.is_err());
            panic!("outer")
        });
        let Err(Exit::Panicked { message, .. }) = exit.await else { panic!("not caught") };
        assert_eq!(message, "outer");
    }
}
