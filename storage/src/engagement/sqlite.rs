//! Engagement in the catalog's SQLite file, through the catalog's one writer.

use super::{Engagement, Minute, NewView, Ranked, rows};
use crate::Result;
use crate::catalog::cell::{Cell, Cells};
use crate::catalog::rows::Row;
use crate::catalog::sql::{self, engagement as statements};
use crate::catalog::sqlite::SqliteCatalog;
use crate::catalog::sqlite::run::execute;
use crate::model::{ContentId, Counter, Fact, FactKind, NewFact, Origin};
use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::Connection;
use std::sync::Arc;

/// The embedded engine.
pub struct SqliteEngagement {
    catalog: Arc<SqliteCatalog>,
}

impl SqliteEngagement {
    /// What is counted in this catalog.
    #[must_use]
    pub fn new(catalog: Arc<SqliteCatalog>) -> Self {
        Self { catalog }
    }

    async fn ranks(&self, sql: &str, params: Vec<Cell>) -> Result<Vec<Ranked>> {
        let rows = self.catalog.rows(sql.to_owned(), params).await?;
        rows.into_iter().map(rows::ranked).collect()
    }

    async fn forget(&self, sql: &'static str, params: [Cell; 2]) -> Result<u64> {
        Ok(self.catalog.write(move |conn| execute(conn, sql, &params)).await? as u64)
    }
}

#[async_trait]
impl Engagement for SqliteEngagement {
    async fn view(&self, view: NewView) -> Result<bool> {
        let NewView { content, at, key, viewer } = view;
        let fact = NewFact {
            content,
            at,
            kind: FactKind::View { key, viewer, origin: Origin::default() },
        };
        self.catalog.write(move |conn| keep(conn, &fact, Timestamp::now())).await
    }

    async fn facts(&self, after: u64, limit: u32) -> Result<Vec<Fact>> {
        let params = vec![Cell::int(after), Cell::int(limit)];
        let rows = self.catalog.rows(statements::FACTS.to_owned(), params).await?;
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
        let rows = self.catalog.rows(sql, params).await?;
        rows.into_iter().map(rows::counter).collect()
    }

    async fn minutes(&self, content: ContentId, from: i64, to: i64) -> Result<Vec<Minute>> {
        let params = vec![Cell::text(content), Cell::int(from), Cell::int(to)];
        let rows = self.catalog.rows(statements::MINUTES.to_owned(), params).await?;
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
        let row = self.catalog.rows(statements::RANKED_COUNT.to_owned(), params).await?.pop();
        Cells::new(Counter::TABLE, row.unwrap_or_default()).int()
    }

    async fn hot(&self, limit: u32) -> Result<Vec<Ranked>> {
        self.ranks(statements::HOT, vec![Cell::int(limit)]).await
    }

    async fn view_keys_forget(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.forget(statements::VIEW_KEYS_FORGET, [Cell::time(before), Cell::int(limit)]).await
    }

    async fn minutes_forget(&self, before: i64, limit: u32) -> Result<u64> {
        self.forget(statements::MINUTES_FORGET, [Cell::int(before), Cell::int(limit)]).await
    }
}

/// Puts a fact into the queue, a view only when its key is new. False when it was not.
pub(crate) fn keep(conn: &Connection, fact: &NewFact, now: Timestamp) -> Result<bool> {
    if let FactKind::View { key, .. } = &fact.kind {
        let params = statements::view_key(key, fact.content, now);
        if execute(conn, statements::VIEW_KEY, &params)? == 0 {
            return Ok(false);
        }
    }
    execute(conn, statements::FACT, &statements::fact(fact))?;
    Ok(true)
}
