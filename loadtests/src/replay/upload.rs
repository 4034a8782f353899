//! An upload as a creator sends it: tus 1.0.0, begun at its moment, then piece by piece on one
//! connection, until it is whole or the run is over.

use super::kind::Kind;
use super::line::{self, Call, Heard};
use super::run::Run;
use crate::wire::header;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::Write as _;
use std::sync::PoisonError;
use tokio::time::Instant;

/// Sends one whole file.
pub(super) async fn send(run: &Run, intended: Instant, server: usize, seed: u64) {
    let Some(seats) = run.pool.seats(1, run.deadline(intended)).await else {
        run.note_unsent(Kind::UploadBegin, intended);
        return;
    };
    let (mut wire, target) = (run.pool.take(server), &run.of.targets[server]);
    let (mut request, file) = (Vec::new(), &run.of.file);
    target.write("POST /api/v1/uploads", &begin(run, seed), b"", &mut request);
    let call = Call { kind: Kind::UploadBegin, intended, request: &request };
    if line::ask(run, &mut wire, call).await.is_good() {
        let head = wire.last().head;
        if let Some(id) = header(head, "playhouse-content-id") {
            let mut uploaded = run.uploaded.lock().unwrap_or_else(PoisonError::into_inner);
            uploaded.push(id.to_owned());
        }
        let place = header(head, "location").map(path);
        let (mut offset, place) = (0, place.unwrap_or_default());
        while offset < file.len() && !run.is_over() {
            let end = file.len().min(offset + run.of.scenario.uploads.piece_bytes);
            piece(run, server, (&place, offset), &file[offset..end], &mut request);
            let intended = Instant::now();
            let call = Call { kind: Kind::UploadPiece, intended, request: &request };
            if !matches!(line::ask(run, &mut wire, call).await, Heard::Answer(204)) {
                break;
            }
            offset = end;
        }
    }
    run.pool.put(server, wire, seats);
}

/// Headers of the request that begins it.
fn begin(run: &Run, seed: u64) -> String {
    let (bearer, length) = (run.of.targets[0].bearer(), run.of.file.len());
    let name = STANDARD.encode(run.of.file_name.as_bytes());
    let title = STANDARD.encode(format!("load {seed:016x}"));
    format!(
        "{bearer}Tus-Resumable: 1.0.0\r\nUpload-Length: {length}\r\n\
         Upload-Metadata: filename {name},title {title}\r\n"
    )
}

fn piece(
    run: &Run,
    server: usize,
    (place, offset): (&str, usize),
    bytes: &[u8],
    request: &mut Vec<u8>,
) {
    let target = &run.of.targets[server];
    request.clear();
    // Writing to a vector does not fail.
    let _ = write!(
        request,
        "PATCH {place} HTTP/1.1\r\nHost: {}\r\n{}Tus-Resumable: 1.0.0\r\nUpload-Offset: {offset}\
         \r\nContent-Type: application/offset+octet-stream\r\nContent-Length: {}\r\n\r\n",
        target.address,
        target.bearer(),
        bytes.len(),
    );
    request.extend_from_slice(bytes);
}

/// The path of an address that may be whole.
fn path(location: &str) -> String {
    let after = location.split_once("://").map_or(location, |(_, rest)| rest);
    after.find('/').map_or_else(|| "/".to_owned(), |at| after[at..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_may_be_whole_or_a_path() {
        assert_eq!(path("http://a:1/api/v1/uploads/x"), "/api/v1/uploads/x");
        assert_eq!(path("/api/v1/uploads/x"), "/api/v1/uploads/x");
    }
}
