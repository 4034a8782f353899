//! An upload is one trace, from its first request to its publication, through every process that
//! had to do with it; failures are told although nobody chose them, and the rest is not.

use crate::shared;
use playhouse_tests::client::Client;
use playhouse_tests::clip;
use playhouse_tests::sandbox::{Sandbox, free_port};
use playhouse_tests::traces::{Collector, Span, draw};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// What was exported is there within this time: batches go each 50 ms.
const TOLD_WITHIN: Duration = Duration::from_secs(10);

async fn node(collector: &Collector, more: &[&str]) -> Sandbox {
    let endpoint = format!("telemetry.otlp_endpoint={}", collector.url());
    let settings = [&[endpoint.as_str(), "telemetry.export_every_ms=50"], more].concat();
    Sandbox::started(&settings).await
}

/// An upload as any client sends it: each request begins a trace of its own. Answers content and
/// trace of the first request, and the trace of the bytes.
async fn upload(client: &Client, bytes: Vec<u8>) -> (String, String, String) {
    let created = client.create(bytes.len() as u64, "filename ZmlsbS5tcDQ=").await;
    assert_eq!(created.status, 201, "{}", created.text());
    let sent = client.append(created.header("location"), 0, bytes).await;
    assert_eq!(sent.status, 204, "{}", sent.text());
    let trace =
        |answer: &playhouse_tests::client::Answer| answer.header("playhouse-trace-id").to_owned();
    (created.header("playhouse-content-id").to_owned(), trace(&created), trace(&sent))
}

fn named<'a>(spans: &'a [Span], name: &str) -> Vec<&'a Span> {
    spans.iter().filter(|span| span.name == name).collect()
}

/// Every span but the first is part of another one that was told.
fn assert_one_tree(spans: &[Span]) {
    let known: BTreeSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
    assert_eq!(known.len(), spans.len(), "ids are not unique:\n{}", draw(spans));
    let roots: Vec<&Span> =
        spans.iter().filter(|span| !known.contains(span.parent.as_str())).collect();
    let [root] = roots.as_slice() else { panic!("{} roots:\n{}", roots.len(), draw(spans)) };
    assert_eq!((root.name.as_str(), root.parent.as_str()), ("POST /api/v1/uploads", ""));
}

#[tokio::test]
async fn an_upload_is_one_trace_from_its_first_request_to_its_publication() {
    let collector = Collector::start("127.0.0.1:0").expect("a free port");
    let sandbox = node(&collector, &["telemetry.uploads_sampled_share=1.0"]).await;
    let client = sandbox.admin();
    let film = std::fs::read(clip()).expect("the clip is in the repository");
    let (content, trace, of_bytes) = upload(&client, film).await;
    shared::wait_complete(&client, &content).await;
    let completed = |spans: &[Span]| !named(spans, "send media.transcoding.completed").is_empty();
    let spans = collector.wait(&trace, TOLD_WITHIN, completed).await;
    println!("{}", draw(&spans));
    assert_one_tree(&spans);
    for name in [
        "upload.session Create",
        "content.pipeline Open",
        "upload.session Commit",
        "content.pipeline Receive",
        "process probe",
        "codec-worker probe",
        "open and probe",
        "process opening",
        "codec-worker opening",
        "open to first frame",
        "rendition.transcoder SegmentReady",
        "content.pipeline JobEnded",
        "send media.published",
    ] {
        assert!(!named(&spans, name).is_empty(), "no {name:?}:\n{}", draw(&spans));
    }
    assert!(spans.iter().all(|span| span.error.is_none()), "{}", draw(&spans));
    assert_processes(&spans);
    // The bytes came by a request with a trace of its own, which the session's work links to.
    let commit = named(&spans, "upload.session Commit")[0];
    assert_eq!(commit.links, [of_bytes]);
    let segments = named(&spans, "segment");
    let of_video = segments.iter().filter(|it| it.said.contains_key("playhouse.segment.frames"));
    assert!(of_video.count() > 0 && segments.iter().all(|it| it.service == "codec-worker"));
    assert!(segments.iter().all(|it| it.said["playhouse.segment.bytes"] != "0"));
}

/// The node told of itself and of each codec-worker by its own id.
fn assert_processes(spans: &[Span]) {
    let of = |service: &str| -> BTreeSet<u64> {
        spans.iter().filter(|span| span.service == service).map(|span| span.pid).collect()
    };
    let (nodes, workers) = (of("playhouse"), of("codec-worker"));
    assert_eq!(nodes.len(), 1, "{}", draw(spans));
    assert!(workers.len() >= 3 && workers.is_disjoint(&nodes), "{}", draw(spans));
}

#[tokio::test]
async fn the_trace_of_an_upload_goes_on_after_a_crash() {
    let collector = Collector::start("127.0.0.1:0").expect("a free port");
    let mut sandbox = node(&collector, &["telemetry.uploads_sampled_share=1.0"]).await;
    let film = std::fs::read(clip()).expect("the clip is in the repository");
    let client = sandbox.admin();
    let created = client.create(film.len() as u64, "filename ZmlsbS5tcDQ=").await;
    let trace = created.header("playhouse-trace-id").to_owned();
    collector.wait(&trace, TOLD_WITHIN, |spans| spans.len() >= 3).await;
    sandbox.kill();
    sandbox.start().await;
    let sent = client.append(created.header("location"), 0, film).await;
    assert_eq!(sent.status, 204, "{}", sent.text());
    let published = |spans: &[Span]| !named(spans, "send media.published").is_empty();
    let spans = collector.wait(&trace, shared::ENCODED_WITHIN, published).await;
    let nodes: BTreeSet<u64> =
        spans.iter().filter(|span| span.service == "playhouse").map(|span| span.pid).collect();
    assert_eq!(nodes.len(), 2, "{}", draw(&spans));
}

