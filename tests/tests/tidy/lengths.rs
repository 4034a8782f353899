//! Lengths: what is too long to be read is designed anew, not wrapped.

use crate::repository::{Breach, File, files};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
const COLUMNS_MAX: usize = 100;
const HEADER_LINES: std::ops::RangeInclusive<usize> = 1..=14;

/// The pages of the web are formatted by their own tool; their data files are not for reading.
const LONG_LINES: [&str; 3] = ["Cargo.lock", "package-lock.json", ".svg"];

#[test]
fn files_functions_and_lines_are_short() {
    let mut breaches = Vec::new();
    for file in files(&[".rs", ".ts", ".css", ".mjs"]) {
        let lines = file.text.lines().count();
        if lines > FILE_LINES_MAX {
            breaches.push(Breach::new(&file, lines, format!("over {FILE_LINES_MAX} lines")));
        }
    }
    for file in files(&[".rs"]) {
        breaches.extend(long_lines(&file));
        breaches.extend(long_functions(&file));
    }
    crate::assert_tidy(&breaches);
}

#[test]
fn every_module_says_what_it_is_for() {
    let mut breaches = Vec::new();
    for file in files(&[".rs"]) {
        let header = file.text.lines().take_while(|line| line.starts_with("//!")).count();
        if !HEADER_LINES.contains(&header) {
            breaches.push(Breach::new(&file, 1, format!("a header of {header} lines")));
        }
    }
    crate::assert_tidy(&breaches);
}

fn long_lines(file: &File) -> Vec<Breach> {
    if LONG_LINES.iter().any(|end| file.path.ends_with(end)) {
        return Vec::new();
    }
    let long = |(_, line): &(usize, &str)| line.chars().count() > COLUMNS_MAX;
    let tell = |(at, _)| Breach::new(file, at + 1, format!("over {COLUMNS_MAX} columns"));
    file.text.lines().enumerate().filter(long).map(tell).collect()
}

/// Relies on rustfmt: a function ends at the first `}` of its own indentation. The lines of a raw
/// string are data (a snapshot), not code, and do not count.
fn long_functions(file: &File) -> Vec<Breach> {
    let lines: Vec<_> = file.text.lines().collect();
    let mut breaches = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(indent) = function_indent(line) else { continue };
        let end = format!("{}}}", " ".repeat(indent));
        let last = lines[at..].iter().position(|line| **line == *end).unwrap_or(0);
        let length = code_lines(&lines[at..=at + last]);
        if length > FUNCTION_LINES_MAX {
            breaches.push(Breach::new(file, at + 1, format!("a function of {length} lines")));
        }
    }
    breaches
}

fn code_lines(lines: &[&str]) -> usize {
    let mut quoted = false;
    let code = lines.iter().filter(|line| {
        let counts = !quoted;
        quoted = if quoted { !line.contains("\"#") } else { line.ends_with("r#\"") };
        counts
    });
    code.count()
}

fn function_indent(line: &str) -> Option<usize> {
    let code = line.trim_start();
    let words: Vec<_> = code.split_whitespace().take(5).collect();
    let at = words.iter().position(|word| *word == "fn")?;
    let before = &words[..at];
    let declares = before.iter().all(|word| {
        word.starts_with("pub") || matches!(*word, "async" | "const" | "unsafe" | "extern")
    });
    // A declaration without a body, or a body on the same line, has no end to look for.
    let opens = !line.ends_with(';') && !line.ends_with('}');
    (declares && opens).then(|| line.len() - code.len())
}
