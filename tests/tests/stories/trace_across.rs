//! The trace of an upload goes through nodes and through a worker beside them: whoever answered,
//! owned the content or encoded it, it is one tree.

use crate::shared;
use playhouse_tests::client::Client;
use playhouse_tests::clip;
use playhouse_tests::engines::Engines;
use playhouse_tests::sandbox::{Sandbox, free_port};
use playhouse_tests::traces::{Collector, Span, draw};
use playhouse_tests::worker::Worker;
use std::collections::BTreeSet;
use std::time::Duration;

/// What was exported is there within this time: batches go each 50 ms.
const TOLD_WITHIN: Duration = Duration::from_secs(10);
/// Uploads that are begun until one has to do with both nodes: one in four has not.
const TRIES_MAX: usize = 40;

/// Two nodes that encode nothing themselves, and what a worker beside them is started with.
async fn nodes(engines: &Engines, collector: &Collector) -> (Vec<Sandbox>, Vec<String>) {
    let mut nodes = vec![Sandbox::new(&[]), Sandbox::new(&[])];
    let secret = nodes[0].folder().join("secret");
    std::fs::write(&secret, "0123456789abcdef".repeat(4)).expect("the sandbox can be written");
    let mut of_all = engines.shared_settings();
    of_all.extend([
        format!("telemetry.otlp_endpoint={}", collector.url()),
        "telemetry.export_every_ms=50".to_owned(),
        "telemetry.uploads_sampled_share=1.0".to_owned(),
        "actors.encode.at_node=false".to_owned(),
    ]);
    for (number, node) in nodes.iter_mut().enumerate() {
        let own = [
            "cluster.name=story".to_owned(),
            format!("cluster.node=node-{number}"),
            format!("cluster.listen=127.0.0.1:{}", free_port()),
            format!("cluster.secret={}", secret.display()),
            "node.shard_count=64".to_owned(),
        ];
        let settings: Vec<&str> = of_all.iter().chain(&own).map(String::as_str).collect();
        node.set(&settings);
        node.start().await;
    }
    (nodes, of_all)
}

fn processes(spans: &[Span], service: &str) -> BTreeSet<u64> {
    spans.iter().filter(|span| span.service == service).map(|span| span.pid).collect()
}

/// Begins uploads until one has to do with both nodes; its address, content and trace.
async fn begin(client: &Client, collector: &Collector, bytes: usize) -> (String, String, String) {
    for _ in 0..TRIES_MAX {
        let created = client.create(bytes as u64, "filename ZmlsbS5tcDQ=").await;
        assert_eq!(created.status, 201, "{}", created.text());
        let trace = created.header("playhouse-trace-id").to_owned();
        let opened = |spans: &[Span]| {
            let is = |name: &str| spans.iter().any(|span| span.name == name);
            is("POST /api/v1/uploads") && is("content.pipeline Open")
        };
        let spans = collector.wait(&trace, TOLD_WITHIN, opened).await;
        if processes(&spans, "playhouse").len() == 2 {
            let text = |name: &str| created.header(name).to_owned();
            return (text("location"), text("playhouse-content-id"), trace);
        }
    }
    panic!("every upload lived at one node, {TRIES_MAX} times");
}

#[tokio::test]
async fn an_upload_is_one_trace_through_two_nodes_and_a_worker() {
    let collector = Collector::start("127.0.0.1:0").expect("a free port");
    let engines = Engines::new().await;
    let (nodes, mut of_worker) = nodes(&engines, &collector).await;
    of_worker.push(format!("worker.node_url={}", nodes[0].url("")));
    let token = nodes[0].client("worker", "far").token().to_owned();
    let worker = Worker::start("far", nodes[0].folder(), &token, &of_worker).await;
    let film = std::fs::read(clip()).expect("the clip is in the repository");
    let (location, content, trace) = begin(&nodes[0].admin(), &collector, film.len()).await;
    // The bytes come to the other node.
    let client = nodes[1].admin();
    let sent = client.append(&location, 0, film).await;
    assert_eq!(sent.status, 204, "{}", sent.text());
    shared::wait_complete(&client, &content).await;
    let told = |spans: &[Span]| {
        spans.iter().any(|span| span.name == "send media.transcoding.completed")
            && spans.iter().any(|span| span.name == "send media.published")
    };
    let spans = collector.wait(&trace, TOLD_WITHIN, told).await;
    println!("{}", draw(&spans));
    let known: BTreeSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
    let roots = spans.iter().filter(|span| !known.contains(span.parent.as_str()));
    let roots: Vec<&str> = roots.map(|span| span.name.as_str()).collect();
    assert_eq!(roots, ["POST /api/v1/uploads"], "{}", draw(&spans));
    assert_eq!(processes(&spans, "playhouse").len(), 2, "{}", draw(&spans));
    assert_eq!(processes(&spans, "playhouse-worker").len(), 1, "{}", draw(&spans));
    assert!(processes(&spans, "codec-worker").len() >= 3, "{}", draw(&spans));
    let asks = |span: &&Span| span.name.starts_with("ask ") && span.service == "playhouse";
    assert!(spans.iter().filter(asks).count() > 0, "{}", draw(&spans));
    // What the worker reports comes by a request of the same trace.
    let of = |name: &'static str| spans.iter().filter(move |span| span.name == name);
    let reports = of("content.pipeline JobEnded").count();
    assert!(reports >= 4 && of("POST /worker/api/ask").count() > reports, "{}", draw(&spans));
    assert!(of("content.pipeline JobEnded").all(|it| it.links.is_empty()), "{}", draw(&spans));
    worker.stop().await;
}
