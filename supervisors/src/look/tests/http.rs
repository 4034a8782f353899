//! The command against a server of few words: what it asks, and what it makes of the answers.

use crate::look::client::{Client, Query};
use crate::look::{Arguments, examples, explain, query};
use clap::Parser;
use playhouse_actors::runtime::inspect::view::Status;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
}

/// A server that gives each connection the next answer, and what it was asked each time.
pub(super) struct Server {
    listener: TcpListener,
    address: String,
}

impl Server {
    pub(super) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        Self { listener, address }
    }

    pub(super) fn client(&self) -> Client {
        Client::new(&self.address, "secret").expect("a client")
    }

    pub(super) async fn serve(&self, answers: &[String]) -> Vec<String> {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = self.listener.accept().await.expect("a client");
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.expect("a head"));
            }
            asked.push(String::from_utf8(head).expect("text").to_lowercase());
            stream.write_all(answer.as_bytes()).await.expect("the client reads");
        }
        asked
    }
}

pub(super) fn answer(status: &str, kind: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub(super) fn json(body: &impl serde::Serialize) -> String {
    answer("200 OK", "application/json", &serde_json::to_string(body).expect("plain data"))
}

fn arguments(server: &str, line: &[&str]) -> Arguments {
    let line = [&["tree", "--server", server, "--token", "secret"], line].concat();
    Line::try_parse_from(line).unwrap_or_else(|error| panic!("{error}")).arguments
}

#[tokio::test]
async fn what_is_asked_for_arrives_as_the_api_calls_it() {
    let server = Server::new().await;
    let line = ["entities/upload.session", "--sort", "oldest", "--limit", "7", "--search", "a b"];
    let query = query(&arguments(&server.address, &line));
    let client = server.client();
    let answers = [json(&examples::node())];
    let (look, asked) = tokio::join!(client.look(&query), server.serve(&answers));
    assert_eq!(look.expect("a page").page, examples::node());
    let target = "get /admin/api/tree?under=entities%2fupload.session&sort=oldest&q=a+b&limit=7 ";
    assert!(asked[0].starts_with(target), "{}", asked[0]);
    assert!(asked[0].contains("authorization: bearer secret"), "{}", asked[0]);
}

#[tokio::test]
async fn who_is_stuck_on_no_open_branch_is_asked_for() {
    let server = Server::new().await;
    let mut page = examples::node();
    page.totals.stuck = 1;
    let answers = [json(&page), json(&examples::trouble())];
    let client = server.client();
    let query = Query::default();
    let (look, asked) = tokio::join!(client.look(&query), server.serve(&answers));
    let elsewhere = look.expect("a page").elsewhere;
    assert!(elsewhere.iter().any(|actor| actor.status == Status::Stuck));
    assert!(asked[1].starts_with("get /admin/api/tree?sort=oldest&limit="), "{}", asked[1]);
}

#[tokio::test]
async fn a_stream_tells_its_pages_until_it_ends() {
    let server = Server::new().await;
    let page = serde_json::to_string(&examples::node()).expect("plain data");
    let stream = format!(": hello\n\nevent: tree\ndata: {page}\n\nevent: other\ndata: x\n\n");
    let answers = [answer("200 OK", "text/event-stream", &stream)];
    let client = server.client();
    let query = Query::default();
    let mut pages = Vec::new();
    let follow = client.follow(&query, |look| pages.push(look.page));
    let (followed, asked) = tokio::join!(follow, server.serve(&answers));
    followed.expect("an end without an error");
    assert_eq!(pages, [examples::node()]);
    assert!(asked[0].starts_with("get /admin/api/tree/stream "), "{}", asked[0]);
}

#[tokio::test]
async fn one_actor_is_found_by_its_path_whatever_its_name_holds() {
    let server = Server::new().await;
    let client = server.client();
    let answers = [json(&examples::detail())];
    let path = "entities/upload.session/a b?";
    let (detail, asked) = tokio::join!(client.actor(path), server.serve(&answers));
    assert_eq!(detail.expect("an actor"), examples::detail());
    let target = "get /admin/api/actors/entities/upload.session/a%20b%3f ";
    assert!(asked[0].starts_with(target), "{}", asked[0]);
}

/// What the user reads when the server answers so.
async fn told(status: &str, body: &str, line: &[&str]) -> String {
    let server = Server::new().await;
    let client = server.client();
    let arguments = arguments(&server.address, line);
    let query = query(&arguments);
    let answers = [answer(status, "application/problem+json", body)];
    let (look, _) = tokio::join!(client.look(&query), server.serve(&answers));
    let broken = look.err().expect("no page");
    explain(broken, &arguments).to_string().replace(&server.address, "NODE")
}

#[tokio::test]
async fn every_refusal_is_one_sentence() {
    let detail = r#"{"detail":"the token is not valid"}"#;
    let rejected = "the token is not accepted: the token is not valid";
    assert_eq!(told("401 Unauthorized", detail, &[]).await, rejected);
    assert_eq!(told("403 Forbidden", detail, &[]).await, rejected);
    let unknown = told("404 Not Found", "", &["encode/nobody"]).await;
    assert_eq!(unknown, "there is no actor encode/nobody at NODE");
    let busy = told("503 Service Unavailable", r#"{"detail":"too many watch"}"#, &[]).await;
    assert_eq!(busy, "no node answers at NODE: too many watch");
    let strange = told("200 OK", "<html>", &[]).await;
    assert!(strange.starts_with("the answer is no actor tree"), "{strange}");
}

#[tokio::test]
async fn a_node_that_is_not_there_is_said_at_once() {
    let server = Server::new().await;
    let (client, address) = (server.client(), server.address.clone());
    drop(server);
    let arguments = arguments(&address, &[]);
    let query = Query::default();
    let look = tokio::time::timeout(Duration::from_secs(5), client.look(&query)).await;
    let broken = look.expect("at once").err().expect("nobody is there");
    let told = explain(broken, &arguments).to_string();
    assert!(told.starts_with(&format!("no node answers at {address}: ")), "{told}");
    assert!(told.to_lowercase().contains("refused"), "{told}");
}

#[test]
fn what_does_not_go_together_is_wrong_usage() {
    for line in [
        &["tree", "--actor", "http", "--watch"][..],
        &["tree", "--limit", "0"],
        &["tree", "--limit", "1001"],
        &["tree", "--sort", "name"],
        &["tree", "--server", "localhost"],
    ] {
        assert!(Line::try_parse_from(line).is_err(), "{line:?}");
    }
}
