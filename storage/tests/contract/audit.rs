//! The orders of operators: written down before they are carried out, told once what came of them.

use super::records::time;
use playhouse_storage::Error;
use playhouse_storage::catalog::Catalog;
use playhouse_storage::model::{AuditEntry, AuditId, AuditOutcome};
use std::sync::Arc;

pub(crate) async fn check(catalog: Arc<dyn Catalog>) {
    let entries = [0, 10, 20].map(entry);
    for entry in &entries {
        catalog.audit_append(entry.clone()).await.unwrap();
    }
    entries_come_newest_first(&*catalog, &entries).await;
    an_outcome_is_written_once(&*catalog, &entries).await;
    the_oldest_are_forgotten(&*catalog, &entries).await;
}

fn entry(seconds: i64) -> AuditEntry {
    let told = seconds > 0;
    AuditEntry {
        id: AuditId::new(),
        at: time(seconds),
        subject: "ada".into(),
        action: "restart".into(),
        path: "entities/upload.session/x".into(),
        reason: told.then(|| "it hangs, \"again\"".into()),
        outcome: AuditOutcome::Asked,
        trace_id: told.then(|| "4bf92f3577b34da6a3ce929d0e0e4736".into()),
    }
}

async fn entries_come_newest_first(catalog: &dyn Catalog, entries: &[AuditEntry; 3]) {
    let [oldest, middle, newest] = entries;
    let all = catalog.audit(None, 9).await.unwrap();
    assert_eq!(all, [newest.clone(), middle.clone(), oldest.clone()]);
    assert_eq!(catalog.audit(None, 1).await.unwrap(), all[..1], "a limit is kept");
    assert_eq!(catalog.audit(Some(newest.id), 9).await.unwrap(), all[1..], "the next page");
    let twice = catalog.audit_append(middle.clone()).await.unwrap_err();
    assert!(matches!(twice, Error::Conflict { .. }), "{twice}");
}

async fn an_outcome_is_written_once(catalog: &dyn Catalog, entries: &[AuditEntry; 3]) {
    let id = entries[1].id;
    catalog.audit_outcome(id, AuditOutcome::Done).await.unwrap();
    for (id, outcome) in [(id, AuditOutcome::Failed), (AuditId::new(), AuditOutcome::Done)] {
        let error = catalog.audit_outcome(id, outcome).await.unwrap_err();
        assert!(matches!(&error, Error::Conflict { what } if what.contains(&id.to_string())));
    }
    let outcomes: Vec<_> = catalog.audit(None, 9).await.unwrap();
    let outcomes: Vec<_> = outcomes.iter().map(|entry| entry.outcome).collect();
    assert_eq!(outcomes, [AuditOutcome::Asked, AuditOutcome::Done, AuditOutcome::Asked]);
}

async fn the_oldest_are_forgotten(catalog: &dyn Catalog, entries: &[AuditEntry; 3]) {
    assert_eq!(catalog.audit_forget(time(0), 9).await.unwrap(), 0);
    assert_eq!(catalog.audit_forget(time(20), 1).await.unwrap(), 1, "a page at a time");
    let left: Vec<_> = catalog.audit(None, 9).await.unwrap().iter().map(|it| it.id).collect();
    assert_eq!(left, [entries[2].id, entries[1].id], "the oldest went first");
    assert_eq!(catalog.audit_forget(time(20), 9).await.unwrap(), 1);
    assert_eq!(catalog.audit_forget(time(20), 9).await.unwrap(), 0);
    assert_eq!(catalog.audit(None, 9).await.unwrap().len(), 1);
}
