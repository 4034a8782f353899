//! Playlists and MPDs: rows of the catalog through the pure writers of `codecs`.
//!
//! The same rows give the same bytes, so the ETag is a hash of the body and equal on every node.
//! Only committed names are listed, and only committed names resolve to a blob.

use super::last::{Last, Terms};
use super::machine::stored;
use super::names::Names;
use super::reading::Reading;
use super::{Card, lists, publish};
use bytes::Bytes;
use playhouse_codecs::plan::EncodePlan;
use playhouse_codecs::{dash, hls};
use playhouse_storage::Error;
use playhouse_storage::catalog::Catalog;
use playhouse_storage::model::{Content, ContentId, Rendition, RenditionState, Segment, Stage};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

/// A rendered manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The text.
    pub body: Bytes,
    /// Strong validator, without quotes.
    pub etag: String,
    /// True when it will not change any more.
    pub ended: bool,
    /// The text as it was compressed once.
    compressed: OnceLock<Bytes>,
}

impl Manifest {
    pub(super) fn new(body: String, ended: bool) -> Self {
        let hash = Sha256::digest(&body);
        // Half of the hash is more than enough to tell two versions of a playlist apart.
        let etag = hash.iter().take(16).fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("writing to a string cannot fail");
            hex
        });
        Self { body: body.into(), etag, ended, compressed: OnceLock::new() }
    }

    /// The text compressed: the first time by `compress`, from then on as it was.
    pub fn compressed(&self, compress: impl FnOnce(&[u8]) -> Vec<u8>) -> Bytes {
        self.compressed.get_or_init(|| compress(&self.body).into()).clone()
    }
}

/// Why there is no manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// No such content or rendition, or nothing of it plays yet.
    #[error("{0}")]
    NotFound(String),
    /// The catalog did not answer.
    #[error(transparent)]
    Storage(#[from] Error),
}

/// Renders manifests.
#[derive(Clone)]
pub struct Manifests {
    catalog: Arc<dyn Catalog>,
    names: Names,
    last: Last,
}

/// A content that plays.
pub(super) struct Playable {
    pub(super) content: Content,
    pub(super) plan: EncodePlan,
    pub(super) renditions: Vec<Rendition>,
}

impl Manifests {
    /// Manifests of a catalog; at most `names_max` names of segments are remembered, and at most
    /// `last_max` manifests.
    pub(crate) fn new(
        catalog: Arc<dyn Catalog>,
        names_max: usize,
        last_max: usize,
        terms: Terms,
        reading: Reading,
    ) -> Self {
        Self { catalog, names: Names::new(names_max), last: Last::new(last_max, terms, reading) }
    }

    /// `/media/{id}/master.m3u8`: relative URIs `{rendition}/index.m3u8`.
    ///
    /// # Errors
    /// See [`ManifestError`].
    pub async fn multivariant(&self, card: &Card) -> Result<Arc<Manifest>, ManifestError> {
        let path = format!("{}/master", card.id);
        self.last.or_last(path, card, self.render_multivariant(card.id)).await
    }

    async fn render_multivariant(&self, content: ContentId) -> Result<Manifest, ManifestError> {
        let playable = self.playable(content).await?;
        let (variants, audio) = lists::variants(&playable);
        if variants.is_empty() {
            return Err(not_found("nothing of this content plays yet"));
        }
        let ended = playable.content.stage == Stage::Done;
        Ok(Manifest::new(hls::multivariant(&variants, &audio), ended))
    }

    /// `/media/{id}/{rendition}/index.m3u8`: relative URIs of `init-{attempt}.mp4` and
    /// `{index:05}-{attempt}.m4s` (audio segments too); pictures are at
    /// `/media/{id}/{picture name}`.
    ///
    /// # Errors
    /// See [`ManifestError`].
    pub async fn media(
        &self,
        card: &Card,
        rendition: &str,
    ) -> Result<Arc<Manifest>, ManifestError> {
        let path = format!("{}/media/{rendition}", card.id);
        self.last.or_last(path, card, self.render_media(card.id, rendition)).await
    }

