//! Traces as a collector gets them (OTLP/JSON), for stories and for people.

mod collector;
mod draw;
mod span;

pub use collector::Collector;
pub use draw::draw;
pub use span::{Span, of_lines, of_request};
