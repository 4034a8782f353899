//! Just enough XML to write an MPD: elements, attributes, indentation, escaping.

use std::fmt::{Display, Write};

/// A document under construction.
#[derive(Default)]
pub(crate) struct Xml {
    /// What has been written.
    pub(crate) text: String,
    depth: usize,
}

impl Xml {
    /// A line as it is.
    pub(crate) fn line(&mut self, line: &str) {
        writeln!(self.text, "{:1$}{line}", "", 2 * self.depth)
            .expect("writing to a string cannot fail");
    }

    /// An element without content.
    pub(crate) fn empty(&mut self, tag: &Tag) {
        self.line(&format!("<{}/>", tag.head));
    }

    /// An element with the content that `fill` writes.
    pub(crate) fn nest(&mut self, tag: &Tag, fill: impl FnOnce(&mut Self)) {
        self.line(&format!("<{}>", tag.head));
        self.depth += 1;
        fill(self);
        self.depth -= 1;
        self.line(&format!("</{}>", tag.name));
    }
}

/// A name with attributes.
pub(crate) struct Tag {
    name: &'static str,
    head: String,
}

impl Tag {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, head: name.into() }
    }

    /// With one attribute more; its value is escaped.
    pub(crate) fn with(mut self, name: &str, value: impl Display) -> Self {
        let value = escape(&value.to_string());
        write!(self.head, " {name}=\"{value}\"").expect("writing to a string cannot fail");
        self
    }
}

/// What ends an attribute or begins an element is named, what XML 1.0 does not allow (2.2) is
/// left out.
fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            control if control.is_control() => {}
            plain => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_breaks_out_of_an_attribute() {
        assert_eq!(escape("a\"b<c>&'d\n"), "a&quot;b&lt;c&gt;&amp;&apos;d");
    }
}
