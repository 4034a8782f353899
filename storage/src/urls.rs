//! The URLs of the configuration, read: which engine, and where its data is.

use crate::Config;
use crate::cache;
use crate::catalog::postgres;
use crate::files::is_name;
use crate::wakes;

/// What is behind the URLs.
pub(crate) struct Engines<'a> {
    pub(crate) catalog: CatalogAt<'a>,
    pub(crate) blobs: BlobsAt<'a>,
    /// A folder, beside a folder.
    pub(crate) cold: Option<&'a str>,
    pub(crate) events: EventsAt<'a>,
    pub(crate) cache: CacheAt<'a>,
    pub(crate) jobs: JobsAt<'a>,
}

/// Where records live.
pub(crate) enum CatalogAt<'a> {
    /// A file.
    File(&'a str),
    /// A PostgreSQL server, by its URL.
    Server(&'a str),
}

/// Where blobs are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BlobsAt<'a> {
    /// In a folder.
    Folder(&'a str),
    /// In a bucket, under a prefix that may be empty.
    Bucket { name: &'a str, prefix: &'a str },
}

/// Where facts are appended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum EventsAt<'a> {
    /// In a folder.
    Folder(&'a str),
    /// On Kafka brokers, `HOST:PORT,HOST:PORT`.
    Brokers(&'a str),
}

/// Where what may be lost is.
pub(crate) enum CacheAt<'a> {
    /// In this process.
    Memory,
    /// A Redis server or cluster, by its URL.
    Server(&'a str),
}

/// What wakes those who wait for jobs.
pub(crate) enum JobsAt<'a> {
    /// The table alone, and wake-ups in this process.
    Catalog,
    /// A broker, by its URL.
    Broker(&'a str),
}

impl<'a> Engines<'a> {
    /// Reads the URLs of `[storage]`.
    ///
    /// # Errors
    /// Names the key, what it says, and what it may say.
    pub(crate) fn of(config: &'a Config) -> Result<Self, String> {
        let blobs = blobs_at(&config.blobs)?;
        Ok(Self {
            catalog: catalog_at(&config.catalog)?,
            cold: cold_at(&config.cold, &blobs)?,
            blobs,
            events: events_at(&config.events)?,
            cache: cache_at(&config.cache)?,
            jobs: jobs_at(&config.jobs)?,
        })
    }
}

/// A second folder beside a folder.
fn cold_at<'a>(url: &'a str, blobs: &BlobsAt<'_>) -> Result<Option<&'a str>, String> {
    if url.is_empty() {
        return Ok(None);
    }
    let path = path_of("cold", url, "file", "file:cold")?;
    match blobs {
        BlobsAt::Folder(hot) if *hot != path => Ok(Some(path)),
        BlobsAt::Folder(_) => {
            Err("storage.cold must be another folder than that of storage.blobs".to_owned())
        }
        BlobsAt::Bucket { .. } => {
            Err("storage.cold goes with a folder in storage.blobs; beside a \
                                       bucket set storage.s3.cold_bucket"
                .to_owned())
        }
    }
}

fn catalog_at(url: &str) -> Result<CatalogAt<'_>, String> {
    match url.split_once(':') {
        Some(("postgres" | "postgresql", _)) => Ok(CatalogAt::Server(url)),
        _ => path_of("catalog", url, "sqlite", "sqlite:catalog.db")
            .map(CatalogAt::File)
            .map_err(|error| format!("{error} or a database {:?}", postgres::address::EXAMPLE)),
    }
}

fn cache_at(url: &str) -> Result<CacheAt<'_>, String> {
    match url.split_once(':') {
        Some(("memory", "")) => Ok(CacheAt::Memory),
        Some(("redis" | "redis-cluster", _)) => Ok(CacheAt::Server(url)),
        _ => Err(format!(
            "storage.cache: this program has no engine for {url:?}; known: \"memory:\", {:?}, \
             \"redis-cluster://host1:6379,host2:6379\"",
            cache::redis::EXAMPLE
        )),
    }
}

fn events_at(url: &str) -> Result<EventsAt<'_>, String> {
    let Some(brokers) = url.strip_prefix("kafka:") else {
        let known = path_of("events", url, "local", "local:events");
        return known.map(EventsAt::Folder).map_err(|error| match url.starts_with("local:") {
            true => error,
            false => format!("{error}, or brokers `kafka://HOST:PORT,HOST:PORT`"),
        });
    };
    let brokers = brokers.strip_prefix("//").unwrap_or_default();
    let is_broker = |it: &str| {
        let parts = it.rsplit_once(':');
        parts.is_some_and(|(host, port)| {
            let bare = host.trim_matches(['[', ']']);
            let allowed = |it: char| it.is_ascii_alphanumeric() || "-._:".contains(it);
            !bare.is_empty() && bare.chars().all(allowed) && port.parse::<u16>().is_ok()
        })
    };
    if !brokers.split(',').all(is_broker) {
        return Err(format!(
            "storage.events: {url:?} names no brokers (for example \"kafka://10.0.0.1:9092,\
             10.0.0.2:9092\")"
        ));
    }
    Ok(EventsAt::Brokers(brokers))
}

