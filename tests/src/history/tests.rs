//! Goal: a history that breaks the promise is never taken for a good one, and a good one is not
//! complained about. Method: histories made by hand, each with one fault.

use super::*;

/// Version `row_version` of `entity`, in shard 7.
fn write(seq: u64, node: &str, epoch: u64, entity: &str, row_version: u64) -> Record {
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
        accepted: Some(true),
    }
}

/// Node a writes two entities, is late for its third write, and b goes on.
fn good() -> Vec<Record> {
    let late = Record { accepted: Some(false), ..write(6, "a", 1, "upload/x", 3) };
    vec![
        write(1, "a", 1, "upload/x", 1),
        write(2, "a", 1, "upload/y", 4),
        write(3, "a", 1, "upload/x", 2),
        write(5, "b", 2, "upload/x", 3),
        late,
        write(7, "b", 2, "upload/y", 5),
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
fn a_good_history_is_counted_in_whatever_order_its_files_come() {
    let mut records = good();
    records.reverse();
    let (summary, found) = check(&records);
    assert_eq!(found, []);
    let told = "5 accepted writes of 2 entities in 2 epochs of shards by 2 lives of nodes; 1 \
                refused, 0 unknown";
    assert_eq!(summary.to_string(), told);
}

#[test]
fn a_version_that_is_accepted_twice_is_found() {
    check_fault(write(8, "b", 2, "upload/x", 3), |it| matches!(it, Finding::VersionTwice(_)));
}

#[test]
fn a_version_that_goes_back_is_found() {
    check_fault(write(8, "b", 2, "upload/y", 2), |it| matches!(it, Finding::VersionTwice(_)));
}

#[test]
fn a_hole_in_the_versions_is_found() {
    check_fault(write(8, "b", 2, "upload/x", 5), |it| matches!(it, Finding::VersionsMissing(_)));
}

#[test]
fn a_late_write_that_was_accepted_is_found() {
    check_fault(write(8, "a", 1, "upload/z", 1), |it| matches!(it, Finding::EpochBelow(_)));
}

#[test]
fn two_writers_in_one_epoch_are_found() {
    check_fault(write(8, "c", 2, "upload/z", 1), |it| matches!(it, Finding::TwoWriters(_)));
}

#[test]
fn two_lives_of_one_node_are_two_writers() {
    let again = Record { incarnation: 2, ..write(8, "b", 2, "upload/z", 1) };
    check_fault(again, |it| matches!(it, Finding::TwoWriters(_)));
}

#[test]
fn histories_of_two_databases_are_found() {
    check_fault(write(7, "c", 3, "upload/z", 1), |it| matches!(it, Finding::NumberTwice(_)));
}

#[test]
fn two_answers_to_one_commit_are_found() {
    let refused = Record { accepted: Some(false), ..write(7, "b", 2, "upload/y", 5) };
    check_fault(refused, |it| matches!(it, Finding::TwoAnswers(_)));
}

/// What a node wrote down before it was killed: that it was committed shows by who came after.
#[test]
fn a_lost_answer_is_no_hole_but_counts_where_others_built_on_it() {
    let unknown = |write| Record { accepted: None, ..write };
    let mut records = good();
    records.push(unknown(write(8, "b", 2, "upload/x", 4)));
    assert_eq!(check(&records).0.unknown, 1);
    records.push(write(9, "c", 3, "upload/x", 5));
    let (summary, found) = check(&records);
    assert_eq!((summary.accepted, summary.unknown, found), (7, 0, vec![]));
    // The same from a node whose time was over.
    let mut late = good();
    late.push(unknown(write(8, "a", 1, "upload/x", 4)));
    late.push(write(9, "b", 2, "upload/x", 5));
    assert!(matches!(findings(&late)[..], [Finding::EpochBelow(_)]));
}

/// A try whose answer is unknown and one that was accepted may be of one version.
#[test]
fn an_unknown_write_that_did_not_take_place_is_left_out() {
    let mut records = good();
    records.push(Record { accepted: None, ..write(8, "b", 2, "upload/x", 4) });
    records.push(write(9, "c", 3, "upload/x", 4));
    let (summary, found) = check(&records);
    assert_eq!((summary.accepted, summary.unknown, found), (6, 1, vec![]));
}

#[test]
fn what_was_tried_and_then_answered_is_one_write() {
    let mut records = good();
    records.push(Record { accepted: None, ..records[0].clone() });
    assert_eq!(check(&records), check(&good()));
}

#[test]
fn what_was_removed_begins_anew_and_nothing_else_does() {
    let removed = Record { removed: true, ..write(8, "b", 2, "upload/x", 4) };
    let mut records = good();
    records.extend([removed.clone(), write(9, "b", 2, "upload/x", 1)]);
    assert_eq!(findings(&records), []);
    records[6].accepted = None;
    assert_eq!(findings(&records), [], "the answer was lost");
    records[6].removed = false;
    assert!(matches!(findings(&records)[..], [Finding::VersionTwice(_)]));
}

#[test]
fn a_file_may_end_within_a_line_but_not_hold_another_thing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.jsonl");
    let line = serde_json::to_string(&good()[0]).expect("a record is JSON");
    let text = r#"{"seq":1,"at_ns":1000,"node":"a","incarnation":1,"shard":7,"epoch":1,"#;
    assert!(line.starts_with(text), "{line}");
    std::fs::write(&path, format!("{line}\n{}", &line[..40])).expect("a file");
    assert_eq!(read(&path).expect("one record"), good()[..1]);
    std::fs::write(&path, format!("{line}\nnonsense\n")).expect("a file");
    let error = read(&path).expect_err("nonsense").to_string();
    assert!(error.contains("a.jsonl:2 is no record of a history"), "{error}");
}
