//! Server-sent events (WHATWG HTML, section 9.2), as much of them as a node sends.
//!
//! Bytes in, events out; what is held for an event that has not ended is bounded.

/// An event with all its lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// `message` when it has no name.
    pub(super) name: String,
    /// Its data, lines joined by a line feed.
    pub(super) data: String,
}

/// An event is longer than what is held of one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server sends an event of more than {0} bytes")]
pub(super) struct TooLong(usize);

/// Takes a stream apart.
pub(super) struct Parser {
    bytes_max: usize,
    line: Vec<u8>,
    name: String,
    data: Option<String>,
}

impl Parser {
    /// A parser that holds at most `bytes_max` of one event.
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, line: Vec::new(), name: String::new(), data: None }
    }

    /// Takes the next bytes; the events that they complete, oldest first.
    ///
    /// # Errors
    /// [`TooLong`]: the stream is not to be read on.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLong> {
        let mut events = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let held = self.line.len() + self.data.as_ref().map_or(0, String::len);
            if held + piece.len() > self.bytes_max {
                return Err(TooLong(self.bytes_max));
            }
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                events.extend(
                    self.line(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n'])),
                );
            }
        }
        Ok(events)
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let name = std::mem::take(&mut self.name);
            let name = if name.is_empty() { "message".to_owned() } else { name };
            return self.data.take().map(|data| Event { name, data });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match (field, &mut self.data) {
            ("event", _) => value.clone_into(&mut self.name),
            ("data", Some(data)) => {
                data.push('\n');
                data.push_str(value);
            }
            ("data", none) => *none = Some(value.to_owned()),
            // `id` and `retry` are of no use here; an empty field is a comment.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str) -> Event {
        Event { name: name.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn events_come_out_whole_however_the_bytes_are_cut() {
        let stream =
            ": hello\n\nevent: tree\r\ndata: {\"a\":\r\ndata: \"é\"}\r\n\r\ndata:x\n\nid: 7\n\n";
        let expected = [event("tree", "{\"a\":\n\"é\"}"), event("message", "x")];
        for size in 1..stream.len() {
            let mut parser = Parser::new(100);
            let pieces = stream.as_bytes().chunks(size).map(|piece| parser.feed(piece));
            let events: Result<Vec<_>, _> = pieces.collect();
            let events: Vec<_> = events.expect("short events").into_iter().flatten().collect();
            assert_eq!(events, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn an_event_without_an_end_is_not_held_for_ever() {
        let mut parser = Parser::new(64);
        let mut fed = std::iter::repeat_with(|| parser.feed(b"data: 0123456789\n"));
        assert!(fed.by_ref().take(10).any(|answer| answer == Err(TooLong(64))));
        let mut parser = Parser::new(64);
        assert_eq!(parser.feed(&[b'x'; 65]), Err(TooLong(64)));
    }
}