fn jobs_at(url: &str) -> Result<JobsAt<'_>, String> {
    match url.split_once(':') {
        Some(("catalog", "")) => Ok(JobsAt::Catalog),
        Some(("amqp" | "amqps", _)) => Ok(JobsAt::Broker(url)),
        // What is behind the engine may be a password.
        engine => Err(format!(
            "storage.jobs: this program has no engine {:?}; known: \"catalog:\", {:?}",
            engine.map_or("", |(engine, _)| engine),
            wakes::amqp::EXAMPLE
        )),
    }
}

fn blobs_at(url: &str) -> Result<BlobsAt<'_>, String> {
    let Some(place) = url.strip_prefix("s3:") else {
        let known = path_of("blobs", url, "file", "file:blobs");
        return known.map(BlobsAt::Folder).map_err(|error| match url.starts_with("file:") {
            true => error,
            false => format!("{error}, `s3://BUCKET/PREFIX`"),
        });
    };
    let place = place.strip_prefix("//").unwrap_or_default().trim_end_matches('/');
    let (name, prefix) = place.split_once('/').unwrap_or((place, ""));
    if !is_name(name) || !(prefix.is_empty() || prefix.split('/').all(is_name)) {
        return Err(format!(
            "storage.blobs: {url:?} names no bucket (for example \"s3://media\", or \"s3://media/\
             playhouse\" for a prefix of [A-Za-z0-9._-] parts)"
        ));
    }
    Ok(BlobsAt::Bucket { name, prefix })
}

fn path_of<'a>(key: &str, url: &'a str, known: &str, example: &str) -> Result<&'a str, String> {
    let (engine, path) = url.split_once(':').unwrap_or((url, ""));
    if engine != known {
        return Err(format!(
            "storage.{key}: this program has no engine `{engine}` for it; \
             known: `{known}:PATH` (for example {example:?})"
        ));
    }
    if path.is_empty() {
        return Err(format!("storage.{key}: {url:?} names no path (for example {example:?})"));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    #[test]
    fn an_engine_that_is_not_built_in_is_told_with_the_known_ones() {
        let config = Config { catalog: "mysql://localhost/x".into(), ..Config::default() };
        assert_eq!(
            config.validate().unwrap_err(),
            "storage.catalog: this program has no engine `mysql` for it; \
             known: `sqlite:PATH` (for example \"sqlite:catalog.db\") or a database \
             \"postgres://user:password@host:5432/playhouse?sslmode=require\""
        );
        let config = Config { cache: "memcached://x".into(), ..Config::default() };
        assert!(config.validate().unwrap_err().contains("storage.cache"));
        let config = Config { blobs: "file:".into(), ..Config::default() };
        assert!(config.validate().unwrap_err().contains("names no path"));
        let config = Config { jobs: "kafka://me:hush@host".into(), ..Config::default() };
        let told = config.validate().unwrap_err();
        assert!(told.contains("storage.jobs") && !told.contains("hush"), "{told}");
    }

    #[test]
    fn events_are_in_a_folder_or_on_brokers() {
        fn check(url: &str) -> Result<EventsAt<'_>, bool> {
            events_at(url).map_err(|error| error.contains(url))
        }
        assert_eq!(check("local:events"), Ok(EventsAt::Folder("events")));
        for brokers in ["localhost:9092", "a.example:1,b-2:65535", "[::1]:9092"] {
            assert_eq!(check(&format!("kafka://{brokers}")), Ok(EventsAt::Brokers(brokers)));
        }
        for refused in ["kafka:", "kafka://", "kafka://a", "kafka://a:1,", "kafka://a:x"] {
            assert_eq!(check(refused), Err(true), "{refused}");
        }
        let told = events_at("nats://x").unwrap_err();
        assert!(told.contains("`local:PATH`") && told.contains("kafka://"), "{told}");
    }

    #[test]
    fn blobs_are_in_a_folder_or_in_a_bucket() {
        fn check(url: &str) -> Result<BlobsAt<'_>, bool> {
            blobs_at(url).map_err(|error| error.contains(url))
        }
        let bucket = |name, prefix| Ok(BlobsAt::Bucket { name, prefix });
        assert_eq!(check("file:blobs"), Ok(BlobsAt::Folder("blobs")));
        assert_eq!(check("s3://media"), bucket("media", ""));
        assert_eq!(check("s3://media/"), bucket("media", ""));
        assert_eq!(check("s3://media/a/b/"), bucket("media", "a/b"));
        for refused in ["s3:", "s3:media", "s3:///x", "s3://a//b", "s3://a/.b", "s3://a b"] {
            assert_eq!(check(refused), Err(true), "{refused}");
        }
        let told = blobs_at("gs://media").unwrap_err();
        assert!(told.contains("`file:PATH`") && told.contains("`s3://BUCKET/PREFIX`"), "{told}");
    }
}
