//! More entities than there is room for: each is touched once, then read again, and must come back
//! as it was. Then asks to entities that are just being sent to sleep, of which none may be lost.

use crate::ours::{self, Catalog, DEADLINE, Request, RowId};
use crate::process::{self, Stopwatch};
use crate::table::grouped;
use playhouse_actors::runtime::{AskError, Directory};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::task::{JoinSet, yield_now};

const ASKERS: u64 = 64;

/// Touches and reads so many entities in a node with room for a tenth of them, and prints it.
pub(crate) async fn run(entities: u64) {
    touch_and_read(entities).await;
    ask_the_leaving(entities / 2).await;
}

async fn touch_and_read(entities: u64) {
    let room = entities / 10;
    let catalog = Catalog::new(entities);
    let directory = ours::directory(&catalog, ours::with_room(room));
    let before = process::resident_bytes();
    println!("{} entities, room for {}", grouped(entities as f64), grouped(room as f64));
    let again = pass(&directory, "touched", entities, |id| Request::Add(value(id))).await
        + pass(&directory, "read again", entities, |_| Request::Read).await;
    let resident = directory.active() as u64;
    println!("  resident at the end {}", grouped(resident as f64));
    println!("  passivated          {}", grouped((catalog.loads() - resident) as f64));
    println!("  busy, asked again   {}", grouped(again as f64));
    println!("  peak memory         {} MB", grouped(process::peak_bytes() / 1e6));
    println!("  before the first    {} MB", grouped(before / 1e6));
    directory.close().await;
}

/// Never 0, so that an entity without its state is found.
fn value(id: u64) -> u64 {
    id.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1
}

/// Asks every entity once. All must answer the value of their id. Answers how many were busy.
async fn pass(
    directory: &Directory<Arc<Catalog>>,
    name: &str,
    entities: u64,
    request: fn(u64) -> Request,
) -> u64 {
    let (mut askers, watch) = (JoinSet::new(), Stopwatch::start());
    for asker in 0..ASKERS {
        let directory = directory.clone();
        askers.spawn(async move {
            let mut seen = Seen::default();
            for id in (asker..entities).step_by(ASKERS as usize) {
                let entity = directory.entity::<ours::Row>(RowId(id));
                let answer = loop {
                    match entity.ask(request(id), DEADLINE).await {
                        Err(AskError::Busy { .. }) => seen.busy += 1,
                        answer => break answer,
                    }
                    yield_now().await;
                };
                match answer {
                    Ok(answer) if answer == value(id) => {}
                    Ok(_) => seen.other += 1,
                    Err(error) => seen.errors.push(error),
                }
            }
            seen
        });
    }
    let seen = askers.join_all().await.into_iter().fold(Seen::default(), Seen::and);
    let took = watch.took(entities);
    println!(
        "  {name:<19} {:.1} s ({:.1} s of processor time), {}/s; with another value {}, errors {}",
        took.wall.as_secs_f64(),
        took.cpu.as_secs_f64(),
        grouped(took.rate()),
        seen.other,
        seen.errors.len(),
    );
    seen.errors.first().inspect(|error| println!("    the first error: {error}"));
    seen.busy
}

/// What came instead of the right answer.
#[derive(Default)]
struct Seen {
    busy: u64,
    other: u64,
    errors: Vec<AskError>,
}

impl Seen {
    fn and(mut self, more: Self) -> Self {
        self.busy += more.busy;
        self.other += more.other;
        self.errors.extend(more.errors);
        self
    }
}

const LEAVING_ASKERS: u64 = 8;
const LEAVING_ENTITIES: u64 = 1_000;
const LEAVING_ROOM: u64 = 100;

/// Answers of asks that met an entity on its way out, or did not.
#[derive(Default)]
struct Answers {
    answered: AtomicU64,
    busy: AtomicU64,
    lost: AtomicU64,
}

async fn ask_the_leaving(asks: u64) {
    let catalog = Catalog::new(LEAVING_ENTITIES);
    let directory = ours::directory(&catalog, ours::with_room(LEAVING_ROOM));
    let answers = Arc::new(Answers::default());
    let mut askers = JoinSet::new();
    for asker in 0..LEAVING_ASKERS {
        let (directory, answers) = (directory.clone(), Arc::clone(&answers));
        askers.spawn(async move {
            for turn in 0..asks / LEAVING_ASKERS {
                // Any order will do that gives two askers the same entity now and then.
                let id = RowId(value(turn * LEAVING_ASKERS + asker) % LEAVING_ENTITIES);
                answers
                    .count(directory.entity::<ours::Row>(id).ask(Request::Add(1), DEADLINE).await);
            }
        });
    }
    askers.join_all().await;
    directory.close().await;
    answers.print(&catalog, asks);
}

impl Answers {
    fn count(&self, answer: Result<u64, AskError>) {
        let counter = match answer {
            Ok(_) => &self.answered,
            Err(AskError::Busy { .. }) => &self.busy,
            Err(AskError::Expired | AskError::Ended(_) | AskError::Unavailable) => &self.lost,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn print(&self, catalog: &Catalog, asks: u64) {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let carried_out = catalog.total();
        println!("{} asks from {LEAVING_ASKERS} askers", grouped(asks as f64));
        println!("  entities {LEAVING_ENTITIES}, room for {LEAVING_ROOM}");
        println!("  activated           {}", grouped(catalog.loads() as f64));
        println!("  answered            {}", grouped(count(&self.answered) as f64));
        println!("  carried out         {}", grouped(carried_out as f64));
        println!("  busy (told)         {}", grouped(count(&self.busy) as f64));
        println!("  lost                {}", grouped(count(&self.lost) as f64));
    }
}
