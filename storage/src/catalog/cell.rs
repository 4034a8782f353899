//! What goes into and comes out of one column, whatever the engine.
//!
//! Records are turned into cells and back in [`super::rows`], once for all engines; an engine only
//! moves cells. Times are nanoseconds since 1970 as integers: they sort, and come back exactly.

use crate::{Error, Result};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Display;
use std::str::FromStr;

/// One value of one column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// No value.
    Null,
    /// A number, a time or a truth.
    Int(i64),
    /// A measured quantity.
    Real(f64),
    /// Text, an id, a word of an enum, or JSON.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Cell {
    /// A number. Nothing that is counted here comes near 2^63; what does is clamped.
    pub(crate) fn int(value: impl TryInto<i64>) -> Self {
        Self::Int(value.try_into().unwrap_or(i64::MAX))
    }

    pub(crate) fn text(value: impl Display) -> Self {
        Self::Text(value.to_string())
    }

    pub(crate) fn time(at: Timestamp) -> Self {
        // A time outside the years 1677 to 2262 is a bound ("never"), for which the edge serves.
        let edge = if at < Timestamp::UNIX_EPOCH { i64::MIN } else { i64::MAX };
        Self::Int(at.as_nanosecond().try_into().unwrap_or(edge))
    }

    pub(crate) fn json(value: &impl Serialize) -> Self {
        Self::Text(serde_json::to_string(value).expect("records have text keys only"))
    }

    /// An enum without data, by its serde name.
    pub(crate) fn word(value: &impl Serialize) -> Self {
        match serde_json::to_value(value).expect("records have text keys only") {
            serde_json::Value::String(word) => Self::Text(word),
            other => Self::Text(other.to_string()),
        }
    }

    pub(crate) fn opt(value: Option<Self>) -> Self {
        value.unwrap_or(Self::Null)
    }
}

/// The cells of one stored row, read in the order of its columns.
pub(crate) struct Cells {
    table: &'static str,
    column: usize,
    cells: std::vec::IntoIter<Cell>,
}

impl Cells {
    pub(crate) fn new(table: &'static str, cells: Vec<Cell>) -> Self {
        Self { table, column: 0, cells: cells.into_iter() }
    }

    pub(crate) fn text(&mut self) -> Result<String> {
        match self.next() {
            Cell::Text(text) => Ok(text),
            other => Err(self.wrong(&format!("{other:?} is no text"))),
        }
    }

    pub(crate) fn text_opt(&mut self) -> Result<Option<String>> {
        if self.peek_null() { Ok(None) } else { self.text().map(Some) }
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>> {
        match self.next() {
            Cell::Bytes(bytes) => Ok(bytes),
            other => Err(self.wrong(&format!("{other:?} are no bytes"))),
        }
    }

    pub(crate) fn int<T: TryFrom<i64>>(&mut self) -> Result<T> {
        match self.next() {
            Cell::Int(value) => {
                T::try_from(value).map_err(|_| self.wrong(&format!("{value} is out of range")))
            }
            other => Err(self.wrong(&format!("{other:?} is no number"))),
        }
    }

    pub(crate) fn int_opt<T: TryFrom<i64>>(&mut self) -> Result<Option<T>> {
        if self.peek_null() { Ok(None) } else { self.int().map(Some) }
    }

    pub(crate) fn real_opt(&mut self) -> Result<Option<f64>> {
        match self.next() {
            Cell::Null => Ok(None),
            Cell::Real(value) => Ok(Some(value)),
            Cell::Int(value) => Ok(Some(value as f64)),
            other => Err(self.wrong(&format!("{other:?} is no quantity"))),
        }
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp> {
        let nanoseconds = self.int::<i64>()?;
        Timestamp::from_nanosecond(i128::from(nanoseconds)).map_err(|e| self.wrong(&e.to_string()))
    }

    pub(crate) fn time_opt(&mut self) -> Result<Option<Timestamp>> {
        if self.peek_null() { Ok(None) } else { self.time().map(Some) }
    }

    pub(crate) fn id<T: FromStr<Err: Display>>(&mut self) -> Result<T> {
        let text = self.text()?;
        text.parse().map_err(|e| self.wrong(&format!("{text}: {e}")))
    }

    pub(crate) fn json<T: DeserializeOwned>(&mut self) -> Result<T> {
        let text = self.text()?;
        serde_json::from_str(&text).map_err(|e| self.wrong(&e.to_string()))
    }

    pub(crate) fn json_opt<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        if self.peek_null() { Ok(None) } else { self.json().map(Some) }
    }

    pub(crate) fn word<T: DeserializeOwned>(&mut self) -> Result<T> {
        let word = self.text()?;
        serde_json::from_value(serde_json::Value::String(word))
            .map_err(|e| self.wrong(&e.to_string()))
    }

    pub(crate) fn word_opt<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        if self.peek_null() { Ok(None) } else { self.word().map(Some) }
    }

    pub(crate) fn skip(&mut self) {
        self.next();
    }

    fn next(&mut self) -> Cell {
        self.column += 1;
        self.cells.next().unwrap_or(Cell::Null)
    }

    /// Steps over the next cell when it is null.
    fn peek_null(&mut self) -> bool {
        let null = matches!(self.cells.as_slice().first(), None | Some(Cell::Null));
        if null {
            self.next();
        }
        null
    }

    fn wrong(&self, why: &str) -> Error {
        Error::Corrupt { what: format!("table {}, column {}: {why}", self.table, self.column) }
    }
}
