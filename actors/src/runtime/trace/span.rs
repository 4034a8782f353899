//! What is told of a hop that is kept, in the words of OpenTelemetry.

use super::Context;
use std::time::SystemTime;

/// Most bytes of a text. Some come from outside, as long as the head of a request may be: so spans
/// that wait are bounded in bytes as they are in number.
const TEXT_BYTES_MAX: usize = 256;

/// One piece of work in a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Its place.
    pub context: Context,
    /// The span that it is part of; 0 for the first of a trace.
    pub parent: u64,
    /// Another trace that it has to do with: of the request that brought it.
    pub link: Option<Context>,
    /// What was done, without ids: `PATCH /api/v1/uploads/{upload_id}`.
    pub name: String,
    /// Whom it stands between.
    pub kind: Kind,
    /// When it began.
    pub began: SystemTime,
    /// When it ended.
    pub ended: SystemTime,
    /// Why it failed, one sentence.
    pub error: Option<String>,
    /// Whatever else is known; ids are welcome here.
    pub attributes: Vec<(&'static str, Value)>,
    /// Another process than this one that did it.
    pub process: Option<Process>,
}

/// Whom a span stands between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Work within a process, or of an actor.
    #[default]
    Internal,
    /// The answer to a request from outside.
    Server,
    /// A request to another process.
    Client,
    /// Something put into a queue or log.
    Producer,
    /// Something taken out of a queue.
    Consumer,
}

/// What an attribute says.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// Another number.
    Real(f64),
}

/// A process that has no sink of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    /// Name of its program.
    pub name: &'static str,
    /// Its id.
    pub pid: u32,
}

impl Span {
    /// What was done; when and where is filled in by the hop.
    #[must_use]
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self {
            context: Context::NONE,
            parent: 0,
            link: None,
            name: name.into(),
            kind,
            began: SystemTime::UNIX_EPOCH,
            ended: SystemTime::UNIX_EPOCH,
            error: None,
            attributes: vec![],
            process: None,
        }
    }

    /// And this is known, too.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.attributes.push((key, value.into()));
        self
    }

    /// Without the ends of texts that are too long.
    pub(super) fn cut(mut self) -> Self {
        let attributes = self.attributes.iter_mut().filter_map(|(_, value)| match value {
            Value::Text(text) => Some(text),
            Value::Whole(_) | Value::Real(_) => None,
        });
        attributes.chain([&mut self.name]).chain(&mut self.error).for_each(cut);
        self
    }

    /// Done by that process.
    #[must_use]
    pub fn by(mut self, process: Option<Process>) -> Self {
        self.process = process;
        self
    }
}

fn cut(text: &mut String) {
    if text.len() > TEXT_BYTES_MAX {
        text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
        text.shrink_to_fit();
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Whole(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_two_characters() {
        // Three bytes each, so that one would be cut through.
        let (long, short) = ("€".repeat(100), "€".repeat(85));
        let span = Span::new(Kind::Server, long.clone()).with("a", long.clone()).with("b", 7_u64);
        let cut = Span { error: Some(long), ..span }.cut();
        assert_eq!((cut.name.as_str(), cut.error.as_ref()), (short.as_str(), Some(&short)));
        assert_eq!(cut.attributes, [("a", Value::Text(short)), ("b", Value::Whole(7))]);
    }
}
