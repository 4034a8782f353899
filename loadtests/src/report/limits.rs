//! Limits: what must hold for a run to be good, as a line of text such as `view.p99_ms<=50`.
//!
//! A limit is held against the worst of all runs, since the figure that a user meets is not the
//! middle one.

use super::figures::{ALL, Figure, NAMES, STALL, STARTUP};
use super::model::{Limit, Run};
use anyhow::{Context, anyhow, bail, ensure};

/// Kind of a request: `view`, `segment`, …
const KIND_BYTES_MAX: usize = 64;

/// One limit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    text: String,
    kind: String,
    figure: Figure,
    operator: Operator,
    bound: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    AtMost,
    AtLeast,
    Below,
    Above,
}

/// The longer ones first, since `<` begins `<=`.
const OPERATORS: [(&str, Operator); 4] = [
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("<", Operator::Below),
    (">", Operator::Above),
];

/// Reads `KIND.FIGURE OPERATOR NUMBER`.
///
/// # Errors
/// When it is not of this form; the error names what is allowed.
pub(crate) fn parse(text: &str) -> anyhow::Result<Condition> {
    // In one line, since the command line shows the outermost message only.
    read(text).map_err(|why| anyhow!("{text:?} is no limit (such as view.p99_ms<=50): {why:#}"))
}

fn read(text: &str) -> anyhow::Result<Condition> {
    let found = OPERATORS.iter().filter_map(|(sign, it)| Some((text.find(sign)?, sign, *it)));
    // Of two that begin at the same place the longer one is first.
    let (at, sign, operator) =
        found.min_by_key(|(at, ..)| *at).context("it has none of <= >= < >")?;
    let (left, right) = (text[..at].trim(), text[at + sign.len()..].trim());
    let (kind, name) = left.split_once('.').with_context(|| {
        format!("{left:?} names no figure: KIND.FIGURE, with KIND such as view, or {ALL}")
    })?;
    ensure!(
        !kind.is_empty()
            && kind.len() <= KIND_BYTES_MAX
            && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
        "{kind:?} is no kind of request: letters, digits, - and _, at most {KIND_BYTES_MAX}"
    );
    let Some((_, figure)) = NAMES.iter().find(|(known, _)| *known == name) else {
        bail!("{name:?} is no figure: {}", NAMES.map(|(name, _)| name).join(", "))
    };
    let share = *figure == Figure::ErrorsShare;
    ensure!(!share || kind == ALL, "errors are counted over all requests: {ALL}.errors_share");
    let bound: f64 = right.parse().with_context(|| format!("{right:?} is no number"))?;
    ensure!(bound.is_finite() && bound >= 0.0, "{right} is no bound: a number from 0 on");
    ensure!(!share || bound <= 1.0, "{right} is no share: from 0 to 1");
    let (text, kind) = (text.trim().to_owned(), kind.to_owned());
    Ok(Condition { text, kind, figure: *figure, operator, bound })
}

impl Condition {
    fn holds(&self, value: f64) -> bool {
        match self.operator {
            Operator::AtMost => value <= self.bound,
            Operator::AtLeast => value >= self.bound,
            Operator::Below => value < self.bound,
            Operator::Above => value > self.bound,
        }
    }

    /// The value that is nearest to breaking it, or farthest over it.
    fn worst(&self, values: &[f64]) -> Option<f64> {
        let values = values.iter().copied();
        match self.operator {
            Operator::AtMost | Operator::Below => values.max_by(f64::total_cmp),
            Operator::AtLeast | Operator::Above => values.min_by(f64::total_cmp),
        }
    }

    /// A kind that a run did not ask for breaks its limits (found is 0 then): a limit that looks
    /// at nothing holds nothing. Stalls do not come by being asked for: where somebody watched,
    /// none of them is 0.
    fn evaluate(&self, runs: &[Run]) -> Limit {
        let smooth = |run: &Run| self.kind == STALL && run.latencies.contains_key(STARTUP);
        let value = |run| self.figure.of(run, &self.kind).or_else(|| smooth(run).then_some(0.0));
        let values: Option<Vec<f64>> = runs.iter().map(value).collect();
        let worst = values.and_then(|values| self.worst(&values));
        let held = worst.is_some_and(|worst| self.holds(worst));
        Limit { text: self.text.clone(), found: worst.unwrap_or_default(), held }
    }
}

