//! Who suffers what: the least tried pair of kind and fault among the actors that are there.

use playhouse_tests::client::Client;
use playhouse_tests::random::Random;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_millis(200);
const FAULTS: [&str; 3] = ["panic", "kill", "hang"];

/// Kinds that must be among those who suffered, whatever else there was.
const KINDS: [&str; 11] = [
    "content.pipeline",
    "encode/pool",
    "encode/pool/*",
    "events/bridge",
    "events/janitor",
    "http/listener",
    "playback/rester",
    "rendition.transcoder",
    "runtime/passivator",
    "runtime/timekeeper",
    "upload.session",
];

/// Faults, and a count of those that befell.
pub(super) struct Faults {
    client: Client,
    random: Random,
    befell: BTreeMap<(String, &'static str), u32>,
}

impl Faults {
    pub(super) fn new(client: Client, random: Random) -> Self {
        Self { client, random, befell: BTreeMap::new() }
    }

    /// Goes on until a moment.
    pub(super) async fn befall(&mut self, until: Instant) {
        let mut every = tokio::time::interval(EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while Instant::now() < until {
            every.tick().await;
            // The listener itself may just be down.
            let Some(actors) = self.actors().await else { continue };
            if let Some((kind, fault, path)) = self.choose(&actors)
                && self.order(&path, fault).await
            {
                *self.befell.entry((kind, fault)).or_default() += 1;
            }
        }
    }

    async fn actors(&self) -> Option<Vec<Value>> {
        let request = self.client.request("GET", "/admin/api/tree?depth=4&limit=1000");
        let answer = request.timeout(Duration::from_secs(2)).send().await.ok()?;
        let page: Value = answer.json().await.ok()?;
        page["actors"].as_array().cloned()
    }

    fn choose(&mut self, actors: &[Value]) -> Option<(String, &'static str, String)> {
        let mut pairs: BTreeMap<(String, &'static str), Vec<String>> = BTreeMap::new();
        for actor in actors {
            let Some(kind) = kind(actor) else { continue };
            for fault in FAULTS {
                // A task that does not say what it does cannot be seen to hang.
                let unseen = actor["role"] == "task" && actor["current"].is_null();
                if fault != "hang" || !unseen {
                    let path = actor["path"].as_str().unwrap_or_default().to_owned();
                    pairs.entry((kind.clone(), fault)).or_default().push(path);
                }
            }
        }
        let tried = |pair: &(String, &str)| self.befell.get(pair).copied().unwrap_or(0);
        let least = pairs.keys().map(tried).min()?;
        let pairs: Vec<_> = pairs.into_iter().filter(|(pair, _)| tried(pair) == least).collect();
        let ((kind, fault), paths) = self.random.pick(&pairs).clone();
        Some((kind, fault, self.random.pick(&paths).clone()))
    }

    async fn order(&self, path: &str, fault: &str) -> bool {
        let request = self.client.request("POST", &format!("/admin/api/actors/{path}/fault"));
        let request = request.json(&json!({"fault": fault})).timeout(Duration::from_secs(2));
        // It may have ended since it was listed, and the listener may die of its own fault.
        request.send().await.is_ok_and(|answer| answer.status().is_success())
    }

    /// How often each kind suffered each fault.
    pub(super) fn table(&self) -> String {
        let mut text = String::from("faults:");
        for ((kind, fault), count) in &self.befell {
            let _ = write!(text, "\n  {kind} {fault} {count}");
        }
        text
    }

    /// Every kind suffered every fault.
    pub(super) fn assert_befell_every_kind(&self) {
        let all = KINDS.iter().flat_map(|kind| FAULTS.map(|fault| (kind, fault)));
        let missed: Vec<_> = all
            .filter(|(kind, fault)| !self.befell.contains_key(&((**kind).to_owned(), *fault)))
            .collect();
        assert!(missed.is_empty(), "never tried: {missed:?}; {}", self.table());
    }
}

/// What counts as one kind: a service by its path, tasks by their service, entities by their kind.
fn kind(actor: &Value) -> Option<String> {
    let text = |key: &str| actor[key].as_str().map(str::to_owned);
    match actor["role"].as_str()? {
        "service" => text("path"),
        "task" => Some(format!("{}/*", text("parent")?)),
        "entity" => text("kind"),
        _ => None,
    }
}
