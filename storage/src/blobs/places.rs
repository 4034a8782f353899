//! Where bytes may rest: one table, from what a content is and how warm its bytes are to a place.
//!
//! Everybody who opens, writes, copies or removes bytes asks this table and nothing else, so what
//! must stay in one country does, in every state of an upload, an encode or a move.

use crate::model::Residency;

/// How warm bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shelf {
    /// Of an upload under way.
    Staging,
    /// Of what is watched.
    Hot,
    /// Of what has not been watched for long.
    Cold,
}

/// A place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// For what may rest anywhere.
    Hot,
    /// The same, under way.
    Staging,
    /// The same, not watched for long.
    Cold,
    /// In Nigeria.
    Resident,
    /// In Nigeria, not watched for long.
    ResidentCold,
}

/// The table.
#[must_use]
pub fn place(residency: Residency, shelf: Shelf) -> Place {
    match (residency, shelf) {
        (Residency::Global, Shelf::Staging) => Place::Staging,
        (Residency::Global, Shelf::Hot) => Place::Hot,
        (Residency::Global, Shelf::Cold) => Place::Cold,
        (Residency::Ng, Shelf::Staging | Shelf::Hot) => Place::Resident,
        (Residency::Ng, Shelf::Cold) => Place::ResidentCold,
    }
}

impl Place {
    /// Whether bytes of that residency may rest here.
    #[must_use]
    pub fn admits(self, residency: Residency) -> bool {
        match self {
            Self::Hot | Self::Staging | Self::Cold => residency == Residency::Global,
            Self::Resident | Self::ResidentCold => residency == Residency::Ng,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHELVES: [Shelf; 3] = [Shelf::Staging, Shelf::Hot, Shelf::Cold];

    #[test]
    fn what_may_rest_in_one_country_never_leaves_it_and_nothing_else_comes_there() {
        for shelf in SHELVES {
            for residency in [Residency::Global, Residency::Ng] {
                let place = place(residency, shelf);
                assert!(place.admits(residency), "{residency:?} {shelf:?}: {place:?}");
            }
            let (anywhere, there) = (place(Residency::Global, shelf), place(Residency::Ng, shelf));
            assert!(!there.admits(Residency::Global) && !anywhere.admits(Residency::Ng));
        }
    }

    #[test]
    fn the_table_says_so() {
        let row = |residency| SHELVES.map(|shelf| place(residency, shelf));
        assert_eq!(row(Residency::Global), [Place::Staging, Place::Hot, Place::Cold]);
        assert_eq!(row(Residency::Ng), [Place::Resident, Place::Resident, Place::ResidentCold]);
    }
}
