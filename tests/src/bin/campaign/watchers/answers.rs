//! How soon the inspector answers, one question at a time.

use super::figures::quantile;
use anyhow::{Context, ensure};
use playhouse_tests::client::Client;
use std::time::Instant;

/// Times that each question is asked.
const TIMES: usize = 50;

/// Prints the answer times of every kind of question. `ids` are uploads with a resident entity.
///
/// # Errors
/// When a question is not answered.
pub(super) async fn print(client: &Client, ids: &[String]) -> anyhow::Result<()> {
    let id = ids.get(ids.len() / 2).context("an entity is resident")?;
    let part = id.get(..8).context("an id is long")?;
    println!("| question | p50 ms | p99 ms | max ms | kB |");
    println!("|---|---|---|---|---|");
    for (title, path) in [
        ("tree?depth=2", "tree?depth=2".to_owned()),
        ("tree?sort=oldest&limit=100", "tree?sort=oldest&limit=100".to_owned()),
        ("tree?sort=busy&limit=100", "tree?sort=busy&limit=100".to_owned()),
        ("tree?q=(part of an id)&limit=100", format!("tree?q={part}&limit=100")),
        (
            "tree?under=entities/upload.session&depth=1&limit=100",
            "tree?under=entities%2Fupload.session&depth=1&limit=100".to_owned(),
        ),
        ("actors/entities/upload.session/(id)", format!("actors/entities/upload.session/{id}")),
    ] {
        row(client, title, &format!("/admin/api/{path}")).await?;
    }
    Ok(())
}

async fn row(client: &Client, title: &str, path: &str) -> anyhow::Result<()> {
    let (mut times, mut bytes) = (Vec::new(), 0);
    while times.len() < TIMES {
        let began = Instant::now();
        let answer = client.get(path).await;
        times.push(1000.0 * began.elapsed().as_secs_f64());
        ensure!(answer.status == 200, "{path} was answered {}", answer.text());
        bytes = answer.body.len();
    }
    let [middle, late, last] = [0.5, 0.99, 1.0].map(|share| quantile(&times, share));
    println!("| {title} | {middle:.2} | {late:.2} | {last:.2} | {:.1} |", bytes as f64 / 1024.0);
    Ok(())
}
