//! A record as a message: the payload is its value, everything else is in headers, so that any
//! consumer can read the fact without knowing this program.

use super::super::Record;
use crate::{Error, Result};
use jiff::Timestamp;
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use serde_json::Value;
use std::str::FromStr;

const SHARD: &str = "shard";
const SEQUENCE: &str = "sequence";
const TIME: &str = "time";
const SCHEMA_VERSION: &str = "schema-version";
const TRACE_ID: &str = "trace-id";

/// The headers of a record.
pub(super) fn headers(record: &Record) -> OwnedHeaders {
    let pairs = [
        (SHARD, Some(record.shard.to_string())),
        (SEQUENCE, Some(record.sequence.to_string())),
        (TIME, Some(record.at.to_string())),
        (SCHEMA_VERSION, Some(record.schema.to_string())),
        (TRACE_ID, record.trace.clone()),
    ];
    let told = pairs.iter().filter_map(|(key, value)| Some((*key, value.as_deref()?)));
    told.fold(OwnedHeaders::new(), |headers, (key, value)| {
        headers.insert(Header { key, value: Some(value) })
    })
}

/// The value of a record.
///
/// # Errors
/// `Invalid` when it is larger than `bytes_max`.
pub(super) fn value(record: &Record, bytes_max: usize) -> Result<String> {
    let value = record.payload.to_string();
    if value.len() > bytes_max {
        return Err(Error::Invalid(format!(
            "a record of {} bytes: storage.event_record_bytes_max is {bytes_max}",
            value.len()
        )));
    }
    Ok(value)
}

/// The record of a message.
///
/// # Errors
/// What is missing, for a message that this program did not write.
pub(super) fn record(message: &impl Message) -> Result<Record, String> {
    let key = message.key().unwrap_or_default();
    let value = message.payload().unwrap_or_default();
    let payload: Value = serde_json::from_slice(value).map_err(|error| error.to_string())?;
    Ok(Record {
        key: String::from_utf8(key.to_vec()).map_err(|error| error.to_string())?,
        shard: wanted(message, SHARD)?,
        sequence: wanted(message, SEQUENCE)?,
        at: wanted::<Timestamp>(message, TIME)?,
        schema: wanted(message, SCHEMA_VERSION)?,
        trace: header(message, TRACE_ID).map(str::to_owned),
        payload,
    })
}

fn wanted<T: FromStr>(message: &impl Message, key: &str) -> Result<T, String> {
    let text = header(message, key).ok_or_else(|| format!("it has no header {key}"))?;
    text.parse().map_err(|_| format!("its header {key} is {text:?}"))
}

fn header<'a>(message: &'a impl Message, key: &str) -> Option<&'a str> {
    let found = message.headers()?.iter().find(|header| header.key == key)?;
    std::str::from_utf8(found.value?).ok()
}
