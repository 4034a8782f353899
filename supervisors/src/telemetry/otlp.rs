//! Spans as OTLP/JSON (opentelemetry-proto 1.x, encoding `http/json`), which every collector reads.
//!
//! JSON and not protobuf: a batch may come of several processes (a codec-worker has no way out of
//! its cell), which the exporter of the SDK cannot say, and no code generator or second HTTP client
//! comes with it. One span in a hundred requests is far from where its size would matter.

use playhouse_actors::runtime::trace::{Kind, Process, Span, Value as Said};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// Who tells: what OpenTelemetry calls a resource.
#[derive(Clone, Debug)]
pub(super) struct Teller {
    /// `service.name`.
    pub(super) service: String,
    /// Tells processes of one service apart.
    pub(super) instance: String,
    /// Name of the machine.
    pub(super) host: String,
    /// Process id.
    pub(super) pid: u32,
}

impl Teller {
    fn resource(&self, process: Option<&Process>) -> Value {
        let (service, pid) = match process {
            Some(process) => (process.name, process.pid),
            None => (self.service.as_str(), self.pid),
        };
        let program = process.map_or("playhouse", |process| process.name);
        let attributes = [
            ("service.name", json!({ "stringValue": service })),
            ("service.version", json!({ "stringValue": env!("CARGO_PKG_VERSION") })),
            ("service.instance.id", json!({ "stringValue": self.instance })),
            ("host.name", json!({ "stringValue": self.host })),
            ("process.pid", whole(i64::from(pid))),
            ("process.executable.name", json!({ "stringValue": program })),
        ];
        json!({ "attributes": attributes.map(|(key, value)| json!({"key": key, "value": value})) })
    }
}

/// The request that tells a collector of a batch.
pub(super) fn request(teller: &Teller, batch: &[Span]) -> Value {
    let mut processes: HashMap<Option<&Process>, Vec<Value>> = HashMap::new();
    for span in batch {
        processes.entry(span.process.as_ref()).or_default().push(written(span));
    }
    let scope = json!({ "name": "playhouse", "version": env!("CARGO_PKG_VERSION") });
    let resources = processes.into_iter().map(|(process, spans)| {
        let spans = [json!({ "scope": scope, "spans": spans })];
        json!({ "resource": teller.resource(process), "scopeSpans": spans })
    });
    json!({ "resourceSpans": resources.collect::<Vec<_>>() })
}

fn written(span: &Span) -> Value {
    let said = span.attributes.iter().map(|(key, value)| attribute(key, value));
    let mut written = json!({
        "traceId": format!("{:032x}", span.context.trace_id),
        "spanId": format!("{:016x}", span.context.span_id),
        "name": span.name,
        "kind": kind(span.kind),
        "startTimeUnixNano": nanos(span.began),
        "endTimeUnixNano": nanos(span.ended),
        "attributes": said.collect::<Vec<_>>(),
        // Bits 0 to 7 are the flags of W3C: sampled.
        "flags": u8::from(span.context.sampled),
    });
    if span.parent != 0 {
        written["parentSpanId"] = json!(format!("{:016x}", span.parent));
    }
    if let Some(link) = &span.link {
        written["links"] = json!([{
            "traceId": format!("{:032x}", link.trace_id),
            "spanId": format!("{:016x}", link.span_id),
        }]);
    }
    if let Some(error) = &span.error {
        written["status"] = json!({ "code": STATUS_ERROR, "message": error });
    }
    written
}

const STATUS_ERROR: u8 = 2;

/// The numbers of `SpanKind`.
fn kind(kind: Kind) -> u8 {
    match kind {
        Kind::Internal => 1,
        Kind::Server => 2,
        Kind::Client => 3,
        Kind::Producer => 4,
        Kind::Consumer => 5,
    }
}

fn attribute(key: &str, value: &Said) -> Value {
    let value = match value {
        Said::Text(text) => json!({ "stringValue": text }),
        Said::Whole(number) => whole(*number),
        Said::Real(number) => json!({ "doubleValue": number }),
    };
    json!({ "key": key, "value": value })
}

/// 64 bits are a text in JSON: other readers have doubles.
fn whole(number: i64) -> Value {
    json!({ "intValue": number.to_string() })
}

fn nanos(time: SystemTime) -> String {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use playhouse_actors::runtime::trace::Context;
    use std::time::Duration;

    fn span() -> Span {
        let context = Context { trace_id: 0xabc, span_id: 7, sampled: true };
        let at = |ms| UNIX_EPOCH + Duration::from_millis(ms);
        let (began, ended) = (at(1_000), at(1_250));
        let described = Span::new(Kind::Server, "GET /").with("http.route", "/").with("n", 3_u64);
        Span { context, parent: 5, began, ended, ..described }
    }

    #[test]
    fn a_batch_is_told_process_by_process() {
        let teller = Teller {
            service: "playhouse".to_owned(),
            instance: "a:1".to_owned(),
            host: "a".to_owned(),
            pid: 1,
        };
        let process = Some(Process { name: "codec-worker", pid: 9 });
        let told = request(&teller, &[span(), span().by(process), span()]);
        let mut seen: Vec<(String, usize)> = told["resourceSpans"]
            .as_array()
            .expect("resources")
            .iter()
            .map(|it| {
                let pid = it["resource"]["attributes"][4]["value"]["intValue"].to_string();
                (pid, it["scopeSpans"][0]["spans"].as_array().map_or(0, Vec::len))
            })
            .collect();
        seen.sort();
        assert_eq!(seen, [("\"1\"".to_owned(), 2), ("\"9\"".to_owned(), 1)]);
    }

    #[test]
    fn a_span_is_written_as_the_standard_says() {
        let link = Some(Context { trace_id: 0xd, span_id: 0xe, sampled: false });
        let span = Span { link, error: Some("busy".to_owned()), ..span() };
        let expected = json!({
            "traceId": "00000000000000000000000000000abc",
            "spanId": "0000000000000007",
            "parentSpanId": "0000000000000005",
            "name": "GET /",
            "kind": 2,
            "startTimeUnixNano": "1000000000",
            "endTimeUnixNano": "1250000000",
            "attributes": [
                {"key": "http.route", "value": {"stringValue": "/"}},
                {"key": "n", "value": {"intValue": "3"}},
            ],
            "flags": 1,
            "links": [{
                "traceId": "0000000000000000000000000000000d",
                "spanId": "000000000000000e",
            }],
            "status": {"code": 2, "message": "busy"},
        });
        assert_eq!(written(&span), expected);
    }
}
