//! The plan of a run: every arrival with its intended moment, fixed before anything is sent.
//!
//! Arrivals of each flow are an inhomogeneous Poisson process, drawn by change of time: the n-th
//! one comes when the integral of the rate reaches the sum of n exponential waits (Cinlar, 1975).
//! Those of a flow with even arrivals come when it reaches n waits of 1.
//! The seed decides all of it: moments, contents, repeats, and what each player will do.

use crate::random::Random;
use crate::scenario::{Arrivals, Ask, Curve, Flow, Rate, SLOT_S, Scenario, Trace};
use anyhow::ensure;
use std::time::Duration;

/// Most arrivals of a run: 32 bytes each.
const ARRIVALS_MAX: f64 = 20e6;
/// The integral is looked up at such steps, and bisected within one.
const STEP_S: f64 = 0.05;
/// Bisections of a step: down to a nanosecond.
const BISECTIONS: u32 = 26;
/// Streams of chance: one for each flow, and above them one for its noise.
const NOISE_STREAM: u64 = 1 << 32;
const CHOICE_STREAM: u64 = 1 << 33;

/// Something that begins at its moment, whatever became of all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// Since the beginning of the run.
    pub(crate) at: Duration,
    /// Where it goes: an index of the servers.
    pub(crate) server: u32,
    pub(crate) what: What,
}

/// What begins. Contents are indexes of those that the run uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A view with this key; the second one with the same key is a repeat.
    View {
        content: u32,
        key: u32,
    },
    Engagement {
        content: u32,
    },
    List,
    Like {
        content: u32,
    },
    Player {
        content: u32,
        seed: u64,
    },
    Upload {
        seed: u64,
    },
}

/// All arrivals of a run, in order.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) arrivals: Vec<Arrival>,
    /// Keys of views.
    pub(crate) keys: u32,
}

/// What a plan is drawn from, beside the scenario.
#[derive(Clone, Copy)]
pub(crate) struct Draw<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) trace: Option<&'a Trace>,
    pub(crate) scale: f64,
    pub(crate) contents: usize,
    pub(crate) servers: usize,
    pub(crate) seed: u64,
}

impl Plan {
    /// Draws a plan.
    ///
    /// # Errors
    /// When it would have too many arrivals, or a trace is wanted and not given.
    pub(crate) fn draw(of: Draw<'_>) -> anyhow::Result<Self> {
        Self::fits(&of)?;
        let mut plan = Self { arrivals: Vec::new(), keys: 0 };
        for (place, flow) in of.scenario.flows.iter().enumerate() {
            plan.add(&of, flow, place as u64)?;
        }
        plan.arrivals.sort_by_key(|arrival| arrival.at);
        Ok(plan)
    }

    /// Whether there is room for its arrivals, before any is drawn.
    ///
    /// # Errors
    /// When it would have too many, or a trace is wanted and not given.
    pub(crate) fn fits(of: &Draw<'_>) -> anyhow::Result<()> {
        let flows = of.scenario.flows.iter().enumerate();
        let expected = flows.map(|(place, flow)| {
            let repeats = if flow.of == Ask::View { of.scenario.views.repeat_share } else { 0.0 };
            let length = of.scenario.length_s;
            Ok((1.0 + repeats) * curve(of, flow, place as u64)?.until(length))
        });
        let expected: f64 = expected.sum::<anyhow::Result<_>>()?;
        ensure!(
            expected <= ARRIVALS_MAX,
            "{expected:.0} requests are more than the {ARRIVALS_MAX:.0} of a run: lower the rates, \
             --scale or --length"
        );
        Ok(())
    }

