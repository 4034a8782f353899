//! Starts the real binary as the node does: control socket on 3, source on 4, a folder to fill.

#![allow(unsafe_code, dead_code)]

use playhouse_codecs::media::MediaInfo;
use playhouse_codecs::plan::{EncodePlan, audio_track};
use playhouse_codecs::worker::{
    AudioTarget, COMMITTED, Command, EncodeJob, Event, FailureKind, PROTOCOL_VERSION, VideoTarget,
    frame,
};
use std::fs::{self, File};
use std::io::Write as _;
use std::ops::Range;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{self, Child, ExitStatus};
use std::time::Duration;
use tempfile::TempDir;

/// Room for a small encode; far below what a parser gone wild would take.
pub(crate) const MEMORY_BYTES: u64 = 2 << 30;

/// A running worker.
pub(crate) struct Worker {
    pub(crate) child: Child,
    pub(crate) control: Option<UnixStream>,
    pub(crate) folder: TempDir,
}

/// How a worker ended.
pub(crate) struct Ended {
    pub(crate) events: Vec<Event>,
    pub(crate) status: ExitStatus,
    pub(crate) folder: TempDir,
}

impl Worker {
    /// Starts one over `source` and waits until it is confined.
    pub(crate) fn start(source: &Path) -> Self {
        Self::start_on(File::open(source).expect("source").into())
    }

    /// The same over whatever the source's descriptor is.
    pub(crate) fn start_on(source: OwnedFd) -> Self {
        let (ours, theirs) = UnixStream::pair().expect("socket pair");
        ours.set_read_timeout(Some(Duration::from_secs(60))).expect("timeout");
        let folder = tempfile::tempdir().expect("folder");
        let mut command = process::Command::new(env!("CARGO_BIN_EXE_codec-worker"));
        command.arg("--output").arg(folder.path());
        command.args(["--memory-bytes", &MEMORY_BYTES.to_string(), "--file-bytes", "100000000"]);
        let (control, inherited) = (theirs.as_raw_fd(), source.as_raw_fd());
        // SAFETY: only dup calls between fork and exec.
        unsafe { command.pre_exec(move || inherit(control, inherited)) };
        let child = command.spawn().expect("the worker starts");
        let mut worker = Self { child, control: Some(ours), folder };
        assert!(matches!(worker.event(), Some(Event::Ready { version: PROTOCOL_VERSION })));
        worker
    }

    pub(crate) fn say(&mut self, command: &Command) {
        frame::write(self.control.as_mut().expect("open"), command).expect("said");
    }

    pub(crate) fn event(&mut self) -> Option<Event> {
        frame::read(self.control.as_mut().expect("open")).expect("an event")
    }

    /// Tells it that a segment is committed; it may have ended.
    pub(crate) fn commit(&mut self) {
        let _ = self.control.as_mut().expect("open").write_all(&[COMMITTED]);
    }

    /// Gives it one command and hears it to the end.
    pub(crate) fn run(source: &Path, command: &Command) -> Ended {
        Self::start(source).hear(command)
    }

    /// Gives it its command and hears it to the end.
    pub(crate) fn hear(mut self, command: &Command) -> Ended {
        let worker = &mut self;
        worker.say(command);
        let mut events = Vec::new();
        while let Some(event) = worker.event() {
            if matches!(event, Event::SegmentWritten { .. }) {
                worker.commit();
            }
            events.push(event);
        }
        let status = worker.child.wait().expect("ended");
        Ended { events, status, folder: self.folder }
    }
}

fn inherit(control: i32, source: i32) -> std::io::Result<()> {
    // SAFETY: duplicates descriptors that the parent keeps open; high numbers come first, since
    // either may be 3 or 4 itself.
    let answers = unsafe {
        let control = libc::fcntl(control, libc::F_DUPFD_CLOEXEC, 64);
        let source = libc::fcntl(source, libc::F_DUPFD_CLOEXEC, 64);
        [libc::dup2(control, 3), libc::dup2(source, 4)]
    };
    if answers.contains(&-1) { Err(std::io::Error::last_os_error()) } else { Ok(()) }
}

impl Ended {
    pub(crate) fn failure(&self) -> (FailureKind, String) {
        match self.events.last() {
            Some(Event::Failed { kind, detail }) => (*kind, detail.clone()),
            other => panic!("no failure but {other:?}, {}", self.status),
        }
    }

