//! Encoding the way a node asks for it, judged by decoding what came out.

mod harness;

use harness::{Worker, clip, encode, generate, lowest, pictures, probe, samples};
use playhouse_codecs::plan::EncodePlan;
use playhouse_codecs::worker::{Command, Event, PictureJob, Storyboard, VideoTarget};

const LONG: &str = "-f lavfi -i testsrc2=s=320x240:r=25:d=15 -f lavfi -i sine=f=440:r=48000:d=15 \
                    -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 100 -c:a aac";

#[test]
fn a_film_becomes_exactly_the_planned_frames_and_packets() {
    let media = probe(&clip());
    let job = lowest(&media, None);
    let ended = encode(&clip(), &job);
    let (video, audio) = (&job.video[0].rung.name, &job.audio[0].rung.name);
    assert_eq!(pictures(&ended.joined(video)).len() as u64, job.timeline.frames);
    let packets = job.timeline.audio_packets(job.timeline.segments() - 1).end;
    assert_eq!(samples(&ended.joined(audio)).len() as u64, packets * 1_024);
    let left: Vec<_> = std::fs::read_dir(ended.folder.path())
        .expect("folder")
        .map(|entry| entry.expect("entry").file_name().into_string().expect("utf-8"))
        .filter(|name| name.ends_with(".tmp"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// A crash costs a segment, and nobody sees or hears where it was.
#[test]
fn a_range_that_begins_later_continues_the_same_stream() {
    let folder = tempfile::tempdir().expect("folder");
    let source = generate(&folder, "long.mp4", LONG);
    let media = probe(&source);
    let whole = encode(&source, &lowest(&media, None));
    let job = lowest(&media, Some(1..3));
    let resumed = encode(&source, &job);
    for name in [&job.video[0].rung.name, &job.audio[0].rung.name] {
        assert_eq!(whole.init(name), resumed.init(name), "{name}");
        let places = |segments: Vec<(u32, u64, u64, Vec<u8>)>| -> Vec<_> {
            segments.into_iter().map(|segment| (segment.0, segment.1, segment.2)).collect()
        };
        assert_eq!(places(whole.segments(name))[1..], places(resumed.segments(name)), "{name}");
    }
    let video = &job.video[0].rung.name;
    let (all, rest) = (pictures(&whole.joined(video)), pictures(&resumed.joined(video)));
    assert_eq!(all.len() - rest.len(), job.timeline.segment_range(0).end as usize);
    let off = all[all.len() - rest.len()..].iter().zip(&rest).map(|(a, b)| distance(a, b));
    assert!(off.fold(0.0, f64::max) < 4.0);
    let audio = &job.audio[0].rung.name;
    let (all, rest) = (samples(&whole.joined(audio)), samples(&resumed.joined(audio)));
    assert_eq!(all.len() - rest.len(), job.timeline.audio_start(1) as usize);
    // A decoder that starts at the seam fades its first packet in; from then on it is the same.
    let pairs = all[all.len() - rest.len()..].iter().zip(&rest).skip(1_024);
    let step = pairs.map(|(a, b)| a.abs_diff(*b)).max().expect("sound");
    assert!(step < 700, "{step}");
}

/// Sound was made faster than the node commits it, so one crash lost several segments of it.
#[test]
fn a_segment_is_held_back_until_the_one_before_is_committed() {
    let folder = tempfile::tempdir().expect("folder");
    let source = generate(&folder, "long.mp4", LONG);
    let mut job = lowest(&probe(&source), None);
    job.video.clear();
    let mut worker = Worker::start(&source);
    worker.say(&Command::Encode(job));
    let segment = |worker: &mut Worker| loop {
        match worker.event().expect("it goes on") {
            Event::SegmentWritten { index, .. } => break index,
            _ => continue,
        }
    };
    assert_eq!(segment(&mut worker), 0);
    // Two signs of life of a worker that has nothing to do but to wait.
    for _ in 0..2 {
        let event = worker.event();
        assert!(matches!(event, Some(Event::Progress { .. })), "{event:?}");
    }
    worker.commit();
    assert_eq!(segment(&mut worker), 1);
}

/// Each frame of the output shows the frame of the source at the same time.
#[test]
fn pictures_are_shown_at_their_time() {
    let folder = tempfile::tempdir().expect("folder");
    let source = generate(&folder, "long.mp4", LONG);
    let media = probe(&source);
    let job = lowest(&media, Some(1..2));
    let made = pictures(&encode(&source, &job).joined(&job.video[0].rung.name));
    let original = pictures(&source);
    let first = job.timeline.segment_range(1).start as usize;
    for (at, picture) in made.iter().enumerate() {
        let right = distance(picture, &original[first + at]);
        let before = distance(picture, &original[first + at - 1]);
        assert!(right < before, "frame {at}: {right} from its own, {before} from the one before");
    }
}

/// Sound that is late by whole packets is noticed at once by whoever sees lips move.
#[test]
fn a_click_stays_where_it_is() {
    let folder = tempfile::tempdir().expect("folder");
    let click = "-f lavfi -i aevalsrc=if(eq(n\\,48000)\\,0.9\\,0):s=48000:d=8 -c:a pcm_s16le";
    let source = generate(&folder, "click.wav", click);
    let media = probe(&source);
    for range in [None, Some(0..1)] {
        let job = lowest(&media, range);
        let heard = samples(&encode(&source, &job).joined(&job.audio[0].rung.name));
        let loudest = (0..heard.len()).max_by_key(|at| heard[*at].unsigned_abs()).expect("sound");
        assert!(loudest.abs_diff(48_000) <= 8, "{loudest}");
    }
}

/// Sound that begins after the picture is preceded by silence, not moved to the front.
#[test]
fn late_sound_stays_late() {
    let folder = tempfile::tempdir().expect("folder");
    let late = "-f lavfi -i testsrc2=s=320x240:r=25:d=4 -itsoffset 1.7 -f lavfi -i sine=f=500:d=2 \
                -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a flac";
    let source = generate(&folder, "late.mkv", late);
    let job = lowest(&probe(&source), None);
    let heard = samples(&encode(&source, &job).joined(&job.audio[0].rung.name));
    let first = heard.iter().position(|sample| sample.unsigned_abs() > 1_000).expect("sound");
    let last = heard.iter().rposition(|sample| sample.unsigned_abs() > 1_000).expect("sound");
    assert!(first.abs_diff(81_600) < 600, "{first}");
    assert!(last.abs_diff(177_600) < 600, "{last}");
}

/// A camera that was paused for an hour: the hole is filled as it is reached, not all at once, and
/// a job that ends before its end does not fill it.
#[test]
fn a_hole_of_an_hour_does_not_hold_up_what_comes_before_it() {
    let folder = tempfile::tempdir().expect("folder");
    let paused = "-f lavfi -i testsrc2=s=854x480:r=25:d=4 -vf \
                  setpts=if(gte(N\\,50)\\,PTS+3600/TB\\,PTS) -fps_mode passthrough \
                  -c:v libx264 -preset ultrafast -pix_fmt yuv420p";
    let media = probe(&generate(&folder, "paused.mkv", paused));
    let mut job = lowest(&media, Some(0..1));
    let rungs = EncodePlan::new(&media).ladder.video;
    job.video = rungs.into_iter().map(|rung| VideoTarget { rung, first: 0, end: 1 }).collect();
    assert!(job.video.len() > 1);
    let ended = encode(&folder.path().join("paused.mkv"), &job);
    for target in &job.video {
        let made = pictures(&ended.joined(&target.rung.name)).len();
        assert_eq!(made as u64, job.timeline.segment_range(0).end);
    }
}

/// A film that has just come must not wait for the cores that a long encode fills.
#[test]
fn a_long_encode_gives_way_and_an_opening_does_not() {
    let folder = tempfile::tempdir().expect("folder");
    let media = probe(&generate(&folder, "long.mp4", LONG));
    let mine = nice("self");
    for (end, nice_of_it) in [(2, mine), (3, (mine + 5).min(19))] {
        let mut worker = harness::Worker::start(&folder.path().join("long.mp4"));
        worker.say(&Command::Encode(lowest(&media, Some(0..end))));
        assert!(matches!(worker.event(), Some(Event::InitWritten { .. })));
        assert_eq!(nice(&worker.child.id().to_string()), nice_of_it);
        worker.control = None;
        worker.child.wait().expect("it ends without its node");
    }
}

/// The nice value of a process: the 19th of its stat (proc(5)), behind a name in brackets.
fn nice(process: &str) -> i32 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("it runs");
    let behind = stat.rsplit_once(')').expect("a name").1;
    let value = behind.split_whitespace().nth(16).expect("a stat has 52 fields");
    value.parse().expect("a nice value is a number")
}

/// A plan that does not fit the worker's is refused and never half done.
#[test]
fn a_range_beyond_the_content_is_refused() {
    let media = probe(&clip());
    let job = lowest(&media, Some(0..9));
    let (kind, _) = harness::Worker::run(&clip(), &Command::Encode(job)).failure();
    assert_eq!(kind, playhouse_codecs::worker::FailureKind::PlanMismatch);
}

#[test]
fn pictures_are_jpegs_of_the_asked_size() {
    let storyboard = Storyboard { columns: 3, rows: 2, tile_width: 120, interval_ms: 1_000 };
    let job = PictureJob {
        media: probe(&clip()),
        thumbnails_ms: vec![0, 2_500, 5_200],
        thumbnail_width: 320,
        storyboard: Some(storyboard),
    };
    let ended = harness::Worker::run(&clip(), &Command::Pictures(job));
    ended.assert_done();
    let sizes: Vec<_> = ended
        .events
        .iter()
        .filter_map(|event| match event {
            Event::PictureWritten { kind, file, width, height, .. } => {
                let bytes = std::fs::read(ended.path(file)).expect("readable");
                assert_eq!(bytes[..3], [0xff, 0xd8, 0xff]);
                Some((kind.as_str(), *width, *height))
            }
            _ => None,
        })
        .collect();
    let small = ("thumbnail", 320, 180);
    assert_eq!(sizes, [small, small, small, ("storyboard", 360, 136)]);
}

fn distance(a: &[u8], b: &[u8]) -> f64 {
    let sum: u32 = a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    f64::from(sum) / a.len() as f64
}
