//! Stories of the machine on plain data: rows in, the next step out, played until it rests.

use super::machine::{self, Facts, Next, Step};
use super::verdict::{self, Ended};
use super::{facts, remedy};
use crate::config::Config;
use crate::encode::{Outcome, Product, Work};
use jiff::Timestamp;
use playhouse_codecs::media::{AudioInfo, MediaInfo, VideoInfo};
use playhouse_codecs::worker::FailureKind;
use playhouse_storage::catalog::Write;
use playhouse_storage::model::{
    Check, Content, ContentId, DeadLetter, DeadLetterId, Job, JobClass, JobState, MediaKind,
    Protection, Rendition, RenditionState, Residency, Source, Stage, Status, UploadId,
    UploadMetadata,
};

/// The rows of one content, changed as the catalog would change them.
struct World {
    content: Content,
    renditions: Vec<Rendition>,
    jobs: Vec<Job>,
    topics: Vec<String>,
    config: Config,
    others_wait: bool,
}

const TOKEN: &str = "attempt";

impl World {
    /// A content whose source has just come.
    fn received() -> Self {
        let now = Timestamp::UNIX_EPOCH;
        let source = Source {
            key: "source/c/u".into(),
            size_bytes: 5_000_000,
            sha256: None,
            completed_at: now,
        };
        let content = Content {
            id: ContentId::new(),
            upload_id: UploadId::new(),
            owner: "ada".into(),
            title: "Bunny".into(),
            description: String::new(),
            language: None,
            residency: Residency::Global,
            protection: Protection::None,
            kind: None,
            status: Status::Processing,
            stage: Stage::Validate,
            source: Some(source),
            media: None,
            plan: None,
            duration_s: None,
            pictures: vec![],
            scan: Check::Pending,
            fingerprint: Check::Pending,
            blocked: None,
            tier: playhouse_storage::model::Tier::Hot,
            unlisted: false,
            created_at: now,
            updated_at: now,
            published_at: None,
            traceparent: None,
            row_version: 2,
        };
        Self {
            content,
            renditions: vec![],
            jobs: vec![],
            topics: vec![],
            config: Config::default(),
            others_wait: false,
        }
    }

    /// The same with a plan and its opening job.
    fn encoding(media: MediaInfo) -> Self {
        let mut world = Self::received();
        world.settle(&Check::NotConfigured);
        world.end(JobClass::Probe, &probed(media));
        world.settle(&Check::NotConfigured);
        world
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            content: &self.content,
            renditions: &self.renditions,
            jobs: &self.jobs,
            others_wait: self.others_wait,
            now: Timestamp::UNIX_EPOCH,
            config: &self.config,
        }
    }

    /// Steps until the machine waits; both checks answer `check`.
    fn settle(&mut self, check: &Check) {
        for _ in 0..32 {
            let step = match machine::advance(&self.facts()) {
                Next::Wait | Next::Remove => return,
                Next::Commit(step) => *step,
                Next::Scan => machine::scanned(&self.facts(), check.clone()),
                Next::Fingerprint => machine::compared(&self.facts(), check.clone()),
                Next::DropSource => machine::refused(&self.facts()),
            };
            self.apply(step);
        }
        panic!("it does not come to rest at {:?}", self.content.stage);
    }

    fn apply(&mut self, step: Step) {
        assert_eq!(step.content.row_version, self.content.row_version + 1);
        self.content = step.content;
        step.events.iter().for_each(crate::events::schemas::check);
        self.topics.extend(step.events.into_iter().map(|event| event.topic));
        for write in step.writes {
            match write {
                Write::InsertJob(job) => self.jobs.push(*job),
                Write::InsertRendition(rendition) => self.renditions.push(*rendition),
                Write::FinishJob { id, .. } => self.jobs.retain(|job| job.id != id),
                Write::RequeueJob { id, work, .. } => {
                    let job = self.jobs.iter_mut().find(|job| job.id == id).expect("known");
                    job.work = work;
                }
                Write::UpdateRendition(next) => {
                    let old = self.renditions.iter_mut().find(|it| it.name == next.name);
                    *old.expect("known") = *next;
                }
                Write::DeleteJobs(_) => self.jobs.clear(),
                Write::ReplayDeadLetter(..) => {}
                other => panic!("not of this machine: {other:?}"),
            }
        }
    }

    /// The first job of a class ends.
    fn end(&mut self, class: JobClass, outcome: &Outcome) {
        let job = self.jobs.iter().find(|job| job.class == class).expect("it waits").clone();
        let claimed = UploadMetadata::default();
        let ended = Ended { job: &job, token: TOKEN, outcome, dice: 0.0, claimed: &claimed };
        if let Some(step) = verdict::ended(&self.facts(), &ended) {
            self.apply(step);
        }
    }

    /// A rendition gets segments.
    fn make(&mut self, name: &str, done: u32) {
        let rendition = self.renditions.iter_mut().find(|it| it.name == name).expect("planned");
        rendition.segments_done = done.min(rendition.segments_total);
        let whole = rendition.segments_done == rendition.segments_total;
        rendition.state = if whole { RenditionState::Complete } else { RenditionState::Encoding };
    }

    fn make_all(&mut self) {
        for name in self.renditions.iter().map(|it| it.name.clone()).collect::<Vec<_>>() {
            self.make(&name, u32::MAX);
        }
    }

    fn fail(&mut self, name: &str) {
        let rendition = self.renditions.iter_mut().find(|it| it.name == name).expect("planned");
        rendition.state = RenditionState::Failed;
    }

    fn hashed(&mut self) {
        self.content.source.as_mut().expect("a source").sha256 = Some("s".into());
    }

    /// Jobs as a list of class and renditions.
    fn queue(&self) -> Vec<String> {
        let line = |job: &Job| {
            let work = Work::from_value(&job.work).expect("readable");
            format!("{:?} {}", job.class, work.renditions().join(" ")).trim().to_owned()
        };
        self.jobs.iter().map(line).collect()
    }
}

