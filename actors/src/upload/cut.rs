//! The rules of an upload in parts as pure functions: how a file is cut, which list makes it whole.

use super::Refusal;
use jiff::{SignedDuration, Timestamp};
use playhouse_storage::model::{Upload, UploadParts, UploadState};
use playhouse_storage::staging::parts::{Claimed, PART_BYTES_MAX, PARTS_MAX, Received};
use std::collections::BTreeMap;

/// Parts that a file is cut into where the least size allows: enough to send side by side and to
/// repeat one cheaply, few enough to name them all at once.
const PARTS_AIM: u64 = 1_000;
/// Parts have whole MiB, so that their bounds are easy on clients and disks.
const MIB: u64 = 1 << 20;
/// Parts that are named in one sentence.
const NAMED_MAX: usize = 8;

/// How a file of that size is cut, with parts of at least `least` bytes.
pub(super) fn cut(size_bytes: u64, least: u64) -> Result<UploadParts, Refusal> {
    let aimed = size_bytes.div_ceil(PARTS_AIM).div_ceil(MIB) * MIB;
    let part_size_bytes = aimed.clamp(least, PART_BYTES_MAX);
    let parts = UploadParts { part_size_bytes, ..UploadParts::default() };
    if parts.total(size_bytes) > PARTS_MAX {
        let limit_bytes = part_size_bytes * u64::from(PARTS_MAX);
        return Err(Refusal::TooLarge { size_bytes, limit_bytes });
    }
    Ok(parts)
}

/// When an upload in parts that is touched now expires: its parts come past this node, so it has a
/// longest life, after which what lies in a bucket is nobody's.
pub(super) fn expiry(created_at: Timestamp, idle: Timestamp, life_s: u64) -> Timestamp {
    let life = SignedDuration::from_secs(i64::try_from(life_s).unwrap_or(i64::MAX));
    idle.min(created_at.saturating_add(life).unwrap_or(Timestamp::MAX))
}

/// The parts of an upload that takes some.
pub(super) fn open(upload: &Upload) -> Result<&UploadParts, Refusal> {
    let parts = upload.parts.as_ref().ok_or(Refusal::NotInParts)?;
    match upload.state {
        UploadState::Receiving => Ok(parts),
        UploadState::Completed => Err(Refusal::Completed),
        UploadState::Terminated | UploadState::Expired => Err(Refusal::Gone),
    }
}

/// The record after these parts were asked for.
pub(super) fn announce(
    upload: &Upload,
    numbers: &[u32],
    expires_at: Timestamp,
) -> Result<Upload, Refusal> {
    let parts = open(upload)?;
    let beyond: Vec<u32> = numbers
        .iter()
        .copied()
        .filter(|it| parts.place(*it, upload.size_bytes).is_none())
        .collect();
    if !beyond.is_empty() {
        let total = parts.total(upload.size_bytes);
        let why = format!("no part has the number {}: they go from 1 to {total}", some(&beyond));
        return Err(Refusal::BadParts(why));
    }
    let mut next = upload.clone();
    next.row_version += 1;
    next.expires_at = expires_at;
    Ok(next)
}

/// The list in the order of its numbers, if every part is named once.
pub(super) fn whole(upload: &Upload, mut claimed: Vec<Claimed>) -> Result<Vec<Claimed>, Refusal> {
    let parts = open(upload)?;
    let total = parts.total(upload.size_bytes);
    claimed.sort_by_key(|part| part.number);
    let found: BTreeMap<u32, usize> = claimed.iter().fold(BTreeMap::new(), |mut found, part| {
        *found.entry(part.number).or_default() += 1;
        found
    });
    let missing: Vec<u32> = (1..=total).filter(|number| !found.contains_key(number)).collect();
    let twice: Vec<u32> =
        found.iter().filter(|(_, times)| **times > 1).map(|(number, _)| *number).collect();
    let beyond: Vec<u32> = found.keys().copied().filter(|it| !(1..=total).contains(it)).collect();
    let told = [
        (missing, "the list lacks the parts"),
        (twice, "the list names twice the parts"),
        (beyond, "the upload has no parts"),
    ];
    match told.iter().find(|(numbers, _)| !numbers.is_empty()) {
        None => Ok(claimed),
        Some((numbers, what)) => {
            Err(Refusal::BadParts(format!("{what} {}: it has 1 to {total}", some(numbers))))
        }
    }
}

/// Holds a whole list against what is there.
pub(super) fn verify(
    upload: &Upload,
    claimed: &[Claimed],
    received: &[Received],
) -> Result<(), Refusal> {
    let parts = open(upload)?;
    let there: BTreeMap<u32, &Received> = received.iter().map(|part| (part.number, part)).collect();
    let (mut missing, mut wrong) = (Vec::new(), Vec::new());
    for part in claimed {
        let Some(found) = there.get(&part.number) else {
            missing.push(part.number);
            continue;
        };
        let place = parts.place(part.number, upload.size_bytes).unwrap_or_default();
        let due = place.end - place.start;
        if found.bytes != due {
            let (number, bytes) = (part.number, found.bytes);
            let why = format!("part {number} has {bytes} bytes where {due} are due: send it again");
            return Err(Refusal::BadParts(why));
        }
        if found.etag.as_ref().is_some_and(|etag| *etag != part.etag) {
            wrong.push(part.number);
        }
    }
    if !missing.is_empty() {
        let why = format!("the parts {} have not come: send them", some(&missing));
        return Err(Refusal::BadParts(why));
    }
    if !wrong.is_empty() {
        let why = format!(
            "the parts {} have other ETags than the list: send them again, or name those that \
             their last PUTs were answered",
            some(&wrong)
        );
        return Err(Refusal::BadParts(why));
    }
    Ok(())
}

