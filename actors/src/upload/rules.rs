//! The rules of one upload as pure functions: record in, next record out.

use super::Refusal;
use jiff::{SignedDuration, Timestamp};
use playhouse_storage::model::{Upload, UploadState};
use std::time::Duration;

/// Whether an upload of this size may begin.
pub(super) fn admit(size_bytes: u64, limit_bytes: u64) -> Result<(), Refusal> {
    if size_bytes == 0 {
        return Err(Refusal::Empty);
    }
    if size_bytes > limit_bytes {
        return Err(Refusal::TooLarge { size_bytes, limit_bytes });
    }
    Ok(())
}

/// When an upload that is touched now expires.
pub(super) fn expiry(now: Timestamp, ttl_s: u64) -> Timestamp {
    let ttl = SignedDuration::from_secs(i64::try_from(ttl_s).unwrap_or(i64::MAX));
    now.saturating_add(ttl).unwrap_or(Timestamp::MAX)
}

/// What becomes of the timer of the expiry with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alarm {
    /// It stays where it is, or cleared.
    Keep,
    /// It is set to this time.
    Set(Timestamp),
    /// It is cleared.
    Clear,
}

/// What becomes of the timer, which is `set` to a time as far as is known. One that rings at most
/// `slack_s` early stays: it is set anew when it does.
pub(super) fn alarm(set: Option<Timestamp>, next: &Upload, slack_s: u64) -> Alarm {
    let slack = Duration::from_secs(slack_s);
    let near = |at: Timestamp| at.duration_until(next.expires_at).unsigned_abs() <= slack;
    match next.state {
        UploadState::Receiving if set.is_some_and(near) => Alarm::Keep,
        UploadState::Receiving => Alarm::Set(next.expires_at),
        UploadState::Completed | UploadState::Terminated | UploadState::Expired => Alarm::Clear,
    }
}

/// The record after a grant to write from `offset` on.
pub(super) fn grant(upload: &Upload, offset: u64) -> Result<Upload, Refusal> {
    check_receiving(upload)?;
    if upload.parts.is_some() {
        return Err(Refusal::InParts);
    }
    if offset != upload.offset_bytes {
        return Err(Refusal::WrongOffset { expected: upload.offset_bytes });
    }
    let mut next = changed(upload);
    next.grant += 1;
    Ok(next)
}

/// The record after everything below `offset` has become durable; `None` when that is known.
pub(super) fn commit(
    upload: &Upload,
    token: u64,
    offset: u64,
    expires_at: Timestamp,
) -> Result<Option<Upload>, Refusal> {
    if upload.state == UploadState::Completed && offset == upload.size_bytes {
        return Ok(None);
    }
    check_receiving(upload)?;
    if token != upload.grant {
        return Err(Refusal::Revoked);
    }
    if offset < upload.offset_bytes || offset > upload.size_bytes {
        let (committed, size_bytes) = (upload.offset_bytes, upload.size_bytes);
        return Err(Refusal::BadCommit { offset, committed, size_bytes });
    }
    let mut next = changed(upload);
    next.offset_bytes = offset;
    next.expires_at = expires_at;
    if offset == next.size_bytes {
        next.state = UploadState::Completed;
    }
    Ok(Some(next))
}

/// The record after it was ended as `state`; `None` when it has ended already.
pub(super) fn end(upload: &Upload, state: UploadState) -> Result<Option<Upload>, Refusal> {
    match upload.state {
        UploadState::Terminated | UploadState::Expired => Ok(None),
        UploadState::Completed => Err(Refusal::Completed),
        UploadState::Receiving => {
            let mut next = changed(upload);
            next.state = state;
            // Whoever still writes must not commit any more.
            next.grant += 1;
            Ok(Some(next))
        }
    }
}

fn check_receiving(upload: &Upload) -> Result<(), Refusal> {
    match upload.state {
        UploadState::Receiving => Ok(()),
        UploadState::Completed => Err(Refusal::Completed),
        UploadState::Terminated | UploadState::Expired => Err(Refusal::Gone),
    }
}

