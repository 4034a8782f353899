//! `--watch`: the newest page of the stream, drawn once a second until a key or a signal.
//!
//! One future follows the stream and comes back after a break; another shows what is known, and
//! says how old it is when nothing new comes. They share the newest page and nothing else.

use super::client::{Client, Look, Query};
use super::picture::{self, Frame, Picture, View};
use super::sample::Samples;
use super::screen::{Key, Screen};
use super::{Output, put};
use crate::remote::{Break, Patience};
use anyhow::Result;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::Instant;

/// The stream speaks each second: one page may be late, three have not come.
const STALE: Duration = Duration::from_secs(3);
/// Between two pictures while nothing new comes: the age is told in seconds.
const TICK: Duration = Duration::from_secs(1);

/// What is known of the node.
#[derive(Clone)]
struct News {
    look: Option<Arc<Look>>,
    heard: Instant,
    trouble: Option<String>,
}

impl News {
    /// What is wrong with what is shown.
    fn stale(&self) -> Option<String> {
        let age = self.heard.elapsed();
        let told = format!("stale for {} s", age.as_secs());
        match &self.trouble {
            Some(reason) => Some(format!("{told}: {reason}")),
            None => (age >= STALE).then_some(told),
        }
    }
}

/// Watches until a person or a signal ends it.
///
/// # Errors
/// The node was not there at the beginning, or has refused.
pub(super) async fn run(client: &Client, query: &Query, output: Output) -> Result<(), Break> {
    let (sender, news) = watch::channel(News { look: None, heard: Instant::now(), trouble: None });
    tokio::select! {
        end = feed(client, query, &sender) => Err(end),
        shown = show(news, output) => shown.map_err(|error| Break::Refused(error.to_string())),
        asked = asked() => asked.map_err(|error| Break::Refused(error.to_string())),
    }
}

/// Follows the stream; a break after the first page is waited out.
async fn feed(client: &Client, query: &Query, news: &watch::Sender<News>) -> Break {
    let mut patience = Patience::new(Duration::MAX);
    loop {
        let followed = client.follow(query, |look| {
            patience.progress();
            let look = Some(Arc::new(look));
            news.send_replace(News { look, heard: Instant::now(), trouble: None });
        });
        let reason = match followed.await {
            Ok(()) => "the stream has ended".to_owned(),
            Err(Break::Away(reason)) => reason,
            Err(refused) => return refused,
        };
        if news.borrow().look.is_none() {
            return Break::Away(reason);
        }
        news.send_modify(|known| known.trouble = Some(reason.clone()));
        if let Err(over) = patience.wait(&reason).await {
            return Break::Away(over.to_string());
        }
    }
}

async fn show(mut news: watch::Receiver<News>, output: Output) -> Result<()> {
    // The screen is left alone until there is something to show: a refusal is one line.
    let first = news.wait_for(|known| known.look.is_some()).await.map(|known| known.clone());
    // Without a sender the watch has ended.
    let Ok(first) = first else { return Ok(()) };
    let mut shown = Shown::new(first, output);
    if std::io::stdout().is_terminal() && !output.json {
        in_terminal(news, &mut shown).await
    } else {
        as_lines(news, &mut shown).await
    }
}

async fn in_terminal(mut news: watch::Receiver<News>, shown: &mut Shown) -> Result<()> {
    let mut screen = Screen::enter()?;
    let mut resized = signal(SignalKind::window_change())?;
    let mut suspended = signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?;
    loop {
        let size = console::Term::stdout().size();
        let picture = shown.draw(Some((size.1.into(), size.0.into())));
        shown.scroll = picture.scroll;
        screen.show(&picture.lines, shown.output.colours)?;
        tokio::select! {
            changed = news.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
            }
            () = tokio::time::sleep(TICK) => {}
            _ = resized.recv() => {}
            _ = suspended.recv() => screen.suspend()?,
            keys = screen.keys() => {
                if keys.into_iter().any(|key| shown.press(key, picture.rows)) {
                    return Ok(());
                }
            }
        }
        shown.take(news.borrow_and_update().clone());
    }
}

/// One snapshot for each page, without anything that moves a cursor.
async fn as_lines(mut news: watch::Receiver<News>, shown: &mut Shown) -> Result<()> {
    let mut fresh = true;
    loop {
        if !put(&shown.text(fresh)?)? {
            return Ok(());
        }
        fresh = match tokio::time::timeout(STALE, news.changed()).await {
            Ok(Ok(())) => {
                let heard = shown.news.heard;
                shown.take(news.borrow_and_update().clone());
                shown.news.heard != heard
            }
            Ok(Err(_)) => return Ok(()),
            Err(_) => false,
        };
    }
}

/// What is on the screen.
struct Shown {
    news: News,
    samples: Samples,
    scroll: usize,
    output: Output,
}

impl Shown {
    fn new(news: News, output: Output) -> Self {
        let mut shown = Self { news, samples: Samples::default(), scroll: 0, output };
        shown.sample();
        shown
    }

    fn take(&mut self, news: News) {
        self.news = news;
        self.sample();
    }

    fn sample(&mut self) {
        if let Some(look) = &self.news.look {
            self.samples.take(&look.page);
        }
    }

    fn draw(&self, size: Option<(usize, usize)>) -> Picture {
        let frame = Frame { size, scroll: self.scroll, stale: self.news.stale() };
        let Some(look) = &self.news.look else { return Picture::default() };
        let view = View {
            page: &look.page,
            elsewhere: &look.elsewhere,
            samples: Some(&self.samples),
            flat: self.output.flat,
        };
        picture::draw(&view, &frame)
    }

    /// The page as lines or as JSON; when it is not fresh, only how old it is.
    fn text(&self, fresh: bool) -> Result<String> {
        match (&self.news.look, fresh) {
            (Some(look), true) if self.output.json => Ok(serde_json::to_string(&look.page)? + "\n"),
            (Some(_), true) => {
                let lines = self.draw(None).lines;
                Ok(super::joined(&lines, self.output.colours) + "\n")
            }
            // Lines of JSON stay JSON.
            _ if self.output.json => Ok(String::new()),
            _ => Ok(self.news.stale().map_or_else(String::new, |told| told + "\n\n")),
        }
    }

    /// True when the watch is to end.
    fn press(&mut self, key: Key, page: usize) -> bool {
        self.scroll = match key {
            Key::End => return true,
            Key::Up => self.scroll.saturating_sub(1),
            Key::Down => self.scroll.saturating_add(1),
            Key::PageUp => self.scroll.saturating_sub(page),
            Key::PageDown => self.scroll.saturating_add(page),
            Key::First => 0,
            // Drawing brings it back to what makes sense.
            Key::Last => usize::MAX,
        };
        false
    }
}

/// Ctrl-C, or the system at its end.
async fn asked() -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
