//! The schemas of events: one file for each topic and version, every field described, and no change
//! that an event on a topic, or a consumer of one, could not bear.
//!
//! `schemas/promised.json` holds every version as it was promised first. A version that is added to
//! it stays in it: a schema may say more later, never anything else.

use crate::repository::{files, root_join};
use playhouse_tests::schemas::incompatible;
use serde_json::Value;
use std::collections::BTreeMap;

/// Topic and version of each schema.
fn schemas() -> BTreeMap<(String, u64), Value> {
    let files = files(&[".json"]).into_iter().filter(|file| file.path.starts_with("schemas/"));
    let named = files.filter_map(|file| {
        let name = file.path.strip_prefix("schemas/")?.strip_suffix(".json")?;
        let (topic, version) = name.rsplit_once(".v")?;
        let schema = serde_json::from_str(&file.text);
        let schema = schema.unwrap_or_else(|error| panic!("{}: {error}", file.path));
        Some(((topic.to_owned(), version.parse().ok()?), schema))
    });
    named.collect()
}

fn is_reserved(schema: &Value) -> bool {
    schema["x-reserved"] == true
}

#[test]
fn schemas_are_named_by_topic_and_version_and_say_what_every_field_is() {
    let schemas = schemas();
    assert!(schemas.len() >= 11, "{:?}", schemas.keys());
    for ((topic, version), schema) in &schemas {
        assert_eq!(schema["title"], **topic);
        assert_eq!(schema["x-version"], *version, "{topic}");
        assert!(*version == 1 || schemas.contains_key(&(topic.clone(), version - 1)), "{topic}");
        described(topic, schema);
        let examples = schema["examples"].as_array().map_or(0, Vec::len);
        assert!(is_reserved(schema) || examples > 0, "{topic} has no example");
    }
}

fn described(at: &str, schema: &Value) {
    let text = schema["description"].as_str().unwrap_or_default();
    assert!(text.ends_with('.') && text.len() > 4, "{at}: {text:?} describes nothing");
    for (field, inner) in schema["properties"].as_object().into_iter().flatten() {
        described(&format!("{at}.{field}"), inner);
    }
    if schema["items"].is_object() {
        described(&format!("{at}[]"), &schema["items"]);
    }
    for kind in schema["oneOf"].as_array().into_iter().flatten() {
        described(&format!("{at}<{}>", kind["title"]), kind);
    }
}

#[test]
fn schemas_keep_what_was_promised() {
    let text = std::fs::read_to_string(root_join("schemas/promised.json")).expect("the promises");
    let promised: BTreeMap<String, Value> = serde_json::from_str(&text).expect("JSON");
    let schemas = schemas();
    let mut broken = Vec::new();
    let key = |(topic, version): &(String, u64)| format!("{topic}.v{version}");
    for (of, schema) in schemas.iter().filter(|(_, schema)| !is_reserved(schema)) {
        let old = promised.get(&key(of));
        let old = old.unwrap_or_else(|| panic!("schemas/promised.json lacks {}", key(of)));
        broken.extend(incompatible(old, schema).into_iter().map(|why| (key(of), why)));
        let before = schemas.get(&(of.0.clone(), of.1 - 1));
        if let Some(before) = before.filter(|before| !is_reserved(before)) {
            broken.extend(incompatible(before, schema).into_iter().map(|why| (key(of), why)));
        }
    }
    let known: Vec<_> = schemas.keys().map(key).collect();
    let gone = promised.keys().filter(|name| !known.contains(name));
    broken.extend(gone.map(|name| (name.clone(), "was removed".to_owned())));
    assert!(broken.is_empty(), "a new topic is wanted, or another change: {broken:#?}");
}

/// The same check over a schema of today, so that it is seen to say no.
#[test]
fn an_incompatible_change_of_a_schema_would_be_seen() {
    let schemas = schemas();
    let today = &schemas[&("playback.events".to_owned(), 1)];
    let mut changed = today.clone();
    let report = &mut changed["properties"]["facts"]["items"]["oneOf"][2]["properties"];
    report["watch_time_s"]["type"] = "string".into();
    assert_eq!(incompatible(today, &changed), ["facts[]<report>.watch_time_s: type has changed"]);
}