fn film(duration_s: f64) -> MediaInfo {
    let video = VideoInfo {
        index: 0,
        codec: "h264".into(),
        width: 1280,
        height: 720,
        display_width: 1280,
        display_height: 720,
        rotation: 0,
        mean_fps: 25.0,
        start_s: 0.0,
        duration_s,
        pixel_format: "yuv420p".into(),
        bit_depth: 8,
        hdr: false,
        interlaced: false,
    };
    MediaInfo { video: Some(video), ..song(duration_s) }
}

fn song(duration_s: f64) -> MediaInfo {
    let audio = AudioInfo {
        index: 1,
        codec: "aac".into(),
        channels: 2,
        sample_rate: 48_000,
        language: None,
        start_s: 0.0,
        duration_s,
        default: true,
    };
    MediaInfo {
        container: "mov,mp4,m4a,3gp,3g2,mj2".into(),
        announced_s: None,
        video: None,
        audio: vec![audio],
    }
}

fn probed(media: MediaInfo) -> Outcome {
    Outcome::Done { product: Product::Probed { media: Box::new(media) } }
}

fn encoded(speed: f64) -> Outcome {
    Outcome::Done { product: Product::Encoded { speed: Some(speed) } }
}

const CRASH: Outcome = Outcome::Crashed { signal: Some(11), code: None };

#[test]
fn a_film_is_opened_published_encoded_from_one_decode_and_finished() {
    let mut world = World::encoding(film(60.0));
    assert_eq!(world.content.kind, Some(MediaKind::Video));
    assert_eq!(world.queue(), ["Opening 360p audio-64k", "Pictures"]);
    world.make("360p", 2);
    world.settle(&Check::NotConfigured);
    assert_eq!(world.content.status, Status::Processing, "its sound is missing");
    assert!(machine::source_to_hash(&world.content).is_none(), "the cores are for its opening");
    world.make("audio-64k", 2);
    world.settle(&Check::NotConfigured);
    assert_eq!(world.content.status, Status::Published);
    world.end(JobClass::Opening, &encoded(20.0));
    assert!(machine::source_to_hash(&world.content).is_some());
    assert_eq!(world.queue(), ["Pictures", "Group 360p 480p 720p audio-64k audio-128k"]);
    world.make_all();
    world.end(JobClass::Group, &encoded(3.0));
    let pictures = Outcome::Done { product: Product::Pictures { pictures: vec![] } };
    world.end(JobClass::Pictures, &pictures);
    world.settle(&Check::NotConfigured);
    assert_eq!(world.content.stage, Stage::Finish, "the hash is still being computed");
    world.hashed();
    world.settle(&Check::NotConfigured);
    assert_eq!(world.content.stage, Stage::Done);
    assert_eq!(world.topics, ["media.published", "media.transcoding.completed"]);
}

