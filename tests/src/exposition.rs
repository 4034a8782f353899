//! What a node tells at `/metrics`, read: the types of metrics and their series.
//!
//! Both formats that Prometheus takes are understood, OpenMetrics 1.0 and its own text 0.0.4; what
//! they call differently (a counter's family, an info) has here the name that it is asked by.

use std::collections::BTreeMap;

/// A scrape, read.
#[derive(Debug, Default)]
pub struct Exposition {
    /// Type of each metric.
    pub types: BTreeMap<String, String>,
    /// Every series with its value.
    pub series: Vec<Series>,
}

/// One series.
#[derive(Debug, PartialEq)]
pub struct Series {
    /// With its ending, as `_bucket`.
    pub name: String,
    /// By name.
    pub labels: BTreeMap<String, String>,
    /// What it says now.
    pub value: f64,
}

impl Exposition {
    /// Reads a scrape.
    ///
    /// # Errors
    /// Says which line cannot be read.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut read = Self::default();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(of) = line.strip_prefix("# TYPE ") {
                let (name, kind) = of.split_once(' ').ok_or_else(|| format!("no type: {line}"))?;
                let (name, kind) = family(name, kind);
                if read.types.insert(name, kind).is_some() {
                    return Err(format!("a second time: {line}"));
                }
            } else if !line.starts_with('#') {
                read.series.push(series(line).ok_or_else(|| format!("no series: {line}"))?);
            }
        }
        Ok(read)
    }

    /// The sum over all series of that name that have these labels.
    #[must_use]
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |series: &&Series| {
            labels.iter().all(|(key, value)| series.labels.get(*key).is_some_and(|is| is == value))
        };
        let all = self.series.iter().filter(|series| series.name == name);
        all.filter(has).map(|series| series.value).sum()
    }
}

/// OpenMetrics leaves away what a type adds to the name.
fn family(name: &str, kind: &str) -> (String, String) {
    match kind {
        "counter" if !name.ends_with("_total") => (format!("{name}_total"), kind.to_owned()),
        "info" => (format!("{name}_info"), "gauge".to_owned()),
        _ => (name.to_owned(), kind.to_owned()),
    }
}

/// `name{label="value",…} value`, behind which a time and an exemplar may come.
fn series(line: &str) -> Option<Series> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"")?;
            let (value, after) = quoted(after)?;
            labels.insert(label.trim_start_matches(',').to_owned(), value);
            rest = after;
        }
        rest = &rest[1..];
    }
    let value = rest.split_whitespace().next()?.parse().ok()?;
    Some(Series { name: name.to_owned(), labels, value })
}

/// A value up to its closing quote, and what follows that.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut all = text.char_indices();
    loop {
        match all.next()? {
            (at, '"') => return Some((value, &text[at + 1..])),
            (_, '\\') => match all.next()?.1 {
                'n' => value.push('\n'),
                escaped => value.push(escaped),
            },
            (_, plain) => value.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: &str = r#"# HELP jobs Jobs.
# TYPE jobs gauge
jobs{state="waiting"} 2
# TYPE things counter
things_total{kind="a \"b\"\\ c,d}",outcome="ok"} 3 # {trace_id="x"} 1.0 1.7e9
things_total{kind="e",outcome="ok"} 4
# TYPE build info
build_info{version="1"} 1
# TYPE span_seconds histogram
# UNIT span_seconds seconds
span_seconds_bucket{le="+Inf"} 1
span_seconds_sum 0.25
# EOF
"#;

    #[test]
    fn openmetrics_and_plain_text_are_read_alike() {
        let plain = OPEN.replace("TYPE things ", "TYPE things_total ");
        let plain = plain.replace("TYPE build info", "TYPE build_info gauge");
        for text in [OPEN, &plain] {
            let read = Exposition::read(text).expect("it is well-formed");
            let types: Vec<_> = read.types.iter().map(|(name, of)| (&**name, &**of)).collect();
            assert_eq!(
                types,
                [
                    ("build_info", "gauge"),
                    ("jobs", "gauge"),
                    ("span_seconds", "histogram"),
                    ("things_total", "counter"),
                ]
            );
            assert_eq!(read.series.len(), 6);
            assert_eq!(read.series[1].labels["kind"], r#"a "b"\ c,d}"#);
            assert!((read.sum("things_total", &[("outcome", "ok")]) - 7.0).abs() < 1e-9);
            assert!((read.sum("things_total", &[("kind", "e")]) - 4.0).abs() < 1e-9);
            assert!((read.sum("span_seconds_sum", &[]) - 0.25).abs() < 1e-9);
        }
    }

    #[test]
    fn what_is_no_exposition_is_refused() {
        for text in ["jobs", "jobs two", "jobs{a=\"b} 1", "# TYPE jobs", "jobs{a} 1"] {
            assert!(Exposition::read(text).is_err(), "{text}");
        }
        let twice = "# TYPE jobs gauge\n# TYPE jobs gauge\n";
        assert!(Exposition::read(twice).is_err());
    }
}
