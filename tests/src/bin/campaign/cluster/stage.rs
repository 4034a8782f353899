//! The nodes and what they share: engines, certificates, a proxy, contents in many shards.

use super::door::{self, Door};
use super::world::{self, End};
use crate::crowd::Film;
use crate::engines::Engines;
use anyhow::{Context, ensure};
use playhouse_tests::client::Client;
use playhouse_tests::history::{self, Record};
use playhouse_tests::moment;
use playhouse_tests::random::Random;
use playhouse_tests::sandbox::Sandbox;
use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio_postgres::NoTls;

const ENGINES: [&str; 5] = ["postgres", "redis", "s3", "rabbitmq", "kafka"];
const SHARDS: u16 = 256;
/// Contents, so that every node owns some.
const CONTENTS: usize = 64;
/// Every shard has an owner, and every node some, within so long.
const BALANCED_WITHIN: Duration = Duration::from_secs(90);

/// Everything.
pub(super) struct Stage {
    pub(super) nodes: Vec<Sandbox>,
    pub(super) engines: Engines,
    pub(super) sql: tokio_postgres::Client,
    pub(super) film: Film,
    pub(super) counted: String,
    /// Contents and their shards.
    contents: BTreeMap<String, u16>,
    settings: Vec<Vec<String>>,
    _door: Door,
    _folder: TempDir,
    _to_kafka: Vec<Forwarder>,
}

/// Brings a node to the brokers, which tell everybody that they are on loopback.
struct Forwarder(Child);

impl Drop for Forwarder {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody to tell.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Stage {
    /// Starts everything, and has the database keep a history.
    ///
    /// # Errors
    /// When something does not start.
    pub(super) async fn of(count: u8) -> anyhow::Result<Self> {
        world::join(count)?;
        let engines = Engines::up_at(&ENGINES, world::ENGINES.into()).await?;
        let folder = tempfile::tempdir()?;
        let database = new_database(&engines).await?;
        let settings = settings(&engines, &database, folder.path(), count)?;
        let to_kafka = (1..=count).map(|node| forward(node, engines.port("kafka")?));
        let to_kafka = to_kafka.collect::<anyhow::Result<_>>()?;
        let mut nodes = vec![];
        for (number, settings) in (1..=count).zip(&settings) {
            let at = SocketAddrV4::new(world::address(number), world::HTTP);
            let mut node = Sandbox::elsewhere(&world::name(number), at);
            node.set(&settings.iter().map(String::as_str).collect::<Vec<_>>());
            node.start().await;
            nodes.push(node);
        }
        let sql = connect(&in_database(&engines.address("POSTGRES")?, &database)?).await?;
        history::keep(&sql).await?;
        let door = Door::open(folder.path(), count).await?;
        let clip = playhouse_tests::clip();
        let (film, counted) = (nodes[0].upload(&clip), nodes[0].upload(&clip));
        let film = Film::of(&nodes[0].admin(), &film).await?;
        let contents = contents(&nodes).await?;
        let stage = Self {
            nodes,
            engines,
            sql,
            film,
            counted,
            contents,
            settings,
            _door: door,
            _folder: folder,
            _to_kafka: to_kafka,
        };
        stage.balanced().await?;
        Ok(stage)
    }

    /// Other settings for the starts to come, beside those of every start.
    pub(super) fn set(&mut self, more: &[&str]) {
        for (node, settings) in self.nodes.iter_mut().zip(&self.settings) {
            let all = settings.iter().map(String::as_str).chain(more.iter().copied());
            node.set(&all.collect::<Vec<_>>());
        }
    }

    /// An administrator who comes to the proxy.
    pub(super) fn admin(&self) -> Client {
        Client::new(door::URL, Some(self.nodes[0].admin().token()))
    }

    /// Somebody without a token who comes to the proxy.
    pub(super) fn anonymous(&self) -> Client {
        Client::new(door::URL, None)
    }

    /// The database, as a node reaches it.
    pub(super) fn database(&self) -> anyhow::Result<End> {
        Ok(End::Engine(self.engines.port("postgres")?))
    }

    /// A content of a node's.
    pub(super) async fn one_of(&self, node: u8, random: &mut Random) -> anyhow::Result<String> {
        let sql = "SELECT shard FROM shard WHERE owner = $1";
        let rows = self.sql.query(sql, &[&world::name(node)]).await?;
        let owned: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
        let of_node = self.contents.iter().filter(|(_, at)| owned.contains(&i64::from(**at)));
        let of_node: Vec<_> = of_node.map(|(id, _)| id.clone()).collect();
        ensure!(!of_node.is_empty(), "node {node} owns no content");
        Ok(random.pick(&of_node).clone())
    }

