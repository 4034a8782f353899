//! `playhouse upload`: sends a file to a node and, with `--wait`, stays until it is encoded.
//!
//! The server's offset is the only truth: after every break the client asks for it and goes on
//! there. The upload's address is remembered by file and server, so a second run of the command,
//! after a crash or a reboot of either side, goes on as well.

mod bars;
mod memory;
mod tus;
mod watch;

use crate::remote::{Access, Break, Patience};
use anyhow::{Context, Result, bail};
use bars::Bars;
use memory::{Memory, Remembered};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tus::Client;

/// What `playhouse upload` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The video or audio file.
    file: PathBuf,
    /// Title shown to viewers; the file's name stands in.
    #[arg(long)]
    title: Option<String>,
    #[command(flatten)]
    access: Access,
    /// Stays until every rendition has ended; exit code 1 when the content is refused.
    #[arg(long)]
    wait: bool,
    /// Gives up after so long without any progress.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    patience_s: u64,
}

/// Uploads, and waits when asked to.
///
/// # Errors
/// One sentence that names what was refused, or what went away for too long.
pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let file = Source::open(&arguments.file)?;
    let token = arguments.access.token()?;
    let server = &arguments.access.server;
    let client = Client::new(server, &token)?;
    let bars = Bars::new();
    let memory = Memory::standard(&file, server)?;
    let mut patience = Patience::new(Duration::from_secs(arguments.patience_s));
    let upload = find_or_create(&client, &memory, &file, &arguments, &mut patience).await?;
    send(&client, &upload, &file, &bars, &mut patience).await?;
    let last_byte = Instant::now();
    bars.line(&format!("watch: {server}/watch/{}", upload.content_id));
    if arguments.wait {
        let content = &upload.content_id;
        let waited = watch::until_ended(&client, content, &bars, last_byte, &mut patience).await;
        // Only a wait that was broken off can go on; a refused file may be sent anew.
        if let Err(Break::Away(reason)) = waited {
            bail!(reason);
        }
        memory.forget();
        return Ok(waited?);
    }
    memory.forget();
    Ok(())
}

/// The file as it is when the command starts.
pub(crate) struct Source {
    /// Absolute.
    pub(crate) path: PathBuf,
    /// Its length.
    pub(crate) size_bytes: u64,
    /// Nanoseconds since 1970: a changed file is another upload.
    pub(crate) modified_ns: u128,
}

impl Source {
    fn open(path: &Path) -> Result<Self> {
        let name = path.display();
        let path = path.canonicalize().with_context(|| format!("{name}"))?;
        let facts = path.metadata().with_context(|| format!("{name}"))?;
        if !facts.is_file() {
            bail!("{name}: is no file");
        }
        let modified = facts.modified().with_context(|| format!("{name}"))?;
        let since = modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Ok(Self { path, size_bytes: facts.len(), modified_ns: since.as_nanos() })
    }

    fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// The upload that an earlier run began, when the server still has it; else a new one.
async fn find_or_create(
    client: &Client,
    memory: &Memory,
    file: &Source,
    arguments: &Arguments,
    patience: &mut Patience,
) -> Result<Remembered> {
    if let Some(known) = memory.recall() {
        match patience.insist(|| client.offset(&known.url)).await {
            Ok(_) => return Ok(known),
            Err(Break::Gone(_)) => memory.forget(),
            Err(other) => return Err(other.into()),
        }
    }
    let filename = file.name();
    let mut metadata = vec![("filename", filename.as_str())];
    metadata.extend(arguments.title.as_deref().map(|title| ("title", title)));
    let created = patience.insist(|| client.create(file.size_bytes, &metadata)).await?;
    memory.remember(&created);
    Ok(created)
}

/// Sends what the server does not have yet, as often as it takes.
async fn send(
    client: &Client,
    upload: &Remembered,
    file: &Source,
    bars: &Bars,
    patience: &mut Patience,
) -> Result<()> {
    let bar = bars.upload(&file.name(), file.size_bytes);
    let mut known = 0;
    loop {
        let offset = patience.insist(|| client.offset(&upload.url)).await?;
        if offset > known {
            patience.progress();
            known = offset;
        }
        bar.at(offset);
        if offset == file.size_bytes {
            bar.done();
            return Ok(());
        }
        match client.append(&upload.url, file, offset, &bar).await {
            Ok(()) => {}
            Err(Break::Away(reason)) => patience.wait(&reason).await?,
            Err(other) => return Err(other.into()),
        }
    }
}
