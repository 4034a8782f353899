//! A peer for comparisons: a bare axum server whose POST is one durable row, answered after it.
//!
//! A writer thread takes whatever has queued into one transaction of SQLite (WAL,
//! `synchronous=FULL`) and answers after the commit. It checks nothing and knows nobody: the least
//! that a durable answer costs on this machine.
//!
//! Usage: `peer_commit LISTEN FILE`.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use rusqlite::Connection;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use tokio::sync::oneshot;

/// Rows of one transaction, and rows that wait; one more is answered 503.
const ROWS_MAX: usize = 1024;

/// A row, and whom to tell.
type Row = (Bytes, oneshot::Sender<()>);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [listen, file] = arguments.as_slice() else {
        return Err("usage: peer_commit LISTEN FILE".into());
    };
    let database = Connection::open(file)?;
    database.pragma_update(None, "journal_mode", "wal")?;
    database.pragma_update(None, "synchronous", "full")?;
    database.execute("CREATE TABLE IF NOT EXISTS event (body BLOB NOT NULL)", [])?;
    let (rows, queue) = sync_channel(ROWS_MAX);
    let writer = std::thread::Builder::new().name("writer".to_owned());
    writer.spawn(move || write(database, &queue).expect("the database can be written"))?;
    let routes = Router::new().route("/count", post(count)).with_state(rows);
    let listener = tokio::net::TcpListener::bind(listen).await?;
    axum::serve(listener, routes).await?;
    Ok(())
}

async fn count(State(rows): State<SyncSender<Row>>, body: Bytes) -> StatusCode {
    let (done, committed) = oneshot::channel();
    if rows.try_send((body, done)).is_err() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let told = committed.await;
    if told.is_ok() { StatusCode::ACCEPTED } else { StatusCode::SERVICE_UNAVAILABLE }
}

/// Commits until nobody can send any more.
fn write(mut database: Connection, queue: &Receiver<Row>) -> rusqlite::Result<()> {
    let mut waiting = Vec::with_capacity(ROWS_MAX);
    while let Ok(first) = queue.recv() {
        let transaction = database.transaction()?;
        let mut insert = transaction.prepare_cached("INSERT INTO event (body) VALUES (?1)")?;
        let others = std::iter::from_fn(|| queue.try_recv().ok());
        for (body, done) in std::iter::once(first).chain(others).take(ROWS_MAX) {
            insert.execute([&body[..]])?;
            waiting.push(done);
        }
        drop(insert);
        transaction.commit()?;
        for done in waiting.drain(..) {
            // Who has gone away needs no answer.
            let _ = done.send(());
        }
    }
    Ok(())
}
