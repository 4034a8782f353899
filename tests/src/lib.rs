//! What the user stories share: a sandbox with real node processes, media, and a plain client.
//!
//! The stories see the system as its users do: a binary, its command line, HTTP, and the files
//! that ffmpeg says are whole. Nothing here links the system's crates.

pub mod client;
pub mod command;
pub mod media;
pub mod sandbox;

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

/// A binary of the workspace, beside the running test's own folder.
///
/// # Panics
/// When it is not built: `cargo test` builds no other package's binaries, `ops/test` does.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a running test has an executable");
    // target/debug/deps/stories-… lies one folder below target/debug/playhouse.
    let path = test.parent().and_then(Path::parent).expect("target/debug/deps").join(name);
    assert!(
        path.exists(),
        "{} is not built: run `cargo build --bin playhouse --bin codec-worker` or ops/test",
        path.display()
    );
    path
}
