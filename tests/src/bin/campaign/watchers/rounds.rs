//! Rounds in pairs: the same load with nobody watching, and with one page and one terminal.
//!
//! Every other pair begins with the watchers, so that what drifts in one direction is no cost.

use super::figures::{Spread, median};
use super::load::{Load, Running};
use super::options::Options;
use super::watch::{Told, watch};
use crate::process::cpu_s;
use anyhow::{bail, ensure};
use playhouse_tests::sandbox::Sandbox;
use std::time::{Duration, Instant};

/// At most this share of the throughput and of the CPU time per request.
pub(super) const AIM: f64 = 0.01;
/// Load before a round is counted: connections are made, the watchers have their first page.
const WARM_UP: Duration = Duration::from_secs(1);

/// What a pair of rounds needs.
pub(super) struct Rounds<'a> {
    pub(super) sandbox: &'a Sandbox,
    pub(super) load: &'a Load,
    pub(super) options: &'a Options,
}

/// One round.
struct Round {
    /// Answered requests per second.
    rate: f64,
    /// CPU seconds of the node for 100,000 requests.
    cpu_s: f64,
}

/// What it costs to be watched, as a share of what it is without.
pub(super) struct Cost {
    throughput: Spread,
    cpu: Spread,
}

impl Cost {
    /// One of them is above the aim by more than the rounds differ among themselves.
    pub(super) fn is_broken(&self) -> bool {
        [&self.throughput, &self.cpu].iter().any(|spread| spread.low() > AIM)
    }
}

impl Rounds<'_> {
    /// Runs all pairs and prints them.
    ///
    /// # Errors
    /// When a request fails or a watcher is not served.
    pub(super) async fn run(&self) -> anyhow::Result<Cost> {
        // Apart: every entity of the load is in memory, and the allocator has what it needs.
        self.round(true).await?;
        println!("| pair | alone req/s | watched | ratio | alone CPU s/100k | watched | ratio |");
        println!("|---|---|---|---|---|---|---|");
        let mut pairs = Vec::new();
        for pair in 1..=self.options.pairs {
            let first = self.round(pair % 2 == 0).await?;
            let second = self.round(pair % 2 == 1).await?;
            let (alone, watched) = if pair % 2 == 1 { (first, second) } else { (second, first) };
            println!(
                "| {pair} | {:.0} | {:.0} | {:.4} | {:.3} | {:.3} | {:.4} |",
                alone.rate,
                watched.rate,
                watched.rate / alone.rate,
                alone.cpu_s,
                watched.cpu_s,
                watched.cpu_s / alone.cpu_s
            );
            pairs.push((alone, watched));
        }
        let cost = conclude(&pairs);
        self.tell_idle(&pairs).await?;
        Ok(cost)
    }

    async fn round(&self, watched: bool) -> anyhow::Result<Round> {
        let running = self.load.start(self.options.connections);
        let round = self.beside(watched, self.count(&running)).await?;
        running.stop().await?;
        Ok(round)
    }

    /// Does this while somebody watches, or nobody.
    async fn beside<T>(
        &self,
        watched: bool,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        if !watched {
            return work.await;
        }
        let told = Told::default();
        let done = tokio::select! {
            done = work => done?,
            ended = watch(self.sandbox, &told) => bail!("{ended:?}"),
        };
        let (page, terminal) = (told.page.get(), told.terminal.get());
        ensure!(page > 0 && terminal > 0, "told {page} and {terminal} bytes in a whole round");
        Ok(done)
    }

    /// What the watchers take from a node that does nothing else, beside what it uses in a round:
    /// they ask as often however busy it is, and no load hides a small number here.
    async fn tell_idle(&self, pairs: &[(Round, Round)]) -> anyhow::Result<()> {
        let alone = self.beside(false, self.idle()).await?;
        let watched = self.beside(true, self.idle()).await?;
        let busy: Vec<f64> =
            pairs.iter().map(|(round, _)| round.cpu_s * round.rate / 100_000.0).collect();
        println!(
            "\nwithout load the node uses {:.2} % of a core alone and {:.2} % watched; the \
             difference is {:.2} % of the {:.0} % that it uses under load",
            100.0 * alone,
            100.0 * watched,
            100.0 * (watched - alone) / median(&busy),
            100.0 * median(&busy)
        );
        Ok(())
    }

    /// CPU seconds of the node in a second without load.
    async fn idle(&self) -> anyhow::Result<f64> {
        let node = self.sandbox.pid();
        tokio::time::sleep(WARM_UP).await;
        let (began, cpu) = (Instant::now(), cpu_s(node)?);
        // The kernel tells hundredths of a second: a longer round tells a small cost better.
        tokio::time::sleep(2 * self.options.round).await;
        Ok((cpu_s(node)? - cpu) / began.elapsed().as_secs_f64())
    }

    async fn count(&self, running: &Running) -> anyhow::Result<Round> {
        let node = self.sandbox.pid();
        tokio::time::sleep(WARM_UP).await;
        let (began, cpu, answered) = (Instant::now(), cpu_s(node)?, running.answered());
        tokio::time::sleep(self.options.round).await;
        let (took, cpu) = (began.elapsed(), cpu_s(node)? - cpu);
        let requests = (running.answered() - answered) as f64;
        ensure!(requests > 0.0, "not one request was answered");
        Ok(Round { rate: requests / took.as_secs_f64(), cpu_s: cpu / requests * 100_000.0 })
    }
}

fn conclude(pairs: &[(Round, Round)]) -> Cost {
    let shares = |share: fn(&(Round, Round)) -> f64| pairs.iter().map(share).collect::<Vec<_>>();
    let rates = shares(|(alone, _)| alone.rate);
    let usual = median(&rates);
    let farthest = rates.iter().map(|rate| (rate / usual - 1.0).abs()).fold(0.0, f64::max);
    println!("\nrounds alone differ from their median by up to {:.2} %", 100.0 * farthest);
    let throughput = Spread::of(&shares(|(alone, watched)| 1.0 - watched.rate / alone.rate));
    let cpu = Spread::of(&shares(|(alone, watched)| watched.cpu_s / alone.cpu_s - 1.0));
    println!("\n| cost of watching | median % | mean % | ± % (95 %) | least % | most % | aim |");
    println!("|---|---|---|---|---|---|---|");
    println!("| throughput | {throughput} | {} |", throughput.verdict(AIM));
    println!("| node CPU per request | {cpu} | {} |", cpu.verdict(AIM));
    Cost { throughput, cpu }
}
