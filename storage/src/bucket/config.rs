//! The configuration of buckets, `[storage.s3]`: where they are, who may, and every bound.

use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

/// Least bytes of a part that is not the last, by the rules of S3.
pub(crate) const PART_BYTES_MIN: u64 = 5 << 20;

/// The buckets' part of `cluster.toml`; it counts when `storage.blobs` begins with `s3:`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct S3 {
    /// Where the service is, with its scheme; empty stands for AWS in the region.
    pub endpoint: String,
    /// Where clients reach it, when that is elsewhere: for the URLs that uploads in parts are sent
    /// to. Empty: `endpoint`.
    pub public_endpoint: String,
    /// The region that requests are signed for.
    pub region: String,
    /// How a bucket is named in a URL.
    pub addressing: Addressing,
    /// The access key. Empty: what the usual variables (`AWS_ACCESS_KEY_ID`, ...) or the profile
    /// of the user say.
    pub access_key: String,
    /// What belongs to it; never shown.
    pub secret_key: Secret,
    /// Bucket of uploads under way; empty: that of `storage.blobs`.
    pub staging_bucket: String,
    /// Bucket of contents with `residency: ng`, with their uploads; empty: they are refused.
    pub residency_ng_bucket: String,
    /// Bucket of what has not been watched for long, under the same keys; empty: it stays where it
    /// is. Of a class that is read at once.
    pub cold_bucket: String,
    /// The same for contents with `residency: ng`, in their country; empty: they stay where they
    /// are.
    pub residency_ng_cold_bucket: String,
    /// Bytes of a part of a large blob. Each upload under way holds one in memory; there are at
    /// most 10,000 parts, so 8 MiB make blobs of 83 GB.
    pub part_bytes: u64,
    /// Uploads that may be written to at one time; one more is answered `Busy`. With parts of
    /// 8 MiB, and a copy on its way, they hold 1.5 GiB.
    pub uploads_max: usize,
    /// Requests under way; one more waits. Each is a connection.
    pub requests_max: usize,
    /// Parts that are copied side by side when an upload becomes a blob.
    pub copies_max: usize,
    /// A request, or a wait for the next bytes of an answer, takes at most so long, seconds.
    pub request_timeout_s: u64,
    /// Who reads a blob waits so many milliseconds for its first bytes, all tries included: a
    /// player asks again, and must not stand still.
    pub read_wait_ms: u64,
    /// After a read that nobody answered the others fail at once, but for one in so many
    /// milliseconds.
    pub rest_ms: u64,
    /// Tries of a request that failed in passing.
    pub tries_max: u32,
    /// Longest pause before the second try, milliseconds; doubled for each further one. The pause
    /// is a random part of it, so that many that failed together do not come back together.
    pub retry_first_ms: u64,
    /// Longest pause before any try, milliseconds.
    pub retry_longest_ms: u64,
    /// Blobs of which the size is remembered, so that a player's request costs one request. About
    /// 150 bytes each.
    pub sizes_max: usize,
    /// Objects that one upload under way may have. One on a slow line leaves one every few
    /// seconds: these are four days.
    pub staged_objects_max: usize,
    /// Parts that nobody completed are removed after so many hours; longer than any blob is under
    /// way, and than `actors.upload_parts_life_s`.
    pub orphans_after_h: u32,
}

impl Default for S3 {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            public_endpoint: String::new(),
            region: "us-east-1".to_owned(),
            addressing: Addressing::Auto,
            access_key: String::new(),
            secret_key: Secret::default(),
            staging_bucket: String::new(),
            residency_ng_bucket: String::new(),
            cold_bucket: String::new(),
            residency_ng_cold_bucket: String::new(),
            part_bytes: 8 << 20,
            uploads_max: 64,
            requests_max: 64,
            copies_max: 16,
            request_timeout_s: 30,
            read_wait_ms: 5_000,
            rest_ms: 1_000,
            tries_max: 5,
            retry_first_ms: 100,
            retry_longest_ms: 5000,
            sizes_max: 65_536,
            staged_objects_max: 65_536,
            orphans_after_h: 192,
        }
    }
}