#[test]
fn a_source_that_cannot_be_read_does_not_keep_its_content_waiting() {
    let mut world = World::encoding(film(60.0));
    world.jobs.clear();
    world.make_all();
    world.settle(&Check::NotConfigured);
    assert_eq!(world.content.stage, Stage::Finish, "the hash is missing");
    let step = machine::unhashed(&world.facts()).expect("it is due");
    world.apply(step);
    assert!(machine::unhashed(&world.facts()).is_none(), "told once");
    world.settle(&Check::NotConfigured);
    assert_eq!((world.content.stage, world.content.status), (Stage::Done, Status::Published));
    assert_eq!(world.content.blocked.expect("its owner is told").code, "source_unreadable");
}

#[test]
fn when_others_wait_the_lowest_rung_is_finished_alone_first() {
    let mut world = World::encoding(film(60.0));
    world.others_wait = true;
    world.make("360p", 2);
    world.make("audio-64k", 2);
    world.end(JobClass::Opening, &encoded(20.0));
    assert_eq!(world.queue(), ["Pictures", "Lowest 360p audio-64k"]);
    world.make("360p", 10);
    world.make("audio-64k", 10);
    world.end(JobClass::Lowest, &encoded(9.0));
    assert_eq!(world.queue(), ["Pictures", "Group 480p 720p audio-128k"]);
}

#[test]
fn after_a_crash_of_the_node_the_rows_alone_tell_what_comes_next() {
    let mut world = World::encoding(film(60.0));
    let before = world.queue();
    world.settle(&Check::NotConfigured);
    assert_eq!(world.queue(), before, "asked again, it does not queue twice");
    // The opening job's end was committed, what follows it was not.
    world.jobs.retain(|job| job.class != JobClass::Opening);
    world.make("360p", 2);
    world.make("audio-64k", 2);
    world.settle(&Check::NotConfigured);
    assert_eq!(world.queue(), ["Pictures", "Lowest 360p audio-64k"]);
    assert_eq!(world.content.status, Status::Published);
}

#[test]
fn a_failed_group_goes_on_as_one_job_for_each_unfinished_rung() {
    let mut world = World::encoding(film(60.0));
    world.make("360p", 2);
    world.make("audio-64k", 2);
    world.end(JobClass::Opening, &encoded(20.0));
    world.make("360p", 10);
    world.end(JobClass::Group, &CRASH);
    assert_eq!(
        world.queue(),
        ["Pictures", "Single 480p", "Single 720p", "Single audio-64k", "Single audio-128k"]
    );
}

#[test]
fn a_failed_opening_splits_the_whole_ladder() {
    let mut world = World::encoding(film(60.0));
    world.end(JobClass::Opening, &CRASH);
    assert_eq!(world.queue().len(), 6, "{:?}", world.queue());
}

#[test]
fn a_full_disk_puts_a_group_back_as_it_is() {
    let mut world = World::encoding(film(60.0));
    let full = Outcome::HostFailed { error: "storage is full".into() };
    world.end(JobClass::Opening, &full);
    assert_eq!(world.queue(), ["Opening 360p audio-64k", "Pictures"]);
}

#[test]
fn when_the_lowest_rung_gives_up_the_next_one_is_published() {
    let mut world = World::encoding(film(60.0));
    world.fail("360p");
    world.make("480p", 2);
    world.make("audio-128k", 2);
    world.settle(&Check::NotConfigured);
    assert_eq!(world.content.status, Status::Published);
}

#[test]
fn when_every_rendition_gives_up_the_content_has_failed_and_can_be_replayed() {
    let mut world = World::encoding(film(60.0));
    world.jobs.clear();
    for name in ["360p", "480p", "720p", "audio-64k", "audio-128k"] {
        world.fail(name);
    }
    world.hashed();
    world.settle(&Check::NotConfigured);
    assert_eq!(world.content.status, Status::Failed);
    let letter = DeadLetter {
        id: DeadLetterId::new(),
        content_id: world.content.id,
        rendition: "360p".into(),
        reason: "it crashed".into(),
        attempts: 5,
        work: serde_json::Value::Null,
        created_at: Timestamp::UNIX_EPOCH,
        replayed_at: None,
    };
    let step = remedy::replay(&world.facts(), &letter).expect("it can be replayed");
    world.apply(step);
    assert_eq!(world.queue(), ["Single 360p"]);
    assert_eq!(world.content.status, Status::Processing);
    assert_eq!(world.renditions[0].state, RenditionState::Waiting);
    assert!(remedy::replay(&world.facts(), &letter).is_err(), "it runs already");
}

