//! The buckets of a node: which of them is which place.

use super::S3;
use super::client::{Bucket, Shared};
use crate::blobs::places::{Place, Shelf, place};
use crate::model::Residency;
use crate::{Error, Result};
use s3::creds::Credentials;
use std::sync::Arc;

/// The buckets of a node, by the places that they are.
#[derive(Clone)]
pub(crate) struct Buckets {
    hot: Bucket,
    staging: Bucket,
    cold: Option<Bucket>,
    resident: Option<Bucket>,
    resident_cold: Option<Bucket>,
}

impl Buckets {
    /// Opens the buckets behind `s3://NAME/PREFIX`. Asks nobody: a bucket that is not there is
    /// told by the first request.
    ///
    /// # Errors
    /// `Invalid` for settings or credentials that cannot be used.
    pub(crate) fn open(name: &str, prefix: &str, config: &S3) -> Result<Self> {
        // The tries are ours: a pause, a bound, and a look at what an answer that got lost did.
        s3::set_retries(0);
        apart(name, config)?;
        let shared = Arc::new(Shared::new(config));
        let credentials = credentials(config)?;
        let named = |name: &str| Bucket::open(name, prefix, config, &credentials, &shared);
        let optional = |name: &str| match name {
            "" => Ok(None),
            name => named(name).map(Some),
        };
        let hot = named(name)?;
        let staging = optional(&config.staging_bucket)?.unwrap_or_else(|| hot.clone());
        Ok(Self {
            hot,
            staging,
            cold: optional(&config.cold_bucket)?,
            resident: optional(&config.residency_ng_bucket)?,
            resident_cold: optional(&config.residency_ng_cold_bucket)?,
        })
    }

    /// The bucket of a place.
    ///
    /// # Errors
    /// `Invalid` when there is none.
    pub(crate) fn at(&self, place: Place) -> Result<&Bucket> {
        let (bucket, told) = match place {
            Place::Hot => (Some(&self.hot), ""),
            Place::Staging => (Some(&self.staging), ""),
            Place::Cold => (
                self.cold.as_ref(),
                "storage.s3.cold_bucket is empty: contents that nobody watches stay where they are",
            ),
            Place::Resident => (
                self.resident.as_ref(),
                "storage.s3.residency_ng_bucket is empty: a content with `residency: ng` has no \
                 bucket to rest in",
            ),
            Place::ResidentCold => (
                self.resident_cold.as_ref(),
                "storage.s3.residency_ng_cold_bucket is empty: contents with `residency: ng` that \
                 nobody watches stay where they are",
            ),
        };
        bucket.ok_or_else(|| Error::Invalid(told.to_owned()))
    }

    /// Whether there is such a place.
    pub(crate) fn has(&self, place: Place) -> bool {
        self.at(place).is_ok()
    }

    /// The bucket of finished blobs.
    ///
    /// # Errors
    /// `Invalid` when there is none for this residency.
    pub(crate) fn finished(&self, residency: Residency) -> Result<&Bucket> {
        self.at(place(residency, Shelf::Hot))
    }

    /// The bucket of uploads under way: they rest nowhere else either.
    ///
    /// # Errors
    /// As [`Buckets::finished`].
    pub(crate) fn staging(&self, residency: Residency) -> Result<&Bucket> {
        self.at(place(residency, Shelf::Staging))
    }

    /// Every bucket in which uploads and hot blobs are, once.
    pub(crate) fn all(&self) -> Vec<&Bucket> {
        once([Some(&self.hot), Some(&self.staging), self.resident.as_ref()])
    }

    /// Every bucket of a shelf, once; those of uploads under way go with the hot ones.
    pub(crate) fn of(&self, shelf: Shelf) -> Vec<&Bucket> {
        match shelf {
            Shelf::Staging | Shelf::Hot => self.all(),
            Shelf::Cold => once([self.cold.as_ref(), self.resident_cold.as_ref(), None]),
        }
    }
}

