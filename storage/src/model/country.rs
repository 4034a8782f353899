//! Countries.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A country by its two letters (ISO 3166-1 alpha-2), as a proxy in front of the node tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country([u8; 2]);

impl Country {
    /// Nobody told it. The letters are the standard's own for users.
    pub const UNKNOWN: Self = Self(*b"ZZ");

    /// Two letters, large or small; none for anything else.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let letters: [u8; 2] = text.trim().as_bytes().try_into().ok()?;
        let large = letters.map(|letter| letter.to_ascii_uppercase());
        large.iter().all(u8::is_ascii_uppercase).then_some(Self(large))
    }

    /// True when nobody told it.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::UNKNOWN
    }
}

impl Default for Country {
    fn default() -> Self {
        Self::UNKNOWN
    }
}

impl fmt::Display for Country {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = self.0.map(char::from);
        write!(out, "{first}{second}")
    }
}

impl TryFrom<String> for Country {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::of(&text).ok_or_else(|| format!("{text:?} is no country of two letters"))
    }
}

impl From<Country> for String {
    fn from(country: Country) -> Self {
        country.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_letters_are_a_country() {
        for (text, expected) in [("ng", "NG"), (" DE ", "DE"), ("ZZ", "ZZ")] {
            assert_eq!(Country::of(text).unwrap().to_string(), expected);
        }
        for text in ["", "N", "NGA", "N1", "--", "ñ"] {
            assert_eq!(Country::of(text), None, "{text}");
        }
        assert_eq!(serde_json::to_string(&Country::default()).unwrap(), "\"ZZ\"");
    }
}
