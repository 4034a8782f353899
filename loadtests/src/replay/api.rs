//! Requests of the API that stand alone: each on a connection that is free, and what its answer
//! means for the oracle.

use super::kind::Kind;
use super::line::{self, Call, Heard};
use super::oracle::Told;
use super::plan::What;
use super::run::Run;
use tokio::time::Instant;

/// Sends one.
pub(super) async fn ask(run: &Run, intended: Instant, server: usize, what: What) {
    let kind = kind(what);
    let Some(seats) = run.pool.seats(1, run.deadline(intended)).await else {
        run.note_unsent(kind, intended);
        return;
    };
    let mut wire = run.pool.take(server);
    let request = request(run, server, what);
    let heard = line::ask(run, &mut wire, Call { kind, intended, request: &request }).await;
    tell(run, what, heard, wire.last().body);
    run.pool.put(server, wire, seats);
}

fn kind(what: What) -> Kind {
    match what {
        What::View { .. } => Kind::View,
        What::Engagement { .. } => Kind::Engagement,
        What::Like { .. } => Kind::Like,
        What::List | What::Player { .. } | What::Upload { .. } => Kind::List,
    }
}

fn request(run: &Run, server: usize, what: What) -> Vec<u8> {
    let target = &run.of.targets[server];
    let id = |content: u32| &run.of.contents[content as usize].id;
    let mut request = Vec::with_capacity(512);
    match what {
        What::View { content, key } => {
            let headers = format!("{}Idempotency-Key: {}-{key}\r\n", target.bearer(), run.name);
            let line = format!("POST /api/v1/content/{}/views", id(content));
            target.write(&line, &headers, b"", &mut request);
        }
        What::Engagement { content } => {
            let line = format!("GET /api/v1/content/{}/engagement", id(content));
            target.write(&line, "", b"", &mut request);
        }
        What::Like { content } => {
            let line = format!("PUT /api/v1/content/{}/like", id(content));
            target.write(&line, "", b"", &mut request);
        }
        What::List | What::Player { .. } | What::Upload { .. } => {
            target.write("GET /api/v1/content?limit=20", "", b"", &mut request);
        }
    }
    request
}

fn tell(run: &Run, what: What, heard: Heard, body: &[u8]) {
    match what {
        What::View { content, key } => run.oracle.view(content, key, told(heard, body)),
        What::Like { content } => run.oracle.like(content, told(heard, body)),
        What::Engagement { .. } | What::List | What::Player { .. } | What::Upload { .. } => {}
    }
}

/// An answer of the 500s may come after the work was done: it tells nothing.
fn told(heard: Heard, body: &[u8]) -> Told {
    const COUNTED: &[u8] = b"\"counted\":true";
    match heard {
        Heard::Answer(status) if status / 100 == 2 => {
            let counted = body.windows(COUNTED.len()).any(|text| text == COUNTED);
            Told::Acknowledged { counted }
        }
        Heard::Answer(status) if status < 500 => Told::Refused,
        Heard::Answer(_) | Heard::Lost => Told::Unknown,
        Heard::NotSent => Told::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_makes_a_view_certain() {
        for (heard, body, expected) in [
            (Heard::Answer(202), "{\"counted\":true}", Told::Acknowledged { counted: true }),
            (Heard::Answer(202), "{\"counted\":false}", Told::Acknowledged { counted: false }),
            (Heard::Answer(403), "", Told::Refused),
            (Heard::Answer(503), "", Told::Unknown),
            (Heard::Lost, "", Told::Unknown),
            (Heard::NotSent, "", Told::Refused),
        ] {
            assert_eq!(told(heard, body.as_bytes()), expected, "{heard:?}");
        }
    }
}
