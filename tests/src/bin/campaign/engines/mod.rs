//! The engines of one set of `ops/services`: where they are, how they end, how they come back.

mod proxy;

use anyhow::{Context, ensure};
use proxy::Proxy;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// What the last line of `ops/services up` says before the folder.
const FOLDER_AFTER: &str = "addresses for tests in ";

/// A set of engines, and a wire to each that the node talks to.
pub(crate) struct Engines {
    folder: PathBuf,
    /// Where nodes reach the wires.
    host: IpAddr,
    wires: BTreeMap<String, Proxy>,
    /// `key=value` of the node.
    pub(crate) settings: Vec<String>,
}

impl Engines {
    /// Starts the engines that are named, and lays the wires.
    ///
    /// # Errors
    /// When one does not start.
    pub(crate) async fn up(names: &[&str]) -> anyhow::Result<Self> {
        Self::up_at(names, Ipv4Addr::LOCALHOST.into()).await
    }

    /// The same for nodes that reach them at another address of this machine.
    ///
    /// # Errors
    /// When one does not start.
    pub(crate) async fn up_at(names: &[&str], host: IpAddr) -> anyhow::Result<Self> {
        let told = services("up", names).await?;
        let line = told.lines().find_map(|line| line.split_once(FOLDER_AFTER));
        let (_, env) = line.context("ops/services names no folder")?;
        let folder = Path::new(env).parent().context("a file lies in a folder")?.to_owned();
        let lines = std::fs::read_to_string(folder.join("cluster.toml"))?;
        let mut engines = Self { folder, host, wires: BTreeMap::new(), settings: Vec::new() };
        for (key, value) in pairs(&lines) {
            let value = engines.through_a_wire(&value).await?;
            engines.settings.push(format!("storage.{key}={value}"));
        }
        Ok(engines)
    }

    /// Kafka's brokers tell their clients where they are: a wire on loopback would be gone round,
    /// and elsewhere clients must be brought to it.
    async fn through_a_wire(&mut self, value: &str) -> anyhow::Result<String> {
        let is_kafka = value.starts_with("kafka:");
        let Some((before, port, after)) =
            address(value).filter(|_| !is_kafka || !self.host.is_loopback())
        else {
            return Ok(value.to_owned());
        };
        let name = self.listening_on(port)?;
        let proxy = Proxy::to(port, self.host).await?;
        let through = format!("{before}{}:{}{after}", self.host, proxy.port());
        self.wires.insert(name, proxy);
        Ok(if is_kafka { value.to_owned() } else { through })
    }

    /// The port of the wire to an engine.
    ///
    /// # Errors
    /// When it has none.
    pub(crate) fn port(&self, name: &str) -> anyhow::Result<u16> {
        self.wires.get(name).map(Proxy::port).with_context(|| format!("{name} has no wire"))
    }

    /// The address of an engine for tests, past its wire.
    ///
    /// # Errors
    /// When it has none.
    pub(crate) fn address(&self, name: &str) -> anyhow::Result<String> {
        let env = std::fs::read_to_string(self.folder.join("env"))?;
        let prefix = format!("export PLAYHOUSE_TEST_{name}=");
        let value = env.lines().find_map(|line| line.strip_prefix(&prefix));
        let value = value.with_context(|| format!("{name} has no address"))?;
        Ok(value.trim_matches(['"', '\'']).to_owned())
    }

    /// The engine whose address for tests has that port.
    fn listening_on(&self, port: u16) -> anyhow::Result<String> {
        let env = std::fs::read_to_string(self.folder.join("env"))?;
        let (address, prefix) = (format!("127.0.0.1:{port}"), "export PLAYHOUSE_TEST_");
        let line = env.lines().find(|line| line.contains(&address));
        let name = line.and_then(|line| line.strip_prefix(prefix)?.split_once('='));
        let name = name.with_context(|| format!("no engine listens on {port}"))?.0;
        Ok(if name == "AMQP" { "rabbitmq".to_owned() } else { name.to_lowercase() })
    }

    /// Ends an engine as a power cut would.
    ///
    /// # Errors
    /// When it does not run.
    pub(crate) fn kill(&self, name: &str) -> anyhow::Result<()> {
        Ok(kill_process(self.pid(name)?, Signal::KILL)?)
    }

    /// Starts an engine again on its data.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) async fn start(&self, name: &str) -> anyhow::Result<()> {
        services("up", &[name]).await.map(drop)
    }

    /// Makes the standby of PostgreSQL the one that everybody writes to.
    ///
    /// # Errors
    /// When it cannot be.
    pub(crate) async fn promote(&self) -> anyhow::Result<()> {
        services("promote", &[]).await.map(drop)
    }

    /// Cuts the wire to an engine, or mends it. One without a wire stands still meanwhile.
    ///
    /// # Errors
    /// When it has no wire and does not run.
    pub(crate) fn cut(&self, name: &str, cut: bool) -> anyhow::Result<()> {
        match self.wires.get(name) {
            Some(wire) => wire.cut(cut),
            None => {
                let signal = if cut { Signal::STOP } else { Signal::CONT };
                kill_process(self.pid(name)?, signal)?;
            }
        }
        Ok(())
    }

    fn pid(&self, name: &str) -> anyhow::Result<Pid> {
        let text = std::fs::read_to_string(self.folder.join(name).join("server.pid"));
        let text = text.with_context(|| format!("{name} does not run"))?;
        let pid = text.split(' ').next().and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw);
        pid.with_context(|| format!("{name} has no process id"))
    }
}

impl Drop for Engines {
    /// Also when the campaign ends in the middle.
    fn drop(&mut self) {
        let mut down = std::process::Command::new(script());
        if !down.arg("down").stdout(Stdio::null()).status().is_ok_and(|status| status.success()) {
            eprintln!("the engines in {} were not ended", self.folder.display());
        }
    }
}

fn script() -> PathBuf {
    playhouse_tests::root().join("ops/services")
}

async fn services(what: &str, names: &[&str]) -> anyhow::Result<String> {
    let mut command = Command::new(script());
    let ended = command.arg(what).args(names).output().await?;
    let told = String::from_utf8_lossy(&ended.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "ops/services {what}: {told}{complaints}");
    Ok(told)
}

/// `key = "value"` lines.
fn pairs(lines: &str) -> Vec<(String, String)> {
    let pair = |line: &str| {
        let (key, value) = line.split_once(" = ")?;
        Some((key.to_owned(), value.trim_matches('"').to_owned()))
    };
    lines.lines().filter_map(pair).collect()
}

/// A value that holds an address on loopback: what is before it, its port, what is after.
fn address(value: &str) -> Option<(&str, u16, &str)> {
    let at = value.find("127.0.0.1:")?;
    let port_at = at + "127.0.0.1:".len();
    let digits = value[port_at..].bytes().take_while(u8::is_ascii_digit).count();
    let port = value[port_at..port_at + digits].parse().ok()?;
    Some((&value[..at], port, &value[port_at + digits..]))
}
