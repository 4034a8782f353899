//! What manifests list: which renditions a player may see, and with which numbers. Pure.
//!
//! A rung enters the multivariant playlist when it is complete, the lowest as soon as it has its
//! first two segments, each with audio to match. Rates are the ladder's while a rendition grows and
//! measured at the end.

use super::manifests::Playable;
use super::publish::{self, audio_of, is_ready};
use playhouse_codecs::dash::{self, Format, Mpd, Representation};
use playhouse_codecs::hls::{
    AudioRendition, Bandwidth, MediaPlaylist, Segment as HlsSegment, Variant, planned_bandwidth,
};
use playhouse_codecs::ladder::{AudioRung, VideoRung};
use playhouse_codecs::plan::{AUDIO_RATE, EncodePlan};
use playhouse_storage::model::{MediaKind, Rendition, RenditionState, Segment};

/// Variants and audio renditions of the multivariant playlist; no variants when nothing plays.
pub(super) fn variants(playable: &Playable) -> (Vec<Variant>, Vec<AudioRendition>) {
    if playable.plan.ladder.video.is_empty() {
        return (audio_variants(playable), vec![]);
    }
    let mut variants = vec![];
    let mut audio: Vec<AudioRendition> = vec![];
    let alive = playable
        .plan
        .ladder
        .video
        .iter()
        .filter_map(|rung| playable.alive(&rung.name).map(|rendition| (rung, rendition)));
    for (place, (rung, video)) in alive.enumerate() {
        let sound = audio_of(&playable.plan, rung, &playable.renditions);
        let enters = if place == 0 { is_ready(video) } else { is_complete(video) };
        if !enters || !sound.is_none_or(is_ready) {
            continue;
        }
        let listed = |name: &str| audio.iter().any(|known| known.group == name);
        if let Some(sound) = sound.filter(|sound| !listed(&sound.name)) {
            audio.push(audio_rendition(playable, sound));
        }
        variants.push(video_variant(playable, rung, video, sound));
    }
    (variants, audio)
}

fn video_variant(
    playable: &Playable,
    rung: &VideoRung,
    video: &Rendition,
    sound: Option<&Rendition>,
) -> Variant {
    let measured = match sound.map(bandwidth) {
        None => bandwidth(video),
        Some(sound) => bandwidth(video).zip(sound).map(|(video, sound)| video + sound),
    };
    let planned_audio = sound.and_then(|it| audio_rung(&playable.plan, &it.name));
    let audio_bps = planned_audio.map_or(0, |rung| rung.bitrate_bps);
    let codecs = [Some(video), sound].into_iter().flatten();
    Variant {
        uri: playlist_uri(video),
        bandwidth_bps: measured
            .map_or_else(|| planned_bandwidth(rung.maxrate_bps, audio_bps), |it| it.peak_bps),
        average_bandwidth_bps: measured.map(|it| it.average_bps),
        codecs: codecs.filter_map(codec).collect(),
        resolution: Some((rung.width, rung.height)),
        frame_rate: Some(playable.plan.timeline.rate),
        audio_group: sound.map(|sound| sound.name.clone()),
    }
}

fn audio_variants(playable: &Playable) -> Vec<Variant> {
    let alive = playable
        .plan
        .ladder
        .audio
        .iter()
        .filter_map(|rung| playable.alive(&rung.name).map(|rendition| (rung, rendition)));
    alive
        .enumerate()
        .filter(|(place, (_, it))| if *place == 0 { is_ready(it) } else { is_complete(it) })
        .map(|(_, (rung, rendition))| {
            let measured = bandwidth(rendition);
            Variant {
                uri: playlist_uri(rendition),
                bandwidth_bps: measured
                    .map_or_else(|| planned_bandwidth(0, rung.bitrate_bps), |it| it.peak_bps),
                average_bandwidth_bps: measured.map(|it| it.average_bps),
                codecs: codec(rendition).into_iter().collect(),
                resolution: None,
                frame_rate: None,
                audio_group: None,
            }
        })
        .collect()
}

fn audio_rendition(playable: &Playable, sound: &Rendition) -> AudioRendition {
    AudioRendition {
        group: sound.name.clone(),
        uri: playlist_uri(sound),
        language: playable.content.language.clone(),
        channels: audio_rung(&playable.plan, &sound.name).map_or(2, |rung| rung.channels),
    }
}

/// A media playlist of what is committed; none before the first segment, and none of a rendition
/// that was given up: one that neither grows nor ends would keep players waiting at its last
/// segment, and an end would tell them that the film is over there.
pub(super) fn media(
    plan: &EncodePlan,
    rendition: &Rendition,
    segments: &[Segment],
) -> Option<MediaPlaylist> {
    let lives = rendition.state != RenditionState::Failed;
    let init = rendition.init.as_ref().filter(|_| lives && !segments.is_empty())?;
    let segments = segments.iter().map(|segment| HlsSegment {
        uri: file_name(&segment.key).to_owned(),
        duration_s: segment.duration as f64 / f64::from(init.timescale.max(1)),
    });
    Some(MediaPlaylist {
        target_duration_s: plan.timeline.target_duration_s(),
        init_uri: file_name(&init.key).to_owned(),
        segments: segments.collect(),
        ended: is_complete(rendition),
    })
}

