//! A peer for comparisons: a minimal axum server, one Redis `INCR` per POST, answered after it.
//!
//! All requests share one multiplexed connection, which writes what has queued in one go. How
//! durable an answer is, is Redis's `appendfsync`.
//!
//! Usage: `peer_redis LISTEN REDIS`, as in `peer_redis 127.0.0.1:9001 redis://127.0.0.1:6379`.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [listen, redis] = arguments.as_slice() else {
        return Err("usage: peer_redis LISTEN REDIS".into());
    };
    let connection =
        redis::Client::open(redis.as_str())?.get_multiplexed_async_connection().await?;
    let routes = Router::new().route("/count", post(count)).with_state(connection);
    let listener = tokio::net::TcpListener::bind(listen).await?;
    axum::serve(listener, routes).await?;
    Ok(())
}

async fn count(State(mut redis): State<MultiplexedConnection>, _: Bytes) -> StatusCode {
    let counted: Result<u64, _> = redis.incr("views", 1).await;
    if counted.is_ok() { StatusCode::ACCEPTED } else { StatusCode::SERVICE_UNAVAILABLE }
}