impl S3 {
    /// Holds every value against what the stores can do.
    ///
    /// # Errors
    /// One sentence that names the key and what would do.
    pub fn validate(&self) -> Result<(), String> {
        let numbers = [
            ("uploads_max", self.uploads_max as u64),
            ("requests_max", self.requests_max as u64),
            ("copies_max", self.copies_max as u64),
            ("request_timeout_s", self.request_timeout_s),
            ("read_wait_ms", self.read_wait_ms),
            ("rest_ms", self.rest_ms),
            ("tries_max", self.tries_max.into()),
            ("retry_first_ms", self.retry_first_ms),
            ("retry_longest_ms", self.retry_longest_ms),
            ("sizes_max", self.sizes_max as u64),
            ("staged_objects_max", self.staged_objects_max as u64),
            ("orphans_after_h", self.orphans_after_h.into()),
        ];
        if let Some((key, _)) = numbers.iter().find(|(_, value)| *value == 0) {
            return Err(format!("storage.s3.{key} must be at least 1"));
        }
        if !(PART_BYTES_MIN..=1 << 30).contains(&self.part_bytes) {
            return Err(
                "storage.s3.part_bytes must be from 5242880 (5 MiB, the least that S3 takes) \
                        to 1073741824 (1 GiB)"
                    .to_owned(),
            );
        }
        for (key, url) in [("endpoint", &self.endpoint), ("public_endpoint", &self.public_endpoint)]
        {
            if !url.is_empty() && !url.starts_with("http") {
                return Err(format!("storage.s3.{key}: {url:?} has no http:// or https://"));
            }
        }
        if self.access_key.is_empty() != self.secret_key.is_empty() {
            return Err("storage.s3.access_key and secret_key go together".to_owned());
        }
        Ok(())
    }

    /// Whether buckets are named in the path: by default where a service of one's own may have no
    /// name for each bucket.
    pub(crate) fn path_style(&self) -> bool {
        match self.addressing {
            Addressing::Auto => !self.endpoint.is_empty(),
            Addressing::Path => true,
            Addressing::Host => false,
        }
    }
}

/// How a bucket is named in a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Addressing {
    /// In the path where `endpoint` is given, else as part of the host.
    Auto,
    /// `https://host/bucket/key`.
    Path,
    /// `https://bucket.host/key`.
    Host,
}

/// Text that is read and never shown: neither in a log nor by `playhouse check-config --print`.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

/// What is shown instead.
const HIDDEN: &str = "(hidden)";

impl Secret {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text itself, for the one who signs with it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn shown(&self) -> &'static str {
        if self.is_empty() { "" } else { HIDDEN }
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.shown())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        let config =
            S3 { access_key: "AKIA".into(), secret_key: "hush".to_owned().into(), ..S3::default() };
        let printed = serde_json::to_string(&config).unwrap();
        for shown in [format!("{config:?}"), format!("{config:#?}"), printed] {
            assert!(!shown.contains("hush") && shown.contains(HIDDEN), "{shown}");
        }
        assert_eq!(config.secret_key.reveal(), "hush");
    }

    #[test]
    fn values_that_cannot_be_served_are_named() {
        let check = |change: fn(&mut S3), named: &str| {
            let mut config = S3::default();
            change(&mut config);
            let told = config.validate().unwrap_err();
            assert!(told.contains(named), "{told}");
        };
        check(|it| it.part_bytes = 1 << 20, "part_bytes must be from 5242880");
        check(|it| it.tries_max = 0, "storage.s3.tries_max must be at least 1");
        check(|it| it.endpoint = "localhost:9000".into(), "has no http://");
        check(|it| it.access_key = "AKIA".into(), "go together");
    }

    #[test]
    fn the_bucket_is_in_the_path_at_an_endpoint_of_ones_own() {
        let aws = S3::default();
        let own = S3 { endpoint: "http://127.0.0.1:9000".into(), ..S3::default() };
        let host = S3 { addressing: Addressing::Host, ..own.clone() };
        let found = [aws, own, host].map(|config| config.path_style());
        assert_eq!(found, [false, true, false]);
    }
}
