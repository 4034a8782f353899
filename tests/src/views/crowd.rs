//! Who does what next: players and posts that begin, and steps that have become due.

use super::Options;
use super::choice::{Choice, happens, place};
use super::oracle::Account;
use super::plan::{Part, WATCHED_MS, shape};
use crate::random::Random;
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

/// Share of players whose viewer has watched that content before.
const COMES_BACK: f64 = 0.05;
/// Share of posted views that name a viewer.
const NAMED: f64 = 0.5;
/// Share of requests that are sent twice, half of them at once.
const TWICE: f64 = 0.1;
/// The second time is at most so much later.
const LATER_MS: usize = 8000;
/// A connection without anything to do looks again after so long: another one may bring something
/// sooner than what is due next.
const WAIT_LEAST: Duration = Duration::from_millis(1);
const WAIT_MOST: Duration = Duration::from_millis(10);
/// A step that must lie in one clock hour is not begun so shortly before the next: the node may be
/// killed and started again in the middle of it.
const HOUR_MARGIN_MS: i64 = 30_000;
const HOUR_MS: i64 = 3_600_000;

/// One session of one viewer.
pub(super) struct Player {
    /// Place of the content.
    pub(super) content: usize,
    /// Place of the viewer.
    pub(super) viewer: u32,
    /// What it sends.
    pub(super) parts: &'static [Part],
    /// Its id, once it is open.
    pub(super) session: String,
    /// When it began, milliseconds since 1970.
    pub(super) began_ms: i64,
}

/// One request to be carried out.
pub(super) enum Task {
    /// Makes the player's viewer known.
    Meet(Player),
    /// Opens the session.
    Open(Player),
    /// Sends one of its parts.
    Play(Player, usize),
    /// Posts a view of the content in that place, with the name of a viewer.
    Post(usize, Option<u32>),
    /// A request once more.
    Again(Vec<u8>),
}

/// What a connection does next.
pub(super) enum Next {
    /// This.
    Do(Task),
    /// Nothing for so long.
    Wait(Duration),
    /// Nothing any more.
    End,
}

/// A task and its time; the number keeps the order of equal times.
struct Timed(Reverse<(Instant, u64)>, Task);

impl PartialEq for Timed {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Timed {}

impl PartialOrd for Timed {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timed {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

/// A viewer: their cookie once they are known, and whether they play.
#[derive(Default)]
struct Viewer {
    cookie: String,
    plays: bool,
}

/// Everybody.
pub(super) struct Crowd(RefCell<State>);

struct State {
    random: Random,
    choice: Choice,
    due: BinaryHeap<Timed>,
    ordered: u64,
    viewers: Vec<Viewer>,
    oracle: Vec<Account>,
    events: usize,
    begun: usize,
    finished: usize,
    playing: usize,
    players_max: usize,
    /// Tasks that a connection carries out.
    underway: usize,
}

impl Crowd {
    pub(super) fn new(options: &Options, random: Random) -> Self {
        let contents = options.contents.len();
        // A quarter of all views are sessions of one content, nearly each of another viewer; the
        // rest is for those that play meanwhile.
        let viewers = options.events / 4 + 2 * options.players_max + 100;
        Self(RefCell::new(State {
            random,
            choice: Choice::among(contents),
            due: BinaryHeap::new(),
            ordered: 0,
            viewers: (0..viewers).map(|_| Viewer::default()).collect(),
            oracle: (0..contents).map(|_| Account::default()).collect(),
            events: options.events,
            begun: 0,
            finished: 0,
            playing: 0,
            players_max: options.players_max,
            underway: 0,
        }))
    }

    /// What to do next; what was answered by `Do` must be given to `done`.
    pub(super) fn next(&self) -> Next {
        let mut state = self.0.borrow_mut();
        let now = Instant::now();
        let next = match state.due.peek() {
            Some(Timed(Reverse((at, _)), _)) if *at <= now => {
                state.due.pop().map_or(Next::End, |timed| Next::Do(timed.1))
            }
            _ if state.begun < state.events && state.playing < state.players_max => {
                Next::Do(state.begin())
            }
            None if state.begun == state.events && state.underway == 0 => Next::End,
            Some(Timed(Reverse((at, _)), _)) => {
                Next::Wait((*at - now).clamp(WAIT_LEAST, WAIT_MOST))
            }
            None => Next::Wait(WAIT_MOST),
        };
        state.underway += usize::from(matches!(next, Next::Do(_)));
        next
    }

