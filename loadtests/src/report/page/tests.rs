//! The whole page, made of the example: well-formed, complete, small, and of nothing from
//! elsewhere. With `LOADTESTS_EXAMPLE=FOLDER` the example is kept there, to be looked at.

use super::*;
use crate::report::compare::compare;
use crate::report::model::{Limit, Mark, Verdict};
use crate::report::{example, files, slim, verdict};
use expect_test::expect;
use quick_xml::Reader;
use quick_xml::events::Event;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Every element by its name, when each one that opens also closes. Void elements of HTML are
/// closed first, as XML wants it.
fn elements(page: &str) -> BTreeMap<String, usize> {
    let page = page.replace("<!DOCTYPE html>", "").replace("<details open>", "<details>");
    let parts = page.split("<meta ").enumerate().map(|(at, part)| match at {
        0 => part.to_owned(),
        _ => format!("<meta {}", part.replacen("\">", "\"/>", 1)),
    });
    let page: String = parts.collect();
    let mut reader = Reader::from_str(&page);
    let (mut found, mut depth) = (BTreeMap::new(), 0_usize);
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(start) => {
                depth += 1;
                count(&start, &mut found);
            }
            Event::Empty(start) => count(&start, &mut found),
            Event::End(_) => depth -= 1,
            Event::Eof => break,
            _ => (),
        }
    }
    assert_eq!(depth, 0, "every element is closed");
    found
}

fn count(start: &quick_xml::events::BytesStart<'_>, found: &mut BTreeMap<String, usize>) {
    for attribute in start.attributes() {
        let attribute = attribute.expect("attributes are well-formed and named once");
        let value = String::from_utf8_lossy(&attribute.value);
        assert!(!value.contains("NaN") && !value.contains("inf"), "{value}");
    }
    let name = String::from_utf8_lossy(start.name().as_ref()).into_owned();
    *found.entry(name).or_default() += 1;
}

/// Where pages are kept, when somebody wants to look at them.
fn kept() -> Option<PathBuf> {
    std::env::var_os("LOADTESTS_EXAMPLE").map(PathBuf::from)
}

fn keep(name: &str, page: &str) {
    if let Some(folder) = kept() {
        std::fs::create_dir_all(&folder).expect("a folder");
        files::save(&folder.join(format!("{name}.html")), page.as_bytes()).expect("written");
    }
}

/// Headings and other short facts, as a reader meets them.
fn texts(page: &str, element: &str) -> Vec<String> {
    let (open, close) = (format!("<{element}"), format!("</{element}>"));
    let parts = page.split(&open).skip(1).filter_map(|part| part.split_once(&close));
    let inner = parts.filter_map(|(part, _)| part.split_once('>')).map(|(_, text)| text);
    inner
        .map(|text| text.replace("<span aria-hidden=\"true\">", "").replace("</span>", ""))
        .collect()
}

