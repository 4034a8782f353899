//! The table that is printed.

use crate::pair::{Pair, Turns, median};

/// Prints all rows and how to read them.
pub(crate) fn print(pairs: &[Pair], rounds: usize) {
    println!(
        "| | plain ractor | ours | ours ÷ plain | processor time of one: plain, ours, ratio |"
    );
    println!("|---|---:|---:|---:|---:|");
    for pair in pairs {
        let (name, unit) = (pair.name, pair.unit);
        let value = &pair.value;
        let (plain, ours) = (grouped(median(&value.plain)), grouped(median(&value.ours)));
        let cpu = pair.cpu_ns.as_ref().map_or_else(|| "|".to_owned(), processor);
        println!("| {name} | {plain} {unit} | {ours} {unit} | {} | {cpu}", ratio(value));
    }
    println!("\n{NOTES}\nMedians of {rounds} rounds that take turns; the warm-up does not count.");
}

fn processor(ns: &Turns) -> String {
    let (plain, ours) = (grouped(median(&ns.plain)), grouped(median(&ns.ours)));
    format!("{plain} ns, {ours} ns, {} |", ratio(ns))
}

fn ratio(turns: &Turns) -> String {
    let ratios = turns.ratios();
    format!("{:.2} ({:.2} … {:.2})", median(&ratios), ratios[0], ratios[ratios.len() - 1])
}

const NOTES: &str = "\
A tell counts when the last message is handled. Plain mailboxes are unbounded: a plain sender floods
its actor. Ours are bounded: a sender that is told `Busy` yields and tries again. One that pauses
yields every 256 messages on both sides. Asks have a deadline of 5 s on both sides. In brackets the
lowest and the highest ratio of a round.";

/// 1234567.8 as 1,234,568.
pub(crate) fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).expect("digits are ASCII"))
        .collect();
    groups.join(",")
}
