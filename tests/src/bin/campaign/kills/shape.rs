//! A rendition as its playlist tells it.

use anyhow::Context;
use playhouse_tests::client::Client;

/// Init segment, and where the segments lie.
pub(super) struct Shape {
    pub(super) init: Vec<u8>,
    /// First sample of each segment when it is one of audio.
    pub(super) starts: Vec<usize>,
}

impl Shape {
    /// Reads it.
    ///
    /// # Errors
    /// When the playlist names no init segment, or a length that is none.
    pub(super) async fn read(client: &Client, id: &str, name: &str) -> anyhow::Result<Self> {
        let folder = format!("/media/{id}/{name}");
        let playlist = client.get(&format!("{folder}/index.m3u8")).await.text();
        let named = playlist.split("URI=\"").nth(1).and_then(|rest| rest.split('"').next());
        let named = named.with_context(|| format!("no EXT-X-MAP in {playlist}"))?;
        let init = client.get(&format!("{folder}/{named}")).await.body;
        let (mut starts, mut at_s) = (Vec::new(), 0.0);
        for line in playlist.lines() {
            let Some(length) = line.strip_prefix("#EXTINF:") else { continue };
            starts.push(sample(at_s));
            at_s += length.split(',').next().unwrap_or_default().parse::<f64>()?;
        }
        Ok(Self { init, starts })
    }
}

/// The playlist rounds; segments of audio begin with a packet.
fn sample(at_s: f64) -> usize {
    use super::whole::{AUDIO_RATE, PACKET_SAMPLES};
    let packets = (at_s * AUDIO_RATE / PACKET_SAMPLES as f64).round();
    packets as usize * PACKET_SAMPLES as usize
}
