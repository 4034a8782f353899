//! The terminal while it is watched: another screen, keys without Enter, and everything as it was
//! afterwards, however the watch ends.
//!
//! Keys are read by a thread of their own. Each of its reads ends within a tenth of a second, so it
//! ends with the watch.

use super::text::Line;
use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// The other screen, without a cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
/// Back, with the cursor.
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// A read without a key waits a tenth of a second (VTIME); one that gives nothing sooner than this
/// is that of a terminal that is gone.
const READ_LEAST: Duration = Duration::from_millis(20);
/// Reads that wait to be acted on: a person's keys come slower than pictures.
const KEYS_MAX: usize = 16;

/// What a person can ask for while watching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// No more.
    End,
    /// One row towards the top, or the bottom.
    Up,
    /// See [`Key::Up`].
    Down,
    /// As many rows as are seen.
    PageUp,
    /// See [`Key::PageUp`].
    PageDown,
    /// To the first row.
    First,
    /// To the last row.
    Last,
}

/// The terminal, taken over until this is dropped.
pub(super) struct Screen {
    keyboard: Option<Keyboard>,
}

struct Keyboard {
    before: Termios,
    keys: mpsc::Receiver<Vec<Key>>,
}

impl Screen {
    /// Takes the terminal over. Without a terminal at stdin there are no keys.
    ///
    /// # Errors
    /// When the terminal refuses.
    pub(super) fn enter() -> io::Result<Self> {
        let keyboard = if io::stdin().is_terminal() { Some(Keyboard::new()?) } else { None };
        let screen = Self { keyboard };
        put(ENTER)?;
        Ok(screen)
    }

    /// Draws over what was there, in one write.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(super) fn show(&self, lines: &[Line], colours: bool) -> io::Result<()> {
        // A terminal that knows mode 2026 shows the whole change at once; others ignore it.
        let mut text = "\x1b[?2026h\x1b[H".to_owned();
        for (at, line) in lines.iter().enumerate() {
            let end = if at == 0 { "" } else { "\r\n" };
            let _ = write!(text, "{end}{}\x1b[K", line.paint(colours));
        }
        text.push_str("\x1b[J\x1b[?2026l");
        put(&text)
    }

    /// The next keys; never without a keyboard. A terminal that is gone is an end.
    pub(super) async fn keys(&mut self) -> Vec<Key> {
        match &mut self.keyboard {
            Some(keyboard) => keyboard.keys.recv().await.unwrap_or_else(|| vec![Key::End]),
            None => std::future::pending().await,
        }
    }

    /// Gives the terminal back to the shell, stops, and takes it over again when told to go on.
    ///
    /// # Errors
    /// When the terminal refuses.
    pub(super) fn suspend(&self) -> io::Result<()> {
        self.give_back();
        kill_process(getpid(), Signal::STOP)?;
        self.take()
    }

    fn take(&self) -> io::Result<()> {
        if let Some(keyboard) = &self.keyboard {
            keyboard.take()?;
        }
        put(ENTER)
    }

    /// What cannot be restored any more is a terminal that is gone.
    fn give_back(&self) {
        let _ = put(LEAVE);
        if let Some(keyboard) = &self.keyboard {
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &keyboard.before);
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.give_back();
    }
}

impl Keyboard {
    fn new() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let (sender, keys) = mpsc::channel(KEYS_MAX);
        let keyboard = Self { before, keys };
        // Before the first read: it would wait for Enter.
        keyboard.take()?;
        std::thread::Builder::new().name("keys".into()).spawn(move || read(&sender))?;
        Ok(keyboard)
    }

    /// Letters come at once and unseen; Ctrl-C and Ctrl-Z stay signals.
    fn take(&self) -> io::Result<()> {
        let mut modes = self.before.clone();
        modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        modes.special_codes[SpecialCodeIndex::VMIN] = 0;
        modes.special_codes[SpecialCodeIndex::VTIME] = 1;
        Ok(tcsetattr(io::stdin(), OptionalActions::Now, &modes)?)
    }
}

/// Reads keys until nobody wants them or the terminal is gone.
fn read(sender: &mpsc::Sender<Vec<Key>>) {
    let mut bytes = [0; 64];
    while !sender.is_closed() {
        let began = Instant::now();
        match rustix::io::read(io::stdin(), &mut bytes) {
            Ok(0) if began.elapsed() < READ_LEAST => return,
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(length) => {
                // Full is a person who leans on a key: one of them more or less is the same.
                let _ = sender.try_send(keys(&bytes[..length]));
            }
            Err(_) => return,
        }
    }
}

/// The keys that are known among the bytes of one read.
fn keys(mut bytes: &[u8]) -> Vec<Key> {
    const KEYS: [(&[u8], Key); 18] = [
        (b"q", Key::End),
        (b"Q", Key::End),
        (b"\x03", Key::End),
        (b"k", Key::Up),
        (b"\x1b[A", Key::Up),
        (b"\x1bOA", Key::Up),
        (b"j", Key::Down),
        (b"\x1b[B", Key::Down),
        (b"\x1bOB", Key::Down),
        (b"\x1b[5~", Key::PageUp),
        (b" ", Key::PageDown),
        (b"\x1b[6~", Key::PageDown),
        (b"g", Key::First),
        (b"\x1b[H", Key::First),
        (b"\x1b[1~", Key::First),
        (b"G", Key::Last),
        (b"\x1b[F", Key::Last),
        (b"\x1b[4~", Key::Last),
    ];
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let known = KEYS.iter().find(|(code, _)| bytes.starts_with(code));
        found.extend(known.map(|(_, key)| *key));
        bytes = &bytes[known.map_or(1, |(code, _)| code.len())..];
    }
    found
}

fn put(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_arrows_are_keys_and_the_rest_is_nothing() {
        assert_eq!(keys(b"jk\x1b[B\x1bOA"), [Key::Down, Key::Up, Key::Down, Key::Up]);
        assert_eq!(keys(b"\x1b[5~ gG"), [Key::PageUp, Key::PageDown, Key::First, Key::Last]);
        assert_eq!(keys("é\x1b[200~xq".as_bytes()), [Key::End]);
    }
}
