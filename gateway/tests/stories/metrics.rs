//! What Prometheus is told, and who may read it.

use crate::house::{House, published};
use crate::stopping::Running;
use axum::http::Request;
use playhouse_gateway::{Config, Role};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The metrics of a house, as text.
async fn metrics(house: &House) -> String {
    let answer = house.get("/metrics").await;
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    String::from_utf8(answer.body.to_vec()).unwrap()
}

/// The value of a series, 0 when it is not told.
fn value(text: &str, series: &str) -> f64 {
    let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.map_or(0.0, |value| value.parse().unwrap())
}

#[tokio::test]
async fn requests_are_counted_by_their_route_and_never_by_a_content() {
    let house = House::open().await;
    let content = published("ada", "film");
    house.put(&content).await;
    let shown = "http_server_request_duration_seconds_count{http_request_method=\"GET\",\
                 http_route=\"/api/v1/content/{id}\",http_response_status_code=\"200\"}";
    let missing = shown.replace("200", "404");
    let problems = "playhouse_http_problems_total{problem=\"not-found\"}";
    let before = metrics(&house).await;
    for _ in 0..3 {
        assert_eq!(house.get(&format!("/api/v1/content/{}", content.id)).await.status, 200);
    }
    house.get(&format!("/api/v1/content/{}", content.upload_id)).await.problem(404);
    let after = metrics(&house).await;
    // Stories run side by side in one process, which counts for all of them.
    for (series, more) in [(shown, 3.0), (&missing, 1.0), (problems, 1.0)] {
        assert!(value(&after, series) >= value(&before, series) + more, "{series}\n{after}");
    }
    assert!(!after.contains(&content.id.to_string()), "a content is no label");
}

#[tokio::test]
async fn views_actors_and_engines_are_told() {
    let house = House::counting(Config::default()).await;
    let content = published("ada", "film");
    house.put(&content).await;
    let before = metrics(&house).await;
    let token = house.token("ada", Role::Editor);
    for key in ["one", "two", "two"] {
        let request = Request::post(format!("/api/v1/content/{}/views", content.id));
        let request = request.header("authorization", &token).header("idempotency-key", key);
        assert_eq!(house.send(request, "").await.status, 202);
    }
    let after = metrics(&house).await;
    let views = "playhouse_views_total{source=\"api\"}";
    assert!(value(&after, views) >= value(&before, views) + 2.0, "{after}");
    assert_eq!(value(&after, "playhouse_shards_owned"), 16.0);
    assert_eq!(value(&after, "playhouse_actors{role=\"service\",kind=\"settler\"}"), 1.0);
    let commits = "playhouse_engine_call_duration_seconds_count{engine=\"sqlite\",\
                   operation=\"commit\",outcome=\"ok\"}";
    assert!(value(&after, commits) > value(&before, commits));
    assert!(after.ends_with("# EOF\n"), "a text that is cut off is known by its missing end");
}

#[tokio::test]
async fn metrics_are_for_the_neighbourhood_and_for_operators() {
    let far = Config { trusted_proxies: vec![], ..Config::default() };
    let near = Config { metrics_networks: vec!["127.0.0.0/8".parse().unwrap()], ..far.clone() };
    for (config, role, status) in [
        (Config::default(), None, 200),
        (near, None, 200),
        (far.clone(), None, 401),
        (far.clone(), Some(Role::Editor), 403),
        (far, Some(Role::Operator), 200),
    ] {
        let house = House::with(config).await;
        let running = Running::of(&house).await;
        let token = role.map(|role| format!("Authorization: {}\r\n", house.token("o", role)));
        check_scrape(&running, &token.unwrap_or_default(), status).await;
        running.stop().await;
    }
}

#[tokio::test]
async fn a_network_of_one_ipv6_address_is_that_address_and_not_its_neighbours() {
    let metrics_networks = vec!["2001:db8::7/128".parse().unwrap()];
    let house = House::with(Config { metrics_networks, ..Config::default() }).await;
    let running = Running::of(&house).await;
    check_scrape(&running, "X-Forwarded-For: 2001:db8::7\r\n", 200).await;
    check_scrape(&running, "X-Forwarded-For: 2001:db8::8\r\n", 401).await;
    running.stop().await;
}

/// Asks for the metrics with these lines in the head.
async fn check_scrape(running: &Running, lines: &str, status: u16) {
    let ask = format!("GET /metrics HTTP/1.1\r\nHost: a\r\n{lines}Connection: close\r\n\r\n");
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{lines}: {answer}");
}
