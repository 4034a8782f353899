//! The same small body to a fixed path, again and again: for peers that know nothing of playback.

use super::Script;
use crate::target::Target;

/// As large as one heartbeat, so that peers read as much.
const BODY: &[u8] =
    br#"{"seq":1234,"event":"heartbeat","position_s":12.345,"at":"2026-01-01T00:00:00.000Z"}"#;

/// A prepared request.
pub(crate) struct Fixed(Vec<u8>);

impl Fixed {
    /// POST to a path.
    pub(crate) fn new(target: &Target, path: &str) -> Self {
        let mut request = Vec::new();
        target.write(&format!("POST {path}"), "", BODY, &mut request);
        Self(request)
    }
}

impl Script for Fixed {
    fn next(&mut self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.0);
    }

    fn answered(&mut self, _: bool) {}
}
