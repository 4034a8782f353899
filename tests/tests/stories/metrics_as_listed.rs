//! After an upload and a playback a node tells exactly the metrics of `ops/observe/metrics.txt`.
//!
//! Names, types, labels and their values, both ways: rules and dashboards are held against that
//! list (`ops/observe/check`), and would be silent for ever when a node told something else.

use crate::shared;
use playhouse_tests::client::{Client, send};
use playhouse_tests::exposition::{Exposition, Series};
use playhouse_tests::moment::{now_ms, rfc3339};
use playhouse_tests::sandbox::Sandbox;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// What follows an answer (settling, reports) has reached the metrics by then.
const TOLD_WITHIN: Duration = Duration::from_secs(30);

/// A line of the list.
struct Listed {
    kind: String,
    /// Only on a node of a cluster.
    cluster: bool,
    /// Each label with its values, when they are a closed set.
    labels: BTreeMap<String, Option<BTreeSet<String>>>,
}

#[tokio::test]
async fn a_node_tells_the_metrics_that_are_listed() {
    let sandbox = Sandbox::started(&[]).await;
    let owner = sandbox.admin();
    let content = owner.upload(shared::clip_bytes(), "filename YS5tcDQ=").await;
    shared::wait_complete(&owner, &content).await;
    let viewer = sandbox.client("viewer", "vic");
    play(&viewer, &content).await;
    fetch(&viewer, &content).await;
    count(&owner, &content).await;
    let unknown = format!("/api/v1/content/{}", uuid::Uuid::now_v7());
    assert_eq!(viewer.get(&unknown).await.status, 404, "a problem is counted, too");

    let told = settled(&sandbox.anonymous()).await;
    for (name, labels, expected) in [
        ("playhouse_uploads_total", vec![("outcome", "completed")], 1.0),
        ("playhouse_publish_delay_seconds_count", vec![("stage", "playable")], 1.0),
        ("playhouse_publish_delay_seconds_count", vec![("stage", "complete")], 1.0),
        ("playhouse_playback_sessions_total", vec![], 1.0),
        ("playhouse_playback_startup_seconds_count", vec![], 1.0),
        ("playhouse_views_total", vec![("source", "api")], 1.0),
        ("playhouse_dead_letters_total", vec![], 0.0),
    ] {
        let sum = told.sum(name, &labels);
        assert!((sum - expected).abs() < 1e-9, "{name} {labels:?}: {sum}, not {expected}");
    }
    for name in ["playhouse_encode_segments_total", "playhouse_media_bytes_total"] {
        assert!(told.sum(name, &[]) > 0.0, "{name}");
    }
}

/// A session that starts, and ends at once.
async fn play(viewer: &Client, content: &str) {
    let wish = json!({ "content_id": content, "device": "phone" });
    let opened = send(viewer.request("POST", "/api/v1/playback/sessions").json(&wish)).await;
    let session = opened.json()["session_id"].as_str().expect("a session has an id").to_owned();
    let at = rfc3339(now_ms());
    let events = json!([
        { "seq": 0, "event": "start", "position_s": 0, "at": at, "startup_s": 0.4 },
        { "seq": 1, "event": "end", "position_s": 0, "at": at },
    ]);
    let path = format!("/api/v1/playback/sessions/{session}/events");
    let told = send(viewer.request("POST", &path).json(&events)).await;
    assert_eq!((told.status, &told.json()["accepted"]), (202, &json!(2)), "{}", told.text());
}

/// A manifest, a playlist, a segment and a picture.
async fn fetch(viewer: &Client, content: &str) {
    let pictured = |content: &Value| content["thumbnails"][0]["url"].is_string();
    let published = viewer.wait_content(content, shared::ENCODED_WITHIN, pictured).await;
    let folder = format!("/media/{content}");
    let playlist = viewer.get(&format!("{folder}/360p/index.m3u8")).await.text();
    let segment = playlist.lines().find(|line| line.ends_with(".m4s")).expect("a segment");
    let picture = published["thumbnails"][0]["url"].as_str().expect("waited for");
    let (manifest, segment) = (format!("{folder}/master.m3u8"), format!("{folder}/360p/{segment}"));
    for path in [&manifest, &segment, picture] {
        assert_eq!(viewer.get(path).await.status, 200, "{path}");
    }
}

