//! The layers of the configuration, each put over the ones before it.
//!
//! A layer only ever changes keys that the defaults have; everything else is an error that says
//! which layer it came from.

use super::{Error, schema};
use std::path::Path;
use toml::{Table, Value};

/// Variables of this prefix with a `__` between section and key are configuration.
pub(super) const PREFIX: &str = "PLAYHOUSE_";

/// Puts a TOML file over `merged`.
pub(super) fn file(merged: &mut Table, defaults: &Table, path: &Path) -> Result<(), Error> {
    let wrong = |reason: String| Error::File { path: path.display().to_string(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| wrong(error.to_string()))?;
    let from = path.display().to_string();
    let mut keys = Vec::new();
    flatten("", &table, defaults, &mut keys);
    for (key, value) in keys {
        put(merged, defaults, &key, &from, |expected| schema::accept(value.clone(), expected))?;
    }
    Ok(())
}

/// Puts `PLAYHOUSE_SECTION__KEY=value` variables over `merged`.
pub(super) fn environment(
    merged: &mut Table,
    defaults: &Table,
    variables: impl Iterator<Item = (String, String)>,
) -> Result<(), Error> {
    for (name, text) in variables {
        let Some(key) = name.strip_prefix(PREFIX).filter(|key| key.contains("__")) else {
            continue;
        };
        let key = key.to_lowercase().replace("__", ".");
        put(merged, defaults, &key, &name, |expected| schema::parse(&text, expected))?;
    }
    Ok(())
}

/// Puts `section.key=value` arguments over `merged`.
pub(super) fn arguments(
    merged: &mut Table,
    defaults: &Table,
    arguments: &[String],
) -> Result<(), Error> {
    for argument in arguments {
        let (key, text) =
            argument.split_once('=').ok_or_else(|| Error::NoAssignment(argument.clone()))?;
        put(merged, defaults, key, "an argument", |expected| schema::parse(text, expected))?;
    }
    Ok(())
}

/// Leaf keys of a table, dotted. A table is walked into only where the defaults have one too, so
/// that an unknown section is told as itself.
fn flatten(prefix: &str, table: &Table, defaults: &Table, into: &mut Vec<(String, Value)>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match (value, defaults.get(name)) {
            (Value::Table(inner), Some(Value::Table(known))) => flatten(&key, inner, known, into),
            (value, _) => into.push((key, value.clone())),
        }
    }
}

/// Sets one key to what `read` makes of its default.
fn put(
    merged: &mut Table,
    defaults: &Table,
    key: &str,
    from: &str,
    read: impl Fn(&Value) -> Result<Value, String>,
) -> Result<(), Error> {
    let Some(expected) = schema::find(defaults, key).filter(|found| !found.is_table()) else {
        return Err(Error::UnknownKey {
            key: key.to_owned(),
            from: from.to_owned(),
            nearest: schema::nearest(defaults, key),
        });
    };
    let value = read(expected).map_err(|found| Error::WrongType {
        key: key.to_owned(),
        from: from.to_owned(),
        expected: schema::type_name(expected),
        found,
    })?;
    let mut table = merged;
    let mut parts: Vec<_> = key.split('.').collect();
    let last = parts.pop().unwrap_or(key);
    for part in parts {
        table = table
            .get_mut(part)
            .and_then(Value::as_table_mut)
            .expect("the merged table has every section of the defaults");
    }
    table.insert(last.to_owned(), value);
    Ok(())
}
