//! Engines go away while uploads, encodes, plays and views go on: what users see meanwhile, how
//! soon all is well again, and that nothing acknowledged is lost or counted twice.
//!
//! Each engine is stopped with SIGKILL, then the wire to it is cut; at last the primary of
//! PostgreSQL is killed for good and its standby takes over. The engines are a set of
//! `ops/services` that is ended at the end; `PLAYHOUSE_SERVICES` names its folder.

mod options;
mod strips;

use crate::crowd::{Book, Film, Kept, Kind, Load, judge, load};
use crate::engines::Engines;
use anyhow::{Context, bail};
use options::{Options, Way};
use playhouse_tests::sandbox::Sandbox;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use strips::Strips;

/// Before the engine goes away.
const BEFORE: Duration = Duration::from_secs(5);
/// All was well for so long: it is.
const WELL: Duration = Duration::from_secs(5);
/// It is not well after so long: it will not be.
const RECOVERED_WITHIN: Duration = Duration::from_secs(120);
/// Rules against inflation that see one address behind everybody are lifted: here it is true.
const SETTINGS: [&str; 1] = ["actors.playback.views_per_address_hour_max=0"];

/// Runs the campaign.
///
/// # Errors
/// When an option is wrong, an engine does not come back, or a promise is broken.
pub(crate) async fn run(arguments: &[String]) -> anyhow::Result<()> {
    let options = Options::read(arguments)?;
    let engines = Engines::up(&options.engines()).await?;
    trials(&options, &engines).await
}

async fn trials(options: &Options, engines: &Engines) -> anyhow::Result<()> {
    let settings = SETTINGS.into_iter().chain(engines.settings.iter().map(String::as_str));
    let sandbox = Sandbox::started(&settings.collect::<Vec<_>>()).await;
    let clip = playhouse_tests::clip();
    let (film, counted) = (sandbox.upload(&clip), sandbox.upload(&clip));
    let film = Film::of(&sandbox.admin(), &film).await?;
    let stage = Stage { engines, sandbox, film, counted, clip: std::fs::read(clip)? };
    println!(
        "| engine | how | what | before | while it was away | after | p50, p99, max ms away |"
    );
    println!("|---|---|---|---|---|---|---|");
    let (mut csv, mut strips) = (String::from(CSV_HEAD), Strips::new());
    let (mut ends, mut faults) = (vec![], vec![]);
    for (engine, way) in &options.trials {
        let trial = stage.trial(engine, *way, options.away, &mut strips).await;
        let trial = trial.with_context(|| format!("{engine}, {way}"))?;
        csv += &trial.seconds;
        ends.push(trial.end);
        faults.extend(trial.faults);
    }
    println!("\n| engine | how | all well again s | what was kept |\n|---|---|---|---|");
    ends.iter().for_each(|end| println!("{end}"));
    for (file, text) in
        [(&options.csv, csv), (&options.svg, strips.svg()), (&options.log, stage.sandbox.log())]
    {
        if let Some(file) = file {
            std::fs::write(file, text).with_context(|| format!("{file} cannot be written"))?;
        }
    }
    if !faults.is_empty() {
        bail!("{} promises are broken:\n{}", faults.len(), faults.join("\n"));
    }
    println!("\nnothing that was acknowledged was lost or counted twice");
    Ok(())
}

const CSV_HEAD: &str = "trial,second,kind,done,later,wrong,silent,max_ms\n";

/// What all trials share.
struct Stage<'a> {
    engines: &'a Engines,
    sandbox: Sandbox,
    film: Film,
    counted: String,
    clip: Vec<u8>,
}

/// What one trial came to.
struct Trial {
    seconds: String,
    end: String,
    faults: Vec<String>,
}

impl Stage<'_> {
    async fn trial(
        &self,
        engine: &str,
        way: Way,
        away: Duration,
        strips: &mut Strips,
    ) -> anyhow::Result<Trial> {
        let client = self.sandbox.admin();
        let before = judge::counts(&client, &self.film.id, &self.counted).await?;
        let load = Arc::new(Load {
            book: Arc::new(Book::new()),
            client,
            viewer: self.sandbox.anonymous(),
            film: self.film.clone(),
            counted: self.counted.clone(),
            kept: Kept::default(),
            over: AtomicBool::new(false),
        });
        let everybody = async {
            tokio::join!(
                load::run(Arc::clone(&load)),
                load::uploads(Arc::clone(&load), self.clip.clone())
            )
        };
        let outage = async {
            let gone = self.outage(&load, engine, way, away).await;
            load.over.store(true, Ordering::Relaxed);
            gone
        };
        let (_, gone) = tokio::join!(everybody, outage);
        let gone = gone?;
        print(&load.book, engine, way, &gone);
        let (kept, faults) = judge::judge(&load, &before).await?;
        let name = format!("{engine} {way}");
        strips.add(&name, &load.book, gone.from, gone.until);
        Ok(Trial {
            seconds: load.book.seconds(&name),
            end: format!("| {engine} | {way} | {} | {kept} |", gone.recovered()),
            faults: faults.into_iter().map(|fault| format!("{name}: {fault}")).collect(),
        })
    }

    /// Takes the engine away, brings it back, and waits until all is well.
    async fn outage(
        &self,
        load: &Load,
        engine: &str,
        way: Way,
        away: Duration,
    ) -> anyhow::Result<Gone> {
        tokio::time::sleep(BEFORE).await;
        let from = load.book.now();
        match way {
            Way::Cut => self.engines.cut(engine, true)?,
            Way::Kill | Way::Failover => self.engines.kill(engine)?,
        }
        if way != Way::Failover {
            tokio::time::sleep(away).await;
        }
        match way {
            Way::Cut => self.engines.cut(engine, false)?,
            Way::Kill => self.engines.start(engine).await?,
            Way::Failover => self.engines.promote().await?,
        }
        let until = load.book.now();
        let mut well = None;
        while well.is_none() && load.book.now() < until + RECOVERED_WITHIN {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let now = load.book.now();
            let last = load.book.last_fault(now).map_or(until, |last| last.max(until));
            well = (now >= last + WELL).then_some(last);
        }
        Ok(Gone { from, until, well, end: load.book.now() })
    }
}

/// When an engine was away, since the trial began.
struct Gone {
    from: Duration,
    until: Duration,
    /// The last answer that was not as wanted.
    well: Option<Duration>,
    end: Duration,
}

impl Gone {
    fn recovered(&self) -> String {
        let after = |last: Duration| format!("{:.1}", (last - self.until).as_secs_f64());
        self.well.map_or_else(|| format!("not within {RECOVERED_WITHIN:?}"), after)
    }
}

fn print(book: &Book, engine: &str, way: Way, gone: &Gone) {
    for kind in Kind::ALL {
        let before = book.figures(kind, Duration::ZERO, gone.from).words();
        let away = book.figures(kind, gone.from, gone.until);
        let after = book.figures(kind, gone.until, gone.end).words();
        let [middle, high, most] = [50, 99, 100].map(|percent| away.percentile_ms(percent));
        let (away, waits) = (away.words(), format!("{middle}, {high}, {most}"));
        println!("| {engine} | {way} | {kind:?} | {before} | {away} | {after} | {waits} |");
    }
}
