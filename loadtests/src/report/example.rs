//! A report for tests: three runs of two minutes in which the rate steps up, a server stalls and
//! another is killed, made request by request from a seed, so that all of it agrees with itself.

use super::limits;
use super::model::{
    Counts, Heat, Latencies, Mark, Oracle, Report, Run, Sample, Second, VERSION, Verdict,
};
use hdrhistogram::Histogram;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const LENGTH_S: usize = 120;
const WARM_UP_S: usize = 10;
const STEP_S: usize = 40;
const STALL_S: usize = 60;
const KILLED_S: usize = 80;
const BACK_S: usize = 95;
const KINDS: [&str; 3] = ["manifest", "segment", "view"];

/// A good report: three runs, one limit.
pub(super) fn report() -> Report {
    static REPORT: LazyLock<Report> = LazyLock::new(made);
    REPORT.clone()
}

fn made() -> Report {
    let runs = vec![run(1), run(2), run(3)];
    let limit = limits::parse("view.p50_ms<=50").expect("a limit");
    Report {
        version: VERSION,
        began: "2026-03-01T12:00:00Z".into(),
        scenario: json!({"rate": 200, "step": 4, "at_s": STEP_S, "kinds": KINDS, "scale": 1.0}),
        name: "node-killed".into(),
        seed: 7,
        environment: environment(),
        limits: limits::evaluate(&[limit], &runs),
        broken_off: None,
        runs,
        verdict: Verdict::Good,
    }
}

