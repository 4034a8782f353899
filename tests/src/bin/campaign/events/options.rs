//! How many events, how many kills, and where the topic is.

use anyhow::{Context, bail};

/// The sizes of the campaign.
pub(super) struct Options {
    /// Events that wait in the outbox at first.
    pub(super) events: u64,
    /// Contents that they are about.
    pub(super) contents: usize,
    /// Kills of the node.
    pub(super) kills: u64,
    /// Events that are told at a steady rate after that.
    pub(super) steady: u64,
    /// That rate, events a second.
    pub(super) rate: u64,
    /// Repeats the choices.
    pub(super) seed: u64,
    /// Where the log is, when it is no folder of the node: `HOST:PORT`.
    pub(super) brokers: Option<String>,
    /// `key=value` for the node.
    pub(super) settings: Vec<String>,
}

impl Options {
    /// Reads `--name N …`, `--log kafka://HOST:PORT` and `key=value …`.
    ///
    /// # Errors
    /// When a name is not known or a number is none.
    pub(super) fn read(arguments: &[String]) -> anyhow::Result<Self> {
        let mut options = Self {
            events: 1_000_000,
            contents: 200,
            kills: 20,
            steady: 10_000,
            rate: 1_000,
            seed: u64::from(std::process::id()) << 16 | 0x9e37,
            brokers: None,
            // The local log keeps all of it, to be looked at.
            // Nobody wakes the bridge for rows that come from outside, as a node's commits do.
            settings: ["storage.event_topic_bytes=17179869184", "actors.events.bridge_poll_ms=5"]
                .map(str::to_owned)
                .into(),
        };
        let mut arguments = arguments.iter();
        while let Some(name) = arguments.next() {
            if !name.starts_with("--") && name.contains('=') {
                options.settings.push(name.clone());
                continue;
            }
            let value = arguments.next().with_context(|| format!("{name} wants a value"))?;
            if name == "--log" {
                let brokers = value.strip_prefix("kafka://").context("--log kafka://HOST:PORT")?;
                options.settings.push(format!("storage.events={value}"));
                // The server of ops/services needs it, and it changes nothing on others.
                options.settings.push("storage.kafka.reread=true".to_owned());
                options.brokers = Some(brokers.to_owned());
                continue;
            }
            let number: u64 = value.parse().with_context(|| format!("{name} {value}"))?;
            match name.as_str() {
                "--events" => options.events = number.max(1),
                "--contents" => options.contents = usize::try_from(number)?.max(1),
                "--kills" => options.kills = number,
                "--steady" => options.steady = number,
                "--rate" => options.rate = number.max(1),
                "--seed" => options.seed = number,
                _ => bail!("there is no option {name}"),
            }
        }
        if options.brokers.is_none() {
            // Nobody can follow the files of a node that is at work.
            options.steady = 0;
        }
        Ok(options)
    }
}
