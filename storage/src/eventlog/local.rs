//! The event log as folders of files: one folder per topic, one small file per consumer group.
//!
//! A topic has one partition and one appender at a time; readers take its lock only to learn where
//! to read. Offsets of groups are replaced as a whole, so a crash leaves the old or the new one.

mod consumer;
mod frame;
mod topic;

use super::{Consumer, EventLog, Record, checked};
use crate::files::{self, blocking};
use crate::metrics::Meter;
use crate::{Config, Error, Result};
use async_trait::async_trait;
use consumer::LocalConsumer;
use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use topic::Topic;
use uuid::Uuid;

static APPENDS: Meter = Meter::new("local", "append");

/// The embedded event log.
pub struct LocalLog {
    shared: Arc<Shared>,
}

struct Shared {
    root: PathBuf,
    bounds: Bounds,
    topics: Mutex<HashMap<String, Arc<Mutex<Topic>>>>,
    /// How many members each group has had: the newest one is the one that reads.
    members: Mutex<HashMap<String, u64>>,
    /// Changes with every append.
    appended: watch::Sender<u64>,
}

/// The numbers of the configuration that concern topics.
struct Bounds {
    file_bytes: u64,
    topic_bytes: u64,
    record_bytes_max: usize,
    read_bytes: u64,
    topics_max: usize,
}

impl LocalLog {
    /// Opens the folder, makes it when it is missing. Topics are opened when they are used.
    ///
    /// # Errors
    /// `Full`, `Io`.
    pub fn open(root: &Path, config: &Config) -> Result<Self> {
        files::create_dirs(root)?;
        files::empty_dir(&root.join(".tmp"))?;
        let bounds = Bounds {
            file_bytes: config.event_file_bytes,
            topic_bytes: config.event_topic_bytes,
            record_bytes_max: config.event_record_bytes_max,
            read_bytes: config.event_read_bytes,
            topics_max: config.event_topics_max,
        };
        let shared = Shared {
            root: root.to_owned(),
            bounds,
            topics: Mutex::default(),
            members: Mutex::default(),
            appended: watch::channel(0).0,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Appends and syncs; answers the first record's offset.
    ///
    /// # Errors
    /// `Invalid`, `Full`, `Io`.
    pub async fn append(&self, topic: &str, records: Vec<Record>) -> Result<u64> {
        APPENDS.around(self.append_now(topic, records)).await
    }

    async fn append_now(&self, topic: &str, records: Vec<Record>) -> Result<u64> {
        let (shared, name) = (self.shared.clone(), checked("topic", topic)?);
        let first = blocking(move || shared.append(&name, &records)).await?;
        self.shared.appended.send_modify(|appends| *appends += 1);
        Ok(first)
    }

    /// Records from `offset` on, at most `limit`, each with its offset.
    ///
    /// # Errors
    /// `Invalid`, `Corrupt`, `Io`.
    pub async fn read(&self, topic: &str, offset: u64, limit: usize) -> Result<Vec<(u64, Record)>> {
        let (shared, name) = (self.shared.clone(), checked("topic", topic)?);
        blocking(move || shared.read(&name, offset, limit)).await
    }
}

#[async_trait]
impl EventLog for LocalLog {
    /// A topic is made when it is used.
    async fn prepare(&self, topics: &[&str]) -> Result<()> {
        topics.iter().try_for_each(|topic| checked("topic", topic).map(drop))
    }

    async fn append(&self, topic: &str, records: Vec<Record>) -> Result<()> {
        Self::append(self, topic, records).await.map(drop)
    }

    async fn subscribe(&self, group: &str, topics: &[&str]) -> Result<Box<dyn Consumer>> {
        let group = checked("group", group)?;
        let topics: Result<Vec<_>> = topics.iter().map(|topic| checked("topic", topic)).collect();
        let consumer = LocalConsumer::join(self.shared.clone(), group, topics?).await?;
        Ok(Box::new(consumer))
    }

    async fn ping(&self) -> Result<()> {
        let root = self.shared.root.clone();
        blocking(move || Ok(std::fs::metadata(root).map(drop)?)).await
    }
}

impl Shared {
    fn append(&self, name: &str, records: &[Record]) -> Result<u64> {
        let topic = self.topic(name)?;
        let mut topic = lock(&topic);
        if topic.broken {
            *topic = Topic::open(&self.root.join(name))?;
        }
        topic.append(records, &self.bounds)
    }

    fn read(&self, name: &str, offset: u64, limit: usize) -> Result<Vec<(u64, Record)>> {
        if !self.root.join(name).is_dir() {
            return Ok(Vec::new());
        }
        let topic = self.topic(name)?;
        let mut found = Vec::new();
        let mut bytes_left = self.bounds.read_bytes;
        let mut offset = offset;
        while found.len() < limit && bytes_left > 0 {
            let Some(place) = lock(&topic).place(offset)? else { break };
            let (base, next, position) = place.read(offset, limit, &mut bytes_left, &mut found)?;
            lock(&topic).learn(base, next, position);
            offset = next;
        }
        Ok(found)
    }

    /// The next offset that a group reads in a topic.
    fn committed(&self, group: &str, topic: &str) -> Result<u64> {
        let path = self.group_path(group, topic);
        match std::fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().map_err(|_| Error::Corrupt {
                what: format!("{}: {text:?} is no offset", path.display()),
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    fn commit(&self, group: &str, topic: &str, offset: u64) -> Result<()> {
        let path = self.group_path(group, topic);
        let temporary = self.root.join(".tmp").join(Uuid::now_v7().simple().to_string());
        if let Some(folder) = path.parent() {
            files::create_dirs(folder)?;
        }
        files::replace(&temporary, &path, format!("{offset}\n").as_bytes())
    }

    fn group_path(&self, group: &str, topic: &str) -> PathBuf {
        self.root.join(topic).join("groups").join(group)
    }

    fn topic(&self, name: &str) -> Result<Arc<Mutex<Topic>>> {
        let mut topics = lock(&self.topics);
        if let Some(topic) = topics.get(name) {
            return Ok(topic.clone());
        }
        if topics.len() >= self.bounds.topics_max {
            return Err(Error::Invalid(format!(
                "topic {name}: there are storage.event_topics_max = {} already",
                self.bounds.topics_max
            )));
        }
        let topic = Topic::open(&self.root.join(name))?;
        let topic = Arc::new(Mutex::new(topic));
        topics.insert(name.to_owned(), topic.clone());
        Ok(topic)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
