//! Engagement in the catalog's PostgreSQL database. A view is one statement: its key, and its fact
//! when the key is new, in one round trip.

use super::{Engagement, Minute, NewView, Ranked, rows};
use crate::Result;
use crate::catalog::cell::{Cell, Cells};
use crate::catalog::postgres::{PostgresCatalog, positions};
use crate::catalog::rows::Row;
use crate::catalog::sql::{self, Statement, engagement as statements};
use crate::model::{ContentId, Counter, Fact, FactKind, NewFact, Origin};
use async_trait::async_trait;
use jiff::Timestamp;
use std::sync::Arc;

/// The table of facts, whose positions a reader follows.
pub(crate) const FACTS: &str = "fact";

/// What is counted, in a database server.
pub struct PostgresEngagement {
    catalog: Arc<PostgresCatalog>,
}

impl PostgresEngagement {
    /// What is counted in this catalog.
    #[must_use]
    pub fn new(catalog: Arc<PostgresCatalog>) -> Self {
        Self { catalog }
    }

    /// Of a moment ago: ranks are made anew every few seconds anyway.
    async fn ranks(&self, sql: &str, params: Vec<Cell>) -> Result<Vec<Ranked>> {
        let rows = self.catalog.late_rows(sql.to_owned(), params).await?;
        rows.into_iter().map(rows::ranked).collect()
    }
}

/// Puts a fact into the queue, a view only when its key is new. In its transaction
/// [`positions::hold`] comes first.
pub(crate) fn keep(fact: &NewFact, now: Timestamp) -> Statement {
    let new = statements::fact(fact);
    let FactKind::View { key, .. } = &fact.kind else {
        return sql::any(statements::FACT, new.to_vec());
    };
    let key = statements::view_key(key, fact.content, now);
    let sql = format!("WITH kept AS ({} RETURNING 1) {KEPT} FROM kept", statements::VIEW_KEY);
    sql::any(&sql, key.into_iter().chain(new).collect())
}

/// The fact of a view whose key was kept.
const KEPT: &str = "INSERT INTO fact (content_id, at, kind) SELECT $4, $5, $6";

/// The same in one statement. The position is taken when both parts have run.
fn keep_alone(fact: &NewFact, now: Timestamp) -> Statement {
    let Statement { sql, params, expect } = keep(fact, now);
    let hold = positions::hold(FACTS);
    let sql = sql.replacen("WITH ", &format!("WITH held AS MATERIALIZED ({hold}), "), 1);
    Statement { sql: format!("{sql} CROSS JOIN held"), params, expect }
}

#[async_trait]
impl Engagement for PostgresEngagement {
    async fn view(&self, view: NewView) -> Result<bool> {
        let NewView { content, at, key, viewer } = view;
        let fact = NewFact {
            content,
            at,
            kind: FactKind::View { key, viewer, origin: Origin::default() },
        };
        let Statement { sql, params, .. } = keep_alone(&fact, Timestamp::now());
        Ok(self.catalog.execute(&sql, params).await? == 1)
    }

    async fn facts(&self, after: u64, limit: u32) -> Result<Vec<Fact>> {
        let params = vec![Cell::int(after), Cell::int(limit)];
        let rows = self.catalog.in_order(FACTS, statements::FACTS.to_owned(), params).await?;
        rows.into_iter().map(rows::fact).collect()
    }

    async fn facts_waiting(&self, after: u64) -> Result<u64> {
        let params = vec![Cell::int(after)];
        let row = self.catalog.rows(statements::FACTS_SPAN.to_owned(), params).await?.pop();
        rows::span(row.unwrap_or_default())
    }

    async fn counter(&self, content: ContentId) -> Result<Option<Counter>> {
        let sql = format!("{} WHERE content_id = $1", sql::select::<Counter>());
        Ok(self.catalog.find(sql, vec![Cell::text(content)]).await?.pop())
    }

    async fn counters(&self, contents: &[ContentId]) -> Result<Vec<(ContentId, u64, bool)>> {
        if contents.is_empty() {
            return Ok(Vec::new());
        }
        let (sql, params) = statements::counters(contents);
        self.catalog.late_rows(sql, params).await?.into_iter().map(rows::counter).collect()
    }

    async fn minutes(&self, content: ContentId, from: i64, to: i64) -> Result<Vec<Minute>> {
        let params = vec![Cell::text(content), Cell::int(from), Cell::int(to)];
        let rows = self.catalog.late_rows(statements::MINUTES.to_owned(), params).await?;
        rows.into_iter().map(rows::minute).collect()
    }

    async fn likes(&self, content: ContentId, who: &str) -> Result<bool> {
        let params = vec![Cell::text(content), Cell::text(who)];
        Ok(!self.catalog.rows(statements::LIKES.to_owned(), params).await?.is_empty())
    }

    async fn ranked(&self, before: Option<(f64, ContentId)>, limit: u32) -> Result<Vec<Ranked>> {
        self.ranks(statements::RANKED, statements::ranked(before, limit)).await
    }

    async fn ranked_count(&self, trend: f64) -> Result<u64> {
        let params = vec![Cell::Real(trend)];
        let row = self.catalog.late_rows(statements::RANKED_COUNT.to_owned(), params).await?.pop();
        Cells::new(Counter::TABLE, row.unwrap_or_default()).int()
    }

    async fn hot(&self, limit: u32) -> Result<Vec<Ranked>> {
        self.ranks(statements::HOT, vec![Cell::int(limit)]).await
    }

    async fn view_keys_forget(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let params = vec![Cell::time(before), Cell::int(limit)];
        self.catalog.execute(statements::VIEW_KEYS_FORGET, params).await
    }

    async fn minutes_forget(&self, before: i64, limit: u32) -> Result<u64> {
        let params = vec![Cell::int(before), Cell::int(limit)];
        self.catalog.execute(statements::MINUTES_FORGET, params).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_one_statement_that_holds_the_positions_first() {
        let kind = FactKind::View { key: "k".into(), viewer: None, origin: Origin::default() };
        let fact = NewFact { content: ContentId::new(), at: Timestamp::UNIX_EPOCH, kind };
        let sql = keep_alone(&fact, Timestamp::UNIX_EPOCH).sql;
        assert!(sql.starts_with("WITH held AS MATERIALIZED (SELECT pg_advisory"), "{sql}");
        assert!(sql.ends_with("FROM kept CROSS JOIN held"), "{sql}");
    }
}
