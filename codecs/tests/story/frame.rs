//! A worker that writes nonsense is told apart from one that has ended.

use playhouse_codecs::worker::frame::{FRAME_BYTES_MAX, encode, read, write};
use playhouse_codecs::worker::{Command, Event};
use std::io::ErrorKind;

fn check(bytes: &[u8], expected: ErrorKind) {
    let error = read::<Event>(&mut &bytes[..]).unwrap_err();
    assert_eq!(error.kind(), expected, "{error}");
}

#[test]
fn messages_come_out_as_they_went_in() {
    let mut stream = Vec::new();
    write(&mut stream, &Command::Probe).unwrap();
    write(&mut stream, &Event::Ready { version: 1 }).unwrap();
    let mut stream = &stream[..];
    assert_eq!(read(&mut stream).unwrap(), Some(Command::Probe));
    assert_eq!(read(&mut stream).unwrap(), Some(Event::Ready { version: 1 }));
    assert_eq!(read::<Event>(&mut stream).unwrap(), None);
}

#[test]
fn a_stream_that_ends_within_a_frame_is_an_error_at_every_byte() {
    let whole = encode(&Event::Done).unwrap();
    for length in 1..whole.len() {
        check(&whole[..length], ErrorKind::UnexpectedEof);
    }
}

#[test]
fn a_length_over_the_limit_takes_no_memory() {
    check(&[0xff; 4], ErrorKind::InvalidData);
    check(&u32::try_from(FRAME_BYTES_MAX + 1).unwrap().to_be_bytes(), ErrorKind::InvalidData);
}

#[test]
fn what_is_no_message_is_refused() {
    let framed = |body: &[u8]| {
        let mut frame = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
        frame.extend_from_slice(body);
        frame
    };
    check(&framed(b"{\"event\":\"unheard_of\"}"), ErrorKind::InvalidData);
    check(&framed(b"\xff\xfe not json"), ErrorKind::InvalidData);
    check(&framed("[".repeat(100_000).as_bytes()), ErrorKind::InvalidData);
    // serde_json tells an unexpected end by its own kind.
    check(&framed(b""), ErrorKind::UnexpectedEof);
    check(&framed(b"{\"event\":\"done\""), ErrorKind::UnexpectedEof);
}

#[test]
fn a_message_over_the_limit_is_not_sent() {
    let event = Event::Tried { refused: Some("x".repeat(FRAME_BYTES_MAX)) };
    assert_eq!(encode(&event).unwrap_err().kind(), ErrorKind::InvalidData);
}
