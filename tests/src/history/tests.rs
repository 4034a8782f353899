//! Goal: a history that breaks the promise is never taken for a good one, and a good one is not
//! complained about. Method: histories made by hand, each with one fault.

use super::*;

/// Version `row_version` of `entity`, in shard 7.
fn wrote(seq: u64, node: &str, epoch: u64, entity: &str, row_version: u64) -> Record {
    Record {
        seq,
        at_ns: seq * 1_000,
        node: node.to_owned(),
        incarnation: 1,
        shard: 7,
        epoch,
        entity: entity.to_owned(),
        row_version,
        removed: false,
    }
}

/// Node a writes two entities, and b goes on.
fn good() -> Vec<Record> {
    vec![
        wrote(1, "a", 1, "upload/x", 1),
        wrote(2, "a", 1, "upload/y", 4),
        wrote(3, "a", 1, "upload/x", 2),
        wrote(5, "b", 2, "upload/x", 3),
        wrote(7, "b", 2, "upload/y", 5),
    ]
}

fn findings(records: &[Record]) -> Vec<Finding> {
    check(records).1
}

/// Adds `fault` to the good history; exactly the finding of that name comes of it.
fn check_fault(fault: Record, expected: fn(&Finding) -> bool) {
    let mut records = good();
    records.push(fault);
    let found = findings(&records);
    assert!(found.len() == 1 && expected(&found[0]), "{found:?}");
}

#[test]
fn a_good_history_is_counted_in_whatever_order_its_lines_come() {
    let mut records = good();
    records.reverse();
    let (summary, found) = check(&records);
    assert_eq!(found, []);
    let told = "5 accepted writes of 2 entities, of which 2 changed hands, in 2 epochs of shards \
                by 2 lives of nodes";
    assert_eq!(summary.to_string(), told);
}

#[test]
fn a_write_without_a_fence_is_found() {
    let unfenced = Record { shard: 0, ..wrote(8, "b", 0, "upload/y", 6) };
    check_fault(unfenced, |it| matches!(it, Finding::Unfenced(_)));
}

#[test]
fn a_version_that_is_accepted_twice_is_found() {
    check_fault(wrote(8, "b", 2, "upload/x", 3), |it| matches!(it, Finding::VersionTwice(_)));
}

#[test]
fn a_version_that_goes_back_is_found() {
    check_fault(wrote(8, "b", 2, "upload/y", 2), |it| matches!(it, Finding::VersionTwice(_)));
}

#[test]
fn a_hole_in_the_versions_is_found() {
    check_fault(wrote(8, "b", 2, "upload/x", 5), |it| matches!(it, Finding::VersionsMissing(_)));
}

#[test]
fn a_late_write_that_was_accepted_is_found() {
    check_fault(wrote(8, "a", 1, "upload/z", 1), |it| matches!(it, Finding::EpochBelow(_)));
}

#[test]
fn two_writers_in_one_epoch_are_found() {
    check_fault(wrote(8, "c", 2, "upload/z", 1), |it| matches!(it, Finding::TwoWriters(_)));
}

#[test]
fn two_lives_of_one_node_are_two_writers() {
    let again = Record { incarnation: 2, ..wrote(8, "b", 2, "upload/z", 1) };
    check_fault(again, |it| matches!(it, Finding::TwoWriters(_)));
}

#[test]
fn what_was_removed_begins_anew_and_nothing_else_does() {
    let removed = Record { removed: true, ..wrote(8, "b", 2, "upload/x", 4) };
    let mut records = good();
    records.extend([removed, wrote(9, "b", 2, "upload/x", 1)]);
    assert_eq!(findings(&records), []);
    records[5].removed = false;
    assert!(matches!(findings(&records)[..], [Finding::VersionTwice(_)]));
}

#[test]
fn a_file_holds_what_was_written_and_no_other_thing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.jsonl");
    write(&path, &good()).expect("a file");
    assert_eq!(read(&path).expect("records"), good());
    let line = serde_json::to_string(&good()[0]).expect("a record is JSON");
    let text = r#"{"seq":1,"at_ns":1000,"node":"a","incarnation":1,"shard":7,"epoch":1,"#;
    assert!(line.starts_with(text), "{line}");
    std::fs::write(&path, format!("{line}\nnonsense\n")).expect("a file");
    let error = read(&path).expect_err("nonsense").to_string();
    assert!(error.contains("a.jsonl:2 is no record of a history"), "{error}");
}
