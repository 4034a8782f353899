//! Every input through a real node: published or refused, when, and whether what was made is whole.

use crate::verdict::{decode, source_seconds};
use anyhow::{Context, bail};
use playhouse_tests::client::{Client, send};
use playhouse_tests::sandbox::Sandbox;
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};

/// No input of a campaign takes longer.
const PATIENCE: Duration = Duration::from_secs(1_800);

/// One row of the table.
struct Row {
    outcome: String,
    renditions: Vec<String>,
    playable_s: Option<f64>,
    complete_s: Option<f64>,
    faults: Vec<String>,
}

/// Runs the campaign.
///
/// # Errors
/// When a file cannot be read or a rendition is not whole.
pub(crate) async fn run(files: &[String]) -> anyhow::Result<()> {
    let sandbox = Sandbox::started(&[]).await;
    let client = sandbox.admin();
    println!("| input | outcome | renditions | playable s | complete s | faults |");
    println!("|---|---|---|---|---|---|");
    let mut broken = 0;
    for file in files {
        let row = one(&client, &sandbox, Path::new(file)).await?;
        broken += usize::from(!row.faults.is_empty());
        print(file, &row);
    }
    if broken > 0 {
        bail!("{broken} inputs with faults");
    }
    Ok(())
}

fn print(file: &str, row: &Row) {
    let name = Path::new(file).file_name().unwrap_or_default().to_string_lossy();
    let seconds = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2}"));
    println!(
        "| {name} | {} | {} | {} | {} | {} |",
        row.outcome,
        row.renditions.join(" "),
        seconds(row.playable_s),
        seconds(row.complete_s),
        if row.faults.is_empty() { "none".to_owned() } else { row.faults.join("; ") },
    );
}

async fn one(client: &Client, sandbox: &Sandbox, file: &Path) -> anyhow::Result<Row> {
    let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
    let created = client.create(bytes.len() as u64, "").await;
    let id = created.header("playhouse-content-id").to_owned();
    let patch = client.request("PATCH", created.header("location")).header("Upload-Offset", 0);
    let patch = patch.header("Content-Type", "application/offset+octet-stream").body(bytes);
    let sent = send(patch).await;
    let last_byte = Instant::now();
    if sent.status != 204 {
        return Ok(refused(format!("{} {}", sent.status, sent.text())));
    }
    let mut playable_s = None;
    let content = loop {
        let content = client.content(&id).await;
        let status = content["status"].as_str().unwrap_or_default().to_owned();
        if status == "published" && playable_s.is_none() {
            playable_s = Some(last_byte.elapsed().as_secs_f64());
        }
        if ["failed", "blocked"].contains(&status.as_str()) {
            return Ok(refused(format!("{status}: {}", content["blocked_reason"]["detail"])));
        }
        if status == "published" && renditions(&content).all(ended) {
            break content;
        }
        if last_byte.elapsed() > PATIENCE {
            bail!("{} is not complete after {PATIENCE:?}: {content:#}", file.display());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let complete_s = Some(last_byte.elapsed().as_secs_f64());
    let names = renditions(&content).map(|each| text(&each["name"])).collect();
    let faults = faults(client, sandbox, &content, &file.display().to_string())?;
    Ok(Row { outcome: "published".to_owned(), renditions: names, playable_s, complete_s, faults })
}

fn refused(outcome: String) -> Row {
    Row { outcome, renditions: vec![], playable_s: None, complete_s: None, faults: vec![] }
}

fn renditions(content: &Value) -> impl Iterator<Item = &Value> {
    content["renditions"].as_array().into_iter().flatten()
}

fn ended(rendition: &Value) -> bool {
    ["complete", "failed"].contains(&rendition["state"].as_str().unwrap_or_default())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What is wrong with the renditions: error lines, video off the source by a frame or more, audio
/// off the video by a packet or more.
fn faults(
    client: &Client,
    sandbox: &Sandbox,
    content: &Value,
    file: &str,
) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    let is_video = content["kind"] == "video";
    let mut length_s = source_seconds(file, if is_video { "v" } else { "a" });
    for rendition in renditions(content) {
        let name = text(&rendition["name"]);
        if rendition["state"] != "complete" {
            faults.push(format!("{name} {}", rendition["state"]));
            continue;
        }
        let id = text(&content["id"]);
        let playlist = sandbox.url(&format!("/media/{id}/{name}/index.m3u8"));
        let verdict = decode(&playlist, client.token())?;
        faults.extend(verdict.complaints.first().map(|line| format!("{name}: {line}")));
        let expected = length_s.unwrap_or(verdict.seconds);
        // Half a tick of the container's own rounding on top.
        if (verdict.seconds - expected).abs() > verdict.unit_s + 0.001 {
            faults.push(format!("{name}: {:.3} s, expected {expected:.3} s", verdict.seconds));
        }
        if is_video && rendition["kind"] == "video" {
            // Audio is held against the video that it goes with.
            length_s = Some(verdict.seconds);
        }
    }
    Ok(faults)
}