    /// Waits until every shard has an owner, and every node has some.
    ///
    /// # Errors
    /// When that does not come.
    pub(super) async fn balanced(&self) -> anyhow::Result<Duration> {
        let wanted = (i64::from(SHARDS), i64::try_from(self.nodes.len())?);
        let sql = "SELECT COUNT(owner), COUNT(DISTINCT owner) FROM shard";
        let began = Instant::now();
        loop {
            let row = self.sql.query_one(sql, &[]).await?;
            let now: (i64, i64) = (row.get(0), row.get(1));
            if now == wanted {
                return Ok(began.elapsed());
            }
            let told = "shards are owned, by so many nodes";
            ensure!(began.elapsed() < BALANCED_WITHIN, "{now:?} {told}; wanted are {wanted:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Everything that the database has accepted.
    pub(super) async fn history(&self) -> anyhow::Result<Vec<Record>> {
        Ok(history::kept(&self.sql).await?)
    }
}

/// Makes a database that no cluster has used before.
async fn new_database(engines: &Engines) -> anyhow::Result<String> {
    let name = format!("campaign_{}", moment::now_ms());
    let server = connect(&engines.address("POSTGRES")?).await?;
    server.batch_execute(&format!("CREATE DATABASE {name}")).await?;
    Ok(name)
}

/// The same server's URL with another database.
fn in_database(url: &str, name: &str) -> anyhow::Result<String> {
    let (server, _) = url.rsplit_once('/').context("a URL names a database")?;
    Ok(format!("{server}/{name}"))
}

/// The settings of each node.
fn settings(
    engines: &Engines,
    database: &str,
    folder: &Path,
    count: u8,
) -> anyhow::Result<Vec<Vec<String>>> {
    let certs = folder.join("certs");
    let mut make = Command::new(playhouse_tests::root().join("ops/certs"));
    let made = make.arg(&certs).args((1..=count).map(world::name)).stdout(Stdio::null()).status();
    ensure!(made?.success(), "ops/certs made no certificates");
    let secret = folder.join("secret");
    std::fs::write(&secret, "0123456789abcdef".repeat(4))?;
    let (certs, secret) = (certs.display(), secret.display());
    let of_node = |number: u8| {
        let (name, address) = (world::name(number), world::address(number));
        let mut settings: Vec<String> = engines.settings.clone();
        for setting in &mut settings {
            if setting.starts_with("storage.catalog=") {
                *setting = format!("{}?application_name={name}", in_database(setting, database)?);
            }
        }
        settings.extend([
            "storage.postgres.tell_fences=true".to_owned(),
            "actors.playback.views_per_address_hour_max=0".to_owned(),
            format!("node.shard_count={SHARDS}"),
            "cluster.name=campaign".to_owned(),
            format!("cluster.node={name}"),
            format!("cluster.listen={address}:{}", world::LINK),
            format!("cluster.authority={certs}/authority.pem"),
            format!("cluster.certificate={certs}/{name}.pem"),
            format!("cluster.key={certs}/{name}-key.pem"),
            format!("cluster.secret={secret}"),
        ]);
        Ok(settings)
    };
    (1..=count).map(of_node).collect()
}

fn forward(node: u8, port: u16) -> anyhow::Result<Forwarder> {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", &world::name(node), "socat"]);
    command.arg(format!("TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr"));
    command.arg(format!("TCP:{}:{port}", world::ENGINES));
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    Ok(Forwarder(child.context("socat is not there")?))
}

#[allow(clippy::disallowed_methods, reason = "the connection lives as long as its client")]
async fn connect(url: &str) -> anyhow::Result<tokio_postgres::Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Drafts, made at every node, and where they are.
async fn contents(nodes: &[Sandbox]) -> anyhow::Result<BTreeMap<String, u16>> {
    let mut contents = BTreeMap::new();
    for (node, _) in nodes.iter().cycle().zip(0..CONTENTS) {
        let client = node.admin();
        let made = client.create(100, "").await;
        ensure!(made.status == 201, "{}: {}", made.status, made.text());
        let id = made.header("playhouse-content-id").to_owned();
        let route = client.get(&format!("/admin/api/route/{id}")).await.json();
        let shard = route["shard"]["shard"].as_u64();
        contents.insert(id, u16::try_from(shard.context("a shard has a number")?)?);
    }
    Ok(contents)
}
