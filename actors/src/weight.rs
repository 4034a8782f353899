//! How many bytes are behind a record, about: texts and lists, not the record itself. An operator
//! sees by it which actors are heavy; it is counted after each message, so nothing is serialised.

use playhouse_storage::model::{Content, Rendition, Upload};
use serde_json::Value;

/// A map's entry beside its key and value: pointers and the like.
const ITEM_BYTES: usize = 32;

pub(crate) fn upload(upload: &Upload) -> usize {
    let said = &upload.metadata;
    let texts = [&said.filename, &said.filetype, &said.title, &said.description, &said.language];
    upload.owner.len() + texts.into_iter().flatten().map(String::len).sum::<usize>()
}

pub(crate) fn content(content: &Content) -> usize {
    let texts = content.owner.len() + content.title.len() + content.description.len();
    let values = content.media.iter().chain(&content.plan).map(value).sum::<usize>();
    let pictures = content.pictures.iter();
    let pictures = pictures.map(|it| size_of_val(it) + it.key.len() + it.name.len());
    texts + values + pictures.sum::<usize>()
}

pub(crate) fn rendition(rendition: &Rendition) -> usize {
    let init = rendition.init.as_ref();
    let init = init.map_or(0, |init| init.key.len() + init.sha256.len() + init.codecs.len());
    let error = rendition.last_error.as_ref().map_or(0, String::len);
    rendition.name.len() + init + error + value(&rendition.spec)
}

/// What is behind a value, not itself.
fn value(it: &Value) -> usize {
    let item = |it: &Value| size_of::<Value>() + value(it);
    match it {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(item).sum(),
        Value::Object(items) => {
            items.iter().map(|(key, it)| ITEM_BYTES + key.len() + item(it)).sum()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_weighs_what_is_behind_it() {
        assert_eq!(value(&json!(7)), 0);
        assert_eq!(value(&json!("seven")), 5);
        assert_eq!(value(&json!([1, "two"])), 2 * size_of::<Value>() + 3);
        assert_eq!(value(&json!({"n": "two"})), ITEM_BYTES + 1 + size_of::<Value>() + 3);
    }
}
