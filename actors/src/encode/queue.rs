//! Which wake-ups a job causes, and which a pool listens to. Pure.

use super::Work;
use playhouse_storage::model::{Job, JobClass};
use playhouse_storage::wakes::Queue;

/// Renditions of sound alone are named so.
const AUDIO: &str = "audio";

/// The queue of a job: a group is called by its largest rung, which takes the most time.
pub(crate) fn queue_of(job: &Job) -> Queue {
    match job.class {
        JobClass::Probe => Queue::PROBE,
        JobClass::Opening => Queue::OPENING,
        JobClass::Pictures => Queue::PICTURES,
        JobClass::Lowest | JobClass::Group | JobClass::Single => {
            let work = Work::from_value(&job.work);
            let names = work.as_ref().map(Work::renditions).unwrap_or_default();
            let rungs = names.iter().filter(|name| !name.starts_with(AUDIO));
            let largest = rungs.max_by_key(|name| height(name));
            match (largest, names.is_empty()) {
                (Some(rung), _) => Queue::video(rung),
                (None, false) => Queue::AUDIO,
                (None, true) => Queue::VIDEO_OTHER,
            }
        }
    }
}

/// The queues in which jobs of these classes are called.
pub(super) fn queues_of(classes: &[JobClass]) -> Vec<Queue> {
    let is_long =
        |class: &JobClass| matches!(class, JobClass::Lowest | JobClass::Group | JobClass::Single);
    let fits = |queue: &Queue| match *queue {
        Queue::PROBE => classes.contains(&JobClass::Probe),
        Queue::OPENING => classes.contains(&JobClass::Opening),
        Queue::PICTURES => classes.contains(&JobClass::Pictures),
        _ => classes.iter().any(is_long),
    };
    Queue::ALL.into_iter().filter(fits).collect()
}

fn height(rung: &str) -> u32 {
    rung.trim_end_matches('p').parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use playhouse_storage::model::{ContentId, JobId, JobState};

    fn check(class: JobClass, renditions: &[&str]) -> &'static str {
        let renditions = renditions.iter().map(|name| (*name).to_owned()).collect();
        let job = Job {
            id: JobId::new(),
            content_id: ContentId::new(),
            class,
            work: Work::Encode { renditions, end: None }.to_value(),
            state: JobState::Ready,
            not_before: Timestamp::UNIX_EPOCH,
            created_at: Timestamp::UNIX_EPOCH,
            traceparent: None,
        };
        let queue = queue_of(&job);
        assert!(queues_of(&[class]).contains(&queue), "who takes {class:?} hears it");
        queue.name()
    }

    #[test]
    fn a_job_is_called_where_those_listen_who_can_do_it() {
        assert_eq!(check(JobClass::Probe, &[]), "probe");
        assert_eq!(check(JobClass::Opening, &["360p", "audio-64k"]), "encode.opening");
        assert_eq!(check(JobClass::Lowest, &["360p", "audio-64k"]), "encode.video.360p");
        assert_eq!(check(JobClass::Group, &["480p", "1080p", "720p"]), "encode.video.1080p");
        assert_eq!(check(JobClass::Single, &["audio-128k"]), "encode.audio");
        assert_eq!(check(JobClass::Single, &["4320p"]), "encode.video.other");
    }

    #[test]
    fn who_has_a_place_for_short_jobs_alone_hears_of_no_other() {
        let short = [JobClass::Probe, JobClass::Opening];
        assert_eq!(queues_of(&short), [Queue::PROBE, Queue::OPENING]);
        assert_eq!(queues_of(&[]), []);
        assert_eq!(queues_of(&JobClass::ALL), Queue::ALL);
    }
}
