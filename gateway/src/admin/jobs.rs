//! `/admin/api/jobs`: how much encode work waits, and for how long.

use super::{Reader, fresh};
use crate::App;
use crate::problem::Answer;
use axum::extract::State;
use jiff::Timestamp;
use playhouse_storage::model::{JobClass, JobCount};
use serde_json::{Value, json};

/// GET: jobs by class, each class once, in the order in which they run.
pub(crate) async fn counts(_: Reader, State(app): State<App>) -> Answer {
    let now = Timestamp::now();
    let counts = app.platform.engines.jobs.counts(now).await?;
    let of = |class| counts.iter().find(|count| count.class == class);
    let classes: Vec<Value> =
        JobClass::ALL.into_iter().map(|class| line(class, of(class), now)).collect();
    let sum = |part: fn(&JobCount) -> u64| counts.iter().map(part).sum::<u64>();
    let total = json!({
        "waiting": sum(|it| it.waiting),
        "resting": sum(|it| it.resting),
        "leased": sum(|it| it.leased),
    });
    Ok(fresh(json!({"at": now, "total": total, "classes": classes}).to_string()))
}

fn line(class: JobClass, count: Option<&JobCount>, now: Timestamp) -> Value {
    let oldest = count.and_then(|it| it.oldest_waiting);
    json!({
        "class": class,
        "waiting": count.map_or(0, |it| it.waiting),
        "resting": count.map_or(0, |it| it.resting),
        "leased": count.map_or(0, |it| it.leased),
        "oldest_waiting_s": oldest.map(|at| now.duration_since(at).as_secs_f64().max(0.0)),
    })
}