fn once(buckets: [Option<&Bucket>; 3]) -> Vec<&Bucket> {
    let mut all: Vec<&Bucket> = Vec::new();
    for bucket in buckets.into_iter().flatten() {
        if all.iter().all(|known| known.name() != bucket.name()) {
            all.push(bucket);
        }
    }
    all
}

/// A bucket is one place: what rests in one country shares none with all else, and what is cold has
/// the keys of what is hot.
fn apart(name: &str, config: &S3) -> Result<()> {
    let named = [
        ("storage.blobs", name),
        ("storage.s3.staging_bucket", &config.staging_bucket),
        ("storage.s3.cold_bucket", &config.cold_bucket),
        ("storage.s3.residency_ng_bucket", &config.residency_ng_bucket),
        ("storage.s3.residency_ng_cold_bucket", &config.residency_ng_cold_bucket),
    ];
    for (at, (key, bucket)) in named.iter().enumerate() {
        let same = named[..at].iter().find(|(_, known)| known == bucket && !bucket.is_empty());
        // Uploads under way have names of their own.
        if let Some((other, _)) = same.filter(|_| *key != "storage.s3.staging_bucket") {
            return Err(Error::Invalid(format!(
                "{key} must be another bucket than that of {other}"
            )));
        }
    }
    Ok(())
}

fn credentials(config: &S3) -> Result<Credentials> {
    let found = match config.access_key.as_str() {
        "" => Credentials::new(None, None, None, None, None),
        key => Credentials::new(Some(key), Some(config.secret_key.reveal()), None, None, None),
    };
    found.map_err(|error| {
        Error::Invalid(format!(
            "no credentials for S3: set storage.s3.access_key and secret_key, or \
             AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY ({error})"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_content_may_rest_decides_its_bucket() {
        let config = S3 {
            endpoint: "http://127.0.0.1:1".into(),
            access_key: "a".into(),
            secret_key: "b".to_owned().into(),
            staging_bucket: "under-way".into(),
            ..S3::default()
        };
        let buckets = Buckets::open("hot", "", &config).unwrap();
        assert_eq!(buckets.finished(Residency::Global).unwrap().name(), "hot");
        assert_eq!(buckets.staging(Residency::Global).unwrap().name(), "under-way");
        for refused in [buckets.finished(Residency::Ng), buckets.staging(Residency::Ng)] {
            let error = refused.err().unwrap().to_string();
            assert!(error.contains("storage.s3.residency_ng_bucket"), "{error}");
        }
        let config = S3 { residency_ng_bucket: "lagos".into(), ..config };
        let buckets = Buckets::open("hot", "", &config).unwrap();
        assert_eq!(buckets.finished(Residency::Ng).unwrap().name(), "lagos");
        assert_eq!(buckets.staging(Residency::Ng).unwrap().name(), "lagos");
        assert!(Buckets::open("lagos", "", &config).is_err(), "nowhere else");
        for place in [Place::Cold, Place::ResidentCold] {
            assert!(!buckets.has(place), "{place:?}");
        }
        let config = S3 { cold_bucket: "cold".into(), ..config };
        let shared = S3 { residency_ng_cold_bucket: "cold".into(), ..config.clone() };
        let told = Buckets::open("hot", "", &shared).err().unwrap().to_string();
        assert!(told.contains("residency_ng_cold_bucket must be another bucket"), "{told}");
        let config = S3 { residency_ng_cold_bucket: "kano".into(), ..config };
        let buckets = Buckets::open("hot", "", &config).unwrap();
        let found = [Place::Cold, Place::ResidentCold].map(|place| buckets.at(place).unwrap());
        assert_eq!(found.map(Bucket::name), ["cold", "kano"]);
        let all: Vec<_> = buckets.all().into_iter().map(Bucket::name).collect();
        assert_eq!(all, ["hot", "under-way", "lagos"]);
    }
}
