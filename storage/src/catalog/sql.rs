//! What the catalog says to a database, once for all dialects: plain functions from a write or a
//! question to SQL with `$n` parameters.
//!
//! An engine runs the statements in order inside its transaction and holds each one's
//! [`Expect`]ation against the number of rows that it touched. Only SQL that SQLite and
//! PostgreSQL read alike stands here; what differs belongs to the engine's own file.

pub(crate) mod audit;
pub(crate) mod engagement;
pub(crate) mod timer;

use super::cell::Cell;
use super::rows::Row;
use super::{ContentQuery, Moving, NewEvent, Write};
use crate::model::{
    Content, ContentId, Counter, DeadLetter, DeadLetterId, Fence, Job, Rendition, Segment, Upload,
};
use jiff::Timestamp;

/// One statement and what it must do.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) params: Vec<Cell>,
    pub(crate) expect: Expect,
}

/// How many rows a statement must touch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expect {
    /// As many as there are.
    Any,
    /// Exactly so many; else it is a conflict about this.
    Exactly(usize, String),
}

/// Reads the epoch and the last sequence of a shard.
pub(crate) const SHARD: &str = "SELECT epoch, sequence FROM shard WHERE shard = $1";
/// Stores the last sequence that a shard has given.
pub(crate) const SHARD_SEQUENCE: &str = "UPDATE shard SET sequence = $2 WHERE shard = $1";
/// Counts the shards that the catalog was made with.
pub(crate) const SHARD_COUNT: &str = "SELECT COUNT(*) FROM shard";
/// Makes a shard that nobody has owned yet.
pub(crate) const SHARD_INSERT: &str =
    "INSERT INTO shard (shard, epoch, sequence) VALUES ($1, 0, 0)";
/// Makes every earlier owner of every shard a stranger.
pub(crate) const SHARDS_RAISE: &str =
    "UPDATE shard SET epoch = epoch + 1, owner = NULL, owner_incarnation = NULL";
/// Every shard with its epoch.
pub(crate) const SHARDS: &str = "SELECT shard, epoch FROM shard ORDER BY shard";
/// Removes what the event log has.
pub(crate) const OUTBOX_DONE: &str = "DELETE FROM outbox WHERE position <= $1";

/// The words that a search may have: each costs one scan of every title.
const SEARCH_WORDS_MAX: usize = 8;

/// The statements of one write under a fence.
pub(crate) fn statements(fence: Fence, write: &Write) -> Vec<Statement> {
    match write {
        Write::InsertUpload(row) => vec![insert::<Upload>(row)],
        Write::UpdateUpload(row) => vec![update::<Upload>(row)],
        Write::InsertContent(row) => vec![insert::<Content>(row)],
        Write::UpdateContent(row) => vec![update::<Content>(row)],
        Write::DeleteContent(id) => delete_content(*id),
        Write::InsertRendition(row) => vec![insert::<Rendition>(row)],
        Write::UpdateRendition(row) => vec![update::<Rendition>(row)],
        Write::InsertSegment(row) => vec![insert::<Segment>(row)],
        Write::DeleteSegments(content, rendition) => vec![any(
            "DELETE FROM segment WHERE content_id = $1 AND rendition = $2",
            vec![Cell::text(content), Cell::text(rendition)],
        )],
        Write::InsertJob(row) => vec![insert::<Job>(row)],
        Write::RequeueJob { id, token, not_before, work } => vec![one(
            "UPDATE job SET token = NULL, lease_until = NULL, holder = NULL, not_before = $3, \
             work = $4 WHERE id = $1 AND token = $2",
            vec![Cell::text(id), Cell::text(token), Cell::time(*not_before), Cell::json(work)],
            format!("the lease of job {id}"),
        )],
        Write::FinishJob { id, token } => vec![one(
            "DELETE FROM job WHERE id = $1 AND token = $2",
            vec![Cell::text(id), Cell::text(token)],
            format!("the lease of job {id}"),
        )],
        // An update that changes nothing: where several writers meet, it holds the row, too.
        Write::HoldJob { id, token } => vec![one(
            crate::jobs::sql::HOLD,
            vec![Cell::text(id), Cell::text(token)],
            format!("the lease of job {id}"),
        )],
        Write::DeleteJobs(content) => vec![delete_where("job", "content_id", *content)],
        Write::InsertDeadLetter(row) => vec![insert::<DeadLetter>(row)],
        Write::ReplayDeadLetter(id, at) => vec![replay_dead_letter(*id, *at)],
        Write::SetTimer { kind, id, name, due_at } => {
            timer::set(fence, &timer::Name { kind, id, name }, *due_at)
        }
        Write::ClearTimer { kind, id, name } => {
            vec![timer::clear(&timer::Name { kind, id, name })]
        }
        Write::InsertCounter(row) => vec![insert::<Counter>(row)],
        Write::UpdateCounter(row) => vec![update::<Counter>(row)],
        Write::HoldContent(content) => vec![engagement::hold_content(*content)],
        Write::SettleFacts(positions) => engagement::settle(positions),
        Write::AddViews(content, minute) => vec![engagement::add_views(*content, *minute)],
        Write::InsertLike { content, who, at } => {
            vec![engagement::insert_like(*content, who, *at)]
        }
        Write::DeleteLike { content, who } => vec![engagement::delete_like(*content, who)],
    }
}

