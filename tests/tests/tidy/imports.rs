//! Imports go down only. Cargo enforces what the manifests say; this holds the manifests.

use crate::repository::{Breach, File, files};

/// Which packages of the house each package may use.
const MAY_USE: [(&str, &[&str]); 8] = [
    ("supervisors/Cargo.toml", &["gateway", "actors", "storage", "codecs"]),
    ("gateway/Cargo.toml", &["actors", "storage"]),
    ("actors/Cargo.toml", &["storage", "codecs"]),
    ("storage/Cargo.toml", &[]),
    ("codecs/Cargo.toml", &[]),
    ("codecs/worker/Cargo.toml", &["codecs"]),
    ("loadtests/Cargo.toml", &[]),
    ("tests/Cargo.toml", &[]),
];

/// What must never be in a package, whoever asks for it.
const NEVER: [(&str, &[&str]); 4] = [
    ("codecs/Cargo.toml", &["tokio", "reqwest", "axum", "rusqlite", "ffmpeg-next"]),
    ("actors/Cargo.toml", &["axum", "reqwest", "rusqlite", "ffmpeg-next"]),
    ("storage/Cargo.toml", &["axum", "ractor", "reqwest", "ffmpeg-next"]),
    ("gateway/Cargo.toml", &["rusqlite", "ractor", "ffmpeg-next"]),
];

#[test]
fn imports_go_down_only() {
    let mut breaches = Vec::new();
    let manifests = files(&["/Cargo.toml"]);
    for manifest in &manifests {
        let used = dependencies(manifest);
        let allowed = MAY_USE.iter().find(|(path, _)| *path == manifest.path);
        let Some((_, allowed)) = allowed else {
            breaches.push(Breach::new(manifest, 1, "a package that MAY_USE does not know"));
            continue;
        };
        for name in used.iter().filter_map(|name| name.strip_prefix("playhouse-")) {
            if !allowed.contains(&name) {
                breaches.push(Breach::new(manifest, 1, format!("may not use {name}")));
            }
        }
        let never = NEVER.iter().find(|(path, _)| *path == manifest.path);
        for name in never.map_or(&[][..], |(_, names)| names) {
            if used.iter().any(|used| used == name) {
                breaches.push(Breach::new(manifest, 1, format!("must never have {name}")));
            }
        }
    }
    assert_eq!(manifests.len(), MAY_USE.len(), "every package is there");
    crate::assert_tidy(&breaches);
}

/// Names under `[dependencies]`; what only tests use is free.
fn dependencies(manifest: &File) -> Vec<String> {
    let table: toml::Table = manifest.text.parse().expect("a manifest is TOML");
    let used = table.get("dependencies").and_then(toml::Value::as_table);
    used.map(|used| used.keys().cloned().collect()).unwrap_or_default()
}
