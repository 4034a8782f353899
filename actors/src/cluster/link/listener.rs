//! Takes in connections of other nodes, and holds each for as long as its dialler speaks.
//!
//! Greetings run beside the loop that accepts: one who connects and says nothing holds a place of
//! `handshakes_max` for `handshake_ms` and nobody up.

use super::callers::Caller;
use super::core::{Core, OVERHEAD};
use super::greeting::{self, Hello, Trouble, Welcome};
use super::keeper::{self, Opening};
use super::socket::{Stream, tune};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Before the next try to accept when the system has no descriptors or memory left.
const REST: Duration = Duration::from_millis(100);

/// Accepts for as long as the link lives.
pub(super) async fn run(listener: TcpListener, core: Arc<Core>) {
    let places = Arc::new(Semaphore::new(core.config.handshakes_max as usize));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((tcp, address)) => {
                let each = Arc::clone(&core);
                core.tasks.run("holds a connection of a node", async move {
                    let greeted =
                        tokio::time::timeout(each.config.handshake(), greet(tcp, address, &each));
                    let greeted = greeted.await.unwrap_or_else(|_| Err(too_late(&each)));
                    drop(place);
                    match greeted {
                        Ok(guest) => guest.stay(&each).await,
                        Err(reason) => tracing::warn!(
                            node = %each.me, %address, reason, "refused a connection to the link"
                        ),
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the link cannot accept");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

fn too_late(core: &Core) -> String {
    format!("it said nothing of use within {} ms", core.config.handshake_ms)
}

/// A node that is let in.
struct Guest {
    stream: Stream,
    hello: Hello,
    welcome: Welcome,
}

async fn greet(tcp: TcpStream, address: SocketAddr, core: &Core) -> Result<Guest, String> {
    core.guard.allows(address)?;
    tune(&tcp, &core.config).map_err(|error| error.to_string())?;
    let (mut stream, shown) =
        core.guard.accepted(tcp).await.map_err(|error| super::dialler::sentence(&error))?;
    let knows = |name: &_| shown.is_of(name);
    let told = |trouble| match trouble {
        Trouble::Stream(error) => super::dialler::sentence(&error),
        Trouble::Refused(reason) | Trouble::Refuse(reason) => reason,
    };
    let hello = greeting::receive(&mut stream, &core.me, core.guard.secret(), knows);
    let hello = hello.await.map_err(told)?;
    let welcome = Welcome::new(core.config.credits, core.config.frame_bytes_max);
    Ok(Guest { stream, hello, welcome })
}

impl Guest {
    /// Carries what it asks until its connection ends.
    async fn stay(mut self, core: &Arc<Core>) {
        let name = self.hello.from.clone();
        let answer_bytes_max = usize::try_from(self.hello.frame_bytes_max).unwrap_or(usize::MAX);
        let answer_bytes_max = answer_bytes_max.saturating_sub(OVERHEAD);
        let caller = Caller::new(name.clone(), self.welcome.credits, answer_bytes_max);
        let caller = Arc::new(caller);
        // It is known before it can ask.
        let place = core.callers.enter(self.welcome.token.clone(), Arc::clone(&caller));
        if let Err(error) = greeting::welcome(&mut self.stream, &self.welcome).await {
            return tracing::warn!(peer = %name, %error, "a node left before it was welcome");
        }
        let silence = Duration::from_millis(self.hello.silence_ms);
        let opening = Opening {
            stream: self.stream,
            dialled: false,
            me: core.me.clone(),
            token: self.welcome.token,
            frame_bytes_max: core.config.frame_bytes_max,
        };
        let reason = match keeper::open(opening, &core.tasks).await {
            Ok(kept) => until_over(&kept, &caller, silence).await,
            Err(error) => error,
        };
        drop(place);
        tracing::info!(node = %core.me, peer = %name, reason, "the connection of a node ended");
    }
}

/// Waits for the end of a connection and says what it was.
async fn until_over(kept: &keeper::Kept, caller: &Caller, silence: Duration) -> String {
    loop {
        tokio::select! {
            () = kept.over() => return "it was closed".to_owned(),
            () = caller.replaced() => return "the node has dialled anew".to_owned(),
            heard = tokio::time::timeout(silence, caller.heard()) => {
                if heard.is_err() {
                    return format!("it was silent for {} ms", silence.as_millis());
                }
            }
        }
    }
}
