//! All shards at once: made when the database is fresh, and taken by a node that is no cluster's.
//! Both hold the whole table, behind every commit under way.

use super::fenced::leave;
use super::pool::{Link, Server};
use super::run::{Effect, Failure, failed, in_order, query};
use super::{Statement, dialect, sql};
use crate::catalog::cell::{Cell, Cells};
use crate::membership::loner;
use crate::model::{Epoch, Fence, ShardId};
use crate::{Error, Result};
use futures_util::future::{FutureExt as _, join3};

/// What is done when there are as many shards as there must be.
struct All {
    begin: String,
    count: u16,
    /// It takes them from whoever has them, unless that is a cluster that lives.
    takes: bool,
    then: Vec<Statement>,
}

impl Server {
    /// Takes every shard, which makes every earlier owner a stranger.
    pub(crate) async fn claim(&self, count: u16) -> Result<Vec<Fence>> {
        let then = [sql::SHARDS_RAISE, loner::MOVED, sql::SHARDS];
        let then = then.map(|sql| sql::any(sql, Vec::new())).to_vec();
        let all = All { begin: self.begin(), count, takes: true, then };
        let rows = self.run(&all, |link, all| carry_out(link, all).boxed()).await?;
        rows.into_iter().map(fence_of).collect()
    }

    /// Makes the shards that are missing, and does the rest while nobody else touches any.
    pub(crate) async fn make_shards(&self, count: u16, then: Vec<Statement>) -> Result<()> {
        let all = All { begin: self.begin(), count, takes: false, then };
        self.run(&all, |link, all| carry_out(link, all).boxed()).await.map(drop)
    }
}

/// Answers the rows of the last statement.
async fn carry_out(link: &Link, all: &All) -> Result<Vec<Vec<Cell>>, Failure> {
    link.begins();
    let begin = format!("{}; {}", all.begin, dialect::SHARDS_LOCK);
    let alive = loner::members_alive(dialect::NOW);
    let begun = link.batch_execute(&begin);
    let (begun, made, alive) =
        join3(begun, query(link, sql::SHARD_COUNT, &[]), query(link, &alive, &[])).await;
    let (made, alive) =
        begun.and_then(|()| Ok((made?, alive?))).map_err(|error| failed(&error, Effect::None))?;
    let missing = match allowed(all, made, alive) {
        Ok(missing) => missing,
        Err(error) => {
            leave(link).await;
            return Err(error.into());
        }
    };
    let missing = [Cell::Int(missing)];
    let mut sent = vec![query(link, dialect::SHARDS_INSERT, &missing).boxed()];
    sent.extend(all.then.iter().map(|it| query(link, &it.sql, &it.params).boxed()));
    sent.push(async { link.batch_execute("COMMIT").await.map(|()| Vec::new()) }.boxed());
    let results: Result<Vec<_>, _> = in_order(sent).await.into_iter().collect();
    let mut results = results.map_err(|error| failed(&error, Effect::Perhaps))?;
    link.has_ended();
    results.pop();
    Ok(results.pop().unwrap_or_default())
}

/// How many shards are missing.
fn allowed(all: &All, made: Vec<Vec<Cell>>, alive: Vec<Vec<Cell>>) -> Result<i64> {
    let made: i64 = Cells::new("shard", made.into_iter().next().unwrap_or_default()).int()?;
    if made != 0 && made != i64::from(all.count) {
        return Err(Error::Invalid(format!(
            "the catalog was made with {made} shards, the configuration says {}: set \
             shard_count = {made}, or start with an empty database",
            all.count
        )));
    }
    if all.takes {
        loner::check(alive)?;
    }
    Ok(i64::from(all.count) - made)
}

fn fence_of(row: Vec<Cell>) -> Result<Fence> {
    let mut cells = Cells::new("shard", row);
    Ok(Fence { shard: ShardId(cells.int()?), epoch: Epoch(cells.int()?) })
}