/// Renditions of the MPD: every complete one, when the lowest is among them with its audio.
pub(super) fn complete(playable: &Playable) -> Option<Vec<&Rendition>> {
    let ladder = &playable.plan.ladder;
    let lowest = match ladder.video.iter().find(|rung| playable.alive(&rung.name).is_some()) {
        Some(rung) => {
            let sound = audio_of(&playable.plan, rung, &playable.renditions);
            sound.is_none_or(is_complete).then_some(&rung.name)?
        }
        None => &ladder.audio.iter().find(|rung| playable.alive(&rung.name).is_some())?.name,
    };
    publish::find(&playable.renditions, lowest).filter(|it| is_complete(it))?;
    Some(playable.renditions.iter().filter(|it| is_complete(it)).collect())
}

/// The MPD of complete renditions and their segments.
pub(super) fn mpd(playable: &Playable, all: &[(&Rendition, Vec<Segment>)]) -> Mpd {
    let of_kind = |kind| {
        let some = all.iter().filter(move |(rendition, _)| rendition.kind == kind);
        some.filter_map(|(rendition, segments)| representation(playable, rendition, segments))
            .collect()
    };
    let lengths = all.iter().flat_map(|(rendition, segments)| {
        let timescale = rendition.init.as_ref().map_or(1, |init| init.timescale.max(1));
        segments.iter().map(move |it| it.duration as f64 / f64::from(timescale))
    });
    Mpd {
        duration_s: playable.plan.timeline.duration_s(),
        segment_s_max: lengths.fold(0.0, f64::max),
        video: of_kind(MediaKind::Video),
        audio: of_kind(MediaKind::Audio),
        language: playable.content.language.clone(),
    }
}

fn representation(
    playable: &Playable,
    rendition: &Rendition,
    segments: &[Segment],
) -> Option<Representation> {
    let init = rendition.init.as_ref()?;
    let within = |key: &str| format!("{}/{}", rendition.name, file_name(key));
    let format = match rendition.kind {
        MediaKind::Video => {
            let rungs = &playable.plan.ladder.video;
            let rung = rungs.iter().find(|rung| rung.name == rendition.name)?;
            let frame_rate = playable.plan.timeline.rate;
            Format::Video { width: rung.width, height: rung.height, frame_rate }
        }
        MediaKind::Audio => {
            let channels = audio_rung(&playable.plan, &rendition.name)?.channels;
            Format::Audio { sample_rate: AUDIO_RATE, channels }
        }
    };
    let segment = |it: &Segment| dash::Segment {
        uri: within(&it.key),
        start: it.start,
        duration: it.duration,
    };
    Some(Representation {
        id: rendition.name.clone(),
        bandwidth_bps: rendition.peak_bps.unwrap_or_default(),
        codecs: init.codecs.clone(),
        format,
        timescale: init.timescale,
        init_uri: within(&init.key),
        segments: segments.iter().map(segment).collect(),
    })
}

/// The last part of a key: the name that manifests use.
pub(super) fn file_name(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

fn audio_rung<'a>(plan: &'a EncodePlan, name: &str) -> Option<&'a AudioRung> {
    plan.ladder.audio.iter().find(|rung| rung.name == name)
}

fn playlist_uri(rendition: &Rendition) -> String {
    format!("{}/index.m3u8", rendition.name)
}

fn codec(rendition: &Rendition) -> Option<String> {
    rendition.init.as_ref().map(|init| init.codecs.clone())
}

fn bandwidth(rendition: &Rendition) -> Option<Bandwidth> {
    let (peak_bps, average_bps) = rendition.peak_bps.zip(rendition.average_bps)?;
    Some(Bandwidth { peak_bps, average_bps })
}

fn is_complete(rendition: &Rendition) -> bool {
    rendition.state == RenditionState::Complete
}

#[cfg(test)]
mod tests {
    use super::*;
    use playhouse_codecs::media::MediaInfo;
    use playhouse_storage::model::{ContentId, Init};

    fn check(state: RenditionState) -> Option<usize> {
        let content_id = ContentId::new();
        let none =
            MediaInfo { container: "mov".into(), announced_s: None, video: None, audio: vec![] };
        let init = Init {
            key: "media/c/360p/init-t.mp4".into(),
            sha256: "s".into(),
            bytes: 700,
            codecs: "avc1.64001e".into(),
            timescale: 25,
        };
        let rendition = Rendition {
            content_id,
            name: "360p".into(),
            kind: MediaKind::Video,
            position: 0,
            spec: serde_json::Value::Null,
            state,
            segments_total: 9,
            segments_done: 1,
            attempts: 0,
            init: Some(init),
            average_bps: None,
            peak_bps: None,
            last_error: None,
            row_version: 1,
        };
        let segment = Segment {
            content_id,
            rendition: "360p".into(),
            index: 0,
            attempt: "t".into(),
            key: "media/c/360p/00000-t.m4s".into(),
            start: 0,
            duration: 150,
            bytes: 30_000,
            sha256: "s".into(),
        };
        media(&EncodePlan::new(&none), &rendition, &[segment]).map(|it| it.segments.len())
    }

    #[test]
    fn a_rendition_that_was_given_up_does_not_keep_players_waiting() {
        assert_eq!(check(RenditionState::Encoding), Some(1));
        assert_eq!(check(RenditionState::Failed), None);
    }
}
