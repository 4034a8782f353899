//! A source that is no file here: the worker asks for ranges of it over a socket.

mod harness;

use harness::{Worker, clip, encode, lowest, pictures, probe};
use playhouse_codecs::worker::ranges::{ASK_BYTES, Ask, UNREADABLE};
use playhouse_codecs::worker::{Command, Event, FailureKind};
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::thread::{Builder, JoinHandle};

/// Starts a worker over a socket that serves the first `readable` bytes of the clip.
fn start(readable: usize) -> (Worker, JoinHandle<()>) {
    let (mut ours, theirs) = UnixStream::pair().expect("socket pair");
    let bytes = std::fs::read(clip()).expect("the clip");
    let serve = move || {
        ours.write_all(&(bytes.len() as u64).to_be_bytes()).expect("the worker is there");
        let mut question = [0; ASK_BYTES];
        while ours.read_exact(&mut question).is_ok() {
            let range = Ask::read(question, bytes.len() as u64).expect("a small range");
            let range = range.start as usize..range.end as usize;
            let sent = if range.end > readable {
                ours.write_all(&UNREADABLE)
            } else {
                let length = (range.len() as u32).to_be_bytes();
                ours.write_all(&length).and_then(|()| ours.write_all(&bytes[range]))
            };
            if sent.is_err() {
                return;
            }
        }
    };
    let server = Builder::new().name("server".into()).spawn(serve).expect("a thread");
    (Worker::start_on(theirs.into()), server)
}

#[test]
fn a_served_source_brings_the_same_as_a_file() {
    let media = probe(&clip());
    let (worker, server) = start(usize::MAX);
    let probed = worker.hear(&Command::Probe);
    probed.assert_done();
    assert!(probed.events.contains(&Event::Probed { media: media.clone() }), "{:?}", probed.events);
    server.join().expect("it served to the end");

    let job = lowest(&media, None);
    let (worker, server) = start(usize::MAX);
    let served = worker.hear(&Command::Encode(job.clone()));
    served.assert_done();
    server.join().expect("it served to the end");
    let file = encode(&clip(), &job);
    let video = &job.video[0].rung.name;
    assert_eq!(served.init(video), file.init(video));
    assert_eq!(pictures(&served.joined(video)).len(), pictures(&file.joined(video)).len());
}

#[test]
fn a_source_that_cannot_be_read_is_not_called_broken() {
    let (worker, server) = start(100_000);
    let (kind, detail) = worker.hear(&Command::Probe).failure();
    assert_eq!(kind, FailureKind::Internal, "{detail}");
    server.join().expect("it served to the end");
}

#[test]
fn it_ends_when_its_server_is_gone() {
    let (ours, theirs) = UnixStream::pair().expect("socket pair");
    drop(ours);
    let (kind, detail) = Worker::start_on(theirs.into()).hear(&Command::Probe).failure();
    assert_eq!(kind, FailureKind::Internal, "{detail}");
}
