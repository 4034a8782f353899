//! What the user stories share: a sandbox with real node processes, media, and a plain client.
//!
//! The stories see the system as its users do: a binary, its command line, HTTP, and the files
//! that ffmpeg says are whole. Nothing here links the system's crates.

pub mod client;
pub mod command;
#[cfg(feature = "real-engines")]
pub mod engines;
pub mod exposition;
pub mod history;
pub mod media;
pub mod moment;
pub mod patient;
pub mod random;
pub mod sandbox;
pub mod schemas;
pub mod traces;
pub mod views;
pub mod wire;
pub mod worker;

use std::path::{Path, PathBuf};

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent").to_owned()
}

/// The 5 s clip that the repository carries: 1280x720, H.264 and AAC.
#[must_use]
pub fn clip() -> PathBuf {
    root().join("tests/media/bbb-720p-5s.mp4")
}

/// A binary of the workspace: in the folder that `PLAYHOUSE_BIN` names, else beside the running
/// program's own folder.
///
/// # Panics
/// When it is not built: `cargo test` builds no other package's binaries, `ops/test` does.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    let path = match std::env::var_os("PLAYHOUSE_BIN") {
        Some(folder) => PathBuf::from(folder).join(name),
        None => beside_me().join(name),
    };
    assert!(
        path.exists(),
        "{} is not built: run `cargo build --bin playhouse --bin codec-worker` or ops/test",
        path.display()
    );
    path
}

/// `target/debug` of `target/debug/campaign` and of `target/debug/deps/stories-…`.
fn beside_me() -> PathBuf {
    let me = std::env::current_exe().expect("a running program has an executable");
    let folder = me.parent().expect("an executable lies in a folder");
    let deps = folder.file_name().is_some_and(|name| name == "deps");
    if deps { folder.parent().unwrap_or(folder) } else { folder }.to_owned()
}
