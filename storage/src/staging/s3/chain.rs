//! What lies in a bucket for an upload under way, and which of it counts: pure.
//!
//! Nothing there is ever changed. A grant is an object that names its writer and the spans that
//! it begins behind; a piece is an object of some bytes of one writer. Only the newest grant
//! counts: its spans, and the pieces of its writer that join them. So whatever an older writer
//! still sends lies beside the chain, and cutting bytes off is to name fewer of them.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// A grant: its object is named by [`grant_name`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Grant {
    /// The bytes before its offset.
    pub(super) chain: Vec<Span>,
}

/// The first bytes of an object, behind those of the spans before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Span {
    /// The object's name within the upload.
    pub(super) object: String,
    pub(super) bytes: u64,
}

/// A piece, as its name tells.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece<'a> {
    start: u64,
    bytes: u64,
    writer: &'a str,
}

/// Begins the names of grants, which sort by token.
pub(super) const GRANTS: &str = "grant-";
const PIECES: &str = "piece-";

/// The name of a grant. Without a writer: what sorts before all of that token.
pub(super) fn grant_name(token: u64, writer: &str) -> String {
    format!("{GRANTS}{token:020}-{writer}")
}

/// Token and writer of a grant; `None` for a piece.
pub(super) fn read_grant(name: &str) -> Option<(u64, &str)> {
    let (token, writer) = name.strip_prefix(GRANTS)?.split_once('-')?;
    Some((token.parse().ok()?, writer))
}

/// The name of a piece.
pub(super) fn piece_name(start: u64, bytes: u64, writer: &str) -> String {
    format!("{PIECES}{start:020}-{bytes}-{writer}")
}

fn read_piece(name: &str) -> Option<Piece<'_>> {
    let mut fields = name.strip_prefix(PIECES)?.splitn(3, '-');
    let (start, bytes) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(Piece { start, bytes, writer: fields.next()? })
}

/// The chain of a grant with the pieces of its writer. Where two begin at one place the longer
/// counts: a part holds the smaller pieces that were made durable before it.
pub(super) fn follow<'a>(
    grant: &Grant,
    writer: &str,
    names: impl Iterator<Item = &'a str>,
) -> Vec<Span> {
    let mut longest: HashMap<u64, Span> = HashMap::new();
    let mut offer = |start, span: Span| {
        let known = longest.get(&start).map_or(0, |known| known.bytes);
        if span.bytes > known {
            longest.insert(start, span);
        }
    };
    let mut at = 0;
    for span in &grant.chain {
        offer(at, span.clone());
        at += span.bytes;
    }
    for name in names {
        if let Some(piece) = read_piece(name).filter(|piece| piece.writer == writer) {
            offer(piece.start, Span { object: name.to_owned(), bytes: piece.bytes });
        }
    }
    let (mut chain, mut at) = (Vec::new(), 0);
    while let Some(span) = longest.remove(&at) {
        at += span.bytes;
        chain.push(span);
    }
    chain
}

/// Bytes of a chain.
pub(super) fn total(chain: &[Span]) -> u64 {
    chain.iter().map(|span| span.bytes).sum()
}

/// The first `offset` bytes of a chain.
///
/// # Errors
/// `Corrupt` when it has fewer.
pub(super) fn cut(chain: Vec<Span>, offset: u64) -> Result<Vec<Span>> {
    let found = total(&chain);
    if found < offset {
        let what = format!("{found} bytes staged, {offset} committed");
        return Err(Error::Corrupt { what });
    }
    let (mut kept, mut left) = (Vec::new(), offset);
    for mut span in chain {
        if left == 0 {
            break;
        }
        span.bytes = span.bytes.min(left);
        left -= span.bytes;
        kept.push(span);
    }
    Ok(kept)
}

/// Takes the small spans off the end of a chain: they are sent again, as one part, with what
/// follows.
pub(super) fn split_tail(chain: &mut Vec<Span>, part_bytes_min: u64) -> Vec<Span> {
    let small = chain.iter().rev().take_while(|span| span.bytes < part_bytes_min).count();
    chain.split_off(chain.len() - small)
}

/// How a part of the finished object is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The service copies a span that is a whole object.
    Copy(Span),
    /// Spans that are too small for that, or were cut, are read and sent together.
    Gather(Vec<Span>),
}

/// The parts of the finished object: each but the last has at least `part_bytes_min`.
pub(super) fn parts(chain: Vec<Span>, part_bytes_min: u64) -> Vec<Part> {
    let (mut parts, mut held) = (Vec::new(), Vec::new());
    for span in chain {
        if held.is_empty() && span.bytes >= part_bytes_min && is_whole(&span) {
            parts.push(Part::Copy(span));
            continue;
        }
        held.push(span);
        if total(&held) >= part_bytes_min {
            parts.push(Part::Gather(std::mem::take(&mut held)));
        }
    }
    if !held.is_empty() {
        parts.push(Part::Gather(held));
    }
    parts
}