#[test]
fn a_film_whose_every_rung_gives_up_after_its_opening_has_failed() {
    let mut world = World::encoding(film(60.0));
    world.make("360p", 2);
    world.make("audio-64k", 2);
    world.settle(&Check::NotConfigured);
    assert_eq!(world.content.status, Status::Published);
    world.jobs.clear();
    for name in ["360p", "480p", "720p", "audio-64k", "audio-128k"] {
        world.fail(name);
    }
    world.hashed();
    world.settle(&Check::NotConfigured);
    assert_eq!(world.content.status, Status::Failed, "nothing of it plays any more");
    assert_eq!(world.content.blocked.expect("a reason").code, "encode_failed");
}

#[test]
fn audio_only_content_is_published_with_its_lowest_rendition() {
    let mut world = World::encoding(song(60.0));
    assert_eq!(world.queue(), ["Opening audio-64k"]);
    world.make("audio-64k", 2);
    world.settle(&Check::NotConfigured);
    assert_eq!(world.content.status, Status::Published);
}

#[test]
fn a_file_that_is_no_media_is_refused_with_its_reason_and_loses_its_source() {
    let mut world = World::received();
    world.settle(&Check::NotConfigured);
    let detail = "no container was recognised".to_owned();
    world.end(JobClass::Probe, &Outcome::Failed { kind: FailureKind::NotMedia, detail });
    assert_eq!(world.content.stage, Stage::Validate, "the source's bytes go first");
    assert_eq!(world.content.status, Status::Failed);
    world.settle(&Check::NotConfigured);
    assert_eq!((world.content.stage, world.content.source.is_none()), (Stage::Failed, true));
    assert_eq!(world.content.blocked.expect("a reason").code, "not_media");
    assert_eq!(world.topics, ["media.upload.blocked"]);
}

#[test]
fn a_source_that_kills_five_probes_is_refused() {
    let mut world = World::received();
    world.settle(&Check::NotConfigured);
    for _ in 0..4 {
        world.end(JobClass::Probe, &CRASH);
        assert_eq!(world.content.blocked, None);
    }
    world.end(JobClass::Probe, &CRASH);
    assert_eq!(world.content.blocked.expect("a reason").code, "probe_failed");
    assert_eq!(world.jobs, vec![]);
}

#[test]
fn what_a_check_finds_blocks_and_only_an_engine_that_looked_can_clear() {
    let mut found = World::received();
    found.content.stage = Stage::Scan;
    found.settle(&Check::Found { engine: "clam 1.4".into(), what: "eicar".into() });
    assert_eq!(found.content.status, Status::Blocked);
    assert_eq!(found.topics, ["media.upload.blocked"]);

    let mut clean = World::received();
    clean.content.stage = Stage::Scan;
    clean.content.media = serde_json::to_value(film(60.0)).ok();
    clean.settle(&Check::Clean { engine: "clam 1.4".into() });
    assert_eq!(clean.topics, ["media.copyright.cleared"]);
    assert_eq!(World::encoding(film(60.0)).topics, Vec::<String>::new());
}

#[test]
fn pictures_that_cannot_be_made_do_not_hold_up_a_film() {
    let mut world = World::encoding(film(60.0));
    for _ in 0..5 {
        world.end(JobClass::Pictures, &CRASH);
    }
    assert_eq!(world.queue(), ["Opening 360p audio-64k"]);
}

#[test]
fn a_late_result_of_another_attempt_is_no_result() {
    let mut world = World::encoding(film(60.0));
    let job = &mut world.jobs[0];
    job.state = JobState::Leased { token: "new".into(), until: Timestamp::UNIX_EPOCH };
    let id = job.id;
    assert!(verdict::held(&world.jobs, id, "old").is_none());
    assert!(verdict::held(&world.jobs, id, "new").is_some());
}

#[test]
fn a_deletion_is_stored_before_a_byte_goes() {
    let mut world = World::encoding(film(60.0));
    let step = remedy::delete(&world.facts()).expect("not deleted yet");
    world.apply(step);
    assert_eq!((world.content.stage, world.jobs.len()), (Stage::Deleting, 0));
    assert!(matches!(machine::advance(&world.facts()), Next::Remove));
    assert!(remedy::delete(&world.facts()).is_none(), "once is enough");
}

#[test]
fn an_event_names_its_content_and_owner() {
    let world = World::received();
    let event = facts::published(&world.content);
    assert_eq!(event.key, world.content.id.to_string());
    assert_eq!(event.payload["owner"], "ada");
    crate::events::schemas::check(&event);
    crate::events::schemas::check(&facts::upload_initiated(&world.content));
}
