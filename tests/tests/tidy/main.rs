//! The house rules that a machine can see, held over the files that git knows.
//!
//! A rule that breaks names file, line and rule; all breaches are told at once.

mod checkouts;
mod imports;
mod lengths;
mod paths;
mod repository;
mod schemas;
mod words;

use repository::Breach;

/// Fails with every breach, one a line.
fn assert_tidy(breaches: &[Breach]) {
    let lines: Vec<_> = breaches.iter().map(ToString::to_string).collect();
    assert!(breaches.is_empty(), "{} breaches\n{}", breaches.len(), lines.join("\n"));
}
