//! Leftovers, and words that have no place in the repository.

use crate::repository::{Breach, files};

/// What is left behind by a hand that meant to come back. Written in two parts, so that this file
/// keeps its own rule.
const LEFTOVERS: [(&str, &str); 7] = [
    ("dbg", "!("),
    ("todo", "!("),
    ("unimplemented", "!("),
    ("FIX", "ME"),
    ("XX", "X "),
    ("#[igno", "re"),
    ("console", ".log("),
];

/// Places of one machine, and hosts of registries: the repository must not depend on them.
const PLACES: [(&str, &str); 6] = [
    ("/ho", "me/"),
    ("/ro", "ot/"),
    ("/tm", "p/w"),
    ("crates", ".io/api"),
    ("registry.npm", "js.org"),
    ("index.crates", ".io"),
];

/// npm writes the address of each package into its lock.
const LOCKS: [&str; 2] = ["package-lock.json", "Cargo.lock"];

#[test]
fn nothing_is_left_behind() {
    let code = [".rs", ".ts", ".css", ".html", ".toml", ".sh"];
    let commands = ["ops/certs", "ops/cluster", "ops/demo", "ops/test", "ops/services"];
    let observe = ["ops/observe/up", "ops/observe/down", "ops/observe/check"];
    assert_without(&[&code[..], &commands, &observe].concat(), &LEFTOVERS, "a leftover");
}

#[test]
fn no_place_of_one_machine_is_named() {
    assert_without(&[], &PLACES, "a place outside the repository");
}

fn assert_without(endings: &[&str], words: &[(&str, &str)], rule: &str) {
    let mut breaches = Vec::new();
    for file in files(endings) {
        if LOCKS.iter().any(|lock| file.path.ends_with(lock)) {
            continue;
        }
        for (at, line) in file.text.lines().enumerate() {
            for (left, right) in words {
                let word = format!("{left}{right}");
                if line.contains(&word) {
                    breaches.push(Breach::new(&file, at + 1, format!("{rule}: {word}")));
                }
            }
        }
    }
    crate::assert_tidy(&breaches);
}

#[test]
fn every_engine_of_ops_services_has_the_same_functions() {
    let engines = files(&[".sh"]).into_iter().filter(|file| file.path.contains("services.d/"));
    let mut breaches = Vec::new();
    for file in engines {
        for name in ["install", "prepare", "start", "ready", "urls", "settings"] {
            if !file.text.contains(&format!("\n{name}() {{")) {
                breaches.push(Breach::new(&file, 1, format!("no function {name}")));
            }
        }
    }
    crate::assert_tidy(&breaches);
}

#[test]
fn every_debian_package_is_named_once() {
    let script = std::fs::read_to_string(crate::repository::root_join("ops/lib.sh"));
    let script = script.expect("ops/lib.sh is in the repository");
    let list = script.split("<<'END'\n").nth(1).and_then(|rest| rest.split("\nEND").next());
    let list = list.expect("ops/lib.sh has the list of packages");
    let mut names: Vec<_> =
        list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "{list}");
}
