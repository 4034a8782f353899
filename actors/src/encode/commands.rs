//! What a worker is told and how much it may use: pure functions of the content and the work.

use super::Encode;
use playhouse_codecs::media::MediaInfo;
use playhouse_codecs::order::{self, Targets};
use playhouse_codecs::plan::{EncodePlan, audio_track};
use playhouse_codecs::worker::{Command, EncodeJob, PictureJob, Storyboard};

/// Tiles of the seek bar's sheet: ten by ten keep it below 4 megapixels.
const TILES_MAX: u64 = 100;
const TILE_COLUMNS: u64 = 10;
const TILE_WIDTH: u32 = 160;
/// Nobody seeks finer than this on a seek bar.
const TILE_INTERVAL_MS_MIN: u64 = 1_000;

/// What is left to make of `renditions` up to segment `end`.
pub(super) fn targets(
    plan: &EncodePlan,
    renditions: &[String],
    end: Option<u32>,
    finished: impl Fn(&str) -> u32,
) -> Targets {
    let mut targets = order::remaining(plan, finished);
    targets.video.retain(|target| renditions.contains(&target.rung.name));
    targets.audio.retain(|target| renditions.contains(&target.rung.name));
    targets.until(end.unwrap_or(u32::MAX))
}

/// The command of an encode.
pub(super) fn encode(
    attempt: &str,
    media: &MediaInfo,
    plan: &EncodePlan,
    targets: Targets,
) -> Command {
    Command::Encode(EncodeJob {
        attempt: attempt.to_owned(),
        media: media.clone(),
        audio_index: audio_track(media).map(|track| track.index),
        timeline: plan.timeline,
        video: targets.video,
        audio: targets.audio,
    })
}

/// The command of the still pictures of a content that lasts `duration_s`.
pub(super) fn pictures(media: &MediaInfo, duration_s: f64, config: &Encode) -> Command {
    let duration_ms = (duration_s * 1_000.0) as u64;
    let count = u64::from(config.thumbnails);
    // Evenly spread and away from both ends, which are black more often than not.
    let thumbnails_ms = (0..count).map(|n| duration_ms * (2 * n + 1) / (2 * count)).collect();
    Command::Pictures(PictureJob {
        media: media.clone(),
        thumbnails_ms,
        thumbnail_width: config.thumbnail_width_px,
        storyboard: Some(storyboard(duration_s)),
    })
}

/// The grid of the seek bar's sheet of a content that lasts `duration_s` seconds: a tile a second
/// until the sheet is full. Pages need it to find a tile in the picture.
#[must_use]
pub fn storyboard(duration_s: f64) -> Storyboard {
    let duration_ms = (duration_s * 1_000.0) as u64;
    let interval_ms = duration_ms.div_ceil(TILES_MAX).max(TILE_INTERVAL_MS_MIN);
    let tiles = duration_ms.div_ceil(interval_ms).clamp(1, TILES_MAX);
    let columns = tiles.min(TILE_COLUMNS);
    let rows = tiles.div_ceil(columns);
    Storyboard { columns: columns as u32, rows: rows as u32, tile_width: TILE_WIDTH, interval_ms }
}

/// How much memory a worker may take for a command, bytes: a limit against bombs, not a
/// reservation.
pub(super) fn memory_bytes(command: &Command, config: &Encode) -> u64 {
    let pixels = match command {
        Command::Probe | Command::Try(_) => return config.probe_memory_bytes,
        Command::Pictures(job) => source_pixels(&job.media),
        Command::Encode(job) => {
            let rungs = job.video.iter();
            let made: u64 = rungs
                .map(|target| u64::from(target.rung.width) * u64::from(target.rung.height))
                .sum();
            source_pixels(&job.media) + made
        }
    };
    config.worker_memory_base_bytes + pixels * config.worker_memory_per_pixel_bytes
}

fn source_pixels(media: &MediaInfo) -> u64 {
    media.video.as_ref().map_or(0, |video| u64::from(video.width) * u64::from(video.height))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(duration_s: f64) -> (u32, u32, u64) {
        let sheet = storyboard(duration_s);
        (sheet.columns, sheet.rows, sheet.interval_ms)
    }

    #[test]
    fn the_seek_bar_has_a_tile_a_second_until_the_sheet_is_full() {
        assert_eq!(check(0.4), (1, 1, 1_000));
        assert_eq!(check(5.0), (5, 1, 1_000));
        assert_eq!(check(30.0), (10, 3, 1_000));
        assert_eq!(check(600.0), (10, 10, 6_000));
    }

    #[test]
    fn posters_are_taken_away_from_both_ends() {
        let media =
            MediaInfo { container: "mov".into(), announced_s: None, video: None, audio: vec![] };
        let Command::Pictures(job) = pictures(&media, 8.0, &Encode::default()) else {
            panic!("it is a picture job");
        };
        assert_eq!(job.thumbnails_ms, [1_000, 3_000, 5_000, 7_000]);
    }
}
