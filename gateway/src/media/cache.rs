//! How long what is served may be kept (RFC 9111 section 5.2): by viewers for as long as it does
//! not change, by caches that many share according to how hot the content is.
//!
//! A shared cache is small beside all content. What is hot is worth its space for a week; what one
//! viewer in a month watches had better make room for it. A manifest that has ended is checked
//! again soon, since its content can be taken back; a hot one not at each viewer's request.

use playhouse_actors::engagement::Tier;

/// What is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Served {
    /// A manifest that grows.
    Growing,
    /// A manifest that will not change any more.
    Ended,
    /// A segment: never changes under its name.
    Segment,
    /// A picture: another one may get its name.
    Picture,
}

/// The value of `Cache-Control`. Shared caches keep what everybody may see, and nothing else.
pub(super) fn control(served: Served, public: bool, tier: Tier) -> String {
    let age = match served {
        Served::Growing => return growing(public).to_owned(),
        Served::Ended => "max-age=30",
        Served::Segment => "max-age=86400, immutable",
        Served::Picture => "max-age=3600",
    };
    match (public, shared_s(served, tier)) {
        (true, Some(shared_s)) => format!("public, {age}, s-maxage={shared_s}"),
        (true, None) => format!("public, {age}"),
        (false, _) => format!("private, {age}"),
    }
}

fn growing(public: bool) -> &'static str {
    if public { "no-cache" } else { "private, no-cache" }
}

/// Seconds for which shared caches keep it.
fn shared_s(served: Served, tier: Tier) -> Option<u32> {
    const HOUR: u32 = 3_600;
    const DAY: u32 = 24 * HOUR;
    match (served, tier) {
        (Served::Segment, Tier::Hot) => Some(7 * DAY),
        (Served::Segment, Tier::Warm) => Some(DAY),
        (Served::Segment, Tier::Tail) => Some(HOUR),
        (Served::Ended, Tier::Hot) => Some(60),
        (Served::Ended, Tier::Warm) => Some(30),
        (Served::Ended, Tier::Tail) => Some(10),
        (Served::Growing | Served::Picture, Tier::Hot | Tier::Warm | Tier::Tail) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hot_stays_longer_in_shared_caches() {
        for (served, tier, expected) in [
            (Served::Segment, Tier::Hot, "public, max-age=86400, immutable, s-maxage=604800"),
            (Served::Segment, Tier::Warm, "public, max-age=86400, immutable, s-maxage=86400"),
            (Served::Segment, Tier::Tail, "public, max-age=86400, immutable, s-maxage=3600"),
            (Served::Ended, Tier::Hot, "public, max-age=30, s-maxage=60"),
            (Served::Ended, Tier::Warm, "public, max-age=30, s-maxage=30"),
            (Served::Ended, Tier::Tail, "public, max-age=30, s-maxage=10"),
            (Served::Picture, Tier::Hot, "public, max-age=3600"),
            (Served::Growing, Tier::Hot, "no-cache"),
        ] {
            assert_eq!(control(served, true, tier), expected, "{served:?} {tier:?}");
        }
    }

    #[test]
    fn shared_caches_keep_nothing_that_is_not_for_everybody() {
        for (served, expected) in [
            (Served::Segment, "private, max-age=86400, immutable"),
            (Served::Ended, "private, max-age=30"),
            (Served::Picture, "private, max-age=3600"),
            (Served::Growing, "private, no-cache"),
        ] {
            assert_eq!(control(served, false, Tier::Hot), expected, "{served:?}");
        }
    }
}