/// A view that a server tells.
async fn count(owner: &Client, content: &str) {
    let request = owner.request("POST", &format!("/api/v1/content/{content}/views"));
    let counted = send(request.header("Idempotency-Key", "reader-1")).await;
    assert!((200..300).contains(&counted.status), "{}", counted.text());
}

/// What the node tells once that is what is listed.
async fn settled(client: &Client) -> Exposition {
    let listed = listed();
    let began = Instant::now();
    loop {
        let answer = client.get("/metrics").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let told = Exposition::read(&answer.text()).expect("Prometheus can read it");
        let breaches = breaches(&listed, &told);
        if breaches.is_empty() {
            return told;
        }
        let late = began.elapsed() > TOLD_WITHIN;
        assert!(!late, "ops/observe/metrics.txt and the node differ:\n{}", breaches.join("\n"));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn listed() -> BTreeMap<String, Listed> {
    let path = playhouse_tests::root().join("ops/observe/metrics.txt");
    let text = std::fs::read_to_string(path).expect("the list is in the repository");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let listed: BTreeMap<_, _> = lines.map(line).collect();
    assert!(listed.len() > 40, "only {} metrics are listed", listed.len());
    listed
}

/// `name | type | when | labels | help`
fn line(text: &str) -> (String, Listed) {
    let columns: Vec<_> = text.split(" | ").collect();
    let [name, kind, when, labels, _] = columns[..] else { panic!("five columns: {text}") };
    let labels = labels.split(' ').filter(|label| *label != "-").map(label).collect();
    (name.to_owned(), Listed { kind: kind.to_owned(), cluster: when == "cluster", labels })
}

/// `label`, or `label=value,value`.
fn label(text: &str) -> (String, Option<BTreeSet<String>>) {
    match text.split_once('=') {
        Some((name, values)) => {
            (name.to_owned(), Some(values.split(',').map(str::to_owned).collect()))
        }
        None => (text.to_owned(), None),
    }
}

fn breaches(listed: &BTreeMap<String, Listed>, told: &Exposition) -> Vec<String> {
    let mut breaches = Vec::new();
    for (name, metric) in listed {
        match told.types.get(name) {
            None if metric.cluster => {}
            None => breaches.push(format!("{name} is listed, and not told")),
            Some(_) if metric.cluster => {
                breaches.push(format!("{name} is listed as `cluster`, and told by a node alone"));
            }
            Some(kind) if *kind == metric.kind => {}
            Some(kind) => breaches.push(format!("{name} is a {kind}, listed as {}", metric.kind)),
        }
    }
    let unknown = told.types.keys().filter(|name| !listed.contains_key(*name));
    breaches.extend(unknown.map(|name| format!("{name} is told, and not listed")));
    breaches.extend(told.series.iter().filter_map(|series| wrong_series(listed, series)));
    breaches.sort();
    breaches.dedup();
    breaches
}

fn wrong_series(listed: &BTreeMap<String, Listed>, series: &Series) -> Option<String> {
    let name = &series.name;
    let Some(metric) = metric_of(listed, name) else {
        return Some(format!("{name} belongs to nothing that is listed"));
    };
    let bucket = metric.kind == "histogram" && name.ends_with("_bucket");
    let told: Vec<_> = series.labels.keys().filter(|label| !(bucket && *label == "le")).collect();
    if !told.iter().copied().eq(metric.labels.keys()) {
        return Some(format!("{name} has labels {told:?}, listed are {:?}", metric.labels.keys()));
    }
    let mut closed = metric.labels.iter().filter_map(|(label, values)| {
        let told = &series.labels[label];
        (!values.as_ref()?.contains(told)).then(|| format!("{name}: {label} is {told}"))
    });
    closed.next()
}

/// A histogram is told as three.
fn metric_of<'a>(listed: &'a BTreeMap<String, Listed>, name: &str) -> Option<&'a Listed> {
    let whole = ["_bucket", "_sum", "_count"].iter().find_map(|ending| {
        let metric = listed.get(name.strip_suffix(ending)?)?;
        (metric.kind == "histogram").then_some(metric)
    });
    whole.or_else(|| listed.get(name).filter(|metric| metric.kind != "histogram"))
}
