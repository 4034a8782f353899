//! The node is killed again and again while a film is uploaded and encoded.

use super::ledger::{Account, Ledger};
use super::{orphans, whole};
use anyhow::Context;
use playhouse_tests::patient;
use playhouse_tests::sandbox::Sandbox;
use std::cell::Cell;
use std::path::Path;
use std::time::{Duration, Instant};

/// No film of a campaign takes longer between two kills or after the last.
const PATIENCE: Duration = Duration::from_secs(600);
/// Distance of two looks at the node.
const LOOK: Duration = Duration::from_millis(50);

/// When the node is killed.
pub(super) enum Strike {
    /// So long after it was ready.
    After(Duration),
    /// At a named point, `name:n`.
    At(String),
}

/// Runs one upload under these strikes; its faults.
///
/// # Errors
/// When it does not come to its end.
pub(super) async fn run(
    title: &str,
    file: &Path,
    strikes: &[Strike],
) -> anyhow::Result<Vec<String>> {
    println!("\n## Killing {title}\n");
    let bytes = std::fs::read(file)?;
    let mut sandbox = Sandbox::new(&[]);
    sandbox.start_armed(strikes.first().map_or("", point)).await;
    let client = sandbox.admin();
    let (location, id) = patient::create(&client, bytes.len()).await?;
    let offset = Cell::new(0);
    let mut victim = Victim { sandbox, ledger: Ledger::default(), offset: &offset, faults: vec![] };
    let (uploaded, struck) = tokio::join!(
        patient::upload(&client, &location, &bytes, &offset),
        victim.strike_all(strikes, bytes.len() as u64)
    );
    uploaded.with_context(|| log_of(&victim.sandbox))?;
    struck.with_context(|| log_of(&victim.sandbox))?;
    let content = whole::wait(&client, &id, PATIENCE).await;
    let content = content.with_context(|| log_of(&victim.sandbox))?;
    victim.ledger.look(&victim.sandbox.data());
    let Victim { sandbox, ledger, mut faults, .. } = victim;
    faults.extend(whole::source_faults(&sandbox, &bytes)?);
    faults.extend(whole::table(&sandbox, &content, file)?.1);
    faults.extend(told(&ledger.accounts()));
    if !faults.is_empty() {
        eprintln!("{}", log_of(&sandbox));
    }
    Ok(faults.into_iter().map(|fault| format!("{title}: {fault}")).collect())
}

fn point(strike: &Strike) -> &str {
    match strike {
        Strike::After(_) => "",
        Strike::At(point) => point,
    }
}

fn log_of(sandbox: &Sandbox) -> String {
    format!("the node's log:\n{}", sandbox.log())
}

/// The table of the accounts; a rendition of which an attempt made more than one segment in vain
/// is a fault.
fn told(accounts: &[Account]) -> Vec<String> {
    println!("\n| rendition | segments | made again | most by one kill |");
    println!("|---|---|---|---|");
    for Account { rendition, segments, again, worst } in accounts {
        println!("| {rendition} | {segments} | {again} | {worst} |");
    }
    let broken = accounts.iter().filter(|account| account.worst > 1);
    broken.map(|it| format!("one kill cost {} {} segments", it.rendition, it.worst)).collect()
}

/// The node under attack.
struct Victim<'a> {
    sandbox: Sandbox,
    ledger: Ledger,
    /// Acknowledged bytes of the upload.
    offset: &'a Cell<u64>,
    faults: Vec<String>,
}

impl Victim<'_> {
    /// Carries out the strikes; the node runs, armed for the first, and runs unarmed afterwards.
    async fn strike_all(&mut self, strikes: &[Strike], size_bytes: u64) -> anyhow::Result<()> {
        println!("| kill | when | uploaded | segments made | ready again ms |");
        println!("|---|---|---|---|---|");
        for (at, strike) in strikes.iter().enumerate() {
            self.wait(strike).await?;
            orphans::wait(&self.sandbox.data()).await?;
            self.ledger.look(&self.sandbox.data());
            let began = Instant::now();
            self.sandbox.start_armed(strikes.get(at + 1).map_or("", point)).await;
            let when = match strike {
                Strike::After(pause) => format!("{} ms", pause.as_millis()),
                Strike::At(point) => point.clone(),
            };
            let (number, percent) = (at + 1, self.offset.get() * 100 / size_bytes);
            let (made, ready_ms) = (self.ledger.segments(""), began.elapsed().as_millis());
            println!("| {number} | {when} | {percent} % | {made} | {ready_ms} |");
        }
        Ok(())
    }

    /// Until the node is dead.
    async fn wait(&mut self, strike: &Strike) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            tokio::time::sleep(LOOK).await;
            self.ledger.look(&self.sandbox.data());
            match strike {
                Strike::After(pause) if began.elapsed() >= *pause => {
                    self.sandbox.kill();
                    return Ok(());
                }
                Strike::At(_) if self.sandbox.ended().is_some() => {
                    self.sandbox.wait_ended(LOOK).await;
                    return Ok(());
                }
                Strike::At(point) if began.elapsed() > PATIENCE / 5 => {
                    self.faults.push(format!("{point} was not reached"));
                    self.sandbox.kill();
                    return Ok(());
                }
                Strike::After(_) | Strike::At(_) => {}
            }
        }
    }
}
