//! A viewer who plays whatever is there: what was once served is served again, byte for byte.

use playhouse_tests::client::Client;
use playhouse_tests::media;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Between two looks at a content.
const PAUSE: Duration = Duration::from_millis(300);

/// What was watched: the hash of each segment.
pub(super) struct Viewers {
    client: Client,
    seen: BTreeMap<String, String>,
}

impl Viewers {
    pub(super) fn new(client: Client) -> Self {
        Self { client, seen: BTreeMap::new() }
    }

    /// Plays the contents that are there, newest first, until a moment.
    pub(super) async fn watch(&mut self, until: Instant, contents: Rc<RefCell<Vec<String>>>) {
        let mut turn = 0;
        while Instant::now() < until {
            tokio::time::sleep(PAUSE).await;
            let content = {
                let contents = contents.borrow();
                let place = contents.len().checked_sub(1 + turn % contents.len().max(1));
                place.map(|place| contents[place].clone())
            };
            turn += 1;
            if let Some(content) = content {
                self.play(&content).await;
            }
        }
    }

    /// Fetches every segment that is listed now. A refusal is no fault; other bytes are.
    async fn play(&mut self, content: &str) {
        let master = format!("/media/{content}/master.m3u8");
        let Some(playlists) = self.lines(&master, ".m3u8").await else { return };
        for playlist in playlists {
            let folder = playlist.trim_end_matches("index.m3u8").to_owned();
            let playlist = format!("/media/{content}/{playlist}");
            for segment in self.lines(&playlist, ".m4s").await.unwrap_or_default() {
                let path = format!("/media/{content}/{folder}{segment}");
                if let Some(bytes) = self.get(&path).await {
                    self.compare(path, &bytes);
                }
            }
        }
    }

    fn compare(&mut self, path: String, bytes: &[u8]) {
        let hash = media::sha256(bytes);
        let before = self.seen.entry(path.clone()).or_insert_with(|| hash.clone());
        assert_eq!(*before, hash, "{path} has changed");
    }

    async fn lines(&self, path: &str, end: &str) -> Option<Vec<String>> {
        let text = String::from_utf8(self.get(path).await?).ok()?;
        let named = text.lines().filter(|line| !line.starts_with('#') && line.ends_with(end));
        Some(named.map(str::to_owned).collect())
    }

    async fn get(&self, path: &str) -> Option<Vec<u8>> {
        let answer = self.client.request("GET", path).timeout(Duration::from_secs(5)).send().await;
        let answer = answer.ok().filter(|answer| answer.status().is_success())?;
        answer.bytes().await.ok().map(|bytes| bytes.to_vec())
    }

    /// Segments that were watched.
    pub(super) fn watched(&self) -> usize {
        self.seen.len()
    }

    /// All that was once served is served still.
    pub(super) async fn assert_served_still(&self) {
        assert!(!self.seen.is_empty(), "nothing could be watched");
        for (path, hash) in &self.seen {
            let bytes = self.get(path).await;
            let bytes = bytes.unwrap_or_else(|| panic!("{path} is gone"));
            assert_eq!(*hash, media::sha256(&bytes), "{path} has changed");
        }
    }
}
