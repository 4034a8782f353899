//! An administrator changes what the node logs, and reads in the audit log who did.

use crate::house::{Answer, House};
use axum::http::Request;
use playhouse_gateway::{Levels, LogFilter, Role};
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Levels that are only kept: what they do to a log is the business of who owns it.
#[derive(Default)]
pub(crate) struct Shelf(Mutex<Option<String>>);

impl Levels for Shelf {
    fn look(&self) -> LogFilter {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let usual = "info".to_owned();
        LogFilter { filter: kept.unwrap_or_else(|| usual.clone()), usual, until: None }
    }

    fn check(&self, filter: &str) -> Result<(), String> {
        match filter.contains("loud") {
            true => Err("\"loud\" is no level".to_owned()),
            false => Ok(()),
        }
    }

    fn change(&self, filter: &str, _: Option<Duration>) -> Result<LogFilter, String> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(filter.to_owned());
        Ok(self.look())
    }
}

async fn put(house: &House, role: Role, order: &Value) -> Answer {
    let request = Request::put("/admin/api/logs").header("content-type", "application/json");
    let request = request.header("authorization", house.token("root", role));
    house.send(request, order.to_string()).await
}

#[tokio::test]
async fn an_administrator_changes_the_filter_and_it_is_written_down() {
    let house = House::open().await;
    let look = async || {
        let operator = house.token("olga", Role::Operator);
        house.get_as("/admin/api/logs", &operator).await.json()
    };
    assert_eq!(look().await, json!({"filter": "info", "usual": "info", "until": null}));
    let order = json!({"filter": "info,playhouse_actors=debug", "for_s": 600});
    assert!(put(&house, Role::Operator, &order).await.problem(403).contains("role admin"));
    let answer = put(&house, Role::Admin, &order).await;
    assert_eq!(answer.json()["filter"], "info,playhouse_actors=debug");
    assert_eq!(look().await["filter"], "info,playhouse_actors=debug");
    let audit = house.get_as("/admin/api/audit", &house.token("root", Role::Admin)).await.json();
    let entry = &audit["items"][0];
    assert_eq!((&entry["action"], &entry["path"]), (&"set-log-filter".into(), &"logs".into()));
    assert_eq!((&entry["outcome"], &entry["subject"]), (&"done".into(), &"root".into()));
    assert_eq!(entry["reason"], "info,playhouse_actors=debug for 600 s");
    assert_eq!(entry["trace_id"], answer.header("playhouse-trace-id"));
}

#[tokio::test]
async fn what_is_no_filter_changes_nothing_and_is_named() {
    let house = House::open().await;
    let refused = put(&house, Role::Admin, &json!({"filter": "loud"})).await;
    assert!(refused.problem(422).contains("\"loud\" is no level"));
    let refused = put(&house, Role::Admin, &json!({"filter": "info", "for_s": 0})).await;
    assert!(refused.problem(422).contains("for_s must be from 1 to 86400"));
    let audit = house.get_as("/admin/api/audit", &house.token("root", Role::Admin)).await.json();
    assert_eq!(audit["items"], json!([]));
}
