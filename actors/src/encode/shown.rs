//! What an operator sees of an attempt: the job, how far it is, and its process. No names and
//! titles of creators.

use playhouse_storage::model::{ContentId, JobClass, Rendition};
use std::fmt::Write as _;

/// One line: `group of 0192…: 360p 7/10, 480p 3/10; worker 4711`.
pub(super) fn line<'a>(
    class: JobClass,
    content: ContentId,
    renditions: impl IntoIterator<Item = &'a Rendition>,
    worker: Option<u32>,
) -> String {
    let class: &'static str = class.into();
    let mut line = format!("{class} of {content}");
    let mut before = ": ";
    for rendition in renditions {
        let (done, total) = (rendition.segments_done, rendition.segments_total);
        // A string takes every write.
        let _ = write!(line, "{before}{} {done}/{total}", rendition.name);
        before = ", ";
    }
    if let Some(pid) = worker {
        let _ = write!(line, "; worker {pid}");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use playhouse_storage::model::{MediaKind, RenditionState};

    fn rendition(content_id: ContentId, name: &str, segments_done: u32) -> Rendition {
        Rendition {
            content_id,
            name: name.into(),
            kind: MediaKind::Video,
            position: 0,
            spec: serde_json::Value::Null,
            state: RenditionState::Encoding,
            segments_total: 10,
            segments_done,
            attempts: 0,
            init: None,
            average_bps: None,
            peak_bps: None,
            last_error: None,
            row_version: 1,
        }
    }

    #[test]
    fn the_line_says_what_is_made_how_far_it_is_and_by_which_process() {
        let id = ContentId::new();
        let made = [rendition(id, "360p", 7), rendition(id, "480p", 3)];
        assert_eq!(
            line(JobClass::Group, id, &made, Some(4711)),
            format!("group of {id}: 360p 7/10, 480p 3/10; worker 4711")
        );
        assert_eq!(line(JobClass::Probe, id, [], None), format!("probe of {id}"));
    }
}
