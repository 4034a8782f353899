//! A node as a real process, with a data folder and a port of its own.
//!
//! It can be stopped, killed, armed with a failpoint and started again on the same data. The
//! process ends with the sandbox, by its id. The node's log is shown when a story fails.

use crate::client::{Client, http};
use crate::command::{Ended, run};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A node starts within this time on the slowest machine that runs the stories.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// A folder, a port, and a node that may be running on them.
pub struct Sandbox {
    folder: TempDir,
    host: Ipv4Addr,
    port: u16,
    /// The network namespace that the node runs in; this one when there is none.
    network: Option<String>,
    settings: Vec<String>,
    node: Option<Child>,
}

impl Sandbox {
    /// A fresh folder; nothing runs yet. `settings` are `key=value` arguments of every start.
    ///
    /// # Panics
    /// When there is no temporary folder or free port.
    #[must_use]
    pub fn new(settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let settings = settings.iter().map(|text| (*text).to_owned()).collect();
        let (host, port) = (Ipv4Addr::LOCALHOST, free_port());
        Self { folder, host, port, network: None, settings, node: None }
    }

    /// A fresh folder for a node in another network namespace, which listens at that address there.
    ///
    /// # Panics
    /// When there is no temporary folder.
    #[must_use]
    pub fn elsewhere(network: &str, at: SocketAddrV4) -> Self {
        let mut sandbox = Self::new(&[]);
        (sandbox.host, sandbox.port) = (*at.ip(), at.port());
        sandbox.network = Some(network.to_owned());
        sandbox
    }

    /// Other settings for the starts to come.
    pub fn set(&mut self, settings: &[&str]) {
        self.settings = settings.iter().map(|text| (*text).to_owned()).collect();
    }

    /// A fresh folder with a running node.
    pub async fn started(settings: &[&str]) -> Self {
        let mut sandbox = Self::new(settings);
        sandbox.start().await;
        sandbox
    }

    /// Starts the node and waits until it is ready.
    ///
    /// # Panics
    /// When it does not get ready.
    pub async fn start(&mut self) {
        self.start_armed("").await;
    }

    /// Starts the node with `PLAYHOUSE_FAILPOINT=name:n`, and waits until it is ready.
    ///
    /// # Panics
    /// When it does not get ready.
    pub async fn start_armed(&mut self, failpoint: &str) {
        assert!(self.node.is_none(), "the node runs already");
        let log = File::options().create(true).append(true).open(self.log_path());
        let log = log.expect("the sandbox can be written");
        let mut command = self.serve();
        if !failpoint.is_empty() {
            command.env("PLAYHOUSE_FAILPOINT", failpoint);
        }
        let output = log.try_clone().expect("a file can be shared");
        let child = command.stdout(output).stderr(log).spawn().expect("playhouse starts");
        self.node = Some(child);
        self.wait_ready().await;
    }

