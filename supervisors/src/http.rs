//! The HTTP listener as a service of the tree.
//!
//! The socket is bound once, before the tree starts, so that an address in use is told at once and
//! a restart of the service loses no waiting connection. When it is asked to stop it lets the
//! requests under way end first.

use playhouse_actors::runtime::{Exit, Handle, Service};
use playhouse_gateway::{Config, Site};
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use tokio::sync::{oneshot, watch};

/// What the service is told.
#[derive(strum::IntoStaticStr)]
pub(crate) enum Message {
    /// The listener has ended, which it does by itself only when something is wrong.
    Ended(Result<io::Result<()>, Exit>),
}

/// The role of the listener is to serve the routes for as long as the tree lives.
pub(crate) struct Http {
    listener: Arc<TcpListener>,
    site: Site,
    config: Config,
    shutdown: watch::Sender<bool>,
    drained: Option<oneshot::Receiver<()>>,
}

impl Http {
    /// A listener on a bound socket.
    pub(crate) fn new(listener: Arc<TcpListener>, site: Site, config: Config) -> Self {
        Self { listener, site, config, shutdown: watch::Sender::new(false), drained: None }
    }

    fn socket(&self) -> io::Result<tokio::net::TcpListener> {
        tokio::net::TcpListener::from_std(self.listener.try_clone()?)
    }
}

impl Service for Http {
    type Message = Message;

    async fn start(&mut self, me: &Handle<Message>) -> Result<(), Exit> {
        let socket = self.socket().map_err(|error| failed(&error))?;
        let (site, config) = (self.site.clone(), self.config.clone());
        let mut asked = self.shutdown.subscribe();
        let (drained, wait) = oneshot::channel();
        self.drained = Some(wait);
        let serve = async move {
            let shutdown = async {
                // A service that is gone cannot ask any more: then it is time to end, too.
                let _ = asked.wait_for(|asked| *asked).await;
            };
            let ended = playhouse_gateway::serve(socket, site, &config, shutdown).await;
            let _ = drained.send(());
            ended
        };
        me.run("serve", |_| serve, Message::Ended);
        Ok(())
    }

    async fn handle(&mut self, message: Message, _me: &Handle<Message>) -> Result<(), Exit> {
        let Message::Ended(result) = message;
        match result {
            Ok(Ok(())) => Err(Exit::Stopped),
            Ok(Err(error)) => Err(failed(&error)),
            Err(exit) => Err(exit),
        }
    }

    async fn stop(&mut self) {
        self.shutdown.send_replace(true);
        if let Some(drained) = self.drained.take() {
            // Dropped unsent when the task died: then there is nothing to drain.
            let _ = drained.await;
        }
    }
}

fn failed(error: &io::Error) -> Exit {
    Exit::Failed { error: error.to_string() }
}
