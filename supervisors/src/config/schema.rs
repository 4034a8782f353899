//! The defaults as a schema: which keys exist, of which type, and which one was meant.
//!
//! Pure functions over TOML values.

use toml::{Table, Value};

/// The value of a dotted key.
pub(super) fn find<'t>(table: &'t Table, key: &str) -> Option<&'t Value> {
    match key.split_once('.') {
        Some((section, rest)) => find(table.get(section)?.as_table()?, rest),
        None => table.get(key),
    }
}

/// Takes a value of a file when it is of the type of `expected`.
///
/// # Errors
/// What was found instead.
pub(super) fn accept(value: Value, expected: &Value) -> Result<Value, String> {
    match (value, expected) {
        (Value::Integer(whole), Value::Float(_)) => Ok(Value::Float(whole as f64)),
        (value, expected) if value.same_type(expected) => Ok(value),
        (value, _) => Err(value.to_string()),
    }
}

/// Reads the text of a variable or an argument as the type of `expected`.
///
/// # Errors
/// The text, quoted.
pub(super) fn parse(text: &str, expected: &Value) -> Result<Value, String> {
    if expected.is_str() {
        return Ok(Value::String(text.to_owned()));
    }
    let value: Option<Value> =
        format!("value = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    value.and_then(|value| accept(value, expected).ok()).ok_or_else(|| format!("{text:?}"))
}

/// A type's name in a message.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) => "an integer",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a time",
        Value::Array(_) => "a list",
        Value::Table(_) => "a section",
    }
}

/// The known key that looks most like `key`, when one looks like it at all.
pub(super) fn nearest(defaults: &Table, key: &str) -> Option<String> {
    let mut known = Vec::new();
    leaves("", defaults, &mut known);
    let near = known.into_iter().map(|name| (distance(&name, key), name)).min()?;
    let bound = 2 + key.len() / 3;
    (near.0 <= bound).then_some(near.1)
}

fn leaves(prefix: &str, table: &Table, into: &mut Vec<String>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            Value::Table(inner) => leaves(&key, inner, into),
            _ => into.push(key),
        }
    }
}

/// Levenshtein's distance: single-letter changes that turn one text into the other.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, r) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(l != *r);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_single_letter_changes() {
        for (left, right, expected) in
            [("listen", "lisen", 1), ("data", "data", 0), ("", "abc", 3), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn text_is_read_as_the_type_of_the_default() {
        let text = Value::String(String::new());
        assert_eq!(parse("8080", &text), Ok(Value::String("8080".to_owned())));
        assert_eq!(parse("8080", &Value::Integer(0)), Ok(Value::Integer(8080)));
        assert_eq!(parse("2", &Value::Float(1.5)), Ok(Value::Float(2.0)));
        assert_eq!(parse("yes", &Value::Boolean(true)), Err("\"yes\"".to_owned()));
    }
}
