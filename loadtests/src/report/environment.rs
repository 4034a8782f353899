//! Where a load was run, and against what: without it a figure is a rumour.
//!
//! Everything is read once, at the start. What cannot be read is left out; secrets on the command
//! line are left out always.

use super::metrics;
use super::scrape::{Answer, Scraper};
use crate::target::Target;
use std::collections::BTreeMap;
use std::fs::read_to_string;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::process::Command;

/// What describes the machine: figures of two reports are of one machine when these are equal.
pub(crate) const MACHINE: [&str; 8] = [
    "cpu",
    "cores",
    "memory",
    "kernel",
    "governor",
    "virtual machine",
    "generator build",
    "generator and servers",
];

/// Words in the name of an argument whose value is nobody's business.
const SECRET: [&str; 4] = ["token", "secret", "password", "key"];

/// Looks at this machine and at the servers; `pids` are their processes as far as they run here.
pub(crate) async fn environment(targets: &[Target], pids: &[u32]) -> BTreeMap<String, String> {
    let mut found: Vec<(String, Option<String>)> = Vec::new();
    let mut add = |name: &str, value: Option<String>| found.push((name.to_owned(), value));
    let file = |path: &str| read_to_string(path).ok().map(|text| text.trim().to_owned());
    let cpu = file("/proc/cpuinfo").unwrap_or_default();
    add("kernel", file("/proc/sys/kernel/osrelease").map(|release| format!("Linux {release}")));
    add("cpu", field(&cpu, "model name"));
    let cores = std::thread::available_parallelism().ok();
    add("cores", cores.map(|cores| cores.to_string()));
    add("virtual machine", virtual_machine(&cpu).map(str::to_owned));
    add("memory", file("/proc/meminfo").and_then(|text| memory(&text)));
    add("governor", file("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"));
    add("load at the start", file("/proc/loadavg").and_then(|text| load(&text)));
    add("open files at most", file("/proc/self/limits").and_then(|text| open_files(&text)));
    for name in ["net.core.somaxconn", "net.ipv4.ip_local_port_range"] {
        let path = format!("/proc/sys/{}", name.replace('.', "/"));
        add(name, file(&path).map(|text| text.replace('\t', " ")));
    }
    add("generator", Some(format!("loadtests {}", env!("CARGO_PKG_VERSION"))));
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    add("generator build", Some(build.to_owned()));
    add("command line", Some(command_line(std::env::args())));
    add("revision", revision());
    add("generator and servers", Some(placed(targets, pids).to_owned()));
    for target in targets {
        add(&format!("server {}", target.address), Some(version(target).await));
    }
    found.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// `name : value`
fn field(text: &str, name: &str) -> Option<String> {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let mut values = lines.filter(|(key, _)| key.trim() == name).map(|(_, value)| value.trim());
    values.next().map(str::to_owned)
}

/// Hypervisors say so in the flags of the CPU, at least on x86.
fn virtual_machine(cpu: &str) -> Option<&'static str> {
    let flags = field(cpu, "flags")?;
    Some(if flags.split_whitespace().any(|flag| flag == "hypervisor") { "yes" } else { "no" })
}

fn memory(text: &str) -> Option<String> {
    let kilobytes: f64 = field(text, "MemTotal")?.trim_end_matches("kB").trim().parse().ok()?;
    Some(format!("{:.1} GiB", kilobytes / 1024.0 / 1024.0))
}

/// The means of one, five and fifteen minutes.
fn load(text: &str) -> Option<String> {
    let means: Vec<_> = text.split_whitespace().take(3).collect();
    (means.len() == 3).then(|| means.join(" "))
}

/// `Max open files  SOFT  HARD  files`
fn open_files(text: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next().map(str::to_owned)
}

fn command_line(arguments: impl Iterator<Item = String>) -> String {
    let (mut words, mut hide) = (Vec::new(), false);
    for argument in arguments {
        let name = argument.split_once('=').map(|(name, _)| name.to_owned());
        let secret = |name: &str| SECRET.iter().any(|word| name.to_lowercase().contains(word));
        words.push(match &name {
            _ if hide => "***".to_owned(),
            Some(name) if secret(name) => format!("{name}=***"),
            _ => without_user(&argument),
        });
        hide = !hide && argument.starts_with('-') && name.is_none() && secret(&argument);
    }
    words.join(" ")
}

/// `http://user:password@host` without the user.
fn without_user(argument: &str) -> String {
    match (argument.split_once("://"), argument.rsplit_once('@')) {
        (Some((scheme, rest)), Some((_, host))) if rest.contains('@') => {
            format!("{scheme}://***@{host}")
        }
        _ => argument.to_owned(),
    }
}