    /// A task was carried out, and what it led to was ordered.
    pub(super) fn done(&self) {
        self.0.borrow_mut().underway -= 1;
    }

    /// To be done after a while.
    pub(super) fn order(&self, after: Duration, task: Task) {
        self.0.borrow_mut().order(Instant::now() + after, task);
    }

    /// Sends some requests once more, now or later; whether this is one of them.
    pub(super) fn maybe_again(&self, request: &[u8]) -> bool {
        let mut state = self.0.borrow_mut();
        if !happens(&mut state.random, TWICE) {
            return false;
        }
        let later = happens(&mut state.random, 0.5);
        let ms = if later { place(&mut state.random, LATER_MS) as u64 } else { 0 };
        let at = Instant::now() + Duration::from_millis(ms);
        state.order(at, Task::Again(request.to_vec()));
        true
    }

    /// True for some openings: the first session is given up for a second one.
    pub(super) fn opens_twice(&self) -> bool {
        happens(&mut self.0.borrow_mut().random, TWICE)
    }

    /// The viewer's cookie; empty when nobody knows them.
    pub(super) fn cookie(&self, viewer: u32) -> String {
        self.0.borrow().viewers[viewer as usize].cookie.clone()
    }

    /// The viewer is known from now on.
    pub(super) fn meet(&self, viewer: u32, cookie: &str) {
        cookie.clone_into(&mut self.0.borrow_mut().viewers[viewer as usize].cookie);
    }

    /// The player's session is open and will be played to its end; it counts.
    ///
    /// # Errors
    /// When it does not lie in one clock hour: then nobody knows how often it counts.
    pub(super) fn opened(&self, player: &Player) -> anyhow::Result<()> {
        let hour = player.began_ms / HOUR_MS;
        let whole = hour == (player.began_ms + WATCHED_MS) / HOUR_MS;
        anyhow::ensure!(whole, "a session came to lie between two clock hours; run it again");
        self.0.borrow_mut().oracle[player.content].watch(player.viewer, hour);
        Ok(())
    }

    /// The player has ended; its viewer is free.
    pub(super) fn played(&self, player: &Player) {
        let mut state = self.0.borrow_mut();
        state.viewers[player.viewer as usize].plays = false;
        state.playing -= 1;
        state.finished += 1;
    }

    /// A view was posted.
    pub(super) fn posted(&self, content: usize, reader: Option<u32>) {
        let mut state = self.0.borrow_mut();
        state.oracle[content].post(reader);
        state.finished += 1;
    }

    /// Share of all views that are through.
    pub(super) fn progress(&self) -> f64 {
        let state = self.0.borrow();
        state.finished as f64 / state.events.max(1) as f64
    }

    pub(super) fn into_oracle(self) -> Vec<Account> {
        self.0.into_inner().oracle
    }
}

impl State {
    fn order(&mut self, at: Instant, task: Task) {
        self.ordered += 1;
        self.due.push(Timed(Reverse((at, self.ordered)), task));
    }

    /// The next view: a post or a player in turn.
    fn begin(&mut self) -> Task {
        self.begun += 1;
        let content = self.choice.draw(&mut self.random);
        if self.begun.is_multiple_of(2) {
            let named = happens(&mut self.random, NAMED);
            let readers = self.viewers.len();
            let reader = named.then(|| place(&mut self.random, readers) as u32);
            return Task::Post(content, reader);
        }
        self.playing += 1;
        let viewer = self.viewer(content);
        self.viewers[viewer as usize].plays = true;
        let parts = shape(&mut self.random);
        Task::Meet(Player { content, viewer, parts, session: String::new(), began_ms: 0 })
    }

    /// Somebody who does not play: sometimes one who has watched that content, else anybody.
    fn viewer(&mut self, content: usize) -> u32 {
        let known = self.oracle[content].viewers();
        if !known.is_empty() && happens(&mut self.random, COMES_BACK) {
            let viewer = known[place(&mut self.random, known.len())];
            if !self.viewers[viewer as usize].plays {
                return viewer;
            }
        }
        loop {
            let viewer = place(&mut self.random, self.viewers.len());
            if !self.viewers[viewer].plays {
                return viewer as u32;
            }
        }
    }
}

/// How long a session waits to be opened, so that it lies in one clock hour.
pub(super) fn wait_for_hour(now_ms: i64) -> Duration {
    let left_ms = HOUR_MS - now_ms.rem_euclid(HOUR_MS);
    let wait_ms = if left_ms < HOUR_MARGIN_MS { left_ms } else { 0 };
    Duration::from_millis(wait_ms.unsigned_abs())
}
