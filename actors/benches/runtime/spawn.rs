//! New actors, one after the other, until each is there or has answered. Their end is not timed.

use crate::ours::{Catalog, RowId};
use crate::process::{Stopwatch, Took};
use crate::{ours, plain};

/// Plain actors, each started.
pub(crate) async fn plain(actors: u64) -> Took {
    let (mut started, watch) = (Vec::new(), Stopwatch::start());
    for _ in 0..actors {
        started.push(plain::spawn_asked().await);
    }
    let took = watch.took(actors);
    plain::stop(started).await;
    took
}

/// Plain actors, each started and asked once.
pub(crate) async fn plain_answered(actors: u64) -> Took {
    let (mut started, watch) = (Vec::new(), Stopwatch::start());
    for _ in 0..actors {
        let (actor, ended) = plain::spawn_asked().await;
        plain::ask(&actor, 1).await;
        started.push((actor, ended));
    }
    let took = watch.took(actors);
    plain::stop(started).await;
    took
}

/// Entities, each activated by its first message and answering it.
pub(crate) async fn ours(actors: u64) -> Took {
    let catalog = Catalog::new(actors);
    let directory = ours::directory(&catalog, ours::with_room(actors));
    let watch = Stopwatch::start();
    for id in 0..actors {
        ours::ask(&directory.entity(RowId(id)), 1).await;
    }
    let took = watch.took(actors);
    directory.close().await;
    took
}
