//! The catalog in a PostgreSQL database that several nodes share, directly or through a pool
//! between them that hands out transactions.
//!
//! What is answered was committed; with a standby that may take over, the server's own
//! `synchronous_commit` decides whether it is there too. The fence is checked in the transaction
//! that writes, under a lock on the shard's row.

pub(crate) mod address;
mod config;
pub(crate) mod dialect;
mod fenced;
mod migrate;
pub(crate) mod pool;
pub(crate) mod positions;
mod replica;
pub(crate) mod run;
mod shards;

pub use config::Config;
pub(crate) use fenced::refused;

use super::cell::{Cell, Cells};
use super::rows::Row;
use super::sql::{self, Statement};
use super::{Catalog, Commit, ContentQuery, Moving, OutboxEvent};
use crate::Result;
use crate::model::{
    AuditEntry, AuditId, AuditOutcome, Content, ContentId, DeadLetter, DeadLetterId, Fence, Job,
    Rendition, Segment, Timer, Upload, UploadId,
};
use async_trait::async_trait;
use futures_util::FutureExt as _;
use jiff::Timestamp;
use pool::{Link, Server};
use replica::Replica;
use run::{Effect, Failure, failed};
use std::fmt::Display;
use std::str::FromStr;

/// The catalog in a database server.
pub struct PostgresCatalog {
    pub(crate) server: Server,
    replica: Option<Replica>,
}

impl PostgresCatalog {
    /// Connects to the database of the URL and brings its schema up to date.
    ///
    /// # Errors
    /// `Invalid` for a URL that cannot be served, `Unavailable`, `SchemaTooNew`, `Full`, or the
    /// engine's own.
    pub async fn open(url: &str, config: &Config) -> Result<Self> {
        let (server, link) = Server::connect(url, config).await?;
        migrate::migrate(&link).await?;
        let replica = (!config.replica.is_empty()).then(|| Replica::new(config)).transpose()?;
        Ok(Self { server, replica })
    }

    /// The rows that a query finds. It changes nothing.
    pub(crate) async fn rows(&self, sql: String, params: Vec<Cell>) -> Result<Vec<Vec<Cell>>> {
        self.server
            .run(&(sql, params), |link, asked| query(link, asked, Effect::None).boxed())
            .await
    }

    /// The rows that a query finds, which may be those of a moment ago: of the replica, if there is
    /// one that can answer.
    pub(crate) async fn late_rows(&self, sql: String, params: Vec<Cell>) -> Result<Vec<Vec<Cell>>> {
        let asked = (sql, params);
        let late = match &self.replica {
            Some(replica) => replica.rows(&asked).await,
            None => None,
        };
        match late {
            Some(rows) => Ok(rows),
            None => self.rows(asked.0, asked.1).await,
        }
    }

    /// The rows that a single changing statement answers with.
    pub(crate) async fn changed(&self, sql: String, params: Vec<Cell>) -> Result<Vec<Vec<Cell>>> {
        let asked = (sql, params);
        self.server.run(&asked, |link, asked| query(link, asked, Effect::Perhaps).boxed()).await
    }

    /// Runs a single statement, which is a transaction of its own, and answers how many rows it
    /// touched.
    pub(crate) async fn execute(&self, sql: &str, params: Vec<Cell>) -> Result<u64> {
        let statement = sql::any(sql, params);
        self.server.run(&statement, |link, statement| execute(link, statement).boxed()).await
    }

    /// Rows in the order of their positions, none of which a lower one can still come before.
    pub(crate) async fn in_order(
        &self,
        table: &'static str,
        sql: String,
        params: Vec<Cell>,
    ) -> Result<Vec<Vec<Cell>>> {
        self.server
            .run(&(table, sql, params), |link, (table, sql, params)| {
                async move {
                    let rows = positions::rows(link, table, sql, params).await;
                    Ok(rows.map_err(|error| failed(&error, Effect::None))??)
                }
                .boxed()
            })
            .await
    }

    /// The records that a query finds.
    pub(crate) async fn find<R: Row>(&self, sql: String, params: Vec<Cell>) -> Result<Vec<R>> {
        self.rows(sql, params).await?.into_iter().map(R::decode).collect()
    }

    async fn find_one<R: Row>(&self, id: impl Display) -> Result<Option<R>> {
        Ok(self.find(sql::by_id::<R>(), vec![Cell::text(id)]).await?.pop())
    }

    /// Records whose ids rise with time, newest first, below `before`.
    async fn newest<R: Row>(&self, before: Option<impl Display>, limit: u32) -> Result<Vec<R>> {
        // No id sorts behind a letter that is no hexadecimal digit.
        let before = before.map_or_else(|| "z".to_owned(), |id| id.to_string());
        let sql = format!("{} {}", sql::select::<R>(), sql::NEWEST);
        self.find(sql, vec![Cell::Text(before), Cell::int(limit)]).await
    }

    async fn ids<T>(&self, sql: &str, params: Vec<Cell>) -> Result<Vec<T>>
    where
        T: FromStr<Err: Display>,
    {
        let rows = self.rows(sql.to_owned(), params).await?;
        rows.into_iter().map(|row| Cells::new("id", row).id()).collect()
    }

    /// Runs a single statement that must touch as many rows as it expects.
    async fn write(&self, statement: Statement) -> Result<()> {
        let statement = dialect::checked(statement);
        self.server
            .run(&statement, |link, statement| execute(link, statement).boxed())
            .await
            .map(drop)
    }
}