/// None outside of a checkout.
fn revision() -> Option<String> {
    let arguments = ["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"];
    let told = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(told.stdout).ok()?.trim().to_owned();
    (told.status.success() && !text.is_empty()).then_some(text)
}

fn placed(targets: &[Target], pids: &[u32]) -> &'static str {
    let here = targets.iter().filter(|target| is_here(&target.address)).count();
    match (here, targets.len()) {
        _ if !pids.is_empty() => "on one machine",
        (0, _) => "on different machines",
        (here, all) if here == all => "on one machine",
        _ => "some on one machine",
    }
}

/// An address is of this machine when it can be listened at.
fn is_here(address: &str) -> bool {
    let here = |to: SocketAddr| {
        to.ip().is_loopback() || TcpListener::bind(SocketAddr::new(to.ip(), 0)).is_ok()
    };
    address.to_socket_addrs().is_ok_and(|mut all| all.any(here))
}

/// What a server says it is.
async fn version(target: &Target) -> String {
    match Scraper::new(target).ask().await {
        Ok(Answer::Metrics(text)) => build(&text).unwrap_or_else(|| "tells no version".to_owned()),
        Ok(Answer::Other(status)) => format!("answers {status} at /metrics"),
        Err(error) => format!("did not answer: {error:#}"),
    }
}

fn build(text: &str) -> Option<String> {
    let points = metrics::parse(text).ok()?;
    let info = points.iter().find(|point| point.name == "playhouse_build_info")?;
    let version = info.labels.iter().find(|(name, _)| *name == "version")?;
    Some(format!("playhouse {}", version.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_left_out_of_the_command_line() {
        let line = "loadtests replay --token abc --token=abc --admin-token abc --seed 7 \
            auth.token_key=abc http://me:abc@host:1 --rate=5 --keep";
        let shown = command_line(line.split_whitespace().map(str::to_owned));
        let wanted = "loadtests replay --token *** --token=*** --admin-token *** --seed 7 \
            auth.token_key=*** http://***@host:1 --rate=5 --keep";
        assert_eq!(shown, wanted);
    }

    #[test]
    fn the_kernels_files_are_read() {
        let cpu = "processor\t: 0\nmodel name\t: A CPU @ 2 GHz\nflags\t\t: fpu hypervisor\n";
        assert_eq!(field(cpu, "model name").as_deref(), Some("A CPU @ 2 GHz"));
        assert_eq!((virtual_machine(cpu), virtual_machine("")), (Some("yes"), None));
        assert_eq!(memory("MemTotal:  8388608 kB\n").as_deref(), Some("8.0 GiB"));
        assert_eq!(load("0.10 0.20 0.30 1/99 5").as_deref(), Some("0.10 0.20 0.30"));
        let limits = "Limit  Soft  Hard\nMax open files            1024   524288   files\n";
        assert_eq!(open_files(limits).as_deref(), Some("1024"));
        assert_eq!(load(""), None);
    }

    #[test]
    fn servers_tell_their_version() {
        let text = "playhouse_build_info{version=\"1.2.3\"} 1\n";
        assert_eq!(build(text).as_deref(), Some("playhouse 1.2.3"));
        assert_eq!(build("a 1\n"), None);
    }

    #[test]
    fn loopback_is_this_machine_and_a_documentation_address_is_not() {
        let target = |address: &&str| Target::new(address, "").expect("a target");
        let check = |addresses: &[&str], pids: &[u32], wanted: &str| {
            let targets: Vec<_> = addresses.iter().map(target).collect();
            assert_eq!(placed(&targets, pids), wanted, "{addresses:?}");
        };
        check(&["127.0.0.1:80"], &[], "on one machine");
        check(&["[::1]:80", "localhost:1"], &[], "on one machine");
        check(&["192.0.2.1:80"], &[], "on different machines");
        check(&["127.0.0.1:80", "192.0.2.1:80"], &[], "some on one machine");
        check(&["192.0.2.1:80"], &[1], "on one machine");
    }

    #[tokio::test]
    async fn this_machine_is_described() {
        let found = environment(&[Target::new("127.0.0.1:1", "").expect("a target")], &[]).await;
        for name in ["kernel", "cores", "memory", "command line", "generator"] {
            assert!(found.get(name).is_some_and(|value| !value.is_empty()), "{name}: {found:?}");
        }
        assert!(found["server 127.0.0.1:1"].starts_with("did not answer"), "{found:?}");
    }
}
