//! Playlists as far as a player needs them (RFC 8216): which media there are, and their segments.

/// A playlist of media.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Media {
    /// The init segment, if there is one.
    pub(super) init: Option<String>,
    /// Address and length in milliseconds of each.
    pub(super) segments: Vec<(String, i64)>,
}

/// The playlists of each variant: video, and the audio that goes with it.
pub(super) fn variants(text: &str, base: &str) -> Vec<(String, Option<String>)> {
    let mut lines = text.lines();
    let mut all = Vec::new();
    while let Some(line) = lines.next() {
        let Some(attributes) = line.strip_prefix("#EXT-X-STREAM-INF:") else { continue };
        let Some(address) = lines.find(|line| !line.starts_with('#') && !line.is_empty()) else {
            break;
        };
        let audio = attribute(attributes, "AUDIO").and_then(|group| audio(text, group));
        all.push((resolve(base, address), audio.map(|address| resolve(base, address))));
    }
    all
}

fn audio<'a>(text: &'a str, group: &str) -> Option<&'a str> {
    let media = text.lines().filter_map(|line| line.strip_prefix("#EXT-X-MEDIA:"));
    let mut fits = media.filter(|line| attribute(line, "GROUP-ID") == Some(group));
    attribute(fits.next()?, "URI")
}

/// The segments of a playlist.
pub(super) fn media(text: &str, base: &str) -> Media {
    let mut media = Media::default();
    let mut length_ms = 0;
    for line in text.lines() {
        if let Some(attributes) = line.strip_prefix("#EXT-X-MAP:") {
            media.init = attribute(attributes, "URI").map(|address| resolve(base, address));
        } else if let Some(length) = line.strip_prefix("#EXTINF:") {
            let seconds = length.split(',').next().and_then(|text| text.parse::<f64>().ok());
            length_ms = (seconds.unwrap_or(0.0) * 1000.0) as i64;
        } else if !line.starts_with('#') && !line.is_empty() {
            media.segments.push((resolve(base, line), length_ms));
        }
    }
    media
}

/// The value of an attribute, without its quotes.
fn attribute<'a>(list: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = list;
    loop {
        let (key, after) = rest.split_once('=')?;
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_at(after.find(',').unwrap_or(after.len())),
        };
        if key == name {
            return Some(value);
        }
        rest = next.strip_prefix(',')?;
    }
}

/// An address within the folder of the playlist that names it.
fn resolve(base: &str, address: &str) -> String {
    if address.starts_with('/') {
        return address.to_owned();
    }
    let folder = base.rfind('/').map_or("", |at| &base[..=at]);
    format!("{folder}{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_has_its_own_audio() {
        let text = "#EXTM3U\n\
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"lo\",NAME=\"a, b\",URI=\"lo/index.m3u8\"\n\
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"hi\",URI=\"hi/index.m3u8\"\n\
            #EXT-X-STREAM-INF:BANDWIDTH=5,CODECS=\"avc1,mp4a\",AUDIO=\"hi\"\n720p/index.m3u8\n\
            #EXT-X-STREAM-INF:BANDWIDTH=1\n\n/360p.m3u8\n";
        let all = variants(text, "/media/x/master.m3u8");
        let hi = Some("/media/x/hi/index.m3u8".to_owned());
        assert_eq!(
            all,
            [("/media/x/720p/index.m3u8".to_owned(), hi), ("/360p.m3u8".to_owned(), None)]
        );
    }

    #[test]
    fn segments_have_their_lengths() {
        let text = "#EXTM3U\n#EXT-X-MAP:URI=\"i.mp4\"\n#EXTINF:6.006,\n0.m4s\n#EXTINF:2,\n1.m4s\n";
        let read = media(text, "/m/a/index.m3u8");
        let segments = vec![("/m/a/0.m4s".to_owned(), 6006), ("/m/a/1.m4s".to_owned(), 2000)];
        assert_eq!(read, Media { init: Some("/m/a/i.mp4".to_owned()), segments });
    }
}
