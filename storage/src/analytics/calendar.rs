//! Minutes, days and months as numbers since 1970 (UTC), and the partitions that they lie in.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

pub(super) const DAY_MINUTES: i64 = 1_440;

/// The minute of a time, since 1970.
#[must_use]
pub fn minute_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

/// The day of a time, since 1970.
#[must_use]
pub fn day_of(at: Timestamp) -> i64 {
    minute_of(at).div_euclid(DAY_MINUTES)
}

/// A partition: its name behind that of its table, and the numbers that lie in it, the second one
/// not included.
pub(super) type Partition = (String, i64, i64);

/// The partition of a day's events, by days.
pub(super) fn of_day(day: i64) -> Partition {
    let date = date(day);
    (format!("{:04}{:02}{:02}", date.year(), date.month(), date.day()), day, day + 1)
}

/// The partition of a minute's month, by minutes.
pub(super) fn of_month(minute: i64) -> Partition {
    let first = date(minute.div_euclid(DAY_MINUTES)).first_of_month();
    let next = first.last_of_month().tomorrow().unwrap_or(Date::MAX);
    let name = format!("{:04}{:02}", first.year(), first.month());
    (name, day(first) * DAY_MINUTES, day(next) * DAY_MINUTES)
}

fn date(day: i64) -> Date {
    let at = Timestamp::from_second(day.saturating_mul(86_400)).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned(TimeZone::UTC).date()
}

fn day(date: Date) -> i64 {
    date.to_zoned(TimeZone::UTC).map_or(0, |at| day_of(at.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_have_the_names_of_their_days_and_months() {
        let at: Timestamp = "2024-02-29T23:59:59Z".parse().unwrap();
        assert_eq!(of_day(day_of(at)).0, "20240229");
        let (name, from, to) = of_month(minute_of(at));
        assert_eq!((name.as_str(), to - from), ("202402", 29 * DAY_MINUTES));
        assert_eq!(of_month(to).0, "202403");
        assert_eq!(of_month(to).1, to, "months follow each other without a gap");
        assert_eq!(of_month(minute_of("2025-12-31T00:00:00Z".parse().unwrap()) + 1440).0, "202601");
    }
}
