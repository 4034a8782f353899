//! `Upload-Metadata` (tus, creation extension): pairs of a key and base64, strictly read.
//!
//! What a creator meant must not be lost in silence: a value that does not parse is refused with
//! the key's name. Keys that nobody here knows are skipped, since every client sends its own.

use crate::problem::Problem;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_PAD_INDIFFERENT};
use playhouse_storage::model::{Protection, Residency, UploadMetadata};

/// Longest description, bytes; every other value is much shorter.
const DESCRIPTION_BYTES_MAX: usize = 5_000;
const VALUE_BYTES_MAX: usize = 500;
/// No client sends as many keys; a longer list is refused before it is kept.
const KEYS_MAX: usize = 32;

/// Reads the header's text.
pub(crate) fn parse(text: &str, bytes_max: usize) -> Result<UploadMetadata, Problem> {
    if text.len() > bytes_max {
        return Err(bad(format!(
            "Upload-Metadata has {} bytes, the limit is {bytes_max}",
            text.len()
        )));
    }
    let mut metadata = UploadMetadata::default();
    let mut seen: Vec<&str> = Vec::new();
    for pair in text.split(',').map(str::trim).filter(|_| !text.trim().is_empty()) {
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        check_key(key, &seen)?;
        seen.push(key);
        set(&mut metadata, key, decode(key, value)?)?;
    }
    Ok(metadata)
}

/// The same out of values that came in another way.
pub(crate) fn metadata(
    said: impl IntoIterator<Item = (&'static str, String)>,
) -> Result<UploadMetadata, Problem> {
    let mut metadata = UploadMetadata::default();
    for (key, value) in said {
        check_value(key, &value)?;
        set(&mut metadata, key, value)?;
    }
    Ok(metadata)
}

fn check_key(key: &str, seen: &[&str]) -> Result<(), Problem> {
    if key.is_empty() || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(bad("Upload-Metadata has an empty key or one that is not ASCII".to_owned()));
    }
    if seen.contains(&key) {
        return Err(bad(format!("Upload-Metadata has the key '{key}' twice")));
    }
    if seen.len() >= KEYS_MAX {
        return Err(bad(format!("Upload-Metadata has more than {KEYS_MAX} keys")));
    }
    Ok(())
}

fn decode(key: &str, value: &str) -> Result<String, Problem> {
    let bytes = STANDARD_PAD_INDIFFERENT
        .decode(value.trim())
        .map_err(|error| bad(format!("Upload-Metadata: '{key}' is no base64: {error}")))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| bad(format!("Upload-Metadata: '{key}' is no UTF-8 text")))?;
    check_value(key, &text)?;
    Ok(text)
}

fn check_value(key: &str, text: &str) -> Result<(), Problem> {
    let most = if key == "description" { DESCRIPTION_BYTES_MAX } else { VALUE_BYTES_MAX };
    if text.len() > most {
        return Err(bad(format!("'{key}' has {} bytes, at most {most}", text.len())));
    }
    if has_control(key, text) {
        return Err(bad(format!("'{key}' has control characters")));
    }
    Ok(())
}

/// Whether a text has characters that cannot be shown, nor kept by every engine. A description has
/// lines.
pub(crate) fn has_control(key: &str, text: &str) -> bool {
    let breaks = |c: char| key == "description" && matches!(c, '\n' | '\r' | '\t');
    text.chars().any(|c| c.is_control() && !breaks(c))
}

fn set(metadata: &mut UploadMetadata, key: &str, value: String) -> Result<(), Problem> {
    let text = (!value.trim().is_empty()).then_some(value);
    match key {
        // Uppy and older clients say `name` and `type`.
        "filename" => metadata.filename = text,
        "name" if metadata.filename.is_none() => metadata.filename = text,
        "filetype" => metadata.filetype = text,
        "type" if metadata.filetype.is_none() => metadata.filetype = text,
        "title" => metadata.title = text,
        "description" => metadata.description = text,
        "language" => metadata.language = text.map(|tag| language(&tag)).transpose()?,
        "residency" => {
            metadata.residency = text.map_or(Ok(Residency::default()), |t| residency(&t))?
        }
        "protection" => {
            metadata.protection = text.map_or(Ok(Protection::default()), |t| protection(&t))?;
        }
        _ => {}
    }
    Ok(())
}