/// The outbox row of one event.
pub(crate) fn outbox_row(
    fence: Fence,
    sequence: u64,
    at: Timestamp,
    event: &NewEvent,
) -> Statement {
    any(
        "INSERT INTO outbox (shard, sequence, at, topic, event_key, payload, trace) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        vec![
            Cell::int(fence.shard.0),
            Cell::int(sequence),
            Cell::time(at),
            Cell::text(&event.topic),
            Cell::text(&event.key),
            Cell::json(&event.payload),
            Cell::opt(event.trace.as_ref().map(Cell::text)),
        ],
    )
}

/// `SELECT` of every column of a table, for the rest of a query to follow.
pub(crate) fn select<R: Row>() -> String {
    format!("SELECT {} FROM {}", R::COLUMNS.join(", "), R::TABLE)
}

/// One record by its id: `$1`.
pub(crate) fn by_id<R: Row>() -> String {
    format!("{} WHERE id = $1", select::<R>())
}

/// Renditions of a content in ladder order: `$1` content.
pub(crate) fn renditions() -> String {
    format!("{} WHERE content_id = $1 ORDER BY position, name", select::<Rendition>())
}

/// One rendition: `$1` content, `$2` name.
pub(crate) fn rendition() -> String {
    format!("{} WHERE content_id = $1 AND name = $2", select::<Rendition>())
}

/// Segments of a rendition in order: `$1` content, `$2` rendition.
pub(crate) fn segments() -> String {
    let select = select::<Segment>();
    format!("{select} WHERE content_id = $1 AND rendition = $2 ORDER BY segment_index")
}

/// Jobs of a content: `$1` content.
pub(crate) fn jobs_of() -> String {
    let select = select::<Job>();
    format!("{select} WHERE content_id = $1 ORDER BY class_rank, created_at, id")
}

/// The newest of a table, for a selection to come before: `$1` below this id, `$2` limit.
pub(crate) const NEWEST: &str = "WHERE id < $1 ORDER BY id DESC LIMIT $2";

/// Completed uploads whose content still waits for them: `$1` limit.
pub(crate) const UPLOADS_NOT_HANDED_OVER: &str = "SELECT upload.id FROM content \
     JOIN upload ON upload.id = content.upload_id \
     WHERE content.stage = 'receive' AND upload.state = 'completed' \
     ORDER BY upload.id LIMIT $1";

/// Contents with work left: `$1` after, `$2` limit.
pub(crate) const CONTENTS_UNFINISHED: &str = "SELECT id FROM content \
     WHERE stage NOT IN ('receive', 'done', 'blocked', 'failed') AND id > $1 \
     ORDER BY id LIMIT $2";

/// Contents that are to go to another tier.
pub(crate) fn contents_moving(which: Moving, limit: u32) -> (&'static str, Vec<Cell>) {
    match which {
        Moving::UnderWay => (
            "SELECT id FROM content WHERE tier NOT IN ('hot', 'cold') ORDER BY id LIMIT $1",
            vec![Cell::int(limit)],
        ),
        Moving::Wanted { since_day } => (
            "SELECT id FROM content JOIN counter ON counter.content_id = content.id \
             WHERE tier = 'cold' AND watched_day >= $1 ORDER BY id LIMIT $2",
            vec![Cell::Int(since_day), Cell::int(limit)],
        ),
        Moving::Idle { published_before, watched_before_day, residency } => (
            "SELECT id FROM content LEFT JOIN counter ON counter.content_id = content.id \
             WHERE tier = 'hot' AND stage = 'done' AND published_at < $1 \
             AND COALESCE(watched_day, 0) < $2 AND ($3 = '' OR residency = $3) \
             ORDER BY published_at LIMIT $4",
            vec![
                Cell::time(published_before),
                Cell::Int(watched_before_day),
                residency.map_or_else(|| Cell::text(""), |it| Cell::word(&it)),
                Cell::int(limit),
            ],
        ),
    }
}

