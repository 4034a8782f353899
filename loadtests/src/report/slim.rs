//! A report without its series: what a baseline keeps.
//!
//! A baseline lies in the repository beside the code, so it holds what a comparison reads and no
//! more: counts, percentiles, two looks at each server, the machine.

use super::figures::by_server;
use super::model::{Heat, Latencies, Report, Run, Sample};

/// What a comparison reads, and what describes the shape of a curve.
const QUANTILES: [f64; 9] = [0.0, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0];

/// Without series, heat, histograms and places of one machine.
pub(crate) fn slim(report: &Report) -> Report {
    let mut slim = report.clone();
    slim.runs.iter_mut().for_each(slim_run);
    // Paths and addresses of the day say nothing about the machine.
    let servers: Vec<String> = slim
        .environment
        .extract_if(.., |name, _| name.starts_with("server "))
        .map(|it| it.1)
        .collect();
    let named = servers.into_iter().enumerate().map(|(at, it)| (format!("server {}", at + 1), it));
    slim.environment.extend(named);
    slim.environment.remove("command line");
    slim
}

fn slim_run(run: &mut Run) {
    run.samples = looks(run);
    run.seconds.clear();
    run.heat = Heat::default();
    run.hlog = None;
    run.latencies.values_mut().for_each(slim_latencies);
    run.counts.generator_cpu_s = rounded(run.counts.generator_cpu_s);
    run.oracle.settled_after_s = rounded(run.oracle.settled_after_s);
}

fn slim_latencies(latencies: &mut Latencies) {
    let point = |quantile| Some((quantile, rounded(latencies.at(quantile)?)));
    latencies.curve = QUANTILES.into_iter().filter_map(point).collect();
    latencies.mean_ms = rounded(latencies.mean_ms);
    latencies.max_ms = rounded(latencies.max_ms);
}

/// Two looks at each server: one at the end of warm-up, and one at the end that holds the mean of
/// the cores between them and the highest of the rest. CPU time is the same as before.
fn looks(run: &Run) -> Vec<Sample> {
    let mut looks = Vec::new();
    for (at, (_, samples)) in by_server(&run.samples).into_iter().enumerate() {
        // Servers are told apart by number: an address is one of that day.
        let server = format!("server {}", at + 1);
        let measured = |it: &&&Sample| it.up && it.t_s >= run.warm_up_s;
        let highest = |value: fn(&Sample) -> Option<f64>| {
            let values = samples.iter().filter(measured).filter_map(|it| value(it));
            values.reduce(f64::max).map(rounded)
        };
        let last = Sample {
            t_s: run.length_s,
            server: server.clone(),
            up: samples.last().is_some_and(|last| last.up),
            cpu_cores: run.mean_cores(&samples).map(rounded),
            resident_bytes: highest(|it| it.resident_bytes),
            open_fds: highest(|it| it.open_fds),
            actors: highest(|it| it.actors),
            mailbox_messages: highest(|it| it.mailbox_messages),
            mailbox_oldest_s: highest(|it| it.mailbox_oldest_s),
            shards_owned: highest(|it| it.shards_owned),
        };
        looks.push(Sample { t_s: run.warm_up_s, server, up: true, ..Sample::default() });
        looks.push(last);
    }
    looks
}

/// To a thousandth: finer digits are noise in a file that people compare by eye.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::compare::compare;
    use crate::report::example;
    use crate::report::files::text;
    use crate::report::model::Verdict;
    use crate::scenario::find;
    use std::path::Path;

    /// A scenario that has changed wants a baseline anew (`ops/baselines`).
    #[test]
    fn baselines_are_of_the_scenarios_as_they_are() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("baselines");
        let files = std::fs::read_dir(folder).expect("a folder").map(|it| it.expect("it").path());
        let kept: Vec<_> =
            files.filter(|it| it.extension().is_some_and(|it| it == "json")).collect();
        assert!(kept.len() >= 11, "{kept:?}");
        for path in kept {
            let text = std::fs::read_to_string(&path).expect("a file");
            let report: Report = serde_json::from_str(&text).expect("a report");
            assert_eq!(path.file_stem(), Some(report.name.as_ref()));
            assert_eq!((report.verdict, report.runs.len()), (Verdict::Good, 3));
            let sheet = find(&report.name).and_then(|it| it.read()).expect("a scenario");
            let mut now = serde_json::to_value(sheet).expect("JSON");
            // What the command line has made of it.
            now["contents"]["count"] = report.scenario["contents"]["count"].clone();
            for key in ["scale", "servers"] {
                now[key] = report.scenario[key].clone();
            }
            assert_eq!(now, report.scenario, "{}", report.name);
        }
    }

    #[test]
    fn a_slim_report_is_small_and_compares_as_the_whole_does() {
        let whole = example::report();
        let slim = slim(&whole);
        let text = text(&slim).expect("JSON");
        assert!(text.len() < 40_000, "{} bytes", text.len());
        assert!(!text.contains(".hlog") && !text.contains("command line"));
        let samples = slim.runs.iter().flat_map(|run| &run.samples);
        assert_eq!(samples.filter(|it| it.server == "server 3").count(), 3 * 2);
        assert_eq!(slim.environment["server 1"], "playhouse 0.1.0");
        for row in compare(&whole, &slim).rows {
            let ratio = row.ratio.expect("both sides");
            assert!((ratio - 1.0).abs() < 0.01, "{row:?}");
        }
    }
}
