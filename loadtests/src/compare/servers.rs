//! The servers of a comparison: started on free loopback ports, ended when this is dropped.

use super::{OURS, Options};
use crate::ingest::Mode;
use crate::target::Target;
use crate::wire::connect;
use anyhow::{Context, bail, ensure};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A server listens within this time, with a fresh folder.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// Rules against inflation that see one address behind everybody are lifted: here it is true.
const SETTING: &str = "actors.playback.views_per_address_hour_max=0";

/// Names of the peers in the tables.
pub(super) const REDIS: &str = "axum + Redis INCR";
pub(super) const BARE: &str = "axum + bare group commit";

/// What is measured.
pub(super) struct Subject {
    pub(super) name: &'static str,
    pub(super) server: String,
    pub(super) mode: Mode,
    pub(super) token: String,
    pub(super) pids: Vec<u32>,
}

/// A process that is ended with this.
struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All of them, and the folder of their data, which goes last.
pub(super) struct Servers {
    node: Option<(Server, String)>,
    peer_redis: Server,
    redis: Server,
    peer_commit: Server,
    _folder: TempDir,
}

impl Servers {
    /// Starts Redis, both peers and the node with one content.
    ///
    /// # Errors
    /// When one of them does not start.
    pub(super) async fn start(options: &Options) -> anyhow::Result<Self> {
        let folder = match &options.folder {
            Some(folder) => tempfile::tempdir_in(folder)?,
            None => tempfile::tempdir()?,
        };
        let bin = match &options.bin {
            Some(bin) => bin.clone(),
            None => std::env::current_exe()?.parent().context("a program has a folder")?.to_owned(),
        };
        let redis = redis(folder.path()).await?;
        let address = free_address()?;
        let mut command = Command::new(bin.join("peer_redis"));
        command.arg(&address).arg(format!("redis://{}", redis.address));
        let peer_redis = started(command, &address).await?;
        let address = free_address()?;
        let mut command = Command::new(bin.join("peer_commit"));
        command.arg(&address).arg(folder.path().join("bare.db"));
        let peer_commit = started(command, &address).await?;
        let node =
            if options.peers_only { None } else { Some(node(options, &bin, folder.path()).await?) };
        Ok(Self { node, peer_redis, redis, peer_commit, _folder: folder })
    }

    /// What is measured, the node first.
    pub(super) fn subjects(&self) -> Vec<Subject> {
        let ours = self.node.iter().flat_map(|(node, token)| {
            OURS.map(|(name, mode)| subject(name, node, mode, token.clone()))
        });
        let mut subjects: Vec<_> = ours.collect();
        let mut redis = subject(REDIS, &self.peer_redis, Mode::Incr, String::new());
        // The peer is the server and its store.
        redis.pids.push(self.redis.child.id());
        subjects.push(redis);
        subjects.push(subject(BARE, &self.peer_commit, Mode::Incr, String::new()));
        subjects
    }
}

fn subject(name: &'static str, server: &Server, mode: Mode, token: String) -> Subject {
    let pids = vec![server.child.id()];
    Subject { name, server: format!("http://{}", server.address), mode, token, pids }
}

async fn redis(folder: &Path) -> anyhow::Result<Server> {
    let address = free_address()?;
    let port = address.rsplit(':').next().context("an address has a port")?;
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--port", port, "--save", ""]);
    command.args(["--appendonly", "yes", "--appendfsync", "everysec", "--dir"]).arg(folder);
    started(command, &address).await
}

/// A fresh node with one published content, and the administrator's token.
async fn node(options: &Options, bin: &Path, folder: &Path) -> anyhow::Result<(Server, String)> {
    let (address, data) = (free_address()?, folder.join("node"));
    let mut command = Command::new(bin.join("playhouse"));
    command.args(["serve", "--listen", &address, "--data"]).arg(&data);
    command.arg("--config").arg(&options.config).arg(SETTING).args(&options.set);
    let server = started(command, &address).await?;
    let mut upload = Command::new(bin.join("playhouse"));
    upload.arg("upload").arg(&options.film).arg("--wait").arg("--data").arg(&data);
    upload.args(["--server", &format!("http://{address}")]).env("XDG_STATE_HOME", folder);
    let ended = upload.stdin(Stdio::null()).output().context("playhouse upload")?;
    let told = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "playhouse upload {}: {told}", options.film.display());
    let token = std::fs::read_to_string(data.join("admin-token"))?;
    Target::new(&address, &token)?.contents(&[]).await?;
    Ok((server, token))
}

/// Starts a command that listens there, and waits until it does.
async fn started(mut command: Command, address: &str) -> anyhow::Result<Server> {
    let name = PathBuf::from(command.get_program());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().with_context(|| name.display().to_string())?;
    let mut server = Server { child, address: address.to_owned() };
    let began = Instant::now();
    while connect(address).await.is_err() {
        if let Some(status) = server.child.try_wait()? {
            bail!("{} ended at once: {status}", name.display());
        }
        ensure!(began.elapsed() < READY_WITHIN, "{} does not listen", name.display());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(server)
}

fn free_address() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