    fn add(&mut self, of: &Draw<'_>, flow: &Flow, stream: u64) -> anyhow::Result<()> {
        let curve = curve(of, flow, stream)?;
        let length = of.scenario.length_s;
        let mut random = Random::new(of.seed, stream);
        let mut choice = Random::new(of.seed, CHOICE_STREAM + stream);
        let popularity = Popularity::new(of);
        let wait = || match flow.arrivals {
            Arrivals::Poisson => random.exponential(),
            Arrivals::Even => 1.0,
        };
        for at in moments(&curve, length, wait) {
            let content = popularity.draw(at, &mut choice);
            self.push(of, flow.of, (at, content), &mut choice);
        }
        Ok(())
    }

    fn push(&mut self, of: &Draw<'_>, ask: Ask, place: (f64, u32), choice: &mut Random) {
        let (at, content) = place;
        let what = match ask {
            Ask::View => What::View { content, key: self.keys },
            Ask::Engagement => What::Engagement { content },
            Ask::List => What::List,
            Ask::Like => What::Like { content },
            Ask::Player => What::Player { content, seed: choice.bits() },
            Ask::Upload => What::Upload { seed: choice.bits() },
        };
        let mut arrive = |at: f64, server: usize| {
            let (at, server) = (Duration::from_secs_f64(at), u32::try_from(server));
            self.arrivals.push(Arrival { at, server: server.unwrap_or_default(), what });
        };
        arrive(at, choice.below(of.servers));
        if ask == Ask::View {
            let views = &of.scenario.views;
            // All draws are made in any case, so that a share changes nothing else.
            let again = at + views.repeat_within_s * choice.unit();
            let (server, repeats) = (choice.below(of.servers), choice.chance(views.repeat_share));
            if repeats && again < of.scenario.length_s {
                arrive(again, server);
            }
            self.keys += 1;
        }
    }
}

/// The curve of a flow, with its noise or trace.
fn curve(of: &Draw<'_>, flow: &Flow, stream: u64) -> anyhow::Result<Curve> {
    let slots = match (&flow.rate, of.trace) {
        (Rate::Trace { share }, Some(trace)) => {
            Some((SLOT_S, trace.rates.iter().map(|rate| rate * share).collect()))
        }
        (Rate::Trace { .. }, None) => {
            anyhow::bail!("this scenario replays a recorded rate: name its file with --trace")
        }
        (Rate::EndogenousSubcritical { mean_per_s, spread, slot_s }, _) => {
            let mut random = Random::new(of.seed, NOISE_STREAM + stream);
            let count = (of.scenario.length_s / slot_s).ceil() as usize;
            let slot = |_| noise(*mean_per_s, *spread, &mut random);
            Some((*slot_s, (0..count).map(slot).collect()))
        }
        _ => None,
    };
    Ok(Curve::new(&flow.rate, of.scale, slots))
}

/// Log-normal: never below 0, of this mean and relative deviation.
fn noise(mean: f64, spread: f64, random: &mut Random) -> f64 {
    let variance = (spread * spread).ln_1p();
    mean * (variance.sqrt() * random.normal() - variance / 2.0).exp()
}

/// The moments of arrivals before `length`, in order; `wait` is the time to the next at rate 1.
fn moments(curve: &Curve, length: f64, mut wait: impl FnMut() -> f64) -> Vec<f64> {
    let mut moments = Vec::with_capacity(curve.until(length) as usize + 16);
    let (mut from, mut wanted) = (0.0, wait());
    while from < length {
        let to = (from + STEP_S).min(length);
        let most = curve.until(to);
        while wanted < most {
            moments.push(bisect(curve, wanted, (from, to)));
            wanted += wait();
        }
        from = to;
    }
    moments
}

/// Where the integral reaches a value, within a step.
fn bisect(curve: &Curve, wanted: f64, (mut from, mut to): (f64, f64)) -> f64 {
    for _ in 0..BISECTIONS {
        let middle = f64::midpoint(from, to);
        if curve.until(middle) < wanted {
            from = middle;
        } else {
            to = middle;
        }
    }
    from
}

