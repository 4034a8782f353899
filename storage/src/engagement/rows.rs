//! What is counted, as it comes out of a database: the same for every engine.

use super::{Minute, Ranked};
use crate::Result;
use crate::catalog::cell::{Cell, Cells};
use crate::catalog::rows::Row;
use crate::model::{ContentId, Counter, Fact};

/// A fact that waits.
pub(super) fn fact(row: Vec<Cell>) -> Result<Fact> {
    let mut cells = Cells::new("fact", row);
    Ok(Fact {
        position: cells.int()?,
        content: cells.id()?,
        at: cells.time()?,
        kind: cells.json()?,
    })
}

/// A content by its place.
pub(super) fn ranked(row: Vec<Cell>) -> Result<Ranked> {
    let mut cells = Cells::new(Counter::TABLE, row);
    Ok(Ranked {
        content: cells.id()?,
        trend: cells.real_opt()?.unwrap_or(f64::NEG_INFINITY),
        hot: cells.int::<u8>()? != 0,
    })
}

/// Views and heat of a content.
pub(super) fn counter(row: Vec<Cell>) -> Result<(ContentId, u64, bool)> {
    let mut cells = Cells::new(Counter::TABLE, row);
    Ok((cells.id()?, cells.int()?, cells.int::<u8>()? != 0))
}

/// The views of a minute.
pub(super) fn minute(row: Vec<Cell>) -> Result<Minute> {
    let mut cells = Cells::new("view_minute", row);
    Ok(Minute { minute: cells.int()?, views: cells.int()? })
}

/// How many positions there are from the first to the last.
pub(super) fn span(row: Vec<Cell>) -> Result<u64> {
    let mut cells = Cells::new("fact", row);
    let (first, last) = (cells.int_opt::<u64>()?, cells.int_opt::<u64>()?);
    Ok(first.zip(last).map_or(0, |(first, last)| last - first + 1))
}
