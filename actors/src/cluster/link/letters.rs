//! Envelopes and answers as bytes, under the version rule of [`crate::cluster::envelope`].

use crate::cluster::envelope::VERSION;
use crate::cluster::{Answer, Envelope};
use crate::runtime::Exit;
use serde::Deserialize;

/// The oldest version that is read.
const OLDEST: u16 = if VERSION > 1 { VERSION - 1 } else { 1 };

/// What every version of an envelope has.
#[derive(Deserialize)]
struct Versioned {
    version: u16,
}

/// Reads an envelope.
///
/// # Errors
/// The answer to one that cannot be read.
pub(super) fn read(bytes: &[u8]) -> Result<Envelope, Answer> {
    let unknown = |reason| Answer::Unknown { reason };
    let unreadable = |error: serde_json::Error| unknown(format!("no envelope: {error}"));
    let Versioned { version } = serde_json::from_slice(bytes).map_err(unreadable)?;
    if !(OLDEST..=VERSION).contains(&version) {
        return Err(unknown(format!(
            "the envelope is of version {version}, this node reads {OLDEST} to {VERSION}: \
             nodes may be one version apart"
        )));
    }
    serde_json::from_slice(bytes).map_err(unreadable)
}

/// An answer as bytes, which are at most so many.
pub(super) fn written(answer: &Answer, bytes_max: usize) -> Vec<u8> {
    let error = match serde_json::to_vec(answer) {
        Ok(bytes) if bytes.len() <= bytes_max => return bytes,
        Ok(bytes) => format!(
            "its answer has {} bytes, and the asker's link takes {bytes_max} \
             (link.frame_bytes_max)",
            bytes.len()
        ),
        Err(error) => format!("its answer cannot be written down: {error}"),
    };
    let exit = Answer::Ended { exit: Exit::Failed { error } };
    serde_json::to_vec(&exit).expect("a short text can be written as JSON")
}

#[cfg(test)]
mod tests {
    use super::*;
    use playhouse_storage::model::{Epoch, ShardId};
    use serde_json::json;

    const ENVELOPE: &str = concat!(
        r#"{"version":1,"message":"01890a5d-ac96-774b-bcce-b302099a8057","kind":"pipeline","#,
        r#""id":"film","shard":7,"epoch":3,"within_ms":5000,"#,
        r#""trace":"4bf92f3577b34da6a3ce929d0e0e4736","request":{"Publish":{"at":1}}}"#
    );

    fn envelope() -> Envelope {
        Envelope {
            version: VERSION,
            message: "01890a5d-ac96-774b-bcce-b302099a8057".parse().expect("an id"),
            kind: "pipeline".to_owned(),
            id: json!("film"),
            shard: ShardId(7),
            epoch: Epoch(3),
            within_ms: 5_000,
            trace: Some("4bf92f3577b34da6a3ce929d0e0e4736".to_owned()),
            traceparent: None,
            relay_to: None,
            request: json!({"Publish": {"at": 1}}),
        }
    }

    fn golden(answer: &Answer, text: &str) {
        assert_eq!(String::from_utf8(written(answer, 1024)).expect("text"), text);
        assert_eq!(&serde_json::from_str::<Answer>(text).expect("an answer"), answer);
        // A newer node may say more than this one knows.
        let more = text.replacen('{', r#"{"since":"version 2","#, 1);
        assert_eq!(&serde_json::from_str::<Answer>(&more).expect("an answer"), answer);
    }

    #[test]
    fn golden_an_envelope_is_written_as_ever() {
        let text = serde_json::to_string(&envelope()).expect("text");
        assert_eq!(text, ENVELOPE);
        assert_eq!(read(ENVELOPE.as_bytes()), Ok(envelope()));
        let without = ENVELOPE.replace(r#""trace":"4bf92f3577b34da6a3ce929d0e0e4736","#, "");
        assert_eq!(read(without.as_bytes()), Ok(Envelope { trace: None, ..envelope() }));
        let round = ENVELOPE.replace(r#""request""#, r#""relay_to":"b","request""#);
        let relay_to = Some("b".parse().expect("a name"));
        assert_eq!(read(round.as_bytes()), Ok(Envelope { relay_to, ..envelope() }));
        let place = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let placed = format!(r#""traceparent":"{place}","request""#);
        let placed = ENVELOPE.replace(r#""request""#, &placed);
        let traceparent = Some(place.to_owned());
        assert_eq!(read(placed.as_bytes()), Ok(Envelope { traceparent, ..envelope() }));
    }

    #[test]
    fn golden_answers_are_written_as_ever() {
        golden(&Answer::Ack { reply: json!({"ok": 1}) }, r#"{"answer":"ack","reply":{"ok":1}}"#);
        golden(
            &Answer::NotOwner { owner: Some("b".parse().expect("a name")), epoch: Epoch(9) },
            r#"{"answer":"not_owner","owner":"b","epoch":9}"#,
        );
        golden(
            &Answer::NotOwner { owner: None, epoch: Epoch(9) },
            r#"{"answer":"not_owner","owner":null,"epoch":9}"#,
        );
        golden(&Answer::Busy { retry_after_ms: 100 }, r#"{"answer":"busy","retry_after_ms":100}"#);
        golden(&Answer::Expired, r#"{"answer":"expired"}"#);
        golden(
            &Answer::Unknown { reason: "no".to_owned() },
            r#"{"answer":"unknown","reason":"no"}"#,
        );
        let failed = Exit::Failed { error: "no".to_owned() };
        golden(
            &Answer::Ended { exit: failed },
            r#"{"answer":"ended","exit":{"failed":{"error":"no"}}}"#,
        );
        golden(&Answer::Ended { exit: Exit::Stopped }, r#"{"answer":"ended","exit":"stopped"}"#);
    }

    #[test]
    fn what_a_newer_node_adds_is_ignored() {
        let more = ENVELOPE.replacen('{', r#"{"hops":2,"via":{"node":"c"},"#, 1);
        assert_eq!(read(more.as_bytes()), Ok(envelope()));
    }

    #[test]
    fn a_version_that_is_not_read_is_answered_with_both() {
        let two = VERSION + 2;
        let other = ENVELOPE.replace(r#""version":1"#, &format!(r#""version":{two}"#));
        let Err(Answer::Unknown { reason }) = read(other.as_bytes()) else { panic!("it was read") };
        let (theirs, ours) = (format!("version {two}"), format!("to {VERSION}"));
        assert!(reason.contains(&theirs) && reason.contains(&ours), "{reason}");
        // Even when nothing else of it is known.
        let other = format!(r#"{{"version":{two}}}"#);
        assert!(matches!(read(other.as_bytes()), Err(Answer::Unknown { .. })));
        assert!(matches!(read(b"\xff"), Err(Answer::Unknown { .. })));
    }

    #[test]
    fn an_answer_that_is_too_large_ends_the_ask_and_not_the_connection() {
        let large = Answer::Ack { reply: json!("x".repeat(2_000)) };
        let bytes = written(&large, 1_000);
        let Ok(Answer::Ended { exit }) = serde_json::from_slice(&bytes) else { panic!("large") };
        let exit = exit.to_string();
        assert!(exit.contains("has 2027 bytes") && exit.contains("takes 1000"), "{exit}");
    }
}
