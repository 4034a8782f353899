//! Still pictures: thumbnails to choose from, and one sheet of tiles for the seek bar.
//!
//! They show what the renditions show: upright, square pixels, BT.709. A thumbnail near the
//! wanted time is chosen for what can be seen on it, since films fade in from black.

mod jpeg;
mod score;
mod sheet;

use crate::control::Control;
use crate::failure::{Failure, Result};
use crate::filters::{Graph, Incoming, Outgoing};
use crate::output::Output;
use crate::reader::Reader;
use ffmpeg::frame;
use ffmpeg_next as ffmpeg;
use playhouse_codecs::media::VideoInfo;
use playhouse_codecs::worker::{Event, PictureJob};

/// Pictures in a row among which a thumbnail is chosen, and how many are passed between two.
const CANDIDATES: usize = 8;
const CANDIDATE_STEP: usize = 4;

/// Going on costs less than a seek up to here: a seek begins at a key frame, in two seconds of most
/// films, and throws away what the decoder's threads have begun.
const NEAR_S: f64 = 2.0;
/// Beyond the farthest that a seek aims back: who has to begin at the start here cannot seek.
const SEEK_BACK_S_MAX: f64 = 62.0;

/// Makes the pictures of a job.
///
/// # Errors
/// `PlanMismatch` when there is no video or the sheet is too large, `Internal` for the rest.
pub(crate) fn make(control: &Control, output: &Output, job: &PictureJob) -> Result<()> {
    let none = || Failure::mismatch("pictures of a source without video");
    let media = job.media.video.as_ref().ok_or_else(none)?;
    let reader = Reader::open(media.index, 2)?;
    let mut stills = Stills { control, media, reader, last_s: None, unseekable: false };
    for (number, at_ms) in job.thumbnails_ms.iter().enumerate() {
        let size = fitted(media, job.thumbnail_width);
        if let Some((at_s, picture)) = stills.best_near(*at_ms as f64 / 1_000.0, size)? {
            let done = Done { kind: "thumbnail", file: format!("thumbnail-{number}.jpg"), at_s };
            done.write(control, output, &picture)?;
        }
    }
    if let Some(board) = job.storyboard {
        let picture = sheet::make(&mut stills, &board)?;
        let done = Done { kind: "storyboard", file: "storyboard.jpg".to_owned(), at_s: 0.0 };
        done.write(control, output, &picture)?;
    }
    Ok(())
}

/// Even size of that width in the shape of the video, never larger than it.
fn fitted(media: &VideoInfo, width: u32) -> (u32, u32) {
    let even = |value: f64| ((value / 2.0).round() as u32 * 2).max(2);
    let width = even(f64::from(width.min(media.display_width)));
    let shape = f64::from(media.display_height) / f64::from(media.display_width.max(1));
    (width, even(f64::from(width) * shape))
}

struct Done {
    kind: &'static str,
    file: String,
    at_s: f64,
}

impl Done {
    fn write(self, control: &Control, output: &Output, picture: &frame::Video) -> Result<()> {
        let written = output.write(self.file, &jpeg::encode(picture)?)?;
        control.send(&Event::PictureWritten {
            kind: self.kind.to_owned(),
            file: written.file,
            width: picture.width(),
            height: picture.height(),
            at_ms: (self.at_s.max(0.0) * 1_000.0).round() as u64,
            bytes: written.bytes,
        });
        Ok(())
    }
}

/// Single pictures of the source.
struct Stills<'a> {
    control: &'a Control,
    media: &'a VideoInfo,
    reader: Reader,
    /// Time of the last picture that was read; none at the start and at the end.
    last_s: Option<f64>,
    /// No seek works: each would decode from the start, hours of a long film for each picture.
    unseekable: bool,
}

/// Whether a picture at `at_s` is reached by reading on.
fn goes_on(last_s: Option<f64>, at_s: f64, unseekable: bool) -> bool {
    last_s.is_some_and(|last_s| last_s <= at_s && (unseekable || at_s - last_s <= NEAR_S))
}

