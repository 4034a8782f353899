//! What is told keeps to the schema of its topic.

use playhouse_storage::eventlog::Record;
use std::path::Path;

/// Fails when a record is not what its topic promises.
pub(crate) fn check(topic: &str, record: &Record) {
    let name = format!("../schemas/{topic}.v{}.json", record.schema);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let text = std::fs::read_to_string(path).expect("the topic has a schema");
    let schema = serde_json::from_str(&text).expect("a schema is JSON");
    let validator = jsonschema::options().should_validate_formats(true).build(&schema);
    let validator = validator.expect("a schema of JSON Schema 2020-12");
    let why: Vec<_> = validator.iter_errors(&record.payload).map(|it| it.to_string()).collect();
    assert!(why.is_empty(), "{topic}: {why:?} in {}", record.payload);
}
