//! Nodes of a cluster are killed, stand still, and are cut off from each other and from the
//! database, each on a machine of its own, while uploads, encodes, plays and views go on: how long
//! writes wait, what users see, and that every entity had one writer at any time.
//!
//! A machine is a network namespace (`world.rs`); that takes root, `unshare`, `ip`, `socat` and
//! HAProxy. The database keeps a history of what it accepts, which is checked at the end.

mod door;
mod options;
mod probe;
mod stage;
mod trials;
mod world;

use crate::crowd::{Book, Figures, Kept, Kind, Load, judge, load};
use anyhow::{Context, bail};
use options::{Options, Trial};
use playhouse_tests::history;
use playhouse_tests::random::Random;
use stage::Stage;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Before anything happens, and after it.
const QUIET: Duration = Duration::from_secs(8);

/// Runs the campaign.
///
/// # Errors
/// When an option is wrong, something does not start or come back, or a promise is broken.
pub(crate) async fn run(arguments: &[String]) -> anyhow::Result<()> {
    let options = Options::read(arguments)?;
    if !world::is_inside() {
        return world::enter(arguments);
    }
    println!("{} nodes, seed {}", options.nodes, options.seed);
    let mut stage = Stage::of(options.nodes).await?;
    let ended = trials(&options, &mut stage).await;
    if let Some(folder) = &options.logs {
        for (number, node) in (1..).zip(&stage.nodes) {
            let file = Path::new(folder).join(format!("{}.log", world::name(number)));
            std::fs::write(&file, node.log()).with_context(|| file.display().to_string())?;
        }
    }
    ended
}

async fn trials(options: &Options, stage: &mut Stage) -> anyhow::Result<()> {
    println!("| trial | what | before | meanwhile | after | p50, p99, max ms before | meanwhile |");
    println!("|---|---|---|---|---|---|---|");
    let (mut ends, mut faults) = (vec![], vec![]);
    let mut random = Random::new(options.seed);
    for trial in &options.trials {
        let ended = under_load(stage, *trial, options.kills, &mut random).await;
        let (end, some) = ended.with_context(|| trial.to_string())?;
        println!("{end}");
        ends.push(end);
        faults.extend(some.into_iter().map(|fault| format!("{trial}: {fault}")));
    }
    println!("\n| trial | what came of it | what was kept |\n|---|---|---|");
    ends.iter().for_each(|end| println!("{end}"));
    let kept = stage.history().await?;
    if let Some(file) = &options.history {
        history::write(Path::new(file), &kept)?;
    }
    let (summary, findings) = history::check(&kept);
    println!("\n{summary}");
    faults.extend(findings.iter().map(ToString::to_string));
    if !faults.is_empty() {
        bail!("{} promises are broken:\n{}", faults.len(), faults.join("\n"));
    }
    println!("no entity had two writers; nothing that was acknowledged was lost or counted twice");
    Ok(())
}

/// A row for what came of a trial, and the promises that were broken.
async fn under_load(
    stage: &mut Stage,
    trial: Trial,
    kills: usize,
    random: &mut Random,
) -> anyhow::Result<(String, Vec<String>)> {
    let client = stage.admin();
    let before = judge::counts(&client, &stage.film.id, &stage.counted).await?;
    let load = Arc::new(Load {
        book: Arc::new(Book::new()),
        client,
        viewer: stage.anonymous(),
        film: stage.film.clone(),
        counted: stage.counted.clone(),
        kept: Kept::default(),
        over: AtomicBool::new(false),
    });
    let clip = std::fs::read(playhouse_tests::clip())?;
    let everybody = async {
        tokio::join!(load::run(Arc::clone(&load)), load::uploads(Arc::clone(&load), clip))
    };
    let told = async {
        tokio::time::sleep(QUIET).await;
        let from = load.book.now();
        let told = trials::run(stage, trial, kills, random).await;
        let until = load.book.now();
        tokio::time::sleep(QUIET).await;
        load.over.store(true, Ordering::Relaxed);
        told.map(|told| (told, from, until))
    };
    let (_, told) = tokio::join!(everybody, told);
    let (told, from, until) = told?;
    print(&load.book, trial, from, until);
    let (kept, faults) = judge::judge(&load, &before).await?;
    Ok((format!("| {trial} | {told} | {kept} |"), faults))
}

fn print(book: &Book, trial: Trial, from: Duration, until: Duration) {
    for kind in Kind::ALL {
        let before = book.figures(kind, Duration::ZERO, from);
        let meanwhile = book.figures(kind, from, until);
        let after = book.figures(kind, until, book.now()).words();
        let (quiet, waits) = (waits(&before), waits(&meanwhile));
        let (before, meanwhile) = (before.words(), meanwhile.words());
        println!("| {trial} | {kind:?} | {before} | {meanwhile} | {after} | {quiet} | {waits} |");
    }
}

fn waits(figures: &Figures) -> String {
    let [middle, high, most] = [50, 99, 100].map(|percent| figures.percentile_ms(percent));
    format!("{middle}, {high}, {most}")
}
