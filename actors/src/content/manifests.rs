//! Playlists and MPDs: rows of the catalog through the pure writers of `codecs`.

use playhouse_storage::model::ContentId;

/// A rendered manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The text.
    pub body: String,
    /// Strong validator, without quotes.
    pub etag: String,
    /// True when it will not change any more.
    pub ended: bool,
}

/// Why there is no manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// No such content or rendition, or nothing of it plays yet.
    #[error("{0}")]
    NotFound(String),
    /// The catalog did not answer.
    #[error(transparent)]
    Storage(#[from] playhouse_storage::Error),
}

/// Renders manifests.
#[derive(Clone)]
pub struct Manifests {}

impl Manifests {
    /// `/media/{id}/master.m3u8`: relative URIs `{rendition}/index.m3u8`.
    ///
    /// # Errors
    /// See [`ManifestError`].
    pub async fn multivariant(&self, _content: ContentId) -> Result<Manifest, ManifestError> {
        unimplemented!()
    }

    /// `/media/{id}/{rendition}/index.m3u8`: relative URIs of `init-{attempt}.mp4` and
    /// `{index:05}-{attempt}.m4s` (audio segments too); pictures are at `/media/{id}/{picture name}`.
    ///
    /// # Errors
    /// See [`ManifestError`].
    pub async fn media(&self, _content: ContentId, _rendition: &str) -> Result<Manifest, ManifestError> {
        unimplemented!()
    }

    /// `/media/{id}/manifest.mpd`; `NotFound` until the lowest rung is complete.
    ///
    /// # Errors
    /// See [`ManifestError`].
    pub async fn mpd(&self, _content: ContentId) -> Result<Manifest, ManifestError> {
        unimplemented!()
    }

    /// The blob of `/media/{id}/{file}` or `/media/{id}/{rendition}/{file}`: init segments, segments,
    /// pictures. Only committed names resolve.
    ///
    /// # Errors
    /// See [`ManifestError`].
    pub async fn blob_key(&self, _content: ContentId, _path: &str) -> Result<String, ManifestError> {
        unimplemented!()
    }
}
