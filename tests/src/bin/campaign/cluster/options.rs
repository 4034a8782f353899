//! How many nodes there are, and what becomes of them.

use anyhow::{Context, bail, ensure};
use std::fmt;

/// What happens while the load goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trial {
    /// An owner is killed, again and again; two peers say so.
    Kill,
    /// The same, where only the end of its lease tells.
    KillByLease,
    /// An owner stands still past its lease, then goes on.
    Stop,
    /// The same between its fence check and its commit.
    StopInCommit,
    /// Two nodes do not hear each other.
    Nodes,
    /// One node does not hear another, which hears it.
    OneWay,
    /// A node and the database do not hear each other.
    Database,
    /// The database's answers to a node are lost.
    DatabaseOneWay,
    /// A node is cut off from everybody, and back, every two seconds.
    Flapping,
    /// Every node is told to go and started again, one after the other.
    Rolling,
}

impl Trial {
    pub(super) const ALL: [Self; 10] = [
        Self::Kill,
        Self::Stop,
        Self::StopInCommit,
        Self::Nodes,
        Self::OneWay,
        Self::Database,
        Self::DatabaseOneWay,
        Self::Flapping,
        Self::Rolling,
        Self::KillByLease,
    ];
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kill => "kill",
            Self::KillByLease => "kill-by-lease",
            Self::Stop => "stop",
            Self::StopInCommit => "stop-in-commit",
            Self::Nodes => "nodes",
            Self::OneWay => "one-way",
            Self::Database => "database",
            Self::DatabaseOneWay => "database-one-way",
            Self::Flapping => "flapping",
            Self::Rolling => "rolling",
        })
    }
}

/// What the campaign does.
pub(super) struct Options {
    pub(super) nodes: u8,
    /// Kills of each kind.
    pub(super) kills: usize,
    pub(super) trials: Vec<Trial>,
    pub(super) seed: u64,
    /// Where the history goes.
    pub(super) history: Option<String>,
    /// Where the nodes' logs go.
    pub(super) logs: Option<String>,
}

impl Options {
    /// Reads `--nodes N`, `--kills N`, `--only TRIAL`, which may stand several times, `--seed N`,
    /// `--history FILE`, `--logs DIR`.
    ///
    /// # Errors
    /// When a name is not known or a number is none.
    pub(super) fn read(arguments: &[String]) -> anyhow::Result<Self> {
        let mut options =
            Self { nodes: 3, kills: 20, trials: vec![], seed: 1, history: None, logs: None };
        let mut arguments = arguments.iter();
        while let Some(name) = arguments.next() {
            let value = arguments.next().with_context(|| format!("{name} wants a value"))?;
            let wrong = || format!("{name} {value}");
            match name.as_str() {
                "--nodes" => options.nodes = value.parse().with_context(wrong)?,
                "--kills" => options.kills = value.parse().with_context(wrong)?,
                "--seed" => options.seed = value.parse().with_context(wrong)?,
                "--only" => options.trials.push(trial(value)?),
                "--history" => options.history = Some(value.clone()),
                "--logs" => options.logs = Some(value.clone()),
                _ => bail!("there is no option {name}"),
            }
        }
        ensure!((3..=9).contains(&options.nodes), "--nodes must be 3 to 9");
        if options.trials.is_empty() {
            options.trials = Trial::ALL.to_vec();
        }
        Ok(options)
    }
}

fn trial(name: &str) -> anyhow::Result<Trial> {
    let names = || Trial::ALL.map(|trial| trial.to_string()).join(", ");
    let found = Trial::ALL.into_iter().find(|trial| trial.to_string() == name);
    found.with_context(|| format!("there is no trial {name}, only {}", names()))
}
