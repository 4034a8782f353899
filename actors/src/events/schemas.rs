//! For tests: whether an event keeps to the schema of its topic.

use super::topics::{TOPICS, schema_version};
use jsonschema::Validator;
use playhouse_storage::catalog::NewEvent;
use serde_json::Value;
use std::path::Path;

/// Fails when an event is not what its topic promises.
pub(crate) fn check(event: &NewEvent) {
    let schema = read(&event.topic);
    assert_ne!(schema["x-reserved"], true, "nobody is to tell {} yet", event.topic);
    let validator = validator(&schema);
    let why: Vec<_> = validator.iter_errors(&event.payload).map(|it| it.to_string()).collect();
    assert!(why.is_empty(), "{}: {why:?} in {}", event.topic, event.payload);
}

fn read(topic: &str) -> Value {
    let name = format!("../schemas/{topic}.v{}.json", schema_version(topic));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    serde_json::from_str(&text).expect("a schema is JSON")
}

fn validator(schema: &Value) -> Validator {
    let options = jsonschema::options().should_validate_formats(true);
    options.build(schema).expect("a schema of JSON Schema 2020-12")
}

#[test]
fn every_topic_has_a_schema_and_its_examples_keep_to_it() {
    for topic in TOPICS {
        let schema = read(topic);
        let validator = validator(&schema);
        for example in schema["examples"].as_array().into_iter().flatten() {
            assert!(validator.is_valid(example), "{topic}: {example}");
        }
    }
}

#[test]
fn what_is_no_event_of_its_topic_is_seen() {
    let schema = read("media.published");
    let example = schema["examples"][0].clone();
    for (field, wrong) in [("content_id", Value::Null), ("duration_s", "long".into())] {
        let mut event = example.clone();
        event[field] = wrong;
        assert!(!validator(&schema).is_valid(&event), "{event}");
    }
}