    pub(crate) fn assert_done(&self) {
        assert_eq!(self.events.last(), Some(&Event::Done), "{:?}", self.events);
        assert!(self.status.success(), "{}", self.status);
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// The init segment's bytes.
    pub(crate) fn init(&self, name: &str) -> Vec<u8> {
        let file = self.events.iter().find_map(|event| match event {
            Event::InitWritten { rendition, file, .. } if rendition == name => Some(file),
            _ => None,
        });
        fs::read(self.path(file.expect("an init segment"))).expect("readable")
    }

    /// Index, start, duration and bytes of each segment.
    pub(crate) fn segments(&self, name: &str) -> Vec<(u32, u64, u64, Vec<u8>)> {
        let of = |event: &Event| match event {
            Event::SegmentWritten { rendition, index, file, pts, duration, .. }
                if rendition == name =>
            {
                Some((*index, *pts, *duration, fs::read(self.path(file)).expect("readable")))
            }
            _ => None,
        };
        self.events.iter().filter_map(of).collect()
    }

    /// Init and segments as one playable file.
    pub(crate) fn joined(&self, name: &str) -> PathBuf {
        let mut bytes = self.init(name);
        bytes.extend(self.segments(name).into_iter().flat_map(|segment| segment.3));
        let path = self.path(&format!("{name}.joined.mp4"));
        fs::write(&path, bytes).expect("written");
        path
    }
}

pub(crate) fn clip() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/media/bbb-720p-5s.mp4")
}

/// Makes a file with ffmpeg; `arguments` are split at spaces.
pub(crate) fn generate(folder: &TempDir, name: &str, arguments: &str) -> PathBuf {
    let path = folder.path().join(name);
    let mut command = process::Command::new("ffmpeg");
    command.args(["-v", "error", "-y"]).args(arguments.split(' ')).arg(&path);
    assert!(command.status().expect("ffmpeg is installed").success(), "{arguments}");
    path
}

/// Decodes with ffmpeg, which must not complain; its standard output.
pub(crate) fn decoded(path: &Path, arguments: &str) -> Vec<u8> {
    let mut command = process::Command::new("ffmpeg");
    command.args(["-v", "error", "-i"]).arg(path).args(arguments.split(' ')).arg("-");
    let output = command.output().expect("ffmpeg is installed");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{}", path.display());
    output.stdout
}

/// Small grey pictures, one for each frame.
pub(crate) fn pictures(path: &Path) -> Vec<Vec<u8>> {
    let bytes = decoded(path, "-vf scale=32:18 -pix_fmt gray -fps_mode passthrough -f rawvideo");
    bytes.chunks(32 * 18).map(<[u8]>::to_vec).collect()
}

/// Mono samples at 48 kHz.
pub(crate) fn samples(path: &Path) -> Vec<i16> {
    let bytes = decoded(path, "-ac 1 -f s16le");
    bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}

pub(crate) fn probe(source: &Path) -> MediaInfo {
    let ended = Worker::run(source, &Command::Probe);
    ended.assert_done();
    let found = ended.events.into_iter().find_map(|event| match event {
        Event::Probed { media } => Some(media),
        _ => None,
    });
    found.expect("a probe")
}

/// A job for the lowest rung and its audio, over a range of segments (all when `None`).
pub(crate) fn lowest(media: &MediaInfo, range: Option<Range<u32>>) -> EncodeJob {
    let plan = EncodePlan::new(media);
    let range = range.unwrap_or(0..plan.timeline.segments());
    let (first, end) = (range.start, range.end);
    let video = plan.ladder.video.into_iter().take(1);
    let audio = plan.ladder.audio.into_iter().take(1);
    EncodeJob {
        attempt: format!("from{first}"),
        audio_index: audio_track(media).map(|audio| audio.index),
        media: media.clone(),
        timeline: plan.timeline,
        video: video.map(|rung| VideoTarget { rung, first, end }).collect(),
        audio: audio.map(|rung| AudioTarget { rung, first, end }).collect(),
    }
}

pub(crate) fn encode(source: &Path, job: &EncodeJob) -> Ended {
    let ended = Worker::run(source, &Command::Encode(job.clone()));
    ended.assert_done();
    ended
}
