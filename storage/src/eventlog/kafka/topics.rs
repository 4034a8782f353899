//! Topics are made by the program that uses them: not every broker makes one that is written to.

use super::config::Config;
use super::{explain, unavailable};
use crate::Result;
use crate::files::blocking;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::types::RDKafkaErrorCode;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The topics that are known to be there.
#[derive(Clone)]
pub(super) struct Topics {
    admin: Arc<AdminClient<DefaultClientContext>>,
    known: Arc<Mutex<HashSet<String>>>,
    partitions: i32,
    replicas: i32,
    deadline: Duration,
}

impl Topics {
    pub(super) fn open(client: &ClientConfig, config: &Config) -> Result<Self> {
        Ok(Self {
            admin: Arc::new(client.create().map_err(|error| explain(&error))?),
            known: Arc::default(),
            partitions: config.partitions.try_into().unwrap_or(i32::MAX),
            replicas: config.replicas.try_into().unwrap_or(i32::MAX),
            deadline: config.request_timeout(),
        })
    }

    /// Makes those that are missing.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(super) async fn ensure(&self, names: &[String]) -> Result<()> {
        let missing: Vec<String> = {
            let known = self.lock();
            names.iter().filter(|name| !known.contains(*name)).cloned().collect()
        };
        if missing.is_empty() {
            return Ok(());
        }
        // Asked to make a topic while its controller is away, the client (librdkafka 2.12) connects
        // to it again and again without a rest; asked who is there, it rests.
        self.ping().await?;
        let new =
            |name| NewTopic::new(name, self.partitions, TopicReplication::Fixed(self.replicas));
        let new: Vec<_> = missing.iter().map(|name| new(name)).collect();
        let options = AdminOptions::new()
            .request_timeout(Some(self.deadline))
            .operation_timeout(Some(self.deadline));
        let made = self.admin.create_topics(&new, &options).await;
        for result in made.map_err(|error| explain(&error))? {
            match result {
                Ok(name) => {
                    tracing::info!(topic = name, "topic made");
                    self.lock().insert(name);
                }
                Err((name, RDKafkaErrorCode::TopicAlreadyExists)) => {
                    self.lock().insert(name);
                }
                Err((name, code)) => {
                    return Err(unavailable(&format!("topic {name} cannot be made: {code}")));
                }
            }
        }
        Ok(())
    }

    /// It may have gone: the next use makes it anew.
    pub(super) fn forget(&self, name: &str) {
        self.lock().remove(name);
    }

    /// Asks the brokers who they are.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(super) async fn ping(&self) -> Result<()> {
        let (admin, deadline) = (Arc::clone(&self.admin), self.deadline);
        let ask = move || admin.inner().fetch_metadata(None, deadline).map(drop);
        blocking(move || ask().map_err(|error| explain(&error))).await
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
