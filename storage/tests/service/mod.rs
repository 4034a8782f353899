//! The S3 service that the tests run on, and buckets of their own there.
//!
//! `PLAYHOUSE_TEST_S3` says `s3://ACCESS:SECRET@HOST:PORT?path_style=true&region=us-east-1`; the
//! access key and its secret may stand in `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` instead,
//! and `tls=true` makes it `https`.

use playhouse_storage::{Addressing, Config};
use s3::creds::Credentials;
use s3::serde_types::ObjectIdentifier;
use s3::{Bucket, BucketConfiguration, Region};
use uuid::Uuid;

const TYPE: &str = "application/octet-stream";
const VARIABLE: &str = "PLAYHOUSE_TEST_S3";

/// The buckets of one test: hot, staging, residency, cold.
pub(crate) struct Service {
    /// A configuration that uses them.
    pub(crate) config: Config,
    buckets: [Box<Bucket>; 4],
}

impl Service {
    pub(crate) async fn new() -> Self {
        let place = Place::read();
        let id = Uuid::now_v7().simple();
        let names = ["hot", "staging", "ng", "cold"].map(|name| format!("playhouse-{name}-{id}"));
        let [hot, staging, ng, cold] = &names;
        let mut config = Config { blobs: format!("s3://{hot}/node"), ..Config::default() };
        config.s3.endpoint = place.endpoint.clone();
        config.s3.region = place.region.clone();
        config.s3.addressing = if place.path_style { Addressing::Path } else { Addressing::Host };
        config.s3.access_key = place.access.clone();
        config.s3.secret_key = place.secret.clone().into();
        config.s3.staging_bucket = staging.clone();
        config.s3.residency_ng_bucket = ng.clone();
        config.s3.part_bytes = 5 << 20;
        let made = [place.make(hot).await, place.make(staging).await];
        let [hot, staging] = made;
        let buckets = [hot, staging, place.make(ng).await, place.make(cold).await];
        Self { config, buckets }
    }

    /// With a cold bucket for what may rest anywhere.
    pub(crate) async fn with_cold() -> Self {
        let mut service = Self::new().await;
        service.config.s3.cold_bucket = service.buckets[3].name.clone();
        service
    }

    /// Keys in the cold bucket.
    pub(crate) async fn cold_objects(&self) -> Vec<String> {
        keys(&self.buckets[3]).await
    }

    /// Keys in the bucket of finished blobs.
    pub(crate) async fn objects(&self) -> Vec<String> {
        keys(&self.buckets[0]).await
    }

    /// Keys in the bucket of uploads under way.
    pub(crate) async fn staging_objects(&self) -> Vec<String> {
        keys(&self.buckets[1]).await
    }

    /// Name of the residency bucket.
    pub(crate) fn resident_name(&self) -> &str {
        &self.config.s3.residency_ng_bucket
    }

    /// Keys in the residency bucket.
    pub(crate) async fn resident_objects(&self) -> Vec<String> {
        keys(&self.buckets[2]).await
    }

    /// Begins a multipart upload in the bucket of finished blobs.
    pub(crate) async fn begin(&self, object: &str) -> String {
        let begun = self.buckets[0].initiate_multipart_upload(object, TYPE).await;
        begun.unwrap().upload_id
    }

    /// Completes it, with one part.
    pub(crate) async fn complete(&self, object: &str, upload: &str, bytes: &[u8]) {
        let bucket = &self.buckets[0];
        let part = bucket.put_multipart_chunk(bytes.to_vec(), object, 1, upload, TYPE).await;
        bucket.complete_multipart_upload(object, upload, vec![part.unwrap()]).await.unwrap();
    }

    /// Removes the buckets with what is in them.
    pub(crate) async fn remove(self) {
        for bucket in self.buckets {
            let names: Vec<_> =
                objects(&bucket).await.into_iter().map(ObjectIdentifier::new).collect();
            if !names.is_empty() {
                bucket.delete_objects(names).await.unwrap();
            }
            bucket.delete().await.unwrap();
        }
    }
}

async fn keys(bucket: &Bucket) -> Vec<String> {
    let within = |name: String| name.strip_prefix("node/").map(str::to_owned);
    objects(bucket).await.into_iter().filter_map(within).collect()
}

async fn objects(bucket: &Bucket) -> Vec<String> {
    let pages = bucket.list(String::new(), None).await.unwrap();
    pages.into_iter().flat_map(|page| page.contents).map(|object| object.key).collect()
}

/// What the variable says.
struct Place {
    endpoint: String,
    region: String,
    path_style: bool,
    access: String,
    secret: String,
}

impl Place {
    fn read() -> Self {
        let Ok(url) = std::env::var(VARIABLE) else {
            panic!("{VARIABLE} is not set: `ops/services up s3` starts a service and prints it");
        };
        Self::parse(&url).unwrap_or_else(|| {
            panic!("{VARIABLE} is no s3://ACCESS:SECRET@HOST:PORT?path_style=true&region=us-east-1")
        })
    }

    fn parse(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("s3://")?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let said = |name: &str| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.filter(|pair| pair.0 == name).map(|pair| pair.1.to_owned()).next()
        };
        let (access, secret, host) = match place.rsplit_once('@') {
            Some((who, host)) => {
                let (access, secret) = who.split_once(':')?;
                (access.to_owned(), secret.to_owned(), host)
            }
            None => {
                let variable = |name: &str| std::env::var(name).ok();
                (variable("AWS_ACCESS_KEY_ID")?, variable("AWS_SECRET_ACCESS_KEY")?, place)
            }
        };
        let scheme = if said("tls").as_deref() == Some("true") { "https" } else { "http" };
        Some(Self {
            endpoint: format!("{scheme}://{}", host.trim_end_matches('/')),
            region: said("region").unwrap_or_else(|| "us-east-1".to_owned()),
            path_style: said("path_style").as_deref() != Some("false"),
            access,
            secret,
        })
    }

    async fn make(&self, name: &str) -> Box<Bucket> {
        let region =
            Region::Custom { region: self.region.clone(), endpoint: self.endpoint.clone() };
        let credentials =
            Credentials::new(Some(&self.access), Some(&self.secret), None, None, None).unwrap();
        let config = BucketConfiguration::default();
        let made = match self.path_style {
            true => {
                Bucket::create_with_path_style(name, region.clone(), credentials.clone(), config)
                    .await
            }
            false => Bucket::create(name, region.clone(), credentials.clone(), config).await,
        };
        made.unwrap_or_else(|error| panic!("{VARIABLE}: no bucket can be made: {error}"));
        let mut bucket = Bucket::new(name, region, credentials).unwrap();
        if self.path_style {
            bucket.set_path_style();
        }
        bucket
    }
}
