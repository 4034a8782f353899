//! The word about a report, and why: in the order of what makes all that follows worthless.
//!
//! An invalid run says nothing about counts; wrong counts make a fast answer worthless. So the
//! first of invalid, wrong, over a limit is the word, and the reasons name them all.

use super::model::{Counts, Report, Run, Verdict};

/// At most this share of requests may be late or unsent by the generator's fault.
pub(crate) const LATE_SHARE_MAX: f64 = 0.001;
/// Most differences that an oracle tells; there may be more.
pub(crate) const DIFFERENCES_TOLD: usize = 20;

impl Verdict {
    /// What a script sees: 0 good, 3 over a limit, 4 counts wrong, 5 invalid. 1 and 2 are left to
    /// failures of the command itself.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::OverLimit => 3,
            Self::Wrong => 4,
            Self::Invalid => 5,
        }
    }
}

/// The word, from runs, oracle and limits.
pub(crate) fn verdict(report: &Report) -> Verdict {
    let any = |reasons: fn(&Report) -> Vec<String>| !reasons(report).is_empty();
    match () {
        () if any(invalid) => Verdict::Invalid,
        () if any(wrong) => Verdict::Wrong,
        () if any(over) => Verdict::OverLimit,
        () => Verdict::Good,
    }
}

/// Why it is not good, most grave first; empty when it is.
pub(crate) fn reasons(report: &Report) -> Vec<String> {
    [invalid(report), wrong(report), over(report)].concat()
}

fn invalid(report: &Report) -> Vec<String> {
    if report.runs.is_empty() {
        return vec!["There is no run.".to_owned()];
    }
    let mut reasons: Vec<_> = report.broken_off.iter().map(|why| format!("{why}.")).collect();
    let of = |run: &Run| {
        let mut why = run.invalid.clone();
        // What the run did not say of itself.
        why.extend(run.invalid.is_empty().then(|| unbelievable(&run.counts)).flatten());
        why
    };
    reasons.extend(numbered(&report.runs, of));
    reasons
}

/// Counts that no generator in order can have.
fn unbelievable(counts: &Counts) -> Option<String> {
    let Counts { intended, sent, unsent, late, good, errors, .. } = counts;
    let told = errors.values().fold(*good, |sum, count| sum.saturating_add(*count));
    let missed = late.saturating_add(*unsent);
    match () {
        () if *intended == 0 => Some("no request was counted".to_owned()),
        () if missed as f64 > LATE_SHARE_MAX * *intended as f64 => {
            let share = 100.0 * missed as f64 / *intended as f64;
            Some(format!("{missed} requests ({share:.2} %) were late or never sent"))
        }
        () if sent.saturating_add(*unsent) < *intended => Some(format!(
            "{intended} requests were intended, but only {sent} sent and {unsent} told as unsent"
        )),
        () if told < *sent => {
            Some(format!("{sent} requests were sent, but what came of them is told of {told} only"))
        }
        () => None,
    }
}

fn wrong(report: &Report) -> Vec<String> {
    let of = |run: &Run| {
        let wrong = run.oracle.differences.len();
        let first = run.oracle.differences.first();
        let more = if wrong < DIFFERENCES_TOLD { "" } else { " or more" };
        let tell = |first| format!("wrong counts of contents: {wrong}{more}, the first: {first}");
        first.map(tell).into_iter().collect()
    };
    numbered(&report.runs, of)
}

fn numbered(runs: &[Run], reasons: impl Fn(&Run) -> Vec<String>) -> Vec<String> {
    let of = |(at, run)| {
        let tell = move |why| format!("Run {}: {why}.", at + 1);
        reasons(run).into_iter().map(tell).collect::<Vec<_>>()
    };
    runs.iter().enumerate().flat_map(of).collect()
}

fn over(report: &Report) -> Vec<String> {
    let broken = report.limits.iter().filter(|limit| !limit.held);
    let tell = |limit: &super::model::Limit| {
        let kind = limit.text.split('.').next().unwrap_or_default();
        if report.runs.iter().any(|run| !run.latencies.contains_key(kind)) {
            return format!("{} was not held: a run has no request of kind {kind}.", limit.text);
        }
        format!("{} was not held: the worst run had {:.3}.", limit.text, limit.found)
    };
    broken.map(tell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;
    use crate::report::limits;

    fn check(change: impl FnOnce(&mut Report), word: Verdict, why: &str) {
        let mut report = example::report();
        change(&mut report);
        assert_eq!(verdict(&report), word, "{why}");
        let reasons = reasons(&report).join("\n");
        assert!(reasons.contains(why) && reasons.is_empty() == why.is_empty(), "{reasons}");
    }

    fn limit(report: &mut Report, text: &str) {
        report.limits = limits::evaluate(&[limits::parse(text).expect("a limit")], &report.runs);
    }

    #[test]
    fn the_gravest_is_the_word() {
        check(|_| (), Verdict::Good, "");
        check(|it| limit(it, "view.p50_ms<=0.001"), Verdict::OverLimit, "view.p50_ms<=0.001 was");
        check(|it| limit(it, "film.p50_ms<=9"), Verdict::OverLimit, "no request of kind film");
        let wrong = |it: &mut Report| {
            limit(it, "view.p50_ms<=0.001");
            it.runs[1].oracle.differences = vec!["id: 5 views, must be 4".into()];
        };
        check(wrong, Verdict::Wrong, "Run 2: wrong counts of contents: 1, the first: id: 5");
        let invalid = |it: &mut Report| {
            wrong(it);
            it.runs[2].invalid = vec!["the clock was set".into()];
        };
        check(invalid, Verdict::Invalid, "Run 3: the clock was set.");
    }

    #[test]
    fn a_generator_that_lost_requests_is_not_believed() {
        let none = |it: &mut Report| it.runs.clear();
        check(none, Verdict::Invalid, "There is no run.");
        let zero = |it: &mut Report| it.runs[0].counts = Counts::default();
        check(zero, Verdict::Invalid, "Run 1: no request was counted.");
        let late = |it: &mut Report| it.runs[0].counts.late = it.runs[0].counts.intended / 500;
        check(late, Verdict::Invalid, "were late or never sent");
        let gone = |it: &mut Report| it.runs[0].counts.intended += 1;
        check(gone, Verdict::Invalid, "were intended, but only");
        let mute = |it: &mut Report| it.runs[0].counts.good -= 1;
        check(mute, Verdict::Invalid, "what came of them is told of");
        let off = |it: &mut Report| it.broken_off = Some("Run 4 of 5 broke off: why".to_owned());
        check(off, Verdict::Invalid, "Run 4 of 5 broke off: why.");
    }

    #[test]
    fn each_word_has_its_exit_code() {
        let words = [Verdict::Good, Verdict::OverLimit, Verdict::Wrong, Verdict::Invalid];
        assert_eq!(words.map(Verdict::exit_code), [0, 3, 4, 5]);
    }
}
