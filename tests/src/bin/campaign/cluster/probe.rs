//! How long writes of a content wait: somebody likes it at the nodes that are left until one of
//! them has kept it.

use super::stage::Stage;
use anyhow::bail;
use playhouse_tests::client::Client;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// A try is begun so often.
const EVERY: Duration = Duration::from_millis(50);
/// An owner is found within so long.
const WITHIN: Duration = Duration::from_secs(60);

/// A content that nobody likes yet, and who may be asked.
pub(super) struct Probe {
    path: String,
    others: Vec<Client>,
}

impl Probe {
    /// Asks every node but one.
    pub(super) fn of(stage: &Stage, content: &str, without: u8) -> Self {
        let others = (1..).zip(&stage.nodes).filter(|(number, _)| *number != without);
        let others = others.map(|(_, node)| node.admin()).collect();
        Self { path: format!("/api/v1/content/{content}/like"), others }
    }

    /// Makes sure that the like to come is a write.
    pub(super) async fn ready(&self) -> anyhow::Result<()> {
        let answer = self.others[0].request("DELETE", &self.path).send().await?;
        match answer.status().as_u16() {
            200 => Ok(()),
            status => bail!("a like was taken back with {status}"),
        }
    }

    /// From `since` until the first like was kept.
    ///
    /// # Errors
    /// When none is.
    pub(super) async fn first(&self, since: Instant) -> anyhow::Result<Duration> {
        let (mut tries, mut every) = (JoinSet::new(), tokio::time::interval(EVERY));
        let mut others = self.others.iter().cycle();
        loop {
            tokio::select! {
                _ = every.tick() => {
                    let Some(client) = others.next() else { bail!("nobody is left") };
                    tries.spawn(is_kept(client.request("PUT", &self.path)));
                }
                Some(kept) = tries.join_next() => {
                    if kept.unwrap_or(false) {
                        return Ok(since.elapsed());
                    }
                }
            }
            if since.elapsed() > WITHIN {
                bail!("no like of {} was kept within {WITHIN:?}", self.path);
            }
        }
    }
}

async fn is_kept(like: reqwest::RequestBuilder) -> bool {
    like.send().await.is_ok_and(|answer| answer.status() == 200)
}

/// The middle and the longest of some times.
pub(super) fn words(times: &mut [Duration]) -> String {
    times.sort_unstable();
    match times {
        [] => "none".to_owned(),
        [.., most] => {
            let (most, count) = (most.as_secs_f64(), times.len());
            let middle = times[count / 2].as_secs_f64();
            format!("first write after p50 {middle:.2} s, max {most:.2} s of {count}")
        }
    }
}
