//! A player's connection: kept for its session, tried again on another server when one fails, and
//! made anew when all sockets are cut.

use crate::random::Random;
use crate::replay::kind::Kind;
use crate::replay::line::{self, Call, Heard};
use crate::replay::run::{Cutting, Run};
use crate::wire::{Reply, Wire};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

/// After failures a player waits so long, then twice that, and so on.
const BACKOFF: Duration = Duration::from_millis(250);
/// What the kernel of a player on a bad line takes before it is read.
const NARROW_BYTES: u32 = 8 * 1024;

/// How the answer is read.
#[derive(Clone, Copy)]
pub(super) enum Read {
    Keep,
    Drain,
    /// So many bytes a second, until a moment at the latest.
    Trickle(u64, Instant),
}

/// What is asked.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) kind: Kind,
    pub(super) intended: Instant,
    /// Method and path.
    pub(super) line: &'a str,
    pub(super) headers: &'a str,
    pub(super) body: &'a [u8],
    pub(super) read: Read,
    /// Times that it is asked before the player gives up.
    pub(super) tries: u32,
}

/// One connection of a player.
pub(super) struct Phone<'a> {
    run: &'a Run,
    server: usize,
    /// On a bad line.
    narrow: bool,
    wire: Wire,
    cuts: watch::Receiver<Cutting>,
    random: Random,
    request: Vec<u8>,
}

impl<'a> Phone<'a> {
    /// To one of the servers; nothing is sent yet.
    pub(super) fn new(run: &'a Run, server: usize, narrow: bool, random: Random) -> Self {
        let (wire, cuts) = (wire(run, server, narrow), run.cuts.subscribe());
        Self { run, server, narrow, wire, cuts, random, request: Vec::new() }
    }

    /// Asks until it is answered well; false when it never is.
    pub(super) async fn ask(&mut self, mut question: Question<'_>) -> bool {
        let mut tries = 0;
        loop {
            let Some(heard) = self.once(question).await else {
                self.come_back().await;
                if self.run.is_over() {
                    return false;
                }
                question.intended = Instant::now();
                continue;
            };
            tries += 1;
            let lasting = matches!(heard, Heard::Answer(status) if status < 500 && status != 429);
            if heard.is_good() || lasting || tries >= question.tries || self.run.is_over() {
                return heard.is_good();
            }
            self.server = (self.server + 1) % self.run.of.targets.len();
            self.wire = wire(self.run, self.server, self.narrow);
            sleep(BACKOFF * 2_u32.pow(tries.min(5))).await;
            question.intended = Instant::now();
        }
    }

    /// Whether nobody begins anything any more.
    pub(super) fn is_over(&self) -> bool {
        self.run.is_over()
    }

    /// The last answer.
    pub(super) fn last(&self) -> Reply<'_> {
        self.wire.last()
    }

    /// Waits for a cut.
    pub(super) async fn cut(&mut self) {
        if self.cuts.changed().await.is_err() {
            // Nobody can cut any more.
            std::future::pending().await
        }
    }

    /// After a cut: comes back at a moment of its own, before the run is over.
    pub(super) async fn come_back(&mut self) {
        self.wire.cut();
        let within = self.cuts.borrow_and_update().back_within;
        let at = Instant::now() + within.mul_f64(self.random.unit());
        sleep_until(at.min(self.run.end())).await;
    }

    /// The end of one request; none when its socket was cut.
    async fn once(&mut self, question: Question<'_>) -> Option<Heard> {
        if self.cuts.has_changed().unwrap_or(false) {
            // It was idle: there is nothing to be asked again.
            self.cuts.borrow_and_update();
            self.wire.cut();
        }
        let target = &self.run.of.targets[self.server];
        self.request.clear();
        target.write(question.line, question.headers, question.body, &mut self.request);
        let (run, wire, cuts) = (self.run, &mut self.wire, &mut self.cuts);
        let call =
            Call { kind: question.kind, intended: question.intended, request: &self.request };
        let answer = async {
            match question.read {
                Read::Keep => line::ask(run, wire, call).await,
                Read::Drain => line::drain(run, wire, call).await,
                Read::Trickle(pace, until) => line::trickle(run, wire, call, (pace, until)).await,
            }
        };
        let cut = async {
            if cuts.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            heard = answer => Some(heard),
            () = cut => None,
        }
    }
}

fn wire(run: &Run, server: usize, narrow: bool) -> Wire {
    let address = &run.of.targets[server].address;
    if narrow { Wire::narrow(address, NARROW_BYTES) } else { Wire::new(address) }
}
