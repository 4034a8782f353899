//! Where in a trace something is: what travels with every message, between nodes and through
//! queues.
//!
//! The text is a W3C `traceparent` (Trace Context level 1, section 3.2).

use std::cell::Cell;

/// A place in a trace. Copied with every message: no allocation, no clock, no lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Which trace; 0 for none.
    pub trace_id: u128,
    /// The span that what follows is part of; 0 at the beginning of a trace.
    pub span_id: u64,
    /// Whether its spans are kept even when all goes well.
    pub sampled: bool,
}

impl Context {
    /// No trace.
    pub const NONE: Self = Self { trace_id: 0, span_id: 0, sampled: false };

    /// The beginning of a trace of its own; how many are sampled is told by the share.
    #[must_use]
    pub fn fresh(share: Share) -> Self {
        let trace_id = rand::random::<u128>().max(1);
        Self { trace_id, span_id: 0, sampled: share.takes(trace_id) }
    }

    /// The sender's place, out of a `traceparent`; none when it is not well formed.
    #[must_use]
    pub fn of_traceparent(text: &str) -> Option<Self> {
        let mut fields = text.split('-');
        let [version, trace, parent, flags] =
            [fields.next()?, fields.next()?, fields.next()?, fields.next()?];
        let known = version != "ff" && (version != "00" || fields.next().is_none());
        let (_, flags) = (hex(version, 2)?, hex(flags, 2)?);
        let (trace_id, span_id) = (hex(trace, 32)?, hex(parent, 16)?);
        let whole = known && trace_id != 0 && span_id != 0;
        let span_id = u64::try_from(span_id).ok()?;
        whole.then_some(Self { trace_id, span_id, sampled: flags & 1 == 1 })
    }

    /// The same as a `traceparent`; none where there is no trace.
    #[must_use]
    pub fn traceparent(self) -> Option<String> {
        let Self { trace_id, span_id, sampled } = self;
        let flags = u8::from(sampled);
        (trace_id != 0).then(|| format!("00-{trace_id:032x}-{span_id:016x}-{flags:02x}"))
    }

    /// The trace id as it is told: 32 hexadecimal digits.
    #[must_use]
    pub fn id(self) -> Option<String> {
        text(self.trace_id)
    }

    /// A place below this one. Below none there is none.
    pub(super) fn below(self) -> Self {
        match self.trace_id {
            0 => Self::NONE,
            _ => Self { span_id: fresh_span_id(), ..self },
        }
    }
}

/// Lower-case hexadecimal digits of that length.
fn hex(field: &str, length: usize) -> Option<u128> {
    let digits = field.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let well_formed = field.len() == length && digits;
    well_formed.then(|| u128::from_str_radix(field, 16).ok()).flatten()
}

/// A trace id as it is told; none for 0.
pub(crate) fn text(trace_id: u128) -> Option<String> {
    (trace_id != 0).then(|| format!("{trace_id:032x}"))
}

/// A share of all traces, chosen by the trace id alone, so that every node chooses the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share(u64);

impl Share {
    /// From 0 (none) to 1 (all).
    #[must_use]
    pub fn of(share: f64) -> Self {
        // As OpenTelemetry's TraceIdRatioBased does: the lower 63 bits against the share of 2^63.
        Self((share.clamp(0.0, 1.0) * (1_u64 << 63) as f64) as u64)
    }

    fn takes(self, trace_id: u128) -> bool {
        ((trace_id as u64) >> 1) < self.0
    }
}

/// A span id that no other has, as good as certainly: SplitMix64 from a random beginning of each
/// thread. A random number from the system's generator would cost ten times as much.
fn fresh_span_id() -> u64 {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(rand::random());
    }
    let state = STATE.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
    STATE.set(state);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_given_trace_goes_on() {
        let context = |text: &str| Context::of_traceparent(text).expect("it is well formed");
        let sampled = context(&format!("00-{ID}-00f067aa0ba902b7-01"));
        assert_eq!((sampled.id().as_deref(), sampled.sampled), (Some(ID), true));
        assert_eq!(sampled.span_id, 0x00f0_67aa_0ba9_02b7);
        let later = context(&format!("01-{ID}-00f067aa0ba902b7-02-more"));
        assert_eq!((later.id().as_deref(), later.sampled), (Some(ID), false));
        assert_eq!(sampled.traceparent().map(|text| context(&text)), Some(sampled));
    }

    #[test]
    fn what_is_no_trace_is_not_taken_over() {
        for text in [
            "",
            "00-xyz-1-01",
            &format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            &format!("00-{ID}-0000000000000000-01"),
            &format!("00-{ID}-00f067aa0ba902b7-01-more"),
            &format!("00-{ID}-00f067aa0ba902b7-0x"),
            &format!("ff-{ID}-00f067aa0ba902b7-01"),
            &format!("00-{}-00f067aa0ba902b7-01", ID.to_uppercase()),
        ] {
            assert_eq!(Context::of_traceparent(text), None, "{text}");
        }
        assert_eq!(Context::NONE.traceparent(), None);
    }

    #[test]
    fn a_share_is_chosen_by_the_id_alone() {
        let taken = |share: f64| {
            let fresh = (0..20_000).filter(|_| Context::fresh(Share::of(share)).sampled);
            fresh.count()
        };
        assert_eq!((taken(0.0), taken(1.0)), (0, 20_000));
        // 200 are expected, with a standard deviation of 14: ten of them to each side.
        let one_in_a_hundred = taken(0.01);
        assert!((60..340).contains(&one_in_a_hundred), "{one_in_a_hundred}");
        let context = Context::fresh(Share::of(0.5));
        assert_eq!(Share::of(0.5).takes(context.trace_id), context.sampled);
    }

    #[test]
    fn no_two_spans_of_a_thread_share_an_id() {
        let mut ids: Vec<u64> = (0..10_000).map(|_| fresh_span_id()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 10_000);
        assert_eq!(Context::NONE.below(), Context::NONE);
    }
}