type Still = Option<(f64, frame::Video)>;

impl Stills<'_> {
    /// The picture near `at_s` on which most can be seen.
    fn best_near(&mut self, at_s: f64, size: (u32, u32)) -> Result<Still> {
        let mut found = self.at(at_s, 0.0)?;
        let mut best: Option<(f64, f64, frame::Video)> = None;
        for _ in 0..CANDIDATES {
            let Some((seconds, picture)) = found.take() else { break };
            let still = self.convert(&picture, size)?;
            let score = score::of(&still);
            if best.as_ref().is_none_or(|(most, ..)| score > *most) {
                best = Some((score, seconds, still));
            }
            for _ in 0..CANDIDATE_STEP {
                found = self.next()?;
            }
        }
        Ok(best.map(|(_, seconds, still)| (seconds, still)))
    }

    /// The first picture from `at_s - early_s` on, else the last one before the end.
    fn at(&mut self, at_s: f64, early_s: f64) -> Result<Still> {
        let target = self.media.start_s + at_s;
        if goes_on(self.last_s, at_s, self.unseekable)
            && let Some(still) = self.onwards(at_s, early_s, false)?
        {
            return Ok(Some(still));
        }
        if self.reader.seek_to_key(target)
            && let Some(still) = self.onwards(at_s, early_s, true)?
        {
            return Ok(Some(still));
        }
        // A container without an index lands too late or beyond the end: aim earlier.
        for attempt in 0.. {
            let aimed = self.reader.seek(target, attempt)?;
            self.unseekable |= !aimed && at_s > SEEK_BACK_S_MAX;
            let still = self.onwards(at_s, early_s, aimed)?;
            if still.is_some() || !aimed {
                return Ok(still);
            }
        }
        Ok(None)
    }

    /// Decodes up to the time; none when `strict` and the first picture is after it.
    fn onwards(&mut self, at_s: f64, early_s: f64, strict: bool) -> Result<Still> {
        let mut last = None;
        while let Some((seconds, picture)) = self.next()? {
            if strict && last.is_none() && seconds > at_s {
                return Ok(None);
            }
            let reached = seconds >= at_s - early_s;
            last = Some((seconds, picture));
            if reached {
                break;
            }
        }
        Ok(last)
    }

    fn next(&mut self) -> Result<Still> {
        let mut picture = frame::Video::empty();
        if !self.reader.next(&mut picture, self.control, || 0)? {
            self.last_s = None;
            return Ok(None);
        }
        let ticks = picture.timestamp().unwrap_or(0) as f64;
        let seconds = ticks * self.reader.time_base() - self.media.start_s;
        self.last_s = Some(seconds);
        picture.set_pts(Some(0));
        Ok(Some((seconds, picture)))
    }

    /// As it is shown, full range, in one size.
    fn convert(&mut self, picture: &frame::Video, size: (u32, u32)) -> Result<frame::Video> {
        self.control.pulse(|| 0)?;
        let outgoing = Outgoing { rate: None, sizes: vec![size], full_range: true };
        let time_base = self.reader.time_base_ratio();
        let mut graph = Graph::new(self.media, &Incoming::of(picture), &outgoing, time_base)?;
        graph.push(picture)?;
        graph.end()?;
        graph.pull(0)?.ok_or_else(|| Failure::internal("the filters kept a picture"))
    }
}

#[cfg(test)]
mod tests {
    use super::goes_on;

    /// Where no seek works, the film is read once and not from its start for each picture.
    #[test]
    fn what_is_near_or_cannot_be_sought_is_reached_by_reading_on() {
        assert!(!goes_on(None, 0.0, false), "nothing was read yet");
        assert!(goes_on(Some(4.5), 6.0, false));
        assert!(!goes_on(Some(4.5), 60.0, false));
        assert!(goes_on(Some(4.5), 60.0, true));
        assert!(!goes_on(Some(60.0), 4.5, true), "time does not go back");
    }
}