#[test]
fn the_page_is_well_formed_and_complete() {
    let report = example::report();
    let page = render(&report);
    if let Some(folder) = kept() {
        files::write(&report, &folder).expect("written");
    }
    let found = elements(&page);
    expect![[r#"
        [
            "Limits",
            "Latency by kind of request",
            "Percentiles",
            "Over time",
            "Requests and errors",
            "Counts in the end",
            "Where it was run",
            "The scenario",
            "Files",
        ]"#]]
    .assert_eq(&format!("{:#?}", texts(&page, "h2")));
    // A picture for a desk and one for a hand of each run, and a curve of each kind.
    assert_eq!((found["svg"], found["details"]), (2 * 3 + 4, 3 + 1));
    assert_eq!(page.matches("<details open").count(), 1, "the worst run");
    for wanted in [
        "✓</span> Good",
        "kill -9 127.0.0.1:8103",
        "Servers that answer",
        "Server CPU, cores",
        "Server memory, MiB",
        "Messages in mailboxes",
        "Oldest message, s",
        "Shards owned",
        "warm-up: not counted",
        "127.0.0.1:8103: no answer",
        "run-3.hlog",
        "view.p50_ms&lt;=50",
        "A CPU @ 2.10GHz",
    ] {
        assert!(page.contains(wanted), "{wanted}");
    }
}

#[test]
fn nothing_comes_from_elsewhere() {
    let page = render(&example::report());
    for banned in ["<script", "src=", "href=", "@import", "url(", "http://www", "https://"] {
        assert!(!page.contains(banned), "{banned}");
    }
}

#[test]
fn text_of_others_stays_text() {
    let mut report = example::report();
    report.name = "<script>alert(1)</script>".into();
    report.runs[0].marks.push(Mark { t_s: 5.0, what: "\"><b>".into() });
    report.runs[0].invalid.push("<img onerror=x>".into());
    report.verdict = verdict(&report);
    let page = render(&report);
    elements(&page);
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("<b>\""));
}

#[test]
fn every_word_is_told_in_plain_words() {
    let check = |change: &dyn Fn(&mut Report), wanted: &str| {
        let mut report = example::report();
        change(&mut report);
        report.verdict = verdict(&report);
        let page = render(&report);
        keep(&format!("{:?}", report.verdict), &page);
        elements(&page);
        assert!(page.contains(wanted), "{wanted}");
    };
    check(&|it| it.runs[1].invalid = vec!["1 % late".into()], "<li>Run 2: 1 % late.</li>");
    check(&|it| it.runs[1].oracle.differences = vec!["x".into()], "Counts wrong");
    let limit = Limit { text: "view.p50_ms<=1".into(), found: 2.5, held: false };
    check(&|it| it.limits = vec![limit.clone()], "the worst run had 2.500.");
    check(&|it| it.runs.clear(), "There is no run.");
    check(&|it| it.runs.truncate(1), "Good");
    check(&|it| it.runs.truncate(1), "9 may count or not, since an answer was lost or they");
    let certain = |it: &mut Report| it.runs.iter_mut().for_each(|run| run.oracle.views_unknown = 0);
    check(&certain, "Counts are exact:");
}

fn repeated<Row: Clone>(rows: &[Row], times: usize) -> Vec<Row> {
    rows.iter().cycle().take(rows.len() * times).cloned().collect()
}

#[test]
fn an_hour_makes_no_larger_page_than_ten_minutes() {
    let longer = |times: usize| {
        let mut report = example::report();
        for run in &mut report.runs {
            run.length_s *= times as f64;
            run.seconds = repeated(&run.seconds, times);
            run.heat.cells = repeated(&run.heat.cells, times);
            let samples = run.samples.clone();
            let copies = (0..times).flat_map(|at| {
                samples.iter().cloned().map(move |mut sample| {
                    sample.t_s += 120.0 * at as f64;
                    sample
                })
            });
            run.samples = copies.collect();
            let faults = (1..times).map(|at| Mark {
                t_s: 120.0 * at as f64,
                what: format!("fault {at}: a node is killed and comes back"),
            });
            run.marks.extend(faults);
        }
        let page = render(&report);
        keep(&format!("times-{times}"), &page);
        page.len()
    };
    let (minutes, hour) = (longer(5), longer(30));
    assert!(hour < minutes + minutes / 4 && hour < 3_000_000, "{minutes} and {hour} bytes");
}

#[test]
fn a_baseline_and_an_empty_run_have_a_page_too() {
    let report = example::report();
    let page = render(&slim::slim(&report));
    elements(&page);
    assert!(page.contains("A baseline keeps figures, not what was over time"));
    let mut empty = example::report();
    for run in &mut empty.runs {
        run.latencies.clear();
        run.seconds.iter_mut().for_each(|second| *second = Default::default());
        run.heat = Default::default();
        run.samples.clear();
        run.counts = Default::default();
    }
    empty.verdict = verdict(&empty);
    assert_eq!(empty.verdict, Verdict::Invalid);
    let page = render(&empty);
    elements(&page);
    assert!(page.contains("Not measured: Server CPU, cores;"));
}

#[test]
fn a_comparison_has_a_page() {
    let (base, mut new) = (example::report(), example::report());
    new.seed = 9;
    let page = comparison(&base, &new, &compare(&base, &new));
    let found = elements(&page);
    assert!(found["circle"] > 10 && page.contains("the seeds differ: 7 and 9"));
    keep("comparison", &page);
}
