//! The job queue in the catalog's SQLite file. Changes go through the catalog's one writer, so a
//! claim and a commit never race.

use super::Jobs;
use super::sql::{self, Lease};
use crate::catalog::cell::{Cell, Cells};
use crate::catalog::rows::Row;
use crate::catalog::sqlite::SqliteCatalog;
use crate::catalog::sqlite::run::{execute, records};
use crate::model::{ContentId, Job, JobClass, JobCount, JobId};
use crate::{Error, Result};
use async_trait::async_trait;
use jiff::Timestamp;
use std::sync::Arc;

/// The embedded job queue.
pub struct SqliteJobs {
    catalog: Arc<SqliteCatalog>,
    holder: String,
}

impl SqliteJobs {
    /// The queue of this catalog's jobs; what is claimed is held in the name of `holder`.
    #[must_use]
    pub fn new(catalog: Arc<SqliteCatalog>, holder: &str) -> Self {
        Self { catalog, holder: holder.to_owned() }
    }

    /// Changes a job that `token` holds: `$1` id, `$2` token, `$3` a time.
    async fn as_holder(
        &self,
        sql: &'static str,
        id: JobId,
        token: &str,
        at: Timestamp,
    ) -> Result<()> {
        let params = [Cell::text(id), Cell::text(token), Cell::time(at)];
        match self.catalog.write(move |conn| execute(conn, sql, &params)).await? {
            1 => Ok(()),
            _ => Err(Error::Conflict { what: format!("the lease of job {id}") }),
        }
    }

    async fn number<T: TryFrom<i64>>(&self, sql: String, params: Vec<Cell>) -> Result<Option<T>> {
        let row = self.catalog.rows(sql, params).await?.pop().unwrap_or_default();
        Cells::new(Job::TABLE, row).int_opt()
    }
}

#[async_trait]
impl Jobs for SqliteJobs {
    async fn claim(
        &self,
        classes: &[JobClass],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Job>> {
        if classes.is_empty() {
            return Ok(None);
        }
        let lease = Lease::new(&self.holder, now, until);
        let (sql, params) = sql::claim(classes, &lease, "");
        self.catalog.write(move |conn| Ok(records(conn, &sql, &params)?.pop())).await
    }

    async fn renew(&self, id: JobId, token: &str, until: Timestamp) -> Result<()> {
        self.as_holder(sql::RENEW, id, token, until).await
    }

    async fn release(&self, id: JobId, token: &str, not_before: Timestamp) -> Result<()> {
        self.as_holder(sql::RELEASE, id, token, not_before).await
    }

    async fn release_own(&self) -> Result<Vec<Job>> {
        let (sql, params) = sql::release_of(&self.holder);
        self.catalog.write(move |conn| records(conn, &sql, &params)).await
    }

    async fn waiting(&self, classes: &[JobClass], except: ContentId) -> Result<u64> {
        if classes.is_empty() {
            return Ok(0);
        }
        let (sql, params) = sql::waiting(classes, except);
        Ok(self.number(sql, params).await?.unwrap_or(0))
    }

    async fn waits(&self, id: JobId, now: Timestamp) -> Result<bool> {
        let params = vec![Cell::text(id), Cell::time(now)];
        let row = self.catalog.rows(sql::waits(), params).await?.pop().unwrap_or_default();
        Ok(Cells::new(Job::TABLE, row).int::<u64>()? > 0)
    }

    async fn overdue(&self, since: Timestamp, limit: u32) -> Result<Vec<Job>> {
        let params = vec![Cell::time(since), Cell::int(limit)];
        let rows = self.catalog.rows(sql::overdue(), params).await?;
        rows.into_iter().map(Job::decode).collect()
    }

    async fn counts(&self, now: Timestamp) -> Result<Vec<JobCount>> {
        let rows = self.catalog.rows(sql::counts(), vec![Cell::time(now)]).await?;
        rows.into_iter().map(sql::count).collect()
    }

    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        let row = self.catalog.rows(sql::NEXT_DUE.to_owned(), vec![Cell::time(now)]).await?.pop();
        Cells::new(Job::TABLE, row.unwrap_or_default()).time_opt()
    }
}