    async fn render_media(
        &self,
        content: ContentId,
        rendition: &str,
    ) -> Result<Manifest, ManifestError> {
        let playable = self.playable(content).await?;
        let row = publish::find(&playable.renditions, rendition)
            .ok_or_else(|| not_found("there is no such rendition"))?;
        // The segments are read after the record, so a complete record has all of them.
        let segments = self.catalog.segments(content, rendition).await?;
        let playlist = lists::media(&playable.plan, row, &segments)
            .ok_or_else(|| not_found("nothing of this rendition plays yet, or it was given up"))?;
        Ok(Manifest::new(hls::media(&playlist), playlist.ended))
    }

    /// `/media/{id}/manifest.mpd`; `NotFound` until the lowest rung is complete.
    ///
    /// # Errors
    /// See [`ManifestError`].
    pub async fn mpd(&self, card: &Card) -> Result<Arc<Manifest>, ManifestError> {
        self.last.or_last(format!("{}/mpd", card.id), card, self.render_mpd(card.id)).await
    }

    async fn render_mpd(&self, content: ContentId) -> Result<Manifest, ManifestError> {
        let playable = self.playable(content).await?;
        let Some(complete) = lists::complete(&playable) else {
            return Err(not_found("the MPD appears when the lowest rendition is complete"));
        };
        let mut all: Vec<(&Rendition, Vec<Segment>)> = vec![];
        for rendition in complete {
            all.push((rendition, self.catalog.segments(content, &rendition.name).await?));
        }
        let ended = playable.content.stage == Stage::Done;
        Ok(Manifest::new(dash::mpd(&lists::mpd(&playable, &all)), ended))
    }

    /// The blob of `/media/{id}/{file}` or `/media/{id}/{rendition}/{file}`: init segments,
    /// segments, pictures. Only committed names resolve.
    ///
    /// # Errors
    /// See [`ManifestError`].
    pub async fn blob_key(&self, content: ContentId, path: &str) -> Result<String, ManifestError> {
        let Some((rendition, file)) = path.split_once('/') else {
            return self.picture(content, path).await;
        };
        let full = format!("{content}/{path}");
        if let Some(key) = self.names.get(&full) {
            return Ok(key);
        }
        let row = self.catalog.rendition(content, rendition).await?;
        let row = row.ok_or_else(|| not_found("there is no such rendition"))?;
        let init = row.init.as_ref().map(|init| &init.key);
        let segments = self.catalog.segments(content, rendition).await?;
        let mut found = None;
        for key in init.into_iter().chain(segments.iter().map(|segment| &segment.key)) {
            let name = lists::file_name(key);
            if name == file {
                found = Some(key.clone());
            }
            // A player that asks for one segment asks for its neighbours next.
            self.names.put(format!("{content}/{rendition}/{name}"), key.clone());
        }
        found.ok_or_else(|| not_found("there is no such file"))
    }

    async fn picture(&self, content: ContentId, name: &str) -> Result<String, ManifestError> {
        let content = self.catalog.content(content).await?;
        let content = content.ok_or_else(|| not_found("there is no such content"))?;
        let picture = content.pictures.into_iter().find(|picture| picture.name == name);
        Ok(picture.ok_or_else(|| not_found("there is no such file"))?.key)
    }

    async fn playable(&self, id: ContentId) -> Result<Playable, ManifestError> {
        let content = self.catalog.content(id).await?;
        let content = content.ok_or_else(|| not_found("there is no such content"))?;
        match content.stage {
            Stage::Blocked | Stage::Failed | Stage::Deleting => {
                return Err(not_found("this content does not play"));
            }
            Stage::Receive
            | Stage::Validate
            | Stage::Scan
            | Stage::Fingerprint
            | Stage::Plan
            | Stage::Encode
            | Stage::Finish
            | Stage::Done => {}
        }
        let plan = stored::<EncodePlan>(content.plan.as_ref());
        let plan = plan.ok_or_else(|| not_found("nothing of this content plays yet"))?;
        let renditions = self.catalog.renditions(id).await?;
        Ok(Playable { content, plan, renditions })
    }
}

impl Playable {
    /// The record of a rendition that has not failed.
    pub(super) fn alive(&self, name: &str) -> Option<&Rendition> {
        publish::find(&self.renditions, name).filter(|it| it.state != RenditionState::Failed)
    }
}

fn not_found(why: &str) -> ManifestError {
    ManifestError::NotFound(why.to_owned())
}
