//! Whether a schema of events may take the place of an older one. Pure.
//!
//! Producers and consumers are never changed at one time, and events of every version lie on a
//! topic side by side. So a new schema must take every event of the old one, and a consumer of the
//! old one must be able to read every new event: what was there stays as it was, what comes is
//! optional.

use serde_json::{Map, Value};

/// Words for people, and marks that bind nobody.
const FREE: [&str; 6] = ["description", "title", "examples", "$id", "$schema", "x-version"];
/// Marks a list of values or kinds to which more may be added: consumers are told to pass by those
/// that they do not know.
const OPEN: &str = "x-open";

/// Why `new` may not take the place of `old`; nothing when it may.
#[must_use]
pub fn incompatible(old: &Value, new: &Value) -> Vec<String> {
    let mut why = Vec::new();
    compare("", old, new, &mut why);
    why
}

fn compare(at: &str, old: &Value, new: &Value, why: &mut Vec<String>) {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else {
        if old != new {
            why.push(format!("{}: has changed", name(at)));
        }
        return;
    };
    let keys = old.keys().chain(new.keys().filter(|key| !old.contains_key(*key)));
    for key in keys.filter(|key| !FREE.contains(&key.as_str())) {
        match key.as_str() {
            "properties" => properties(at, old, new, why),
            "required" => required(at, old, new, why),
            "enum" => values(at, old, new, why),
            "oneOf" => kinds(at, old, new, why),
            "items" => {
                let pair = (old.get(key).unwrap_or(&Value::Null), new.get(key));
                compare(&format!("{at}[]"), pair.0, pair.1.unwrap_or(&Value::Null), why);
            }
            _ if old.get(key) == new.get(key) => {}
            _ => why.push(format!("{}: {key} has changed", name(at))),
        }
    }
    if new.get("additionalProperties").is_some_and(|it| *it == Value::Bool(false)) {
        why.push(format!("{}: additionalProperties lets no field be added later", name(at)));
    }
}

fn properties(at: &str, old: &Map<String, Value>, new: &Map<String, Value>, why: &mut Vec<String>) {
    let (old, new) = (object(old, "properties"), object(new, "properties"));
    for (field, schema) in &old {
        let at = format!("{at}.{field}");
        match new.get(field) {
            Some(other) => compare(&at, schema, other, why),
            None => why.push(format!("{}: was removed", name(&at))),
        }
    }
}

/// A field that is required anew is missing in old events; one that is not any more will be missing
/// for consumers who count on it.
fn required(at: &str, old: &Map<String, Value>, new: &Map<String, Value>, why: &mut Vec<String>) {
    let (old, new) = (list(old, "required"), list(new, "required"));
    for field in new.iter().filter(|field| !old.contains(field)) {
        why.push(format!("{}: {field} is required now", name(at)));
    }
    for field in old.iter().filter(|field| !new.contains(field)) {
        why.push(format!("{}: {field} is not required any more", name(at)));
    }
}

fn values(at: &str, old: &Map<String, Value>, new: &Map<String, Value>, why: &mut Vec<String>) {
    let is_open = old.get(OPEN).is_some_and(|it| *it == Value::Bool(true));
    let (old, new) = (list(old, "enum"), list(new, "enum"));
    for value in old.iter().filter(|value| !new.contains(value)) {
        why.push(format!("{}: the value {value} was removed", name(at)));
    }
    for value in new.iter().filter(|value| !is_open && !old.contains(value)) {
        why.push(format!("{}: the value {value} was added to a closed list", name(at)));
    }
}