/// A BCP 47 tag (RFC 5646) by its shape: subtags of 1 to 8 letters or digits.
pub(crate) fn language(tag: &str) -> Result<String, Problem> {
    let subtag = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let primary = tag.split('-').next().unwrap_or_default();
    let letters =
        (2..=8).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_alphabetic());
    if tag.len() <= 35 && letters && tag.split('-').all(subtag) {
        Ok(tag.to_owned())
    } else {
        Err(bad(format!("language '{tag}' is no BCP 47 tag such as en or pt-BR")))
    }
}

fn residency(text: &str) -> Result<Residency, Problem> {
    match text {
        "global" => Ok(Residency::Global),
        "ng" => Ok(Residency::Ng),
        other => Err(bad(format!("residency '{other}' is not known: use global or ng"))),
    }
}

fn protection(text: &str) -> Result<Protection, Problem> {
    match text {
        "none" => Ok(Protection::None),
        "cbcs" => Ok(Protection::Cbcs),
        other => Err(bad(format!("protection '{other}' is not known: use none or cbcs"))),
    }
}

fn bad(detail: String) -> Problem {
    Problem::bad_request("metadata-bad", detail)
}

/// The header's text for what is stored (HEAD).
pub(crate) fn encode(metadata: &UploadMetadata) -> String {
    let residency = match metadata.residency {
        Residency::Global => None,
        Residency::Ng => Some("ng"),
    };
    let protection = match metadata.protection {
        Protection::None => None,
        Protection::Cbcs => Some("cbcs"),
    };
    [
        ("filename", metadata.filename.as_deref()),
        ("filetype", metadata.filetype.as_deref()),
        ("title", metadata.title.as_deref()),
        ("description", metadata.description.as_deref()),
        ("language", metadata.language.as_deref()),
        ("residency", residency),
        ("protection", protection),
    ]
    .iter()
    .filter_map(|(key, value)| value.map(|value| format!("{key} {}", STANDARD.encode(value))))
    .collect::<Vec<_>>()
    .join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<UploadMetadata, &str>) {
        match (parse(text, 12 * 1024), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text}"),
            (Err(problem), Err(expected)) => {
                assert_eq!(problem.status, 400);
                assert!(problem.detail.contains(expected), "{text}: {}", problem.detail);
            }
            (found, _) => panic!("{text}: {found:?}"),
        }
    }

    fn pair(key: &str, value: &str) -> String {
        format!("{key} {}", STANDARD.encode(value))
    }

    #[test]
    fn what_a_creator_says_is_kept_and_told_back() {
        let metadata = UploadMetadata {
            filename: Some("Ünïcode film.mp4".into()),
            filetype: Some("video/mp4".into()),
            title: Some("A film".into()),
            description: Some("Two\nlines".into()),
            language: Some("pt-BR".into()),
            residency: Residency::Ng,
            protection: Protection::Cbcs,
        };
        check(&encode(&metadata), Ok(metadata));
    }

    #[test]
    fn nothing_is_fine_and_a_key_without_a_value_is_empty() {
        check("", Ok(UploadMetadata::default()));
        check("title", Ok(UploadMetadata::default()));
        check("is_confidential, title ", Ok(UploadMetadata::default()));
    }

    #[test]
    fn keys_of_other_clients_are_skipped() {
        let expected = UploadMetadata { filename: Some("a.mp4".into()), ..Default::default() };
        check(&format!("relativePath bnVsbA==,{}", pair("name", "a.mp4")), Ok(expected));
    }

    #[test]
    fn what_does_not_parse_is_named() {
        check("title ???", Err("'title' is no base64"));
        check("title YQ==,title Yg==", Err("'title' twice"));
        check("title /w==", Err("'title' is no UTF-8"));
        check(&pair("residency", "mars"), Err("residency 'mars'"));
        check(&pair("protection", "rot13"), Err("protection 'rot13'"));
        check(&pair("language", "english please"), Err("language 'english please'"));
        check(&pair("title", &"x".repeat(501)), Err("'title' has 501 bytes"));
        check(&pair("filename", "a\0b"), Err("'filename' has control characters"));
        check("title YQ==,,filename YQ==", Err("empty key"));
        check(&"x".repeat(13_000), Err("Upload-Metadata has 13000 bytes"));
    }
}
