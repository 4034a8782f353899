//! A run under kills against an uninterrupted one of the same film.

use super::ledger::Ledger;
use super::samples::Runs;
use super::shape::Shape;
use super::{sound, whole};
use playhouse_tests::sandbox::Sandbox;
use serde_json::Value;
use std::path::Path;

/// What a run came to.
pub(super) struct Outcome {
    pub(super) sandbox: Sandbox,
    pub(super) content: Value,
    pub(super) counts: whole::Counts,
    pub(super) ledger: Ledger,
}

/// Init segments byte for byte, where segments lie, and how the sound differs; the faults.
///
/// # Errors
/// When something cannot be read or decoded.
pub(super) async fn compare(
    file: &Path,
    calm: &Outcome,
    rough: &Outcome,
) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    println!("\n| rendition | init segment | segments | resumed at segment |");
    println!("|---|---|---|---|");
    let mut sounds = Vec::new();
    for rendition in whole::renditions(&rough.content) {
        let name = rendition["name"].as_str().unwrap_or_default();
        let (before, after) = (shape(calm, name).await?, shape(rough, name).await?);
        let equal = before.init == after.init;
        let verdict = if equal { "equal" } else { "differs" };
        let seams = rough.ledger.seams(name);
        println!("| {name} | {verdict} | {} | {seams:?} |", after.starts.len());
        if !equal || before.starts != after.starts {
            faults.push(format!("{name}: the init segment or the segments differ"));
        }
        if rendition["kind"] == "audio" {
            let at = seams.iter().filter_map(|index| after.starts.get(*index as usize));
            sounds.push((name.to_owned(), at.copied().collect::<Vec<_>>(), after));
        }
    }
    sound::head();
    let source = sound::decode_file(&file.to_string_lossy())?;
    for (name, seams, shape) in sounds {
        let (before, after) = (pcm(calm, &name)?, pcm(rough, &name)?);
        let runs = Runs { calm: &before, rough: &after, source: &source };
        let boundaries = sound::Places { all: &shape.starts[1..], resumed: &seams };
        faults.extend(sound::row(&name, &boundaries, &runs));
    }
    Ok(faults)
}

async fn shape(outcome: &Outcome, name: &str) -> anyhow::Result<Shape> {
    let id = outcome.content["id"].as_str().unwrap_or_default();
    Shape::read(&outcome.sandbox.admin(), id, name).await
}

/// Everything that a rendition's sound decodes to.
fn pcm(outcome: &Outcome, name: &str) -> anyhow::Result<Vec<i16>> {
    let client = outcome.sandbox.admin();
    let id = outcome.content["id"].as_str().unwrap_or_default();
    let url = outcome.sandbox.url(&format!("/media/{id}/{name}/index.m3u8"));
    sound::decode(&url, client.token())
}
