//! How much is measured: what may be chosen, and what is taken when nothing is.

use anyhow::{Context, bail, ensure};
use std::time::Duration;

/// The sizes of the campaign.
pub(super) struct Options {
    /// Pairs of rounds: one without watchers, one with them.
    pub(super) pairs: usize,
    /// Length of a round.
    pub(super) round: Duration,
    /// Connections of the load, each with one request under way.
    pub(super) connections: usize,
    /// Resident entities of the second half.
    pub(super) entities: usize,
}

impl Options {
    /// Reads `--name N …`.
    ///
    /// # Errors
    /// When a name is not known or a number is none.
    pub(super) fn read(arguments: &[String]) -> anyhow::Result<Self> {
        let mut options =
            Self { pairs: 6, round: Duration::from_secs(5), connections: 16, entities: 100_000 };
        for option in arguments.chunks(2) {
            let [name, number] = option else { bail!("{} wants a number", option[0]) };
            let number: usize = number.parse().with_context(|| format!("{name} {number}"))?;
            ensure!(number > 0, "{name} must be at least 1");
            match name.as_str() {
                "--pairs" => options.pairs = number,
                "--seconds" => options.round = Duration::from_secs(number as u64),
                "--connections" => options.connections = number,
                "--entities" => options.entities = number,
                _ => bail!("there is no option {name}"),
            }
        }
        Ok(options)
    }
}
