//! A session as it is stored: JSON with names of one letter, each beside its field.

use super::session::Session;
use playhouse_storage::model::SessionId;
use serde::ser::Error;

/// Room for the JSON of a session, so that it is rarely moved while it is written.
const USUAL_BYTES: usize = 512;

impl Session {
    /// Its state to be stored.
    pub(super) fn encode(&self) -> serde_json::Result<String> {
        let mut text = Vec::with_capacity(USUAL_BYTES);
        serde_json::to_writer(&mut text, self)?;
        // JSON is UTF-8.
        String::from_utf8(text).map_err(Error::custom)
    }

    /// A session as it was stored.
    pub(super) fn decode(id: SessionId, text: &str) -> serde_json::Result<Self> {
        Ok(serde_json::from_str::<Self>(text)?.named(id))
    }

    /// The same under its id.
    pub(super) fn named(mut self, id: SessionId) -> Self {
        // No ingress is waiting for what was watched before it was loaded.
        (self.id, self.noted_ms) = (id, self.worth().watched_ms);
        self.runs.shrink();
        self.watched.shrink();
        self
    }
}

/// A device as a list: id, kind, and its name if it has one.
pub(super) mod device {
    use crate::playback::{Device, DeviceKind};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::borrow::Cow;

    #[derive(Serialize, Deserialize)]
    struct Row<'a>(
        Cow<'a, str>,
        DeviceKind,
        #[serde(default, skip_serializing_if = "Option::is_none")] Option<Cow<'a, str>>,
    );

    pub(in crate::playback) fn serialize<S: Serializer>(
        device: &Device,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let name = device.name.as_deref().map(Cow::Borrowed);
        Row(Cow::Borrowed(&device.id), device.kind, name).serialize(to)
    }

    pub(in crate::playback) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Device, D::Error> {
        let Row(id, kind, name) = Row::deserialize(from)?;
        Ok(Device { id: id.into_owned(), name: name.map(Cow::into_owned), kind })
    }
}

/// What is false is left out.
pub(super) fn is_false(flag: &bool) -> bool {
    !flag
}
