//! Asks the system for its counts: before a run, and after it until they are what they must be.

use super::oracle::{Bounds, Numbers, Oracle, differences};
use crate::report::model;
use crate::target::{Content, Target};
use anyhow::Context;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);
/// Looks in a row at which all must agree: what is counted twice may be so a moment later.
const AGREED: u32 = 4;
/// A server that does not answer within so long is asked later, or another one is.
const ANSWER: Duration = Duration::from_secs(5);
/// A node may be on its way back when a run begins.
const READY: Duration = Duration::from_secs(60);

/// The numbers of all contents, from the first server that answers.
///
/// # Errors
/// When none answers.
async fn numbers(targets: &[Target], contents: &[Content]) -> anyhow::Result<Vec<Numbers>> {
    let mut last = anyhow::anyhow!("there is no server");
    for target in targets {
        match timeout(ANSWER, numbers_at(target, contents)).await {
            Ok(Ok(numbers)) => return Ok(numbers),
            Ok(Err(error)) => last = error,
            Err(_) => last = anyhow::anyhow!("{} does not answer", target.address),
        }
    }
    Err(last)
}

async fn numbers_at(target: &Target, contents: &[Content]) -> anyhow::Result<Vec<Numbers>> {
    let mut all = Vec::with_capacity(contents.len());
    for content in contents {
        let told = target.get(&format!("/api/v1/content/{}/engagement", content.id)).await?;
        let number = |value: &serde_json::Value| value.as_u64();
        let views = number(&told["views"]["settled"]).context("no settled views")?;
        let likes = number(&told["likes"]).context("no likes")?;
        all.push(Numbers { views, likes });
    }
    Ok(all)
}

/// The numbers before a run, once they stand still: views of an earlier run may be on their way.
///
/// # Errors
/// When no server answers within a minute.
pub(super) async fn baseline(
    targets: &[Target],
    contents: &[Content],
) -> anyhow::Result<Vec<Numbers>> {
    let end = Instant::now() + READY;
    let (mut known, mut same) = (None, 0);
    loop {
        match numbers(targets, contents).await {
            Ok(now) if known.as_ref() == Some(&now) => {
                same += 1;
                if same >= AGREED {
                    return Ok(now);
                }
            }
            Ok(now) => (known, same) = (Some(now), 1),
            Err(error) if Instant::now() >= end => return Err(error),
            Err(_) => {}
        }
        anyhow::ensure!(
            Instant::now() < end || known.is_none(),
            "the numbers of the contents do not stand still: does anybody else use them?"
        );
        sleep(PAUSE).await;
    }
}

/// Compares until all agree for some looks in a row, or the time is up.
pub(super) async fn settle(
    oracle: &Oracle,
    (targets, contents): (&[Target], &[Content]),
    before: &[Numbers],
    within: Duration,
) -> model::Oracle {
    let bounds = oracle.bounds();
    let ids: Vec<_> = contents.iter().map(|content| content.id.as_str()).collect();
    let (start, mut agreed) = (Instant::now(), None);
    let (mut looks, mut found) = (0, Vec::new());
    let mut told = loop {
        let told = match numbers(targets, contents).await {
            Ok(now) => {
                found = gained(before, &now);
                differences(&ids, &bounds, &found)
            }
            Err(error) => vec![format!("the counts cannot be read: {error:#}")],
        };
        if told.is_empty() {
            agreed.get_or_insert_with(|| start.elapsed());
            looks += 1;
        } else {
            (agreed, looks) = (None, 0);
        }
        if looks >= AGREED || start.elapsed() >= within {
            break told;
        }
        sleep(PAUSE).await;
    };
    match oracle.counted_twice() {
        0 => {}
        twice => told.push(format!("{twice} keys were answered `counted` more than once")),
    }
    summary(&bounds, &found, told, agreed.unwrap_or_else(|| start.elapsed()))
}

fn gained(before: &[Numbers], now: &[Numbers]) -> Vec<Numbers> {
    let each = before.iter().zip(now);
    let gain = |(before, now): (&Numbers, &Numbers)| Numbers {
        // Less than before is as wrong as can be, and must not look like nothing.
        views: now.views.checked_sub(before.views).unwrap_or(u64::MAX),
        likes: now.likes.checked_sub(before.likes).unwrap_or(u64::MAX),
    };
    each.map(gain).collect()
}

fn summary(
    bounds: &[Bounds],
    found: &[Numbers],
    differences: Vec<String>,
    after: Duration,
) -> model::Oracle {
    let least: u64 = bounds.iter().map(|bounds| bounds.least.views).sum();
    let most: u64 = bounds.iter().map(|bounds| bounds.most.views).sum();
    model::Oracle {
        contents: bounds.len() as u64,
        views_true: least,
        views_unknown: most - least,
        views_settled: found.iter().fold(0, |sum, found| sum.saturating_add(found.views)),
        differences,
        settled_after_s: after.as_secs_f64(),
    }
}