/// Every limit held against the worst run.
pub(crate) fn evaluate(conditions: &[Condition], runs: &[Run]) -> Vec<Limit> {
    conditions.iter().map(|condition| condition.evaluate(runs)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;
    use crate::report::model::Latencies;

    #[test]
    fn a_limit_is_read_from_text() {
        for (text, kind, figure, operator, bound) in [
            ("view.p99_ms<=50", "view", Figure::P99, Operator::AtMost, 50.0),
            (" all.rate >= 1e3 ", "all", Figure::Rate, Operator::AtLeast, 1000.0),
            ("hot-key.p99.9_ms<0.5", "hot-key", Figure::P999, Operator::Below, 0.5),
            ("all.errors_share>0", "all", Figure::ErrorsShare, Operator::Above, 0.0),
        ] {
            let read = parse(text).expect("a limit");
            let text = text.trim().to_owned();
            let kind = kind.to_owned();
            assert_eq!(read, Condition { text, kind, figure, operator, bound });
        }
    }

    fn refused(text: &str, why: &str) {
        let error = format!("{:#}", parse(text).expect_err("refused"));
        let form = "is no limit (such as view.p99_ms<=50): ";
        assert!(error.contains(form) && error.contains(why), "{error}");
    }

    #[test]
    fn garbage_is_told_what_is_allowed() {
        refused("view.p99_ms=50", "it has none of <= >= < >");
        refused("", "it has none of <= >= < >");
        refused(
            "p99_ms<=50",
            "\"p99_ms\" names no figure: KIND.FIGURE, with KIND such as view, or all",
        );
        refused("<=", "\"\" names no figure");
        refused("view.p98_ms<=50", "\"p98_ms\" is no figure: p50_ms, p90_ms, p99_ms, p99.9_ms,");
        refused("view.p99_ms<=fast", "\"fast\" is no number");
        refused("view.p99_ms<=", "\"\" is no number");
        refused("a.rate<=>1", "\">1\" is no number");
        refused("view.p99_ms<=NaN", "NaN is no bound: a number from 0 on");
        refused("view.p99_ms<=-1", "-1 is no bound: a number from 0 on");
        refused("view.errors_share<=0.1", "counted over all requests: all.errors_share");
        refused("all.errors_share<=5", "5 is no share: from 0 to 1");
        refused("a b.rate>1", "\"a b\" is no kind of request: letters, digits, - and _");
    }

    #[test]
    fn players_that_never_stalled_hold_every_limit_of_stalls() {
        let mut run = example::run(1);
        let held = |run: &Run, text: &str| {
            evaluate(&[parse(text).expect("a limit")], std::slice::from_ref(run))[0].held
        };
        assert!(!held(&run, "stall.max_ms<=1000"), "nobody watched");
        let seen = run.latencies["view"].clone();
        run.latencies.insert(STARTUP.to_owned(), seen.clone());
        assert!(held(&run, "stall.max_ms<=1000") && !held(&run, "stall.max_ms>=1"));
        run.latencies.insert(STALL.to_owned(), Latencies { max_ms: 1001.0, ..seen });
        assert!(!held(&run, "stall.max_ms<=1000"));
    }

    #[test]
    fn the_worst_run_decides() {
        let mut runs = [example::run(1), example::run(2)];
        let p99 = |run: &mut Run, ms| {
            let latencies = run.latencies.get_mut("view").expect("views");
            latencies.curve = vec![(0.0, 1.0), (0.5, 2.0), (0.99, ms), (1.0, 900.0)];
        };
        p99(&mut runs[0], 40.0);
        p99(&mut runs[1], 60.0);
        let held = |text: &str| {
            let limit = &evaluate(&[parse(text).expect("a limit")], &runs)[0];
            (limit.found, limit.held)
        };
        assert_eq!(held("view.p99_ms<=50"), (60.0, false));
        assert_eq!(held("view.p99_ms<=60"), (60.0, true));
        assert_eq!(held("view.p99_ms<60"), (60.0, false));
        assert_eq!(held("view.p99_ms>=40"), (40.0, true));
        assert_eq!(held("view.p99_ms>40"), (40.0, false));
        assert_eq!(held("nothing.p99_ms<=50"), (0.0, false), "nothing was asked, so nothing held");
    }
}