fn environment() -> BTreeMap<String, String> {
    let pairs = [
        ("kernel", "Linux 6.1.0"),
        ("cpu", "A CPU @ 2.10GHz"),
        ("cores", "2"),
        ("memory", "7.8 GiB"),
        ("generator build", "release"),
        ("generator and servers", "on one machine"),
        ("command line", "loadtests replay node-killed --token *** --seed 7"),
        ("server 127.0.0.1:8101", "playhouse 0.1.0"),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// Numbers between 0 and 1 from a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// One request: how long it took, and what went wrong.
fn request(dice: &mut Dice, second: usize, at_s: f64) -> (f64, Option<&'static str>) {
    let busy = if second >= STEP_S { 2.2 } else { 1.0 };
    let mut ms = busy * (0.6 - 1.1 * (1.0 - dice.roll()).ln());
    if dice.roll() < 0.004 {
        ms += 30.0 * dice.roll();
    }
    let stall_end = STALL_S as f64 + 2.0;
    if (STALL_S as f64..stall_end).contains(&at_s) {
        ms += 1000.0 * (stall_end - at_s);
    }
    let killed = (KILLED_S..KILLED_S + 4).contains(&second);
    let wrong = match dice.roll() {
        roll if killed && roll < 0.12 => Some("broken"),
        roll if killed && roll < 0.30 => Some("503"),
        roll if second == STALL_S && roll < 0.02 => Some("timeout"),
        _ => None,
    };
    (ms, wrong)
}

/// One run; another number gives other chances.
pub(super) fn run(number: u64) -> Run {
    let mut dice = Dice(number);
    let mut found = Found::new();
    for second in 0..LENGTH_S {
        let rate = if second >= STEP_S { 160.0 } else { 40.0 };
        let asked = (rate * (0.9 + 0.2 * dice.roll())) as usize;
        for at in 0..asked {
            let at_s = second as f64 + at as f64 / asked as f64;
            let (ms, wrong) = request(&mut dice, second, at_s);
            found.add(second, KINDS[at % KINDS.len()], ms, wrong);
        }
    }
    found.run(number, samples(&mut dice))
}

struct Found {
    counts: Counts,
    seconds: Vec<Second>,
    each: Vec<Histogram<u64>>,
    kinds: BTreeMap<String, (Histogram<u64>, u64)>,
    heat: Heat,
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("bounds in order")
}

impl Found {
    fn new() -> Self {
        let edges_ms: Vec<f64> = (0..56).map(|at| 0.1 * 1.25_f64.powi(at)).collect();
        let cells = vec![vec![0; edges_ms.len() + 1]; LENGTH_S];
        Self {
            counts: Counts { generator_cpu_s: 3.2, ..Counts::default() },
            seconds: vec![Second::default(); LENGTH_S],
            each: (0..LENGTH_S).map(|_| histogram()).collect(),
            kinds: BTreeMap::new(),
            heat: Heat { edges_ms, cells },
        }
    }

    fn add(&mut self, second: usize, kind: &str, ms: f64, wrong: Option<&str>) {
        let us = (1000.0 * ms) as u64;
        let row = &mut self.seconds[second];
        row.asked += 1;
        self.each[second].saturating_record(us);
        let bucket = self.heat.edges_ms.partition_point(|edge| *edge < ms);
        self.heat.cells[second][bucket] += 1;
        match wrong {
            Some(wrong) => *row.errors.entry(wrong.to_owned()).or_default() += 1,
            None => row.good += 1,
        }
        let answered = second + (ms / 1000.0) as usize;
        if let Some(row) = self.seconds.get_mut(answered).filter(|_| wrong.is_none()) {
            *row.answered.get_or_insert_default() += 1;
        }
        if second < WARM_UP_S {
            return;
        }
        self.counts.intended += 1;
        self.counts.sent += 1;
        match wrong {
            Some(wrong) => *self.counts.errors.entry(wrong.to_owned()).or_default() += 1,
            None => self.counts.good += 1,
        }
        for kind in [kind, "all"] {
            let of = self.kinds.entry(kind.to_owned()).or_insert_with(|| (histogram(), 0));
            of.0.saturating_record(us);
            of.1 += u64::from(wrong.is_none() && answered < LENGTH_S);
        }
    }

    fn run(mut self, number: u64, samples: Vec<Sample>) -> Run {
        for (row, histogram) in self.seconds.iter_mut().zip(&self.each) {
            row.p50_ms = histogram.value_at_quantile(0.5) as f64 / 1000.0;
            row.p99_ms = histogram.value_at_quantile(0.99) as f64 / 1000.0;
        }
        let kinds = self.kinds.iter();
        let mark = |t_s, what: &str| Mark { t_s, what: what.to_owned() };
        let views = self.kinds["view"].0.len();
        Run {
            warm_up_s: WARM_UP_S as f64,
            length_s: LENGTH_S as f64,
            counts: self.counts,
            latencies: kinds.map(|(kind, it)| (kind.clone(), latencies(it))).collect(),
            seconds: self.seconds,
            heat: self.heat,
            samples,
            marks: vec![
                mark(STEP_S as f64, "rate × 4"),
                mark(STALL_S as f64, "127.0.0.1:8102 stands still for 2 s"),
                mark(KILLED_S as f64, "kill -9 127.0.0.1:8103"),
                mark(BACK_S as f64, "127.0.0.1:8103 started"),
            ],
            invalid: Vec::new(),
            oracle: Oracle {
                contents: 40,
                views_true: views - 9,
                views_unknown: 9,
                views_settled: views - 5,
                differences: Vec::new(),
                settled_after_s: 1.4,
            },
            hlog: Some(format!("run-{number}.hlog")),
        }
    }
}

fn latencies((histogram, reached): &(Histogram<u64>, u64)) -> Latencies {
    let ms = |us: u64| us as f64 / 1000.0;
    let nines = (0..=40).map(|at| 1.0 - 10_f64.powf(-f64::from(at) / 8.0));
    let mut quantiles: Vec<f64> = nines.chain([0.5, 0.9, 0.99, 0.999, 1.0]).collect();
    quantiles.sort_by(f64::total_cmp);
    Latencies {
        count: histogram.len(),
        reached: Some(*reached),
        mean_ms: histogram.mean() / 1000.0,
        max_ms: ms(histogram.max()),
        curve: quantiles.iter().map(|at| (*at, ms(histogram.value_at_quantile(*at)))).collect(),
    }
}

/// Three servers that share 1024 shards; the third is gone for a while.
fn samples(dice: &mut Dice) -> Vec<Sample> {
    let mut samples = Vec::new();
    for second in 0..LENGTH_S {
        let away = (KILLED_S..BACK_S).contains(&second);
        let load = if second >= STEP_S { 0.55 } else { 0.16 };
        for (at, shards) in [(1, 342.0), (2, 341.0), (3, 341.0)] {
            let server = format!("127.0.0.1:810{at}");
            let t_s = second as f64 + 0.1 + 0.02 * dice.roll();
            if at == 3 && away {
                samples.push(Sample { t_s, server, ..Sample::default() });
                continue;
            }
            let stalls = at == 2 && (STALL_S..STALL_S + 2).contains(&second);
            let since = if at == 3 && second >= BACK_S { second - BACK_S } else { second };
            let more = if away && second > KILLED_S + 3 { 171.0 } else { 0.0 };
            samples.push(Sample {
                t_s,
                server,
                up: true,
                cpu_cores: (since > 0)
                    .then(|| if stalls { 0.0 } else { load * (0.9 + 0.2 * dice.roll()) }),
                resident_bytes: Some(90e6 + 0.4e6 * since as f64 + 2e6 * dice.roll()),
                open_fds: Some(80.0 + if second >= STEP_S { 96.0 } else { 24.0 }),
                actors: Some(400.0 + 9.0 * since as f64),
                mailbox_messages: Some(if stalls { 160.0 } else { (3.0 * dice.roll()).floor() }),
                mailbox_oldest_s: Some(if stalls { 1.8 } else { 0.002 * dice.roll() }),
                shards_owned: Some(shards + more),
            });
        }
    }
    samples
}
