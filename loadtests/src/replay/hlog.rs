//! The file of histograms of a run: HdrHistogram's interval log, a line for each second and kind
//! of request, which other tools read and merge too.

use super::ledger::Book;
use anyhow::{Context, anyhow};
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, SystemTime};
use tokio::task::{JoinHandle, spawn_blocking};

/// Writes what comes of a run on a thread of its own: a disk or a terminal that is busy would make
/// requests late.
pub(crate) struct Writer {
    tell: mpsc::Sender<Entry>,
    ended: JoinHandle<anyhow::Result<()>>,
}

impl Writer {
    /// Begins a log; seconds are told from `start`.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub(crate) fn begin(path: &Path, start: SystemTime) -> anyhow::Result<Self> {
        let mut log = Hlog::begin(path, start)?;
        let (tell, told) = mpsc::channel();
        let ended = spawn_blocking(move || {
            for entry in told {
                match entry {
                    Entry::Second(second, book) => log.append(second, &book)?,
                    Entry::Progress(line) => eprint!("{line}"),
                }
            }
            log.end()
        });
        Ok(Self { tell, ended })
    }

    /// Appends the histograms of a second. Whether it could be written says [`Writer::end`].
    pub(crate) fn append(&self, second: u64, book: Book) {
        // The thread has ended when it could not write, and its error is told at the end.
        let _ = self.tell.send(Entry::Second(second, book));
    }

    /// Tells on stderr how it goes.
    pub(crate) fn tell(&self, line: String) {
        // As above.
        let _ = self.tell.send(Entry::Progress(line));
    }

    /// Waits until all of it is written.
    ///
    /// # Errors
    /// When some of it could not be.
    pub(crate) async fn end(self) -> anyhow::Result<()> {
        drop(self.tell);
        self.ended.await.context("the log of histograms")?
    }
}

enum Entry {
    Second(u64, Book),
    Progress(String),
}

struct Hlog {
    file: BufWriter<File>,
    serializer: V2DeflateSerializer,
}

impl Hlog {
    fn begin(path: &Path, start: SystemTime) -> anyhow::Result<Self> {
        let file = File::create(path).with_context(|| path.display().to_string())?;
        let mut log = Self { file: BufWriter::new(file), serializer: V2DeflateSerializer::new() };
        IntervalLogWriterBuilder::new()
            .add_comment("[Histogram log format version 1.3]")
            .add_comment("values are microseconds from the intended start; a tag is a kind")
            .with_start_time(start)
            .with_base_time(start)
            .begin_log_with(&mut log.file, &mut log.serializer)?;
        Ok(log)
    }

    fn append(&mut self, second: u64, book: &Book) -> anyhow::Result<()> {
        let builder = IntervalLogWriterBuilder::new();
        let mut writer = builder.begin_log_with(&mut self.file, &mut self.serializer)?;
        for (kind, latencies) in &book.latencies {
            let (from, length) = (Duration::from_secs(second), Duration::from_secs(1));
            let tag = Tag::new(kind.name());
            let written = writer.write_histogram(latencies, from, length, tag);
            written.map_err(|error| anyhow!("the log of histograms: {error}"))?;
        }
        Ok(())
    }

    fn end(mut self) -> anyhow::Result<()> {
        Ok(self.file.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::kind::Kind;
    use super::super::ledger::{micros, record};
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    #[test]
    fn a_log_is_read_back_with_its_tags_times_and_values() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("run.hlog");
        let mut log = Hlog::begin(&path, SystemTime::UNIX_EPOCH).expect("a log");
        for second in [0, 1] {
            let mut book = Book::default();
            for (kind, value) in [(Kind::View, 1500), (Kind::Segment, 90_000)] {
                let took = Duration::from_micros(value + second);
                record(book.latencies.entry(kind).or_insert_with(micros), took);
            }
            log.append(second, &book).expect("a second");
        }
        log.end().expect("the end");
        let text = std::fs::read(&path).expect("the file");
        let mut seen = Vec::new();
        for entry in IntervalLogIterator::new(&text) {
            let LogEntry::Interval(of) = entry.expect("an entry") else { continue };
            let bytes = STANDARD.decode(of.encoded_histogram()).expect("base64");
            let read: hdrhistogram::Histogram<u64> =
                Deserializer::new().deserialize(&mut bytes.as_slice()).expect("a histogram");
            let tag = of.tag().map(|tag| tag.as_str().to_owned());
            seen.push((tag, of.start_timestamp().as_secs(), read.len(), read.max() / 100));
        }
        let view = Some("view".to_owned());
        let segment = Some("segment".to_owned());
        assert_eq!(
            seen,
            [
                (view.clone(), 0, 1, 15),
                (segment.clone(), 0, 1, 900),
                (view, 1, 1, 15),
                (segment, 1, 1, 900)
            ]
        );
    }
}
