//! Goal: every message is a step of the trace that it came with, told when the trace is sampled or
//! the step failed, and never otherwise. Method: tallies, and one sink for the process that keeps
//! what it is told; tests know their own by the trace id.

use super::entities::{Request, SECOND, Stage};
use crate::runtime::trace::{Context, Sampling, Sink, Span, install, traced};
use crate::runtime::{Config, Inspector, Tree};
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Default)]
struct Kept(Mutex<Vec<Span>>);

impl Sink for Kept {
    fn has_room(&self) -> bool {
        true
    }

    fn take(&self, span: Span) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(span);
    }
}

fn kept() -> Arc<Kept> {
    static KEPT: Mutex<Option<Arc<Kept>>> = Mutex::new(None);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = kept.get_or_insert_with(|| {
        let kept = Arc::new(Kept::default());
        assert!(install(kept.clone(), Sampling::default()), "no other test has a sink");
        kept
    });
    Arc::clone(kept)
}

fn place(trace_id: u128, sampled: bool) -> Context {
    Context { trace_id, span_id: 7, sampled }
}

impl Kept {
    fn of(&self, trace_id: u128) -> Vec<Span> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().filter(|span| span.context.trace_id == trace_id).cloned().collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_sampled_message_is_told_and_another_is_not() {
    let (kept, stage) = (kept(), Stage::new(Config::default()));
    for (trace_id, sampled) in [(0x51, true), (0x52, false)] {
        let tally = stage.tally(1);
        let answer = traced(place(trace_id, sampled), tally.ask(Request::Add(1), SECOND)).await;
        assert!(answer.is_ok());
    }
    let told = kept.of(0x51);
    let [span] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((span.name.as_str(), span.parent, &span.error), ("test.tally Add", 7, &None));
    assert!(span.context.span_id != 7 && span.ended >= span.began);
    assert_eq!(kept.of(0x52), []);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_whoever_chose_it() {
    let (kept, stage) = (kept(), Stage::new(Config::default()));
    let crash = traced(place(0x61, false), stage.tally(1).ask(Request::Panic, SECOND)).await;
    assert!(crash.is_err());
    let told = kept.of(0x61);
    let [span] = told.as_slice() else { panic!("{told:?}") };
    assert!(span.error.as_ref().is_some_and(|why| why.contains("no such thing")), "{span:?}");
    // Outside of any trace it begins one.
    assert!(stage.tally(2).ask(Request::Panic, SECOND).await.is_err());
    let all = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
    let of_two = |span: &&Span| {
        let said = span.attributes.iter().find(|(key, _)| *key == "playhouse.entity");
        said.is_some_and(|(_, said)| format!("{said:?}").contains("tally-2"))
    };
    let mut own = all.iter().filter(of_two);
    assert!(own.any(|span| span.parent == 0 && span.context.trace_id != 0), "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn one_that_is_killed_is_told_by_who_buries_it() {
    let (kept, stage) = (kept(), Stage::new(Config::default()));
    let eye = Inspector::new(&stage.directory, Tree::default());
    let tally = stage.tally(3);
    let asked = traced(place(0x71, false), tally.ask(Request::Wait, SECOND));
    let killed = async {
        tokio::time::sleep(SECOND / 2).await;
        assert_eq!(eye.restart("entities/test.tally/tally-3").await, Ok(()));
    };
    let (answer, ()) = tokio::join!(asked, killed);
    assert!(answer.is_err());
    let told = kept.of(0x71);
    let [span] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((span.name.as_str(), span.error.as_deref()), ("Wait cut off", Some("killed")));
}
