//! Kills of the node, at random moments of the crowd's progress.

use super::choice::place;
use super::crowd::Crowd;
use crate::random::Random;
use crate::sandbox::Sandbox;
use std::time::{Duration, Instant};

/// Distance of two looks at the progress.
const LOOK: Duration = Duration::from_millis(5);
/// Kills come between these shares of the progress, in thousandths: there is work before and
/// after each.
const FROM: usize = 20;
const LENGTH: usize = 950;

/// One kill.
#[derive(Debug)]
pub struct Strike {
    /// Share of views that were through.
    pub progress: f64,
    /// From the start of the process to `readyz`.
    pub ready: Duration,
}

/// When to kill.
pub(super) struct Moment {
    progress: f64,
    /// After it was reached.
    pause: Duration,
}

/// Moments in order.
pub(super) fn moments(kills: usize, random: &mut Random) -> Vec<Moment> {
    let mut shares: Vec<_> = (0..kills).map(|_| FROM + place(random, LENGTH)).collect();
    shares.sort_unstable();
    let pause = |share| Moment { progress: share as f64 / 1000.0, pause: random.pause(0, 100) };
    shares.into_iter().map(pause).collect()
}

/// Kills and starts again at each moment. Moments that come too late, because the crowd was
/// through sooner, fall into the time in which views settle.
pub(super) async fn run(sandbox: &mut Sandbox, crowd: &Crowd, moments: &[Moment]) -> Vec<Strike> {
    let mut strikes = Vec::new();
    for moment in moments {
        while crowd.progress() < moment.progress {
            tokio::time::sleep(LOOK).await;
        }
        tokio::time::sleep(moment.pause).await;
        let progress = crowd.progress();
        sandbox.kill();
        let began = Instant::now();
        sandbox.start().await;
        strikes.push(Strike { progress, ready: began.elapsed() });
    }
    strikes
}