fn is_whole(span: &Span) -> bool {
    read_piece(&span.object).is_some_and(|piece| piece.bytes == span.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(object: &str, bytes: u64) -> Span {
        Span { object: object.into(), bytes }
    }

    fn grant(chain: &[(&str, u64)]) -> Grant {
        Grant { chain: chain.iter().map(|(object, bytes)| span(object, *bytes)).collect() }
    }

    fn check(grant: &Grant, pieces: &[(u64, u64, &str)], expected: &[u64]) -> Vec<Span> {
        let names: Vec<_> = pieces.iter().map(|it| piece_name(it.0, it.1, it.2)).collect();
        let chain = follow(grant, "me", names.iter().map(String::as_str));
        assert_eq!(chain.iter().map(|span| span.bytes).collect::<Vec<_>>(), expected);
        chain
    }

    #[test]
    fn names_say_what_they_are_and_sort_by_token() {
        assert_eq!(read_grant(&grant_name(7, "w")), Some((7, "w")));
        assert_eq!(read_grant(&piece_name(1, 2, "w")), None);
        let piece = piece_name(10, 5, "w");
        assert_eq!(read_piece(&piece), Some(Piece { start: 10, bytes: 5, writer: "w" }));
        assert!(grant_name(9, "z") < grant_name(10, "a"));
        assert!(grant_name(9, "") < grant_name(9, "a"));
        assert_eq!(read_piece("piece-x-5-w"), None);
        assert_eq!(read_grant("notes.txt"), None);
    }

    #[test]
    fn a_chain_goes_on_with_the_pieces_of_its_own_writer_only() {
        let base = grant(&[("a", 8), ("b", 2)]);
        check(&base, &[], &[8, 2]);
        check(&base, &[(10, 3, "me"), (13, 1, "me")], &[8, 2, 3, 1]);
        check(&base, &[(10, 3, "zombie"), (10, 1, "me")], &[8, 2, 1]);
        check(&base, &[(11, 3, "me")], &[8, 2]);
    }

    #[test]
    fn a_part_stands_for_the_pieces_that_it_was_made_of() {
        let base = grant(&[("a", 8), ("b", 2)]);
        let chain =
            check(&base, &[(10, 3, "me"), (8, 8, "me"), (13, 3, "me"), (16, 1, "me")], &[8, 8, 1]);
        assert_eq!(chain[1].object, piece_name(8, 8, "me"));
    }

    #[test]
    fn cutting_names_fewer_bytes_of_the_same_objects() {
        let chain = || grant(&[("a", 8), ("b", 2), ("c", 5)]).chain;
        assert_eq!(cut(chain(), 15).unwrap(), chain());
        assert_eq!(cut(chain(), 9).unwrap(), [span("a", 8), span("b", 1)]);
        assert_eq!(cut(chain(), 8).unwrap(), [span("a", 8)]);
        assert_eq!(cut(chain(), 0).unwrap(), []);
        let told = cut(chain(), 16).unwrap_err().to_string();
        assert!(told.contains("15 bytes staged, 16 committed"), "{told}");
    }

    #[test]
    fn the_small_end_of_a_chain_is_sent_again() {
        let mut chain = grant(&[("a", 2), ("b", 8), ("c", 1), ("d", 4)]).chain;
        assert_eq!(split_tail(&mut chain, 5), [span("c", 1), span("d", 4)]);
        assert_eq!(chain, [span("a", 2), span("b", 8)]);
        let mut small = grant(&[("a", 2)]).chain;
        assert_eq!(split_tail(&mut small, 5), [span("a", 2)]);
        assert_eq!(small, []);
    }

    #[test]
    fn every_part_but_the_last_is_large_enough_and_a_cut_one_is_not_copied() {
        let whole = |bytes: u64| span(&piece_name(0, bytes, "w"), bytes);
        let cut = |bytes: u64| span(&piece_name(0, bytes + 1, "w"), bytes);
        let chain = [whole(8), whole(2), whole(4), whole(9), whole(1), whole(8), cut(7)];
        assert_eq!(
            parts(chain.to_vec(), 5),
            [
                Part::Copy(whole(8)),
                Part::Gather(vec![whole(2), whole(4)]),
                Part::Copy(whole(9)),
                Part::Gather(vec![whole(1), whole(8)]),
                Part::Gather(vec![cut(7)]),
            ]
        );
        let small = parts(vec![whole(8), whole(1)], 5);
        assert_eq!(small, [Part::Copy(whole(8)), Part::Gather(vec![whole(1)])]);
        assert_eq!(parts(vec![], 5), []);
    }
}
