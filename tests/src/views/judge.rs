//! Settled counts beside the oracle's: every content, exactly.

use super::oracle::Account;
use crate::wire::Wire;
use anyhow::{Context, ensure};
use futures_util::future::try_join_all;
use serde_json::Value;
use std::time::{Duration, Instant};

/// Up to so many unique viewers the number is exact.
pub const UNIQUE_EXACT_MAX: u64 = 4096;
/// Standard error of the estimate above it (HyperLogLog with 2^14 registers: 1.04 / 128).
const UNIQUE_ERROR: f64 = 0.0081;
/// An estimate may be off by so many standard errors: one in 80 is farther off by chance.
const SIGMAS: f64 = 2.5;
/// Counts that are true and do not change for so long have settled: one view too many would show.
const TRUE_FOR: Duration = Duration::from_secs(3);
/// Counts that are not true and do not change for so long will not become true.
const WRONG_FOR: Duration = Duration::from_secs(15);
/// They settle within this time, or never.
const SETTLED_WITHIN: Duration = Duration::from_secs(180);
/// Connections that ask for counts.
const CONNECTIONS: usize = 16;

/// What was compared.
#[derive(Debug)]
pub struct Verdict {
    /// Views that the oracle knows.
    pub expected: u64,
    /// Views that are settled.
    pub settled: u64,
    /// Live views: a hint, told for interest.
    pub live: u64,
    /// From the last acknowledgement to the last settled view.
    pub settled_after: Duration,
    /// Contents with more unique viewers than are counted exactly: truth and estimate.
    pub estimates: Vec<(u64, u64)>,
    /// What is wrong, a line for each content.
    pub faults: Vec<String>,
}

/// What the node tells of a content.
struct Told {
    settled: u64,
    live: u64,
    unique: u64,
}

/// Waits until the counts are settled, and compares them.
///
/// # Errors
/// When the node does not tell them.
pub(super) async fn compare(
    server: &str,
    contents: &[String],
    oracle: &[Account],
) -> anyhow::Result<Verdict> {
    let expected: u64 = oracle.iter().map(|account| account.views).sum();
    let began = Instant::now();
    let (mut settled, mut changed, mut all);
    (settled, changed) = (u64::MAX, began);
    loop {
        all = ask(server, contents).await?;
        let now: u64 = all.iter().map(|told| told.settled).sum();
        if now != settled {
            (settled, changed) = (now, Instant::now());
        }
        let enough = if settled == expected { TRUE_FOR } else { WRONG_FOR };
        if changed.elapsed() > enough || began.elapsed() > SETTLED_WITHIN {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let pairs: Vec<_> = oracle.iter().zip(&all).collect();
    let large = pairs.iter().filter(|(truth, _)| truth.unique() > UNIQUE_EXACT_MAX);
    let faults = contents.iter().zip(&pairs).flat_map(|(id, (truth, told))| {
        faults(truth, told).into_iter().map(move |fault| format!("{id}: {fault}"))
    });
    Ok(Verdict {
        expected,
        settled,
        live: all.iter().map(|told| told.live).sum(),
        settled_after: changed - began,
        estimates: large.map(|(truth, told)| (truth.unique(), told.unique)).collect(),
        faults: faults.collect(),
    })
}

fn faults(truth: &Account, told: &Told) -> Vec<String> {
    let (mut faults, unique) = (Vec::new(), truth.unique());
    if told.settled != truth.views {
        faults.push(format!("{} views settled, {} are true", told.settled, truth.views));
    }
    let error = told.unique as f64 / unique.max(1) as f64 - 1.0;
    let estimated = unique > UNIQUE_EXACT_MAX;
    if estimated && error.abs() > SIGMAS * UNIQUE_ERROR {
        faults.push(format!("{} unique viewers of {unique}: {error:+.4}", told.unique));
    }
    if !estimated && told.unique != unique {
        faults.push(format!("{} unique viewers, {unique} are true", told.unique));
    }
    faults
}

/// Every content's counts, in order.
async fn ask(server: &str, contents: &[String]) -> anyhow::Result<Vec<Told>> {
    let share = contents.len().div_ceil(CONNECTIONS).max(1);
    let lines = contents.chunks(share).map(|ids| async move {
        let (mut wire, mut all) = (Wire::new(server), Vec::new());
        for id in ids {
            let line = format!("GET /api/v1/content/{id}/engagement");
            let reply = wire.ask(&Wire::request(&line, "", "")).await?;
            ensure!(reply.status == 200, "{line}: {} {}", reply.status, reply.body);
            let told: Value = serde_json::from_str(&reply.body)?;
            let number = |value: &Value| value.as_u64().with_context(|| told.to_string());
            all.push(Told {
                settled: number(&told["views"]["settled"])?,
                live: number(&told["views"]["live"])?,
                unique: number(&told["unique_viewers"])?,
            });
        }
        anyhow::Ok(all)
    });
    Ok(try_join_all(lines).await?.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(unique: u32) -> Account {
        let mut account = Account::default();
        (0..unique).for_each(|viewer| account.watch(viewer, 1));
        account
    }

    #[test]
    fn few_viewers_are_exact_and_many_are_near() {
        let told = |views: u32, unique| Told { settled: views.into(), live: 0, unique };
        assert!(faults(&account(4096), &told(4096, 4096)).is_empty());
        assert_eq!(faults(&account(4096), &told(4096, 4095)).len(), 1);
        assert!(faults(&account(100_000), &told(100_000, 101_900)).is_empty());
        assert_eq!(faults(&account(100_000), &told(99_999, 102_100)).len(), 2);
    }
}
