//! The cell: what this process can no longer do once it has begun.
//!
//! Called first in `main`, before any thread and any FFmpeg call, since landlock binds only the
//! calling thread and its later children. Nothing degrades in silence: a kernel that cannot
//! enforce it is an error, and no media is read. Files but the output folder are closed by
//! landlock, system calls by seccomp, memory and file size by resource limits. The source and
//! the control socket are descriptors that are already open.

#![allow(unsafe_code)]

mod files;
mod syscalls;

use anyhow::{Context as _, bail};
use std::io;
use std::path::PathBuf;

/// Open descriptors: stdio, control, source, the output folder, and one file being written.
const DESCRIPTORS_MAX: u64 = 32;

/// What the node gives on the command line.
pub(crate) struct Limits {
    /// The only folder that stays reachable.
    pub(crate) output: PathBuf,
    memory_bytes: u64,
    file_bytes: u64,
    /// The trace that it works for, a W3C `traceparent`: its log begins with it.
    pub(crate) traceparent: Option<String>,
}

impl Limits {
    /// Reads `--output DIR --memory-bytes N --file-bytes N`, and `--traceparent TEXT` if it is
    /// there.
    pub(crate) fn from_args(mut args: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let (mut output, mut memory_bytes, mut file_bytes) = (None, None, None);
        let mut traceparent = None;
        while let Some(name) = args.next() {
            let value = args.next().with_context(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--output" => output = Some(PathBuf::from(value)),
                "--memory-bytes" => memory_bytes = Some(value.parse()?),
                "--file-bytes" => file_bytes = Some(value.parse()?),
                "--traceparent" => traceparent = Some(value),
                _ => bail!("unknown argument {name}"),
            }
        }
        Ok(Self {
            output: output.context("--output is missing")?,
            memory_bytes: memory_bytes.context("--memory-bytes is missing")?,
            file_bytes: file_bytes.context("--file-bytes is missing")?,
            traceparent,
        })
    }
}

/// Closes the cell.
///
/// # Errors
/// When the kernel refuses any part of it.
pub(crate) fn confine(limits: &Limits) -> anyhow::Result<()> {
    set_limits(limits).context("resource limits")?;
    no_new_privileges().context("no_new_privs")?;
    files::close_all_but(&limits.output).context("landlock")?;
    drop_capabilities().context("capabilities")?;
    syscalls::close().context("seccomp")
}

/// `RLIMIT_DATA` and not `RLIMIT_AS`, which breaks thread stacks; never `RLIMIT_NPROC`, which
/// counts the whole user.
fn set_limits(limits: &Limits) -> io::Result<()> {
    set_limit(libc::RLIMIT_DATA, limits.memory_bytes)?;
    set_limit(libc::RLIMIT_FSIZE, limits.file_bytes)?;
    set_limit(libc::RLIMIT_NOFILE, DESCRIPTORS_MAX)?;
    set_limit(libc::RLIMIT_CORE, 0)?;
    // SAFETY: ignoring a signal touches no memory. A file over its limit is then an error of
    // `write` instead of a death.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    Ok(())
}

fn set_limit(resource: libc::__rlimit_resource_t, value: u64) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: value, rlim_max: value };
    // SAFETY: `limit` outlives the call.
    check(unsafe { libc::setrlimit(resource, &raw const limit) })
}

fn no_new_privileges() -> io::Result<()> {
    // SAFETY: takes numbers only.
    check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })
}

/// A node that runs as root must not lend root to a parser.
fn drop_capabilities() -> io::Result<()> {
    const VERSION_3: u32 = 0x2008_0522;
    let header: [u32; 2] = [VERSION_3, 0];
    let none = [0u32; 6];
    // SAFETY: the layouts are those of capset(2): version and pid; two sets of three words.
    let answer = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()) };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Leaves the cores to what somebody waits for: a long job fills all of them, and an opening that
/// begins beside it would get half. Threads that are started later inherit it.
pub(crate) fn give_way() {
    /// A third of the weight of an ordinary process.
    const NICE: i32 = 5;
    // SAFETY: takes numbers only. One that is refused costs time and nothing else.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICE) };
}

fn check(answer: i32) -> io::Result<()> {
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