/// Zipf's law over the contents, with the moments when their order moves.
struct Popularity<'a> {
    /// Sum of the shares up to each rank; the last is 1.
    sums: Vec<f64>,
    scenario: &'a Scenario,
}

impl<'a> Popularity<'a> {
    fn new(of: &Draw<'a>) -> Self {
        let exponent = of.scenario.contents.zipf_exponent;
        let shares = (1..=of.contents.max(1)).map(|rank| (rank as f64).powf(-exponent));
        let mut sums: Vec<f64> = shares
            .scan(0.0, |sum, share| {
                *sum += share;
                Some(*sum)
            })
            .collect();
        let all = sums.last().copied().unwrap_or(1.0);
        sums.iter_mut().for_each(|sum| *sum /= all);
        Self { sums, scenario: of.scenario }
    }

    fn draw(&self, at: f64, random: &mut Random) -> u32 {
        let wanted = random.unit();
        let rank = self.sums.partition_point(|sum| *sum <= wanted).min(self.sums.len() - 1);
        let flips = self.scenario.flips.iter().filter(|flip| flip.at_s <= at);
        let moved = rank + flips.map(|flip| flip.by).sum::<usize>();
        u32::try_from(moved % self.sums.len()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(rate: &str, more: &str) -> Scenario {
        let text = format!(
            "about = 'a test'\nwarm_up_s = 0\nlength_s = 100\n[[flow]]\nof = 'view'\n\
             rate = {{ {rate} }}\n{more}"
        );
        Scenario::parse(&text).expect("a good scenario")
    }

    fn draw(scenario: &Scenario, seed: u64) -> Plan {
        let (trace, scale, contents, servers) = (None, 1.0, 10, 2);
        Plan::draw(Draw { scenario, trace, scale, contents, servers, seed }).expect("a plan")
    }

    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    fn variance(values: &[f64]) -> f64 {
        let middle = mean(values);
        values.iter().map(|value| (value - middle).powi(2)).sum::<f64>() / values.len() as f64
    }

    const QUIET: &str = "[views]\nrepeat_share = 0";

    #[test]
    fn a_seed_gives_the_same_plan_and_another_seed_another_one() {
        let scenario = scenario("shape = 'constant', per_s = 50", "");
        assert_eq!(draw(&scenario, 3).arrivals, draw(&scenario, 3).arrivals);
        assert_ne!(draw(&scenario, 3).arrivals, draw(&scenario, 4).arrivals);
    }

    /// Counts of slots have equal mean and variance; waits a deviation as large as their mean.
    #[test]
    fn arrivals_are_a_poisson_process() {
        let scenario = scenario("shape = 'constant', per_s = 200", QUIET);
        let plan = draw(&scenario, 11);
        let times: Vec<f64> = plan.arrivals.iter().map(|it| it.at.as_secs_f64()).collect();
        assert!(times.is_sorted());
        let mut slots = vec![0.0; 1000];
        times.iter().for_each(|time| slots[(time * 10.0) as usize] += 1.0);
        // Four standard errors of each: sqrt(20/1000), and 20 sqrt(2/1000).
        assert!((mean(&slots) - 20.0).abs() < 0.57, "{}", mean(&slots));
        assert!((variance(&slots) - 20.0).abs() < 3.6, "{}", variance(&slots));
        let waits: Vec<f64> = times.windows(2).map(|two| two[1] - two[0]).collect();
        let spread = variance(&waits).sqrt() / mean(&waits);
        assert!((spread - 1.0).abs() < 0.03, "{spread}");
    }

    /// Also where the rate rises: the n-th one comes when the integral of the rate is n.
    #[test]
    fn even_arrivals_follow_the_rate_without_chance() {
        let rate = "shape = 'step', from_per_s = 50, to_per_s = 200, at_s = 50, rise_s = 10";
        let mut scenario = scenario(rate, QUIET);
        scenario.flows[0].arrivals = Arrivals::Even;
        let curve = Curve::new(&scenario.flows[0].rate, 1.0, None);
        let plan = draw(&scenario, 11);
        for (place, arrival) in plan.arrivals.iter().enumerate() {
            let reached = curve.until(arrival.at.as_secs_f64());
            assert!((reached - (place + 1) as f64).abs() < 1e-4, "{place}: {reached}");
        }
        assert_eq!(plan.arrivals.len(), curve.until(100.0).ceil() as usize - 1);
        let moments = |plan: Plan| plan.arrivals.into_iter().map(|it| it.at).collect::<Vec<_>>();
        assert!(moments(plan) == moments(draw(&scenario, 12)), "a seed changes no moment");
    }

    #[test]
    fn a_peak_has_as_many_arrivals_as_its_integral() {
        let rate = "shape = 'exogenous-critical', base_per_s = 20, peak_per_s = 2000, at_s = 30, \
            core_s = 1";
        let scenario = scenario(rate, QUIET);
        let curve = Curve::new(&scenario.flows[0].rate, 1.0, None);
        let plan = draw(&scenario, 1);
        for (from, to) in [(0.0, 30.0), (30.0, 31.0), (31.0, 40.0), (40.0, 100.0)] {
            let wanted = curve.until(to) - curve.until(from);
            let within = |it: &&Arrival| (from..to).contains(&it.at.as_secs_f64());
            let found = plan.arrivals.iter().filter(within).count() as f64;
            assert!((found - wanted).abs() < 4.0 * wanted.sqrt(), "{from}: {found} {wanted}");
        }
    }

    #[test]
    fn repeats_have_the_key_and_content_of_an_earlier_view() {
        let more = "[views]\nrepeat_share = 0.2\nrepeat_within_s = 1";
        let plan = draw(&scenario("shape = 'constant', per_s = 100", more), 9);
        let mut seen = std::collections::HashMap::new();
        let mut repeats = 0;
        for arrival in &plan.arrivals {
            let What::View { content, key } = arrival.what else { panic!("{arrival:?}") };
            if let Some((first, earlier)) = seen.insert(key, (arrival.at, content)) {
                repeats += 1;
                assert_eq!(earlier, content);
                assert!(arrival.at - first < Duration::from_secs(1));
            }
        }
        assert_eq!(seen.len(), plan.keys as usize);
        let share = f64::from(repeats) / f64::from(plan.keys);
        assert!((share - 0.2).abs() < 0.02, "{share}");
    }

    #[test]
    fn popularity_falls_by_rank_and_moves_at_a_flip() {
        let more = format!("{QUIET}\n[contents]\nzipf_exponent = 1.0\n[[flip]]\nat_s = 50\nby = 4");
        let plan = draw(&scenario("shape = 'constant', per_s = 400", &more), 5);
        let mut counts = [[0.0_f64; 10]; 2];
        for arrival in &plan.arrivals {
            let What::View { content, .. } = arrival.what else { panic!("{arrival:?}") };
            counts[usize::from(arrival.at.as_secs() >= 50)][content as usize] += 1.0;
        }
        let ratio = |half: usize, top: usize, next: usize| counts[half][top] / counts[half][next];
        // Four standard errors.
        assert!((ratio(0, 0, 1) - 2.0).abs() < 0.17, "{counts:?}");
        assert!((ratio(1, 4, 5) - 2.0).abs() < 0.17, "{counts:?}");
        assert!((ratio(1, 4, 3) - 10.0).abs() < 2.0, "{counts:?}");
    }

    #[test]
    fn what_does_not_fit_into_memory_is_refused() {
        let scenario = scenario("shape = 'constant', per_s = 1_000_000", "");
        let of =
            Draw { scenario: &scenario, trace: None, scale: 1.0, contents: 1, servers: 1, seed: 1 };
        let error = Plan::draw(of).expect_err("too many");
        assert!(error.to_string().starts_with("102000000 requests are more than"), "{error}");
    }
}