/// Alternatives are known by their titles.
fn kinds(at: &str, old: &Map<String, Value>, new: &Map<String, Value>, why: &mut Vec<String>) {
    let is_open = old.get(OPEN).is_some_and(|it| *it == Value::Bool(true));
    let (old, new) = (list(old, "oneOf"), list(new, "oneOf"));
    let title = |kind: &Value| kind["title"].as_str().unwrap_or("?").to_owned();
    for kind in &old {
        let at = format!("{at}<{}>", title(kind));
        match new.iter().find(|other| title(other) == title(kind)) {
            Some(other) => compare(&at, kind, other, why),
            None => why.push(format!("{}: was removed", name(&at))),
        }
    }
    let known: Vec<_> = old.iter().map(title).collect();
    for kind in new.iter().map(title).filter(|kind| !is_open && !known.contains(kind)) {
        why.push(format!("{}: the kind {kind} was added to a closed list", name(at)));
    }
}

fn object(of: &Map<String, Value>, key: &str) -> Map<String, Value> {
    of.get(key).and_then(Value::as_object).cloned().unwrap_or_default()
}

fn list(of: &Map<String, Value>, key: &str) -> Vec<Value> {
    of.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn name(at: &str) -> &str {
    if at.is_empty() { "the event" } else { at.trim_start_matches('.') }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn base() -> Value {
        json!({
            "type": "object",
            "description": "x",
            "required": ["id", "facts"],
            "properties": {
                "id": { "type": "string" },
                "note": { "type": "string" },
                "state": { "type": "string", "enum": ["a", "b"] },
                "device": { "type": "string", "enum": ["tv"], "x-open": true },
                "facts": { "type": "array", "items": { "x-open": true, "oneOf": [
                    { "title": "view", "type": "object", "required": ["at"],
                      "properties": { "at": { "type": "string" } } },
                ] } },
            },
        })
    }

    fn check(change: impl FnOnce(&mut Value), expected: &[&str]) {
        let mut new = base();
        change(&mut new);
        assert_eq!(incompatible(&base(), &new), expected);
    }

    #[test]
    fn what_is_added_as_optional_or_to_an_open_list_is_compatible() {
        check(|_| {}, &[]);
        check(|it| it["description"] = json!("other words"), &[]);
        check(|it| it["properties"]["later"] = json!({ "type": "number" }), &[]);
        check(|it| it["properties"]["device"]["enum"] = json!(["tv", "watch"]), &[]);
        let kind = |it: &mut Value| {
            let kinds = &mut it["properties"]["facts"]["items"]["oneOf"];
            kinds.as_array_mut().expect("a list").push(json!({ "title": "skip" }));
        };
        check(kind, &[]);
    }

    #[test]
    fn an_incompatible_change_is_refused_and_named() {
        check(|it| it["properties"]["id"]["type"] = json!("integer"), &["id: type has changed"]);
        check(
            |it| drop(it["properties"].as_object_mut().expect("fields").remove("note")),
            &["note: was removed"],
        );
        check(
            |it| it["required"] = json!(["id", "facts", "note"]),
            &["the event: \"note\" is required now"],
        );
        check(
            |it| it["required"] = json!(["id"]),
            &["the event: \"facts\" is not required any more"],
        );
        check(
            |it| it["properties"]["state"]["enum"] = json!(["a", "c"]),
            &[
                "state: the value \"b\" was removed",
                "state: the value \"c\" was added to a closed list",
            ],
        );
        check(
            |it| it["properties"]["device"]["enum"] = json!([]),
            &["device: the value \"tv\" was removed"],
        );
        check(|it| it["properties"]["id"]["pattern"] = json!("^x"), &["id: pattern has changed"]);
        check(
            |it| it["additionalProperties"] = json!(false),
            &[
                "the event: additionalProperties has changed",
                "the event: additionalProperties lets no field be added later",
            ],
        );
        check(
            |it| {
                let view = &mut it["properties"]["facts"]["items"]["oneOf"][0];
                view["properties"]["at"]["type"] = json!("number");
                view["required"] = json!([]);
            },
            &[
                "facts[]<view>.at: type has changed",
                "facts[]<view>: \"at\" is not required any more",
            ],
        );
        check(
            |it| it["properties"]["facts"]["items"]["oneOf"] = json!([]),
            &["facts[]<view>: was removed"],
        );
    }
}