/// The record with the version that its next write has.
pub(super) fn changed(upload: &Upload) -> Upload {
    let mut next = upload.clone();
    next.row_version += 1;
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use playhouse_storage::model::{ContentId, UploadId, UploadMetadata, UploadParts};

    fn upload() -> Upload {
        Upload {
            id: UploadId::new(),
            content_id: ContentId::new(),
            owner: "ada".into(),
            size_bytes: 100,
            offset_bytes: 40,
            state: UploadState::Receiving,
            metadata: UploadMetadata::default(),
            grant: 3,
            created_at: Timestamp::UNIX_EPOCH,
            expires_at: Timestamp::UNIX_EPOCH,
            parts: None,
            traceparent: None,
            row_version: 7,
        }
    }

    fn later() -> Timestamp {
        expiry(Timestamp::UNIX_EPOCH, 60)
    }

    #[test]
    fn a_client_that_lost_an_answer_is_told_the_offset() {
        assert_eq!(grant(&upload(), 20), Err(Refusal::WrongOffset { expected: 40 }));
        assert_eq!(grant(&upload(), 40).expect("the right offset").grant, 4);
    }

    #[test]
    fn what_comes_in_parts_takes_no_stream() {
        let in_parts = Upload { parts: Some(UploadParts::default()), ..upload() };
        assert_eq!(grant(&in_parts, 40), Err(Refusal::InParts));
    }

    #[test]
    fn an_older_grant_cannot_commit_after_a_newer_one() {
        assert_eq!(commit(&upload(), 2, 50, later()), Err(Refusal::Revoked));
    }

    #[test]
    fn a_commit_moves_the_offset_and_the_expiry() {
        let next = commit(&upload(), 3, 50, later()).expect("held").expect("changed");
        assert_eq!((next.offset_bytes, next.expires_at, next.row_version), (50, later(), 8));
        assert_eq!(next.state, UploadState::Receiving);
    }

    #[test]
    fn offsets_neither_go_back_nor_beyond_the_size() {
        for offset in [39, 101] {
            let refused = Refusal::BadCommit { offset, committed: 40, size_bytes: 100 };
            assert_eq!(commit(&upload(), 3, offset, later()), Err(refused));
        }
    }

    #[test]
    fn the_last_byte_completes_it_and_saying_so_twice_changes_nothing() {
        let done = commit(&upload(), 3, 100, later()).expect("held").expect("changed");
        assert_eq!(done.state, UploadState::Completed);
        assert_eq!(commit(&done, 3, 100, later()), Ok(None));
        assert_eq!(grant(&done, 100), Err(Refusal::Completed));
        assert_eq!(end(&done, UploadState::Terminated), Err(Refusal::Completed));
    }

    #[test]
    fn what_was_ended_is_gone_for_its_writer_too() {
        let ended = end(&upload(), UploadState::Expired).expect("receiving").expect("changed");
        assert_eq!(commit(&ended, 3, 50, later()), Err(Refusal::Gone));
        assert_eq!(end(&ended, UploadState::Terminated), Ok(None));
    }

    #[test]
    fn the_timer_moves_rarely_and_goes_with_the_end() {
        let at = |second| Timestamp::from_second(second).expect("a time");
        let check = |set: Option<i64>, expires: i64, state, expected| {
            let next = Upload { expires_at: at(expires), state, ..upload() };
            assert_eq!(alarm(set.map(at), &next, 60), expected, "{set:?}, {expires}");
        };
        check(None, 100, UploadState::Receiving, Alarm::Set(at(100)));
        check(Some(100), 160, UploadState::Receiving, Alarm::Keep);
        check(Some(100), 161, UploadState::Receiving, Alarm::Set(at(161)));
        check(Some(161), 100, UploadState::Receiving, Alarm::Set(at(100)));
        for ended in [UploadState::Completed, UploadState::Terminated, UploadState::Expired] {
            check(Some(100), 100, ended, Alarm::Clear);
        }
    }

    #[test]
    fn empty_and_too_large_uploads_do_not_begin() {
        assert_eq!(admit(0, 10), Err(Refusal::Empty));
        assert_eq!(admit(11, 10), Err(Refusal::TooLarge { size_bytes: 11, limit_bytes: 10 }));
        assert_eq!(admit(10, 10), Ok(()));
    }
}
