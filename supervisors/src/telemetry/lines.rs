//! A line of the log names the trace that it was logged in, at every level and without any span.

use playhouse_actors::runtime::trace;
use std::fmt::{self, Write as _};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes a line as another does, and names the trace in it.
pub(super) struct Traced<F> {
    pub(super) inner: F,
    /// The line is a JSON object.
    pub(super) json: bool,
}

impl<S, N, F> FormatEvent<S, N> for Traced<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let place = trace::current();
        if place.trace_id == 0 {
            return self.inner.format_event(context, writer, event);
        }
        let mut line = String::with_capacity(256);
        self.inner.format_event(context, Writer::new(&mut line), event)?;
        writer.write_str(&named(&line, place, self.json))
    }
}

fn named(line: &str, place: trace::Context, json: bool) -> String {
    let trace::Context { trace_id, span_id, .. } = place;
    let line = line.trim_end_matches('\n');
    let mut text = String::with_capacity(line.len() + 80);
    let written = match line.strip_suffix('}').filter(|_| json) {
        Some(object) => {
            let names = format!("\"trace_id\":\"{trace_id:032x}\",\"span_id\":\"{span_id:016x}\"");
            writeln!(text, "{object},{names}}}")
        }
        None => writeln!(text, "{line} trace_id={trace_id:032x}"),
    };
    written.map_or_else(|_| line.to_owned(), |()| text)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::io;
    use std::sync::{Arc, Mutex, PoisonError};
    use tracing_subscriber::layer::SubscriberExt as _;

    /// What a log of JSON lines has written.
    #[derive(Clone, Default)]
    pub(in crate::telemetry) struct Page(Arc<Mutex<Vec<u8>>>);

    impl Page {
        /// A log that writes to this page.
        pub(in crate::telemetry) fn log(&self) -> impl Subscriber + Send + Sync + use<> {
            let writer = self.clone();
            let layer = tracing_subscriber::fmt::layer().json().flatten_event(true);
            let layer = layer.map_event_format(|inner| Traced { inner, json: true });
            let layer = layer.with_writer(move || writer.clone());
            tracing_subscriber::registry().with(layer)
        }

        pub(in crate::telemetry) fn lines(&self) -> Vec<serde_json::Value> {
            let text = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let text = String::from_utf8(text).expect("text");
            let object = |line| serde_json::from_str(line).expect("one object per line");
            text.lines().map(object).collect()
        }
    }

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_within_a_trace_names_it() {
        let page = Page::default();
        let place = trace::Context { trace_id: 0xabc, span_id: 7, sampled: false };
        tracing::subscriber::with_default(page.log(), || {
            tracing::info!(n = 1, "outside");
            trace::traced_now(place, || tracing::info!(n = 2, "within"));
        });
        let lines = page.lines();
        let [outside, within] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!((&outside["message"], outside.get("trace_id")), (&"outside".into(), None));
        assert_eq!(within["trace_id"], "00000000000000000000000000000abc");
        assert_eq!((&within["span_id"], &within["n"]), (&"0000000000000007".into(), &2.into()));
    }

    #[test]
    fn a_readable_line_ends_with_it() {
        let place = trace::Context { trace_id: 0xabc, span_id: 7, sampled: true };
        let line = named("INFO done\n", place, false);
        assert_eq!(line, "INFO done trace_id=00000000000000000000000000000abc\n");
    }
}
