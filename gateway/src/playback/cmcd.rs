//! Common Media Client Data (CTA-5004 section 3): what a player knows of its playing, as a list of
//! keys in a text or as an object.
//!
//! Of its keys the encoded bitrate (`br`, kbit/s), buffer starvation (`bs`) and the playback rate
//! (`pr`) say how it plays. The others describe a request for an object, or are told by the event
//! itself (`sid`, `cid`). It is a hint: a value that makes no sense is left out, and never refuses
//! the event that carries it.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Highest bitrate that is believed, kbit/s: uncompressed 8K.
const KBPS_MAX: f64 = 100_000_000.0;

/// What of a CMCD is used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Cmcd {
    /// Encoded bitrate of what plays, bit/s.
    pub(super) bitrate_bps: Option<f64>,
    /// The buffer ran dry since the last time.
    pub(super) starved: bool,
    /// Speed of playing; 1 is real time.
    pub(super) rate: Option<f64>,
}

/// A value of a key.
#[derive(Clone, Debug, PartialEq)]
enum Value<'a> {
    True,
    Text(Cow<'a, str>),
    Number(f64),
    Other,
}

impl Cmcd {
    /// Of its text: keys and values with commas between them, a key alone for true.
    pub(super) fn parse(text: &str) -> Self {
        let mut found = Self::default();
        for item in items(text) {
            match item.split_once('=') {
                None => found.note(item, &Value::True),
                Some((key, value)) => found.note(key.trim(), &Value::Text(value.trim().into())),
            }
        }
        found
    }

    fn note(&mut self, key: &str, value: &Value<'_>) {
        match key {
            "br" => self.bitrate_bps = value.between(0.0, KBPS_MAX).map(|kbps| kbps * 1_000.0),
            "bs" => self.starved = value.is_true(),
            "pr" => self.rate = value.between(0.0, super::wire::RATE_MAX),
            _ => {}
        }
    }
}

impl Value<'_> {
    /// A number above `low` and up to `high`.
    fn between(&self, low: f64, high: f64) -> Option<f64> {
        let number = match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
            Self::True | Self::Other => None,
        };
        number.filter(|number| *number > low && *number <= high)
    }

    fn is_true(&self) -> bool {
        match self {
            Self::True => true,
            Self::Text(text) => matches!(text.as_ref(), "true" | "?1"),
            Self::Number(_) | Self::Other => false,
        }
    }
}

/// The items of a text; a comma within a quoted string parts nothing.
fn items(text: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text.split(move |c| {
        match c {
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = quoted && c == '\\' && !escaped;
        c == ',' && !quoted
    });
    parts.map(str::trim).filter(|item| !item.is_empty())
}

impl<'de> Deserialize<'de> for Cmcd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Whole)
    }
}

struct Whole;

impl<'de> Visitor<'de> for Whole {
    type Value = Cmcd;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CMCD as a text or an object")
    }

    fn visit_str<E>(self, text: &str) -> Result<Cmcd, E> {
        Ok(Cmcd::parse(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cmcd, A::Error> {
        let mut found = Cmcd::default();
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            found.note(&key, &map.next_value()?);
        }
        Ok(found)
    }
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OfKey)
    }
}

struct OfKey;

impl<'de> Visitor<'de> for OfKey {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of CMCD")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(if value { Value::True } else { Value::Other })
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Value::Number(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Value::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cmcd(kbps: Option<f64>, starved: bool, rate: Option<f64>) -> Cmcd {
        Cmcd { bitrate_bps: kbps.map(|kbps| kbps * 1_000.0), starved, rate }
    }

    #[test]
    fn a_text_says_bitrate_starvation_and_speed() {
        for (text, expected) in [
            ("br=3200,bl=2100,bs,sf=h", cmcd(Some(3_200.0), true, None)),
            ("bs,pr=1.5", cmcd(None, true, Some(1.5))),
            (" br=400 , mtp=25400 ", cmcd(Some(400.0), false, None)),
            (r#"sid="6e2f,bs,br=1",br=800"#, cmcd(Some(800.0), false, None)),
            (r#"cid="a\",bs",ot=v,br=9"#, cmcd(Some(9.0), false, None)),
            ("bs=true,rtp=15000,su", cmcd(None, true, None)),
            ("br=1,br=2", cmcd(Some(2.0), false, None)),
        ] {
            assert_eq!(Cmcd::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn garbage_is_left_out_and_what_makes_sense_is_kept() {
        for (text, expected) in [
            ("", cmcd(None, false, None)),
            (",,=,==,", cmcd(None, false, None)),
            ("br", cmcd(None, false, None)),
            ("br=,bs=0", cmcd(None, false, None)),
            ("br=-5,pr=0", cmcd(None, false, None)),
            ("br=NaN,pr=inf", cmcd(None, false, None)),
            ("br=1e300,bs=false", cmcd(None, false, None)),
            ("BR=5,Bs", cmcd(None, false, None)),
            ("com.example-x=1,bs", cmcd(None, true, None)),
            ("sid=\"no end,bs,br=5", cmcd(None, false, None)),
            ("br=\u{1f3ac},bs", cmcd(None, true, None)),
        ] {
            assert_eq!(Cmcd::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn an_object_says_the_same() {
        let of = |json: &str| serde_json::from_str::<Cmcd>(json).unwrap();
        let all = of(r#"{"br":3200,"bl":2100,"bs":true,"pr":1.25,"sid":"x","su":false}"#);
        assert_eq!(all, cmcd(Some(3_200.0), true, Some(1.25)));
        assert_eq!(of(r#"{"br":"800","bs":"true"}"#), cmcd(Some(800.0), true, None));
        let odd = of(r#"{"br":[1],"bs":{"a":[{}]},"pr":null,"\u0062r":-1}"#);
        assert_eq!(odd, cmcd(None, false, None));
        assert!(serde_json::from_str::<Cmcd>("5").is_err());
    }
}
