//! The command line: what can be asked of the binary, and where each command is carried out.
//!
//! Nothing is decided here. Wrong usage is told apart from failure, because scripts branch on it.

use crate::config::{self, Config};
use crate::telemetry::Telemetry;
use crate::{descriptors, look, node, token, upload, worker};
use clap::{Args, Parser, Subcommand};
use std::ffi::OsString;
use std::future::Future;
use std::path::{Path, PathBuf};

/// Why a command did not do what it was asked.
pub(crate) enum Failure {
    /// The command line or the configuration is wrong: exit code 2.
    Usage(String),
    /// It was understood and could not be done: exit code 1.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<config::Error> for Failure {
    fn from(error: config::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

/// A media platform in which everything is an actor.
#[derive(Parser)]
#[command(name = "playhouse", version, about, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts a node and stays until SIGTERM or Ctrl-C.
    Serve(Settings),
    /// Takes encode jobs for the nodes of a cluster and stays until SIGTERM or Ctrl-C.
    Worker(WorkerSettings),
    /// Uploads a file; run again, it goes on where it was broken off.
    Upload(upload::Arguments),
    /// Shows the actors of a running node: once, or redrawn each second with `--watch`.
    Tree(look::Arguments),
    /// Shows the members of a cluster as one of its nodes sees them.
    Cluster(look::ClusterArguments),
    /// Makes a bearer token for a subject.
    Token(token::Arguments),
    /// Reads the configuration, says what is wrong with it, or prints it with `--print`.
    CheckConfig {
        #[command(flatten)]
        settings: Settings,
        /// Prints the configuration as it is in force.
        #[arg(long)]
        print: bool,
    },
    /// Brings the catalog of a data folder to this program's schema, without serving.
    Migrate(Settings),
}

/// Where the configuration of a node comes from; later overrides earlier: file, environment
/// (`PLAYHOUSE_SECTION__KEY`), arguments.
#[derive(Args)]
pub(crate) struct Settings {
    /// The configuration file; without it `cluster.toml` of the current folder, if there is one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data folder (`node.data`).
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// Address and port to listen on (`node.listen`).
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Single keys of the configuration, dotted.
    #[arg(value_name = "KEY=VALUE")]
    overrides: Vec<String>,
}

impl Settings {
    /// The arguments that give a worker beside this node the same configuration.
    fn of_workers(&self) -> Vec<OsString> {
        let file = self.config.iter().flat_map(|file| ["--config".into(), file.into()]);
        file.chain(self.overrides.iter().map(OsString::from)).collect()
    }

    fn load(&self) -> Result<Config, config::Error> {
        let named = [("node.data", &self.data), ("node.listen", &self.listen)];
        load(self.config.as_deref(), &named, &self.overrides)
    }
}

/// Where the configuration of a worker comes from: that of the nodes, with its section `[worker]`.
#[derive(Args)]
pub(crate) struct WorkerSettings {
    /// The configuration file; without it `cluster.toml` of the current folder, if there is one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A folder of its own for what is being made (`worker.data`).
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// Single keys of the configuration, dotted.
    #[arg(value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Ends when the standard input does: for who starts it and holds the other end.
    #[arg(long)]
    attached: bool,
}

impl WorkerSettings {
    fn load(&self) -> Result<Config, config::Error> {
        load(self.config.as_deref(), &[("worker.data", &self.data)], &self.overrides)
    }
}

fn load(
    file: Option<&Path>,
    named: &[(&str, &Option<String>)],
    given: &[String],
) -> Result<Config, config::Error> {
    let named = named.iter().filter_map(|(key, value)| Some(format!("{key}={}", value.as_ref()?)));
    let overrides: Vec<_> = named.chain(given.iter().cloned()).collect();
    let variables = config::variables(std::env::vars_os())?;
    config::load(file, variables.into_iter(), &overrides)
}

/// Parses the command line and does what it says.
pub(crate) fn run() -> Result<(), Failure> {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => return Err(Failure::Usage(one_line(&error))),
        Err(help) => {
            help.print().map_err(anyhow::Error::from)?;
            return Ok(());
        }
    };
    match cli.command {
        Command::Serve(settings) => serve(settings.load()?, settings.of_workers()),
        Command::Worker(settings) => work(settings.load()?, settings.attached),
        Command::Upload(arguments) => block_on(upload::run(arguments)),
        Command::Tree(arguments) => block_on(look::run(arguments)),
        Command::Cluster(arguments) => block_on(look::cluster(arguments)),
        Command::Token(arguments) => Ok(token::run(&arguments)?),
        Command::CheckConfig { settings, print } => check_config(&settings.load()?, print),
        Command::Migrate(settings) => block_on(node::migrate(settings.load()?)),
    }
}

fn serve(config: Config, of_workers: Vec<OsString>) -> Result<(), Failure> {
    let node = if config.cluster.is_on() { config.cluster.node.as_str() } else { "" };
    let telemetry = Telemetry::start(&config.telemetry, "playhouse", node)?;
    descriptors::raise(config.gateway.connections_max);
    let levels = telemetry.levels();
    let ended = block_on(async { node::Node::load(config, of_workers, levels).await?.run().await });
    telemetry.stop();
    ended
}

fn work(config: Config, attached: bool) -> Result<(), Failure> {
    let telemetry = Telemetry::start(&config.telemetry, "playhouse-worker", "")?;
    let ended = block_on(async { worker::Worker::load(config).await?.run(attached).await });
    telemetry.stop();
    ended
}

fn check_config(config: &Config, print: bool) -> Result<(), Failure> {
    if print {
        print!("{}", config.to_toml());
    }
    Ok(())
}

fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)?;
    let result = runtime.block_on(work);
    // A blocking call that does not return must not hold up the end of the process.
    runtime.shutdown_background();
    Ok(result?)
}

/// clap's explanation, without its usage block.
fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let first = text.split("\n\n").next().unwrap_or(&text);
    let first = first.trim().trim_start_matches("error: ");
    format!("{first} (see playhouse --help)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_wrong_option_is_one_line_that_names_it() {
        let error = Cli::try_parse_from(["playhouse", "serve", "--lisen", "x"]).err();
        let text = one_line(&error.expect("the option does not exist"));
        assert!(text.contains("--lisen"), "{text}");
    }
}