/// A page of contents.
pub(crate) fn contents(query: &ContentQuery) -> (String, Vec<Cell>) {
    let mut wheres = Vec::new();
    let mut params = Vec::new();
    let text = query.text.as_deref().unwrap_or_default().to_lowercase();
    for word in text.split_whitespace().take(SEARCH_WORDS_MAX) {
        params.push(Cell::Text(format!("%{}%", escape_like(word))));
        wheres.push(format!("search LIKE ${} ESCAPE '\\'", params.len()));
    }
    if let Some(owner) = &query.owner {
        params.push(Cell::text(owner));
        wheres.push(format!("owner = ${}", params.len()));
    }
    if !query.statuses.is_empty() {
        let first = params.len() + 1;
        params.extend(query.statuses.iter().map(Cell::word));
        wheres.push(format!("status IN ({})", placeholders(first, query.statuses.len())));
    }
    if let Some(before) = query.before {
        params.push(Cell::text(before));
        wheres.push(format!("id < ${}", params.len()));
    }
    params.push(Cell::int(query.limit));
    let filter = if wheres.is_empty() { "1 = 1".to_owned() } else { wheres.join(" AND ") };
    let sql =
        format!("{} WHERE {filter} ORDER BY id DESC LIMIT ${}", select::<Content>(), params.len());
    (sql, params)
}

/// `$first, $first+1, …`
pub(crate) fn placeholders(first: usize, count: usize) -> String {
    let names: Vec<_> = (first..first + count).map(|n| format!("${n}")).collect();
    names.join(", ")
}

fn insert<R: Row>(row: &R) -> Statement {
    let columns = R::COLUMNS.join(", ");
    let values = placeholders(1, R::COLUMNS.len());
    let params = row.to_cells();
    let what = name_of::<R>(&params);
    one(&format!("INSERT INTO {} ({columns}) VALUES ({values})", R::TABLE), params, what)
}

fn update<R: Row>(row: &R) -> Statement {
    let sets: Vec<_> = (R::KEY..R::COLUMNS.len())
        .map(|index| format!("{} = ${}", R::COLUMNS[index], index + 1))
        .collect();
    let keys: Vec<_> =
        (0..R::KEY).map(|index| format!("{} = ${}", R::COLUMNS[index], index + 1)).collect();
    let sql = format!(
        "UPDATE {} SET {} WHERE {} AND row_version = ${} - 1",
        R::TABLE,
        sets.join(", "),
        keys.join(" AND "),
        R::COLUMNS.len()
    );
    let params = row.to_cells();
    let what = name_of::<R>(&params);
    one(&sql, params, what)
}

fn delete_content(id: ContentId) -> Vec<Statement> {
    let tables =
        ["segment", "rendition", "job", "dead_letter", "fact", "counter", "view_minute", "liked"];
    let mut statements: Vec<_> =
        tables.into_iter().map(|table| delete_where(table, "content_id", id)).collect();
    statements.push(delete_where("content", "id", id));
    statements
}

fn delete_where(table: &str, column: &str, id: ContentId) -> Statement {
    any(&format!("DELETE FROM {table} WHERE {column} = $1"), vec![Cell::text(id)])
}

fn replay_dead_letter(id: DeadLetterId, at: Timestamp) -> Statement {
    one(
        "UPDATE dead_letter SET replayed_at = $2 WHERE id = $1 AND replayed_at IS NULL",
        vec![Cell::text(id), Cell::time(at)],
        format!("dead letter {id}"),
    )
}

fn name_of<R: Row>(params: &[Cell]) -> String {
    let key = params.iter().take(R::KEY).map(|cell| match cell {
        Cell::Null => "-".to_owned(),
        Cell::Int(number) => number.to_string(),
        Cell::Real(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Bytes(bytes) => format!("{} bytes", bytes.len()),
    });
    format!("{} {}", R::TABLE, key.collect::<Vec<_>>().join(" "))
}

pub(crate) fn any(sql: &str, params: Vec<Cell>) -> Statement {
    Statement { sql: sql.to_owned(), params, expect: Expect::Any }
}

pub(crate) fn one(sql: &str, params: Vec<Cell>, what: String) -> Statement {
    Statement { sql: sql.to_owned(), params, expect: Expect::Exactly(1, what) }
}

fn escape_like(word: &str) -> String {
    word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
