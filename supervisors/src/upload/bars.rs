//! What the person at the terminal sees: bars, or plain lines where there is no terminal.
//!
//! Results (the watch address, the time to playable) are lines on stdout in both cases, so that
//! scripts can read them; bars are on stderr.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How many silences the answer to the last byte may take: three of 30 s are above the minute that
/// a node gives itself for it.
const QUIET_AT_END: u32 = 3;

/// All bars of a command.
pub(super) struct Bars {
    multi: MultiProgress,
    terminal: bool,
}

impl Bars {
    /// Bars when stderr is a terminal, lines otherwise.
    pub(super) fn new() -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target =
            if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { multi: MultiProgress::with_draw_target(target), terminal }
    }

    /// One line on stdout, above the bars.
    pub(super) fn line(&self, text: &str) {
        self.multi.suspend(|| println!("{text}"));
    }

    /// The bar of the upload itself.
    pub(super) fn upload(&self, name: &str, size_bytes: u64) -> UploadBar {
        let bar = self.multi.add(ProgressBar::new(size_bytes));
        bar.set_style(style("{msg:20!} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}"));
        bar.set_message(name.to_owned());
        UploadBar { bar, plain: !self.terminal, told: Arc::new(AtomicU64::new(0)) }
    }

    /// The bar of one rendition, in thousandths.
    pub(super) fn rendition(&self, name: &str) -> ProgressBar {
        let bar = self.multi.add(ProgressBar::new(1000));
        bar.set_style(style("{msg:20!} {wide_bar} {percent:>3} %"));
        bar.set_message(name.to_owned());
        bar
    }

    /// True when changes must be told as lines.
    pub(super) fn plain(&self) -> bool {
        !self.terminal
    }
}

/// The bar of the upload itself; its position is also what tells a stalled connection.
#[derive(Clone)]
pub(super) struct UploadBar {
    bar: ProgressBar,
    plain: bool,
    told: Arc<AtomicU64>,
}

impl UploadBar {
    /// The server has so many bytes.
    pub(super) fn at(&self, bytes: u64) {
        self.bar.set_position(bytes);
        self.tell();
    }

    /// So many more bytes are on their way.
    pub(super) fn passed(&self, bytes: u64) {
        self.bar.inc(bytes);
        self.tell();
    }

    /// Every byte is there.
    pub(super) fn done(&self) {
        self.bar.finish();
    }

    /// Resolves when the position has not changed for `silence`; at the end, when the server has
    /// gigabytes to put in their place before it answers, for some times that.
    pub(super) async fn stalled(&self, silence: Duration) {
        let (mut before, mut quiet) = (self.bar.position(), 0);
        loop {
            tokio::time::sleep(silence).await;
            let now = self.bar.position();
            quiet = if now == before { quiet + 1 } else { 0 };
            let most = if Some(now) == self.bar.length() { QUIET_AT_END } else { 1 };
            if quiet >= most {
                return;
            }
            before = now;
        }
    }

    /// Where there is no terminal: a line at each tenth.
    fn tell(&self) {
        let size = self.bar.length().unwrap_or(0).max(1);
        let tenth = self.bar.position() * 10 / size;
        if self.plain && self.told.fetch_max(tenth, Ordering::Relaxed) < tenth {
            eprintln!("upload: {} %", tenth * 10);
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates of this file are well-formed")
}
