//! Cuts a rendition's samples into segments and holds each against the plan.
//!
//! A boundary is planned in frames before anything is encoded and is the same in all renditions.
//! What the encoder made is read back before it is written: a mismatch is an error, never a
//! segment that drifts.

use super::Context;
use crate::failure::{Failure, Result};
use playhouse_codecs::cmaf::{self, Sample};
use playhouse_codecs::worker::Event;
use std::ops::Range;

/// What a segment must come to, ticks and samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) start: u64,
    pub(super) duration: u64,
    pub(super) samples: u64,
}

/// The segments of one rendition.
pub(super) struct Segments<'a> {
    context: &'a Context<'a>,
    rendition: &'a str,
    plan: Box<dyn Fn(u32) -> Planned + 'a>,
    next: u32,
    end: u32,
    samples: Vec<Sample>,
    /// Number of the last segment that the node was told of.
    announced: u64,
}

impl<'a> Segments<'a> {
    /// Segments `range` of `rendition`, after `plan`.
    pub(super) fn new(
        context: &'a Context<'a>,
        rendition: &'a str,
        range: Range<u32>,
        plan: impl Fn(u32) -> Planned + 'a,
    ) -> Self {
        let plan = Box::new(plan);
        Self {
            context,
            rendition,
            plan,
            next: range.start,
            end: range.end,
            samples: Vec::new(),
            announced: 0,
        }
    }

    /// Writes the init segment.
    ///
    /// # Errors
    /// Of the output folder.
    pub(super) fn write_init(&self, init: &[u8], codecs: String, timescale: u32) -> Result<()> {
        let (rendition, attempt) = (self.rendition, &self.context.job.attempt);
        let written = self.context.output.write(format!("{rendition}-init-{attempt}.mp4"), init)?;
        self.context.control.send(&Event::InitWritten {
            rendition: rendition.to_owned(),
            file: written.file,
            bytes: written.bytes,
            sha256: written.sha256,
            codecs,
            timescale,
        });
        Ok(())
    }

    /// Takes the next sample in decode order; a sync sample at the boundary begins a segment.
    ///
    /// # Errors
    /// `PlanMismatch`, or of the output folder.
    pub(super) fn push(&mut self, sample: Sample) -> Result<()> {
        let planned = (self.plan)(self.next);
        if sample.sync && sample.pts >= planned.start + planned.duration {
            self.close()?;
        }
        if self.next < self.end {
            self.samples.push(sample);
        }
        Ok(())
    }

    /// Writes the last segment, checks that none is missing and waits until the node has them.
    ///
    /// # Errors
    /// `PlanMismatch`, or of the output folder.
    pub(super) fn finish(&mut self) -> Result<()> {
        if !self.samples.is_empty() {
            self.close()?;
        }
        if self.next != self.end {
            return Err(self.mismatch("it ended early", "all segments"));
        }
        self.wait_committed()
    }

    fn close(&mut self) -> Result<()> {
        if self.next >= self.end {
            return Ok(());
        }
        let planned = (self.plan)(self.next);
        let bytes = cmaf::segment(self.next + 1, &std::mem::take(&mut self.samples));
        let found = cmaf::read_segment(&bytes).map_err(|e| self.mismatch(e, planned))?;
        let made = Planned {
            start: found.base_time,
            duration: found.duration,
            samples: u64::from(found.sample_count),
        };
        let begins = i64::try_from(planned.start) == Ok(found.earliest_time) && found.first_sync;
        if made != planned || !begins {
            return Err(self.mismatch(format!("{found:?}"), format!("{planned:?}")));
        }
        self.write(planned, &bytes)
    }

    fn write(&mut self, planned: Planned, bytes: &[u8]) -> Result<()> {
        // Only what is committed outlives this process: one segment at most is in between.
        self.wait_committed()?;
        let (rendition, attempt) = (self.rendition, &self.context.job.attempt);
        let file = format!("{rendition}-{:05}-{attempt}.m4s", self.next);
        let written = self.context.output.write(file, bytes)?;
        self.announced = self.context.control.announce(&Event::SegmentWritten {
            attempt: attempt.clone(),
            rendition: rendition.to_owned(),
            index: self.next,
            file: written.file,
            pts: planned.start,
            duration: planned.duration,
            bytes: written.bytes,
            sha256: written.sha256,
        });
        self.next += 1;
        Ok(())
    }

    fn wait_committed(&self) -> Result<()> {
        self.context.control.wait_committed(self.announced, || self.context.pulse())
    }

    fn mismatch(&self, made: impl std::fmt::Debug, planned: impl std::fmt::Debug) -> Failure {
        let (rendition, segment) = (self.rendition, self.next);
        Failure::mismatch(format!("{rendition}, segment {segment}: {made:?}, not {planned:?}"))
    }
}
