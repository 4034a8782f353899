//! The side of a session that tells what happens, until somebody leaves.

use super::phone::{Phone, Question, Read};
use super::{Session, TRIES, get, on_time};
use crate::replay::kind::Kind;
use crate::replay::run::Run;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Tells all of it.
pub(super) async fn tell(run: &Run, session: &Session, phone: &mut Phone<'_>) {
    let every = Duration::from_secs_f64(run.of.scenario.players.heartbeat_s);
    let wall = |moment| run.wall_ms(moment);
    let mut beat = Instant::now() + every;
    loop {
        // From here on nothing is under way: what is due before is due now.
        let free = Instant::now();
        let over = session.show().over_at();
        let leave = over.map_or(session.until, |over| over.min(session.until));
        let mut intended = tokio::select! {
            () = sleep_until(beat.min(leave)) => on_time(beat.min(leave).max(free)),
            () = session.changed.notified() => Instant::now(),
            () = phone.cut() => {
                phone.come_back().await;
                session.show().beat(Instant::now(), wall);
                Instant::now()
            }
        };
        let now = Instant::now();
        if now >= leave {
            session.show().end(now, wall);
            send(session, phone, intended, TRIES).await;
            return;
        }
        if now >= beat {
            session.show().beat(now, wall);
            intended = intended.max(beat);
            beat += every;
        }
        send(session, phone, intended, 1).await;
    }
}

/// Sends what is not acknowledged yet.
async fn send(session: &Session, phone: &mut Phone<'_>, intended: Instant, tries: u32) {
    let mut body = Vec::new();
    if !session.show().story.batch(&mut body) {
        return;
    }
    let question = Question {
        line: &session.line,
        body: &body,
        tries,
        ..get(Kind::Events, intended, Read::Keep)
    };
    if phone.ask(question).await {
        let refused = !contains(phone.last().body, b"\"refused\":[]");
        session.show().story.acknowledged(refused);
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
