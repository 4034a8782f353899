//! The proxy that users come to: what a load balancer in front of nodes does, no more.

use super::world;
use anyhow::{Context, ensure};
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Nothing else is in this network.
pub(super) const URL: &str = "http://127.0.0.1:80";

const CONFIG: &str = "global
    maxconn 4000
defaults
    mode http
    option forwardfor
    timeout connect 2s
    timeout http-request 15s
    timeout http-keep-alive 60s
    timeout client 130s
    timeout server 130s
    timeout queue 10s
    # A node that is busy answers late; one that is dead refuses at once.
    timeout check 2s
frontend users
    bind 127.0.0.1:80
    default_backend nodes
backend nodes
    balance roundrobin
    # A node that was told to go finishes what it has, and gets nothing new.
    option httpchk GET /readyz?leaving=404
    http-check disable-on-404
    http-check expect status 200
    option redispatch 1
    retries 3
    retry-on conn-failure empty-response
    http-request disable-l7-retry unless { method GET HEAD OPTIONS PUT DELETE }
    default-server check inter 1s fastinter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
";

/// A proxy that runs; it ends with this.
pub(super) struct Door(Child);

impl Door {
    /// Opens it for so many nodes.
    ///
    /// # Errors
    /// When HAProxy is not there, or does not start.
    pub(super) async fn open(folder: &Path, nodes: u8) -> anyhow::Result<Self> {
        let mut config = CONFIG.to_owned();
        for node in 1..=nodes {
            let (name, address) = (world::name(node), world::address(node));
            // Writing to a text does not fail.
            let _ = writeln!(config, "    server {name} {address}:{}", world::HTTP);
        }
        let file = folder.join("haproxy.cfg");
        std::fs::write(&file, config)?;
        let mut command = Command::new("/usr/sbin/haproxy");
        command.args(["-db", "-f"]).arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        let door = Self(command.spawn().context("HAProxy is not there: ops/cluster installs it")?);
        let began = Instant::now();
        while !reqwest::get(format!("{URL}/readyz")).await.is_ok_and(|it| it.status() == 200) {
            ensure!(began.elapsed() < Duration::from_secs(20), "HAProxy does not answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(door)
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody to tell.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
