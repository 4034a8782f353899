//! Which engines go away, how, and for how long.

use anyhow::{Context, bail};
use std::fmt;
use std::time::Duration;

/// How an engine goes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// SIGKILL; started again on its data.
    Kill,
    /// The wire to it is cut; mended.
    Cut,
    /// SIGKILL; its standby takes over.
    Failover,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kill => "killed",
            Self::Cut => "cut off",
            Self::Failover => "replaced by its standby",
        })
    }
}

/// Engines that a node is pointed to, and what is behind them.
const ENGINES: [&str; 6] = ["postgres", "pgbouncer", "redis", "s3", "rabbitmq", "kafka"];

/// What the campaign does.
pub(super) struct Options {
    /// Who goes away, in order.
    pub(super) trials: Vec<(String, Way)>,
    /// For how long.
    pub(super) away: Duration,
    /// Where the figures of each second go.
    pub(super) csv: Option<String>,
    /// Where a picture of them goes.
    pub(super) svg: Option<String>,
    /// Where the node's log goes.
    pub(super) log: Option<String>,
}

impl Options {
    /// Reads `--away-s N`, `--only ENGINE`, `--csv FILE`, `--svg FILE`,
    /// `--log FILE`.
    ///
    /// # Errors
    /// When a name is not known or a number is none.
    pub(super) fn read(arguments: &[String]) -> anyhow::Result<Self> {
        let (mut away, mut only, mut csv) = (30, None, None);
        let (mut svg, mut log) = (None, None);
        let mut arguments = arguments.iter();
        while let Some(name) = arguments.next() {
            let value = arguments.next().with_context(|| format!("{name} wants a value"))?;
            match name.as_str() {
                "--away-s" => away = value.parse().with_context(|| format!("{name} {value}"))?,
                "--only" => only = Some(value.as_str()),
                "--csv" => csv = Some(value.clone()),
                "--svg" => svg = Some(value.clone()),
                "--log" => log = Some(value.clone()),
                _ => bail!("there is no option {name}"),
            }
        }
        let trials: Vec<_> =
            trials().filter(|(it, _)| only.is_none_or(|only| only == it)).collect();
        if trials.is_empty() {
            bail!("there is no engine {}, only {}", only.unwrap_or_default(), ENGINES.join(", "));
        }
        Ok(Self { trials, away: Duration::from_secs(away), csv, svg, log })
    }

    /// The engines that must run. All: the node uses them whoever goes away.
    pub(super) fn engines(&self) -> Vec<&'static str> {
        let standby = self.trials.iter().any(|(_, way)| *way == Way::Failover);
        ENGINES.into_iter().chain(standby.then_some("standby")).collect()
    }
}

/// Every engine in every way. The node reaches PostgreSQL through pgbouncer: there is one wire to
/// both. The standby takes over last of all, since there is only one.
fn trials() -> impl Iterator<Item = (String, Way)> {
    let cut = ENGINES.into_iter().filter(|name| *name != "postgres");
    let killed = ENGINES.into_iter().map(|name| (name, Way::Kill));
    let trials = killed.chain(cut.map(|name| (name, Way::Cut)));
    trials.chain([("postgres", Way::Failover)]).map(|(name, way)| (name.to_owned(), way))
}
