//! What is logged, and that it can be changed while the process runs; for a while, if somebody says
//! for how long.

use jiff::{SignedDuration, Timestamp};
use playhouse_gateway::{Levels, LogFilter};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::reload::Handle;
use tracing_subscriber::{EnvFilter, Registry};

/// Longest filter, bytes: some fifty parts by name.
const FILTER_BYTES_MAX: usize = 2_000;

/// A filter out of its text: directives `LEVEL` or `TARGET=LEVEL`, separated by commas.
///
/// # Errors
/// One sentence that names the directive that is none.
pub(super) fn read(text: &str) -> Result<EnvFilter, String> {
    if text.len() > FILTER_BYTES_MAX {
        return Err(format!("it is longer than {FILTER_BYTES_MAX} bytes"));
    }
    let level = |directive: &str| directive.parse::<LevelFilter>().is_ok();
    let plain = |directive: &str| !directive.contains(['=', '[']);
    let mut any = false;
    for directive in text.split(',').map(str::trim).filter(|it| !it.is_empty()) {
        any = true;
        // Alone it would be taken for a target, and a slip of the pen would silence all others.
        if plain(directive) && !level(directive) {
            return Err(format!("{directive:?} is no level: {USAGE}"));
        }
    }
    if !any {
        return Err(format!("it is empty: {USAGE}"));
    }
    EnvFilter::builder().parse(text).map_err(|error| match bad(text) {
        Some(directive) => format!("{directive:?} is no directive: {USAGE}"),
        None => format!("it is no filter ({error}): {USAGE}"),
    })
}

const USAGE: &str = "write off, error, warn, info, debug, trace, or TARGET=LEVEL";

/// The first directive that is none by itself.
fn bad(text: &str) -> Option<&str> {
    text.split(',').find(|directive| EnvFilter::builder().parse(directive).is_err())
}

/// The levels of this process.
pub(super) struct LogLevels {
    handle: Handle<EnvFilter, Registry>,
    now: Mutex<LogFilter>,
    /// When the usual filter comes back.
    falls_back: watch::Sender<Option<Instant>>,
}

impl LogLevels {
    pub(super) fn new(handle: Handle<EnvFilter, Registry>, usual: String) -> Self {
        let now = LogFilter { filter: usual.clone(), usual, until: None };
        Self { handle, now: Mutex::new(now), falls_back: watch::Sender::new(None) }
    }

    fn now(&self) -> MutexGuard<'_, LogFilter> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, filter: &str) -> Result<(), String> {
        let read = read(filter)?;
        self.handle.reload(read).map_err(|error| error.to_string())
    }

    /// Puts the usual filter back when its time has come, for ever.
    pub(super) async fn keep(&self) {
        let mut changes = self.falls_back.subscribe();
        loop {
            let due = *changes.borrow_and_update();
            let rung = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = rung => self.fall_back(due),
            }
        }
    }

    fn fall_back(&self, due: Option<Instant>) {
        let mut now = self.now();
        // Somebody may have changed it anew meanwhile.
        if *self.falls_back.borrow() != due {
            return;
        }
        let usual = now.usual.clone();
        if let Err(error) = self.put(&usual) {
            tracing::error!(error, "the usual log filter could not be put back");
        }
        *now = LogFilter { filter: usual.clone(), usual, until: None };
        self.falls_back.send_replace(None);
        tracing::info!(filter = now.filter, "the usual log filter is back");
    }
}

impl Levels for LogLevels {
    fn look(&self) -> LogFilter {
        self.now().clone()
    }

    fn check(&self, filter: &str) -> Result<(), String> {
        read(filter).map(drop)
    }

    fn change(&self, filter: &str, within: Option<Duration>) -> Result<LogFilter, String> {
        let mut now = self.now();
        self.put(filter)?;
        let until = within.and_then(|it| SignedDuration::try_from(it).ok());
        now.until = until.and_then(|it| Timestamp::now().checked_add(it).ok());
        now.filter = filter.to_owned();
        self.falls_back.send_replace(within.map(|within| Instant::now() + within));
        tracing::info!(filter, "the log filter was changed");
        Ok(now.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::reload;

    #[test]
    fn a_directive_that_is_none_is_named() {
        for good in ["info", "warn,playhouse_actors=debug", "off", "info,[message{shard=3}]=debug"]
        {
            assert!(read(good).is_ok(), "{good}");
        }
        for (bad, named) in [
            ("debgu", "\"debgu\" is no level"),
            ("info,playhouse_actors=loud", "\"playhouse_actors=loud\" is no directive"),
            ("", "it is empty"),
            (" , ", "it is empty"),
        ] {
            let error = read(bad).expect_err(bad);
            assert!(error.starts_with(named), "{error}");
        }
        assert!(read(&"a=info,".repeat(400)).is_err_and(|error| error.contains("2000 bytes")));
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_for_a_while_goes_back_by_itself() {
        let filter = read("info").expect("a filter");
        let (_layer, handle) = reload::Layer::new(filter);
        let levels = LogLevels::new(handle, "info".to_owned());
        let changes = async {
            let within = Some(Duration::from_secs(600));
            let changed = levels.change("debug", within).expect("a filter");
            assert!(changed.until.is_some() && changed.filter == "debug");
            tokio::time::sleep(Duration::from_secs(599)).await;
            assert_eq!(levels.look().filter, "debug");
            // Changed anew, and to stay: the old time means nothing.
            levels.change("warn", None).expect("a filter");
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            assert_eq!((levels.look().filter.as_str(), levels.look().until), ("warn", None));
            levels.change("trace", within).expect("a filter");
            tokio::time::sleep(Duration::from_secs(601)).await;
            assert_eq!((levels.look().filter.as_str(), levels.look().until), ("info", None));
        };
        tokio::select! {
            () = changes => {}
            () = levels.keep() => panic!("it keeps for ever"),
        }
    }
}
