//! Two checkouts of the repository may share the cache folder with what was built.

use playhouse_tests::command;
use std::path::Path;
use std::process::Command;

/// Makes what was built this checkout's own, as every command that builds does.
fn own_builds(cache: &Path) {
    let mut bash = Command::new("bash");
    bash.args(["-c", ". ops/lib.sh; own_builds"]).current_dir(playhouse_tests::root());
    bash.env("PLAYHOUSE_CACHE", cache).env_remove("CARGO_TARGET_DIR");
    let ended = command::run(&mut bash);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

#[test]
fn what_another_checkout_built_is_not_taken_for_ones_own() {
    let cache = tempfile::tempdir().expect("a folder");
    let target = cache.path().join("target");
    let fingerprints = target.join("debug/.fingerprint");
    let ours = fingerprints.join("playhouse-storage-0123456789abcdef");
    let dependency = fingerprints.join("serde-0123456789abcdef");
    for folder in [&ours, &dependency] {
        std::fs::create_dir_all(folder).expect("a folder");
    }
    std::fs::write(target.join("checkout"), "/somewhere/else").expect("a file");

    own_builds(cache.path());
    assert_eq!((ours.exists(), dependency.exists()), (false, true));

    std::fs::create_dir_all(&ours).expect("a folder");
    own_builds(cache.path());
    assert!(ours.exists(), "built by this checkout, and gone");
}
