//! The machines of the campaign: a network namespace for each node, joined by a router, which
//! loses the packets that it is told to lose.
//!
//! All of it lives in namespaces of its own, so that nothing outside sees any of it and all of it
//! ends with the campaign.

use anyhow::{Context, ensure};
use std::net::Ipv4Addr;
use std::process::Command;

/// Where nodes reach the engines: an address of the router.
pub(super) const ENGINES: Ipv4Addr = Ipv4Addr::new(10, 77, 200, 1);

/// Set for the program that runs inside.
const INSIDE: &str = "PLAYHOUSE_CAMPAIGN_INSIDE";
/// Names of networks are files of a folder; this one is seen inside only.
const SCRIPT: &str = "mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns && exec \"$0\" \"$@\"";
/// The port at which every node listens for users, and the one of its link.
pub(super) const HTTP: u16 = 8080;
pub(super) const LINK: u16 = 7400;
/// What is lost is said by rules of this rank, before any that says a way.
const LOST: u8 = 10;

/// Who sends, or is sent to.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// A node, by its number from 1 on.
    Node(u8),
    /// The engine on this port of [`ENGINES`].
    Engine(u16),
}

/// Whether this program runs in namespaces of its own.
pub(super) fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs the campaign again, in namespaces of its own.
///
/// # Errors
/// When they cannot be made (that takes root), or the campaign fails.
pub(super) fn enter(arguments: &[String]) -> anyhow::Result<()> {
    let me = std::env::current_exe()?;
    let mut command = Command::new("unshare");
    command.args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    command.args(["sh", "-c", SCRIPT]).arg(me).arg("cluster").args(arguments).env(INSIDE, "yes");
    let status = command.status().context("unshare (of util-linux) is not there")?;
    ensure!(status.success(), "the campaign failed, as it says above");
    Ok(())
}

/// Joins this namespace, which becomes the router, with one for each of so many nodes.
///
/// # Errors
/// What `ip` complains about.
pub(super) fn join(nodes: u8) -> anyhow::Result<()> {
    std::fs::write("/proc/sys/net/ipv4/ip_forward", "1")?;
    ip("link set lo up")?;
    ip(&format!("addr add {ENGINES}/32 dev lo"))?;
    // The router looks at what is lost before it takes anything for itself.
    ip("rule add pref 100 lookup local")?;
    ip("rule del pref 0")?;
    for number in 1..=nodes {
        let (name, inner) = (name(number), address(number));
        ip(&format!("netns add {name}"))?;
        ip(&format!("link add to-{name} type veth peer name eth0 netns {name}"))?;
        ip(&format!("addr add 10.77.{number}.1/30 dev to-{name}"))?;
        ip(&format!("link set to-{name} up"))?;
        ip(&format!("-n {name} addr add {inner}/30 dev eth0"))?;
        ip(&format!("-n {name} link set eth0 up"))?;
        ip(&format!("-n {name} link set lo up"))?;
        ip(&format!("-n {name} route add default via 10.77.{number}.1"))?;
    }
    Ok(())
}

/// What a node and its namespace are called.
pub(super) fn name(node: u8) -> String {
    format!("node-{node}")
}

/// Where a node is.
pub(super) fn address(node: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, node, 2)
}

/// Loses every packet from one end to the other, without a word to either.
///
/// # Errors
/// What `ip` complains about.
pub(super) fn lose(from: End, to: End) -> anyhow::Result<()> {
    let from = match from {
        End::Node(node) => format!("from {}", address(node)),
        End::Engine(port) => format!("from {ENGINES} ipproto tcp sport {port}"),
    };
    let to = match to {
        End::Node(node) => format!("to {}", address(node)),
        End::Engine(port) => format!("to {ENGINES} ipproto tcp dport {port}"),
    };
    ip(&format!("rule add pref {LOST} {from} {to} blackhole"))
}

/// Loses packets in both directions.
///
/// # Errors
/// What `ip` complains about.
pub(super) fn part(a: End, b: End) -> anyhow::Result<()> {
    lose(a, b)?;
    lose(b, a)
}

/// Loses nothing any more.
pub(super) fn mend() {
    while ip(&format!("rule del pref {LOST}")).is_ok() {}
}

fn ip(line: &str) -> anyhow::Result<()> {
    let ended = Command::new("ip").args(line.split(' ')).output().context("ip (of iproute2)")?;
    let complaint = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "ip {line}: {}", complaint.trim());
    Ok(())
}