    async fn wait_ready(&mut self) {
        let began = Instant::now();
        let url = self.url("/readyz");
        let http = http();
        while !http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            if let Some(status) = self.ended() {
                panic!("the node ended at once ({status}); its log:\n{}", self.log());
            }
            assert!(began.elapsed() < READY_WITHIN, "not ready; its log:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The `serve` command of this sandbox, not started.
    #[must_use]
    pub fn serve(&self) -> Command {
        let program = crate::binary("playhouse");
        let mut command = match &self.network {
            Some(network) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", network]).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.arg("serve").arg("--config").arg(crate::root().join("cluster.toml"));
        command.arg("--data").arg(self.data()).args(["--listen", &self.address()]);
        command.args(&self.settings).stdin(Stdio::null());
        command
    }

    /// `playhouse upload FILE --wait` to this node, with a memory of its own; not started.
    #[must_use]
    pub fn upload_command(&self, file: &Path) -> Command {
        let mut command = Command::new(crate::binary("playhouse"));
        command.arg("upload").arg(file).args(["--wait", "--server", &self.url("")]);
        command.arg("--data").arg(self.data()).env("XDG_STATE_HOME", self.folder.path());
        // Whoever runs the tests may have one for another node.
        command.env_remove("PLAYHOUSE_TOKEN");
        command
    }

    /// Uploads a file with the command line and waits for its renditions.
    ///
    /// # Panics
    /// When the command fails.
    #[must_use]
    pub fn upload(&self, file: &Path) -> String {
        let ended = run(&mut self.upload_command(file));
        assert_eq!(ended.code, 0, "{}\nthe node's log:\n{}", ended.stderr, self.log());
        content_of(&ended)
    }

    /// Ends the node as a power cut would.
    ///
    /// # Panics
    /// When it is not running.
    pub fn kill(&mut self) {
        let mut node = self.node.take().expect("the node runs");
        node.kill().expect("a child can be killed");
        node.wait().expect("a killed child ends");
    }

    /// Asks the node to stop (SIGTERM) and waits for it.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn stop(&mut self) -> ExitStatus {
        let pid = self.pid();
        kill_process(pid, Signal::TERM).expect("a child can be signalled");
        self.wait_ended(Duration::from_secs(20)).await
    }

    /// Waits until the node has ended by itself.
    ///
    /// # Panics
    /// When it goes on.
    pub async fn wait_ended(&mut self, within: Duration) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                self.node = None;
                return status;
            }
            assert!(began.elapsed() < within, "the node goes on; its log:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// How the node ended, if it has.
    ///
    /// # Panics
    /// When it was not started.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.node.as_mut().expect("the node was started").try_wait().expect("a child's state")
    }

    /// Process ids of the node's codec-workers that are alive.
    ///
    /// # Panics
    /// When the node is not running.
    #[must_use]
    pub fn workers(&self) -> Vec<Pid> {
        children(self.pid(), "codec-worker")
    }

    /// Process ids of the `playhouse worker` processes that the node has started.
    ///
    /// # Panics
    /// When the node is not running.
    #[must_use]
    pub fn local_workers(&self) -> Vec<Pid> {
        children(self.pid(), "playhouse")
    }

    /// Every child process of the node, also those that have ended and were not asked how.
    ///
    /// # Panics
    /// When the node is not running.
    #[must_use]
    pub fn processes(&self) -> Vec<String> {
        let node = self.pid().as_raw_nonzero().get().to_string();
        let processes = std::fs::read_dir("/proc").expect("Linux has /proc");
        let stats = processes.flatten().filter_map(|entry| {
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            let (_, after) = stat.rsplit_once(')')?;
            let ours = after.split(' ').nth(2)? == node;
            ours.then(|| stat.chars().take(60).collect())
        });
        stats.collect()
    }

    /// The node's process id.
    ///
    /// # Panics
    /// When it is not running.
    #[must_use]
    pub fn pid(&self) -> Pid {
        let id = self.node.as_ref().expect("the node runs").id();
        Pid::from_raw(id.cast_signed()).expect("a process id is positive")
    }

    /// A client with the administrator's token.
    ///
    /// # Panics
    /// When the node has not written it.
    #[must_use]
    pub fn admin(&self) -> Client {
        let token = std::fs::read_to_string(self.data().join("admin-token"));
        Client::new(&self.url(""), Some(token.expect("the node wrote admin-token").trim()))
    }

    /// A client with a fresh token of that role.
    ///
    /// # Panics
    /// When the token cannot be made.
    #[must_use]
    pub fn client(&self, role: &str, subject: &str) -> Client {
        let mut command = Command::new(crate::binary("playhouse"));
        command.args(["token", "--role", role, "--subject", subject, "--data"]).arg(self.data());
        let ended = run(&mut command);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        Client::new(&self.url(""), Some(ended.stdout.trim()))
    }

    /// A client without a token.
    #[must_use]
    pub fn anonymous(&self) -> Client {
        Client::new(&self.url(""), None)
    }

    /// The address of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// The sandbox's own folder, for inputs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The node's data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Everything the node has logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Its last lines, said to be that.
    #[must_use]
    pub fn log_end(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(20)..].join("\n");
        format!("the end of the node's log:\n{last}")
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("node.log")
    }

    fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the node's log:\n{}", self.log());
        }
        if let Some(mut node) = self.node.take() {
            // It may have ended by itself; there is nobody to tell.
            let _ = node.kill();
            let _ = node.wait();
        }
    }
}

/// Process ids of the children of a process that are alive and have a name.
pub(crate) fn children(of: Pid, called: &str) -> Vec<Pid> {
    let of = of.as_raw_nonzero().get().to_string();
    let processes = std::fs::read_dir("/proc").expect("Linux has /proc");
    let ids = processes.flatten().filter_map(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // `pid (name) state parent …`
        let (before, after) = stat.rsplit_once(')')?;
        let (id, name) = before.split_once(" (")?;
        let (state, parent) = (after.split(' ').nth(1)?, after.split(' ').nth(2)?);
        // One that has ended stays listed until its parent has asked how.
        let ours = name.starts_with(called) && parent == of && state != "Z";
        ours.then(|| id.parse().ok().and_then(Pid::from_raw)).flatten()
    });
    ids.collect()
}

/// The content id in what `playhouse upload` printed.
///
/// # Panics
/// When there is no watch address.
#[must_use]
pub fn content_of(ended: &Ended) -> String {
    let address = ended.line("watch: ").unwrap_or_else(|| panic!("no watch address: {ended:?}"));
    address.rsplit('/').next().unwrap_or_default().to_owned()
}

/// A port of loopback that nobody listens at just now.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound listener has an address").port()
}
