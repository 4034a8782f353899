//! The rows of jobs and dead letters. A job is leased exactly while its token is not null.

use super::Row;
use crate::catalog::cell::{Cell, Cells};
use crate::model::{DeadLetter, Job, JobClass, JobState};
use crate::{Error, Result};

/// What a class is stored as. Stored numbers keep their meaning for ever and leave room between
/// them for classes to come.
pub(crate) fn class_rank(class: JobClass) -> i64 {
    match class {
        JobClass::Probe => 10,
        JobClass::Opening => 20,
        JobClass::Pictures => 30,
        JobClass::Lowest => 40,
        JobClass::Group => 50,
        JobClass::Single => 60,
    }
}

/// The class that is stored as this number.
///
/// # Errors
/// `Corrupt` when there is none.
pub(crate) fn class_of(rank: i64) -> Result<JobClass> {
    let class = JobClass::ALL.into_iter().find(|class| class_rank(*class) == rank);
    class.ok_or_else(|| Error::Corrupt { what: format!("table job: {rank} is no class") })
}

impl Row for Job {
    const TABLE: &'static str = "job";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "content_id",
        "class_rank",
        "work",
        "token",
        "lease_until",
        "not_before",
        "created_at",
        "traceparent",
    ];

    fn to_cells(&self) -> Vec<Cell> {
        let (token, until) = match &self.state {
            JobState::Ready => (Cell::Null, Cell::Null),
            JobState::Leased { token, until } => (Cell::text(token), Cell::time(*until)),
        };
        vec![
            Cell::text(self.id),
            Cell::text(self.content_id),
            Cell::Int(class_rank(self.class)),
            Cell::json(&self.work),
            token,
            until,
            Cell::time(self.not_before),
            Cell::time(self.created_at),
            Cell::opt(self.traceparent.as_ref().map(Cell::text)),
        ]
    }

    fn from_cells(cells: &mut Cells) -> Result<Self> {
        Ok(Self {
            id: cells.id()?,
            content_id: cells.id()?,
            class: class_of(cells.int()?)?,
            work: cells.json()?,
            state: match (cells.text_opt()?, cells.time_opt()?) {
                (Some(token), Some(until)) => JobState::Leased { token, until },
                (None, _) | (_, None) => JobState::Ready,
            },
            not_before: cells.time()?,
            created_at: cells.time()?,
            traceparent: cells.text_opt()?,
        })
    }
}

impl Row for DeadLetter {
    const TABLE: &'static str = "dead_letter";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "content_id",
        "rendition",
        "reason",
        "attempts",
        "work",
        "created_at",
        "replayed_at",
    ];

    fn to_cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.id),
            Cell::text(self.content_id),
            Cell::text(&self.rendition),
            Cell::text(&self.reason),
            Cell::int(self.attempts),
            Cell::json(&self.work),
            Cell::time(self.created_at),
            Cell::opt(self.replayed_at.map(Cell::time)),
        ]
    }

    fn from_cells(cells: &mut Cells) -> Result<Self> {
        Ok(Self {
            id: cells.id()?,
            content_id: cells.id()?,
            rendition: cells.text()?,
            reason: cells.text()?,
            attempts: cells.int()?,
            work: cells.json()?,
            created_at: cells.time()?,
            replayed_at: cells.time_opt()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_comes_back_and_keeps_its_order() {
        for class in JobClass::ALL {
            assert_eq!(class_of(class_rank(class)).unwrap(), class);
        }
        assert!(
            JobClass::ALL.is_sorted() && JobClass::ALL.is_sorted_by_key(|class| class_rank(*class))
        );
    }
}
