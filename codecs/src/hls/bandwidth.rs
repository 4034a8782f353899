//! What a rendition asks of the viewer's line: planned while it grows, measured when it is whole.

/// Boxes around the samples: about 12 bytes for each of 60 frames and 47 packets a second.
const OVERHEAD_BPS: u64 = 16_000;

/// `BANDWIDTH` of a rendition that still grows: what the ladder allows, and the boxes.
#[must_use]
pub fn planned_bandwidth(video_maxrate_bps: u64, audio_bitrate_bps: u64) -> u64 {
    video_maxrate_bps + audio_bitrate_bps + OVERHEAD_BPS
}

/// Bandwidths of a complete rendition, bits per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bandwidth {
    /// Of the densest run of segments that lasts about a target duration.
    pub peak_bps: u64,
    /// Of the whole.
    pub average_bps: u64,
}

impl std::ops::Add for Bandwidth {
    type Output = Self;

    /// A variant's bandwidth is that of its video and its audio.
    fn add(self, other: Self) -> Self {
        Self {
            peak_bps: self.peak_bps + other.peak_bps,
            average_bps: self.average_bps + other.average_bps,
        }
    }
}

/// Measures a complete rendition from the sizes (bytes) and durations (seconds) of its segments.
///
/// The peak is taken over every run of segments that lasts between half and one and a half target
/// durations (RFC 8216, 4.3.4.2), so that a short last segment does not count by itself.
#[must_use]
pub fn measured_bandwidth(segments: &[(u64, f64)], target_duration_s: u32) -> Bandwidth {
    let target = f64::from(target_duration_s);
    let average_bps = rate(segments).unwrap_or(0);
    let mut peak_bps = average_bps;
    for start in 0..segments.len() {
        for end in start + 1..=segments.len() {
            let run = &segments[start..end];
            let duration_s: f64 = run.iter().map(|(_, duration_s)| duration_s).sum();
            if duration_s > 1.5 * target {
                break;
            }
            if duration_s >= 0.5 * target {
                peak_bps = peak_bps.max(rate(run).unwrap_or(0));
            }
        }
    }
    Bandwidth { peak_bps, average_bps }
}

fn rate(segments: &[(u64, f64)]) -> Option<u64> {
    let bytes: u64 = segments.iter().map(|(bytes, _)| bytes).sum();
    let duration_s: f64 = segments.iter().map(|(_, duration_s)| duration_s).sum();
    (duration_s > 0.0).then(|| (bytes as f64 * 8.0 / duration_s).ceil() as u64)
}
