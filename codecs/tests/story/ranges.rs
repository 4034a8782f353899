//! Whatever a worker asks for, it gets no more than an answer may have, and nothing behind the end.

use playhouse_codecs::worker::ranges::{Ask, RANGE_BYTES_MAX, UNREADABLE, ask};
use std::io::{self, Cursor, ErrorKind, Read, Write};
use std::ops::Range;

fn check(offset: u64, length: u32, size: u64, expected: Range<u64>) {
    let asked = Ask { offset, length }.to_bytes();
    assert_eq!(Ask::read(asked, size).unwrap(), expected, "{length} from {offset} of {size}");
}

#[test]
fn a_question_is_cut_at_the_end_of_the_source() {
    check(0, 10, 100, 0..10);
    check(95, 10, 100, 95..100);
    check(100, 10, 100, 100..100);
    check(u64::MAX, RANGE_BYTES_MAX, 100, 100..100);
    check(7, 0, 100, 7..7);
    check(u64::MAX - 1, 10, u64::MAX, u64::MAX - 1..u64::MAX);
}

#[test]
fn a_question_for_too_much_is_refused() {
    let asked = Ask { offset: 0, length: RANGE_BYTES_MAX + 1 }.to_bytes();
    assert_eq!(Ask::read(asked, u64::MAX).unwrap_err().kind(), ErrorKind::InvalidData);
}

/// A node that has its answer ready.
struct Node {
    answer: Cursor<Vec<u8>>,
    asked: Vec<u8>,
}

impl Read for Node {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.answer.read(buffer)
    }
}

impl Write for Node {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.asked.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn hear(answer: &[u8], buffer: &mut [u8]) -> io::Result<usize> {
    let mut node = Node { answer: Cursor::new(answer.to_vec()), asked: vec![] };
    let heard = ask(&mut node, buffer, 5);
    let length = u32::try_from(buffer.len()).unwrap();
    assert_eq!(node.asked, Ask { offset: 5, length }.to_bytes());
    heard
}

#[test]
fn an_answer_fills_the_buffer_as_far_as_there_is_content() {
    let mut buffer = [0; 4];
    assert_eq!(hear(b"\0\0\0\x03abc", &mut buffer).unwrap(), 3);
    assert_eq!(&buffer[..3], b"abc");
    assert_eq!(hear(&[0; 4], &mut buffer).unwrap(), 0);
}

#[test]
fn an_answer_that_is_none_is_an_error() {
    let mut buffer = [0; 4];
    assert_eq!(hear(&UNREADABLE, &mut buffer).unwrap_err().kind(), ErrorKind::Other);
    assert_eq!(hear(b"\0\0\0\x05abcde", &mut buffer).unwrap_err().kind(), ErrorKind::InvalidData);
    for cut in 0..6 {
        let error = hear(&b"\0\0\0\x03abc"[..cut], &mut buffer).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{cut} bytes");
    }
}
