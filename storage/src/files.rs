//! The few steps by which a local engine makes a file durable and final: sync it, move it to a
//! name that was free, sync the folder. A crash between any two leaves the old state or the new.

use crate::{Error, Result, failpoint};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Runs file work on a thread that may block.
pub(crate) async fn blocking<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::Engine(format!("file work ended early: {error}"))),
    }
}

/// Makes the entries of a folder durable.
pub(crate) fn sync_dir(folder: &Path) -> Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    Ok(File::open(folder)?.sync_all()?)
}

/// Makes a folder with those above it, for this user only, and each new entry durable.
pub(crate) fn create_dirs(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        create_dirs(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => sync_dir(parent.unwrap_or(Path::new("."))),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Makes a folder anew, without what a crash has left in it.
pub(crate) fn empty_dir(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    create_dirs(folder)
}

/// Moves a synced file to its final name in the same file system and makes the name durable.
///
/// # Errors
/// `Exists` when the name is taken: what is there stays as it is.
pub(crate) fn publish(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        create_dirs(folder)?;
    }
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => {}
        Err(Errno::EXIST) => return Err(Error::Exists { what: to.display().to_string() }),
        // A file system without that flag: a second name does not replace one either.
        Err(Errno::INVAL | Errno::NOSYS) => {
            std::fs::hard_link(from, to).map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists => Error::Exists { what: to.display().to_string() },
                _ => error.into(),
            })?;
            std::fs::remove_file(from)?;
        }
        Err(errno) => return Err(std::io::Error::from(errno).into()),
    }
    sync_dir(to.parent().unwrap_or(Path::new(".")))?;
    failpoint::pass("blob.renamed");
    Ok(())
}

/// Replaces a small file as a whole: after a crash it has its old or its new content.
pub(crate) fn replace(temporary: &Path, to: &Path, bytes: &[u8]) -> Result<()> {
    write_new(temporary, bytes)?;
    std::fs::rename(temporary, to)?;
    sync_dir(to.parent().unwrap_or(Path::new(".")))
}

/// Writes and syncs a file under a temporary name.
pub(crate) fn write_new(temporary: &Path, bytes: &[u8]) -> Result<()> {
    let options = &mut OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(temporary)?;
    file.write_all(bytes)?;
    Ok(file.sync_all()?)
}

/// Makes a file that only this user can read, when there is none; what else it is made of is its
/// owner's business.
pub(crate) fn touch_private(path: &Path) -> Result<()> {
    let options = &mut OpenOptions::new();
    Ok(options.append(true).create(true).mode(0o600).open(path).map(drop)?)
}

/// Whether an error says that the two names are on different file systems.
pub(crate) fn crosses_devices(error: &Error) -> bool {
    matches!(error, Error::Io(source) if source.kind() == ErrorKind::CrossesDevices)
}

/// `NotFound` by its name where the system says so.
pub(crate) fn not_found(error: std::io::Error, what: &str) -> Error {
    match error.kind() {
        ErrorKind::NotFound => Error::NotFound { what: what.to_owned() },
        _ => error.into(),
    }
}

/// Removes a file; one that is not there is no error.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether text is a safe name of a file: 1 to 200 of `[A-Za-z0-9._-]`, not hidden.
pub(crate) fn is_name(text: &str) -> bool {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=200).contains(&text.len()) && !text.starts_with('.') && text.bytes().all(safe)
}