/// Some numbers, and how many more.
fn some(numbers: &[u32]) -> String {
    let named: Vec<_> = numbers.iter().take(NAMED_MAX).map(u32::to_string).collect();
    let more = numbers.len().saturating_sub(NAMED_MAX);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use playhouse_storage::model::{ContentId, UploadId, UploadMetadata};

    const LEAST: u64 = 16 * MIB;

    /// Eleven bytes in parts of five.
    fn upload() -> Upload {
        Upload {
            id: UploadId::new(),
            content_id: ContentId::new(),
            owner: "ada".into(),
            size_bytes: 11,
            offset_bytes: 0,
            state: UploadState::Receiving,
            metadata: UploadMetadata::default(),
            grant: 0,
            created_at: Timestamp::UNIX_EPOCH,
            expires_at: Timestamp::UNIX_EPOCH,
            parts: Some(UploadParts { part_size_bytes: 5, ..UploadParts::default() }),
            traceparent: None,
            row_version: 7,
        }
    }

    fn list(numbers: &[u32]) -> Vec<Claimed> {
        numbers.iter().map(|it| Claimed { number: *it, etag: format!("e{it}") }).collect()
    }

    fn there(parts: &[(u32, u64, &str)]) -> Vec<Received> {
        let received = |(number, bytes, etag): &(u32, u64, &str)| Received {
            number: *number,
            bytes: *bytes,
            etag: (!etag.is_empty()).then(|| (*etag).to_owned()),
        };
        parts.iter().map(received).collect()
    }

    #[test]
    fn files_of_every_size_are_cut_within_the_rules() {
        let check = |size: u64, part: u64, total: u32| {
            let parts = cut(size, LEAST).expect("allowed");
            assert_eq!((parts.part_size_bytes, parts.total(size)), (part, total), "{size}");
        };
        check(1, LEAST, 1);
        check(LEAST, LEAST, 1);
        check(LEAST + 1, LEAST, 2);
        check(20_000_000_000, 20 * MIB, 954);
        check(5 << 40, PART_BYTES_MAX, 1_024);
        let most = PART_BYTES_MAX * u64::from(PARTS_MAX);
        assert_eq!(cut(most, LEAST).expect("allowed").total(most), PARTS_MAX);
        let refused = Refusal::TooLarge { size_bytes: most + 1, limit_bytes: most };
        assert_eq!(cut(most + 1, LEAST), Err(refused));
    }

    #[test]
    fn a_list_is_whole_or_says_what_it_lacks() {
        let told =
            |numbers: &[u32]| whole(&upload(), list(numbers)).expect_err("refused").to_string();
        assert_eq!(whole(&upload(), list(&[3, 1, 2])), Ok(list(&[1, 2, 3])));
        assert!(told(&[2]).contains("lacks the parts 1, 3: it has 1 to 3"), "{}", told(&[2]));
        assert!(told(&[1, 2, 2, 3]).contains("twice the parts 2"));
        assert!(told(&[0, 1, 2, 3]).contains("no parts 0"));
        assert!(told(&[1, 2, 3, 4]).contains("no parts 4"));
    }

    #[test]
    fn what_is_there_must_be_what_the_list_means() {
        let all = [(1, 5, "e1"), (2, 5, "e2"), (3, 1, "e3")];
        let check = |parts: &[(u32, u64, &str)], expected: &str| {
            let found = verify(&upload(), &list(&[1, 2, 3]), &there(parts));
            match expected {
                "" => assert_eq!(found, Ok(())),
                expected => {
                    let told = found.expect_err("refused").to_string();
                    assert!(told.contains(expected), "{told}");
                }
            }
        };
        check(&all, "");
        check(&[(1, 5, "e1"), (2, 5, ""), (3, 1, "e3")], "");
        check(&all[..1], "parts 2, 3 have not come");
        check(&[all[0], all[1], (3, 5, "e3")], "part 3 has 5 bytes where 1 are due");
        check(&[(1, 5, "x"), all[1], all[2]], "parts 1 have other ETags");
    }

    #[test]
    fn parts_that_an_upload_has_not_are_not_announced() {
        let later = Timestamp::MAX;
        let told = announce(&upload(), &[1, 4, 0], later).expect_err("refused").to_string();
        assert!(told.contains("number 4, 0: they go from 1 to 3"), "{told}");
        let next = announce(&upload(), &[3], later).expect("allowed");
        assert_eq!((next.row_version, next.expires_at), (8, later));
        let stream = Upload { parts: None, ..upload() };
        assert_eq!(announce(&stream, &[1], later), Err(Refusal::NotInParts));
        let ended = Upload { state: UploadState::Expired, ..upload() };
        assert_eq!(announce(&ended, &[1], later), Err(Refusal::Gone));
    }

    #[test]
    fn no_upload_in_parts_lives_longer_than_its_life() {
        let at = |second| Timestamp::from_second(second).expect("allowed");
        assert_eq!(expiry(at(0), at(50), 100), at(50));
        assert_eq!(expiry(at(0), at(150), 100), at(100));
    }

    #[test]
    fn many_numbers_are_told_as_some() {
        assert_eq!(some(&[1]), "1");
        let many: Vec<u32> = (1..=20).collect();
        assert_eq!(some(&many), "1, 2, 3, 4, 5, 6, 7, 8 and 12 more");
    }
}