#[tokio::test]
async fn failures_are_told_and_the_rest_is_not_when_nothing_is_sampled() {
    let collector = Collector::start("127.0.0.1:0").expect("a free port");
    let none = ["telemetry.sampled_share=0.0", "telemetry.uploads_sampled_share=0.0"];
    // Nothing is sent before the end: a batch that was gathered when a node stopped was lost.
    let settings = [&none[..], &["telemetry.export_every_ms=60000"]].concat();
    let mut sandbox = node(&collector, &settings).await;
    let client = sandbox.admin();
    let (content, trace, of_bytes) = upload(&client, b"this is no film".repeat(100)).await;
    shared::wait_refused(&client, &content).await;
    let chosen = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{chosen}-00f067aa0ba902b7-01");
    let asked = client.request("GET", "/api/v1/content").header("traceparent", parent);
    assert!(asked.send().await.expect("an answer").status().is_success());
    assert!(sandbox.stop().await.success());
    // The node has ended, and what it had to tell was told before.
    let failed = collector.trace(&trace);
    assert!(!failed.is_empty() && failed.iter().all(|it| it.error.is_some()), "{}", draw(&failed));
    assert!(!named(&failed, "process probe").is_empty(), "{}", draw(&failed));
    assert_eq!(collector.trace(&of_bytes), []);
    let chosen = collector.trace(chosen);
    assert_eq!(named(&chosen, "GET /api/v1/content").len(), 1, "{}", draw(&chosen));
    assert_eq!(chosen[0].parent, "00f067aa0ba902b7");
}

#[tokio::test]
async fn a_collector_that_is_away_harms_nobody() {
    let endpoint = format!("telemetry.otlp_endpoint=http://127.0.0.1:{}", free_port());
    let all = ["telemetry.sampled_share=1.0", "telemetry.export_every_ms=10"];
    let settings = [&[endpoint.as_str(), "telemetry.spans_waiting_max=600"], &all[..]].concat();
    let mut sandbox = Sandbox::started(&settings).await;
    let client = sandbox.admin();
    for _ in 0..300 {
        assert_eq!(client.get("/api/v1/content").await.status, 200);
    }
    let complaints = || sandbox.log().matches("spans were not taken by the collector").count();
    let began = Instant::now();
    while complaints() == 0 {
        assert!(began.elapsed() < TOLD_WITHIN, "{}", sandbox.log_end());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(complaints(), 1, "{}", sandbox.log());
    let began = Instant::now();
    assert!(sandbox.stop().await.success());
    assert!(began.elapsed() < Duration::from_secs(8), "it stopped after {:?}", began.elapsed());
}

#[tokio::test]
async fn what_is_logged_changes_while_the_node_runs() {
    let sandbox = Sandbox::started(&[]).await;
    let client = sandbox.admin();
    let order = |order: Value| client.request("PUT", "/admin/api/logs").json(&order).send();
    let answered = |trace: &str| -> Option<Value> {
        let log = sandbox.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines
            .into_iter()
            .find(|line| line["message"] == "request answered" && line["span"]["trace_id"] == trace)
    };
    let before = client.get("/api/v1/content").await;
    let refused = order(json!({"filter": "info,playhouse_gateway=loud"})).await.expect("an answer");
    assert_eq!(refused.status(), 422);
    let why: Value = refused.json().await.expect("a problem");
    assert!(why["detail"].to_string().contains("playhouse_gateway=loud"), "{why}");
    let changed = order(json!({"filter": "info,playhouse_gateway=debug", "for_s": 1})).await;
    assert_eq!(changed.expect("an answer").status(), 200);
    let within = client.get("/api/v1/content").await;
    let began = Instant::now();
    while client.get("/admin/api/logs").await.json()["until"] != Value::Null {
        assert!(began.elapsed() < TOLD_WITHIN, "{}", sandbox.log_end());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let after = client.get("/api/v1/content").await;
    let trace =
        |answer: &playhouse_tests::client::Answer| answer.header("playhouse-trace-id").to_owned();
    assert_eq!(answered(&trace(&before)), None);
    assert!(answered(&trace(&within)).is_some(), "{}", sandbox.log_end());
    assert_eq!(answered(&trace(&after)), None);
    let order = json!({"filter": "info", "for_s": 60});
    let told = client.request("PUT", "/admin/api/logs").json(&order).send().await.expect("told");
    let id = told.headers()["playhouse-trace-id"].to_str().expect("text").to_owned();
    // Lines at info name the trace, with no span to carry it.
    let named = sandbox.log().lines().any(|line| {
        line.contains("the log filter was changed")
            && line.contains(&format!("\"trace_id\":\"{id}\""))
    });
    assert!(named, "{}", sandbox.log_end());
}
