//! How much is counted: what may be chosen, and what is taken when nothing is.

use anyhow::{Context, bail};

/// The sizes of the campaign.
pub(super) struct Options {
    /// Views that are tried.
    pub(super) events: usize,
    /// Contents.
    pub(super) contents: usize,
    /// Kills of the node.
    pub(super) kills: usize,
    /// Sessions that play at once.
    pub(super) players: usize,
    /// Connections.
    pub(super) connections: usize,
    /// Repeats the choices.
    pub(super) seed: u64,
    /// `key=value` for the node.
    pub(super) settings: Vec<String>,
}

impl Options {
    /// Reads `--name N …` and `key=value …`.
    ///
    /// # Errors
    /// When a name is not known or a number is none.
    pub(super) fn read(arguments: &[String]) -> anyhow::Result<Self> {
        let mut options = Self {
            events: 40_000,
            contents: 1_000,
            kills: 5,
            players: 4_000,
            connections: 64,
            seed: u64::from(std::process::id()) << 16 | 0x9e37,
            settings: Vec::new(),
        };
        let mut arguments = arguments.iter();
        while let Some(name) = arguments.next() {
            if !name.starts_with("--") && name.contains('=') {
                options.settings.push(name.clone());
                continue;
            }
            let number = arguments.next().with_context(|| format!("{name} wants a number"))?;
            let number: u64 = number.parse().with_context(|| format!("{name} {number}"))?;
            let count = usize::try_from(number)?;
            match name.as_str() {
                "--events" => options.events = count.max(1),
                "--contents" => options.contents = count.max(1),
                "--kills" => options.kills = count,
                "--players" => options.players = count.max(1),
                "--connections" => options.connections = count.max(1),
                "--seed" => options.seed = number,
                _ => bail!("there is no option {name}"),
            }
        }
        Ok(options)
    }
}
