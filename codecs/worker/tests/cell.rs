//! What a worker that a parser has taken over still cannot do, and how it ends.

mod harness;

use harness::{Worker, clip};
use playhouse_codecs::worker::{Command, Event, Forbidden};
use std::fs;
use std::os::unix::process::ExitStatusExt as _;

fn refused(what: Forbidden) -> Option<String> {
    let ended = Worker::run(&clip(), &Command::Try(what));
    ended.assert_done();
    match &ended.events[..] {
        [Event::Tried { refused }, Event::Done] => refused.clone(),
        other => panic!("{other:?}"),
    }
}

fn check(what: Forbidden, reason: &str) {
    let answer = refused(what.clone()).unwrap_or_else(|| panic!("{what:?} was allowed"));
    assert!(answer.contains(reason), "{what:?}: {answer}");
}

#[test]
fn no_network_no_other_file_no_program_no_more_memory() {
    let elsewhere = tempfile::tempdir().expect("folder");
    let other = elsewhere.path().join("another-upload.mp4");
    fs::write(&other, b"not yours").expect("written");
    let path = other.to_str().expect("utf-8").to_owned();
    check(Forbidden::Socket, "Operation not permitted");
    check(Forbidden::Read { path: path.clone() }, "Permission denied");
    check(Forbidden::Write { path }, "Permission denied");
    check(Forbidden::Read { path: "/etc/passwd".into() }, "Permission denied");
    let new = elsewhere.path().join("new").to_str().expect("utf-8").to_owned();
    check(Forbidden::Write { path: new }, "Permission denied");
    check(Forbidden::Execute, "Operation not permitted");
    check(Forbidden::Allocate { bytes: 2 * harness::MEMORY_BYTES }, "out of memory");
    assert_eq!(fs::read(&other).expect("still there"), b"not yours");
}

/// The limit is a limit and not a wall: what a usual encode needs is there.
#[test]
fn memory_below_the_limit_is_given() {
    assert_eq!(refused(Forbidden::Allocate { bytes: 64 << 20 }), None);
}

/// A node that dies must not leave encoders behind, even one that hangs.
#[test]
fn it_ends_when_the_control_socket_closes() {
    let mut worker = Worker::start(&clip());
    worker.say(&Command::Try(Forbidden::Hang));
    worker.control.take();
    let status = worker.child.wait().expect("it ends");
    assert_eq!(status.code(), Some(3));
}

#[test]
fn a_crash_is_seen_as_its_signal() {
    let ended = Worker::run(&clip(), &Command::Try(Forbidden::Crash));
    assert_eq!(ended.events, []);
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV));
}