async fn query(
    link: &Link,
    (sql, params): &(String, Vec<Cell>),
    effect: Effect,
) -> Result<Vec<Vec<Cell>>, Failure> {
    run::query(link, sql, params).await.map_err(|error| failed(&error, effect))
}

async fn execute(link: &Link, statement: &Statement) -> Result<u64, Failure> {
    let touched = run::execute(link, &statement.sql, &statement.params).await;
    touched.map_err(|error| refused(statement, &error))
}

#[async_trait]
impl Catalog for PostgresCatalog {
    async fn claim_shards(&self, count: u16) -> Result<Vec<Fence>> {
        self.server.claim(count).await
    }

    async fn commit(&self, commit: Commit) -> Result<()> {
        let Commit { fence, writes, events } = commit;
        let statements = writes.iter().flat_map(|write| sql::statements(fence, write)).collect();
        self.server.commit(fence, statements, events).await
    }

    async fn upload(&self, id: UploadId) -> Result<Option<Upload>> {
        self.find_one(id).await
    }

    async fn uploads_not_handed_over(&self, limit: u32) -> Result<Vec<UploadId>> {
        self.ids(sql::UPLOADS_NOT_HANDED_OVER, vec![Cell::int(limit)]).await
    }

    async fn content(&self, id: ContentId) -> Result<Option<Content>> {
        self.find_one(id).await
    }

    async fn contents(&self, query: ContentQuery) -> Result<Vec<Content>> {
        let (sql, params) = sql::contents(&query);
        // Owners look for what they did just now.
        let rows = match query.owner {
            Some(_) => self.rows(sql, params).await?,
            None => self.late_rows(sql, params).await?,
        };
        rows.into_iter().map(Content::decode).collect()
    }

    async fn contents_unfinished(
        &self,
        after: Option<ContentId>,
        limit: u32,
    ) -> Result<Vec<ContentId>> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        self.ids(sql::CONTENTS_UNFINISHED, vec![Cell::Text(after), Cell::int(limit)]).await
    }

    async fn contents_moving(&self, which: Moving, limit: u32) -> Result<Vec<ContentId>> {
        let (sql, params) = sql::contents_moving(which, limit);
        self.ids(sql, params).await
    }

    async fn renditions(&self, content: ContentId) -> Result<Vec<Rendition>> {
        self.find(sql::renditions(), vec![Cell::text(content)]).await
    }

    async fn rendition(&self, content: ContentId, name: &str) -> Result<Option<Rendition>> {
        Ok(self.find(sql::rendition(), vec![Cell::text(content), Cell::text(name)]).await?.pop())
    }

    async fn segments(&self, content: ContentId, rendition: &str) -> Result<Vec<Segment>> {
        self.find(sql::segments(), vec![Cell::text(content), Cell::text(rendition)]).await
    }

    async fn jobs_of(&self, content: ContentId) -> Result<Vec<Job>> {
        self.find(sql::jobs_of(), vec![Cell::text(content)]).await
    }

    async fn dead_letters(
        &self,
        before: Option<DeadLetterId>,
        limit: u32,
    ) -> Result<Vec<DeadLetter>> {
        self.newest(before, limit).await
    }

    async fn dead_letter(&self, id: DeadLetterId) -> Result<Option<DeadLetter>> {
        self.find_one(id).await
    }

    async fn outbox(&self, limit: u32) -> Result<Vec<OutboxEvent>> {
        let sql = format!("{} ORDER BY position LIMIT $1", sql::select::<OutboxEvent>());
        let rows = self.in_order(OutboxEvent::TABLE, sql, vec![Cell::int(limit)]).await?;
        rows.into_iter().map(OutboxEvent::decode).collect()
    }

    async fn outbox_done(&self, position: u64) -> Result<()> {
        self.execute(sql::OUTBOX_DONE, vec![Cell::int(position)]).await.map(drop)
    }

    async fn timers_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Timer>> {
        let sql = format!("{} {}", sql::select::<Timer>(), sql::timer::DUE);
        self.find(sql, vec![Cell::time(now), Cell::int(limit)]).await
    }

    async fn timer_next(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        let rows = self.rows(sql::timer::NEXT.to_owned(), vec![Cell::time(now)]).await?;
        Cells::new(Timer::TABLE, rows.into_iter().next().unwrap_or_default()).time_opt()
    }

    async fn timer_done(&self, position: u64) -> Result<()> {
        self.execute(sql::timer::DONE, vec![Cell::int(position)]).await.map(drop)
    }

    async fn timer_put_off(&self, position: u64, due_at: Timestamp) -> Result<()> {
        let params = vec![Cell::int(position), Cell::time(due_at)];
        self.execute(sql::timer::PUT_OFF, params).await.map(drop)
    }

    async fn audit_append(&self, entry: AuditEntry) -> Result<()> {
        self.write(sql::audit::append(&entry)).await
    }

    async fn audit_outcome(&self, id: AuditId, outcome: AuditOutcome) -> Result<()> {
        self.write(sql::audit::outcome(id, outcome)).await
    }

    async fn audit(&self, before: Option<AuditId>, limit: u32) -> Result<Vec<AuditEntry>> {
        self.newest(before, limit).await
    }

    async fn audit_forget(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.execute(sql::audit::FORGET, vec![Cell::time(before), Cell::int(limit)]).await
    }

    async fn ping(&self) -> Result<()> {
        self.rows(dialect::PING.to_owned(), Vec::new()).await.map(drop)
    }
}
