//! Resident memory of idle actors. Each side is measured in a process of its own, so that what an
//! allocator still holds of the side before does not count.

use crate::ours::{Catalog, RowId};
use crate::{ours, plain, process};
use std::process::Command;

/// The argument that makes this binary such a process; the side and the number of actors follow.
pub(crate) const CHILD: &str = "--memory";
/// Our side.
pub(crate) const OURS: &str = "ours";
/// The other side.
pub(crate) const PLAIN: &str = "plain";

/// Bytes per actor, measured in a new process.
pub(crate) fn in_child(side: &str, actors: u64) -> f64 {
    let this = std::env::current_exe().expect("this binary has a path");
    let output = Command::new(this).args([CHILD, side, &actors.to_string()]).output();
    let output = output.expect("this binary starts again").stdout;
    let text = String::from_utf8(output).expect("it prints a number");
    text.trim().parse().expect("it prints a number")
}

/// Bytes per actor, measured here.
pub(crate) async fn measure(is_ours: bool, actors: u64) -> f64 {
    let before = if is_ours { ours(actors).await } else { plain(actors).await };
    (process::resident_bytes() - before) / actors as f64
}

/// Answers the bytes that were resident before. The actors live on until the process ends.
async fn plain(actors: u64) -> f64 {
    let mut alive = Vec::with_capacity(usize::try_from(actors).expect("a length"));
    let before = process::resident_bytes();
    for _ in 0..actors {
        let (actor, _) = plain::spawn_asked().await;
        plain::ask(&actor, 1).await;
        alive.push(actor);
    }
    std::mem::forget(alive);
    before
}

/// Answers the bytes that were resident before. The entities live on until the process ends.
async fn ours(actors: u64) -> f64 {
    let catalog = Catalog::new(actors);
    let directory = ours::directory(&catalog, ours::with_room(actors));
    let before = process::resident_bytes();
    for id in 0..actors {
        ours::ask(&directory.entity(RowId(id)), 1).await;
    }
    std::mem::forget(directory);
    before
}
