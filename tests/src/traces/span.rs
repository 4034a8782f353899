//! Spans out of the requests that a collector is sent (`ExportTraceServiceRequest` as JSON).

use serde_json::Value;
use std::collections::BTreeMap;

/// One piece of work of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// 32 hexadecimal digits.
    pub trace: String,
    /// 16 hexadecimal digits.
    pub id: String,
    /// The span that it is part of; empty for the first.
    pub parent: String,
    /// What was done.
    pub name: String,
    /// `service.name` of who did it.
    pub service: String,
    /// Its process.
    pub pid: u64,
    /// Nanoseconds since 1970.
    pub began: u64,
    /// Nanoseconds since 1970.
    pub ended: u64,
    /// Why it failed.
    pub error: Option<String>,
    /// Traces that it links to.
    pub links: Vec<String>,
    /// Whatever else it says.
    pub said: BTreeMap<String, String>,
}

/// The spans of one request.
#[must_use]
pub fn of_request(request: &Value) -> Vec<Span> {
    let mut spans = vec![];
    for resource in list(&request["resourceSpans"]) {
        let who = attributes(&resource["resource"]);
        let scopes = list(&resource["scopeSpans"]);
        let told = scopes.iter().flat_map(|scope| list(&scope["spans"]));
        spans.extend(told.map(|span| read(span, &who)));
    }
    spans
}

/// The spans of a file with one request in each line, as the collector's file exporter writes it.
///
/// # Errors
/// The number of the first line that is no JSON, and why.
pub fn of_lines(text: &str) -> Result<Vec<Span>, String> {
    let mut spans = vec![];
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let request: Value = serde_json::from_str(line)
            .map_err(|error| format!("line {} is no JSON: {error}", index + 1))?;
        spans.extend(of_request(&request));
    }
    Ok(spans)
}

fn read(span: &Value, who: &BTreeMap<String, String>) -> Span {
    let text = |key: &str| span[key].as_str().unwrap_or_default().to_owned();
    let number = |key: &str| text(key).parse().unwrap_or_default();
    let says = |key: &str| who.get(key).cloned().unwrap_or_default();
    let failed = span["status"]["code"] == 2;
    let links = list(&span["links"]).iter();
    Span {
        trace: text("traceId"),
        id: text("spanId"),
        parent: text("parentSpanId"),
        name: text("name"),
        service: says("service.name"),
        pid: says("process.pid").parse().unwrap_or_default(),
        began: number("startTimeUnixNano"),
        ended: number("endTimeUnixNano"),
        error: failed.then(|| span["status"]["message"].as_str().unwrap_or_default().to_owned()),
        links: links.filter_map(|link| link["traceId"].as_str().map(str::to_owned)).collect(),
        said: attributes(span),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn attributes(of: &Value) -> BTreeMap<String, String> {
    let pairs = list(&of["attributes"]).iter().filter_map(|pair| {
        let value = pair["value"].as_object()?.values().next()?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some((pair["key"].as_str()?.to_owned(), text))
    });
    pairs.collect()
}
