//! What operators see of the actors and order them to do.

use crate::events::Watcher;
use crate::house::{Answer, House, published};
use axum::http::Request;
use playhouse_actors::runtime::Fault;
use playhouse_gateway::{Config, InspectorLimits, Role};
use playhouse_storage::model::{AuditEntry, AuditId, AuditOutcome, ContentId};
use serde_json::{Value, json};

/// A node on which one content's pipeline is resident.
struct Watched {
    house: House,
    id: ContentId,
    operator: String,
    admin: String,
}

impl Watched {
    async fn open() -> Self {
        Self::of(House::open().await).await
    }

    async fn with(inspector: InspectorLimits) -> Self {
        Self::of(House::with(Config { inspector, ..Config::default() }).await).await
    }

    async fn of(house: House) -> Self {
        let content = published("ada", "film");
        house.put(&content).await;
        let operator = house.token("olga", Role::Operator);
        let admin = house.token("root", Role::Admin);
        let watched = Self { house, id: content.id, operator, admin };
        assert_eq!(watched.rename("a film").await.status, 200);
        watched
    }

    /// Asks the pipeline, which is loaded by it.
    async fn rename(&self, title: &str) -> Answer {
        let request = Request::patch(format!("/api/v1/content/{}", self.id))
            .header("authorization", self.house.token("ada", Role::Editor))
            .header("content-type", "application/json");
        self.house.send(request, json!({"title": title}).to_string()).await
    }

    fn path(&self) -> String {
        format!("entities/content.pipeline/{}", self.id)
    }

    async fn look(&self, address: &str) -> Answer {
        self.house.get_as(&format!("/admin/api/{address}"), &self.operator).await
    }

    async fn order_as(&self, token: &str, address: &str, body: Value) -> Answer {
        let request = Request::post(format!("/admin/api/actors/{address}"))
            .header("authorization", token)
            .header("content-type", "application/json");
        self.house.send(request, body.to_string()).await
    }

    async fn order(&self, order: &str, body: Value) -> Answer {
        self.order_as(&self.admin, &format!("{}/{order}", self.path()), body).await
    }

    /// The newest order of the audit log.
    async fn newest(&self) -> Value {
        self.look("audit?limit=1").await.json()["items"][0].clone()
    }

    async fn events(&self) -> Vec<Value> {
        let detail = self.look(&format!("actors/{}", self.path())).await.json();
        let events = detail["events"].as_array().unwrap();
        events.iter().map(|event| event["event"].clone()).collect()
    }
}

#[tokio::test]
async fn operators_see_everything_and_change_nothing() {
    let node = Watched::open().await;
    let actor = format!("actors/{}", node.path());
    for address in ["tree", "tree/stream", "audit", "dead-letters", "actors/", &actor] {
        let address = format!("/admin/api/{address}");
        node.house.get(&address).await.problem(401);
        for role in [Role::Editor, Role::Viewer, Role::Guest] {
            let answer = node.house.get_as(&address, &node.house.token("eve", role)).await;
            assert!(answer.problem(403).contains("operator"), "{address}");
        }
    }
    for address in ["tree", "audit", "dead-letters", "actors/", &actor] {
        assert_eq!(node.look(address).await.status, 200, "{address}");
    }
    let confirmed = json!({"confirm": node.id});
    for order in ["restart", "stop", "fault"] {
        let address = format!("{}/{order}", node.path());
        let refused = node.order_as(&node.operator, &address, confirmed.clone()).await;
        assert!(refused.problem(403).contains("role admin"));
    }
    assert_eq!(node.newest().await, Value::Null);
}

#[tokio::test]
async fn the_tree_shows_kinds_then_their_entities() {
    let node = Watched::open().await;
    let page = node.look("tree").await.json();
    let paths: Vec<_> = page["actors"].as_array().unwrap().iter().map(|it| &it["path"]).collect();
    assert!(paths.contains(&&json!("")) && paths.contains(&&json!("entities/content.pipeline")));
    assert_eq!(page["totals"]["entities"], 1);
    let below = node.look("tree?under=entities/content.pipeline&depth=1").await.json();
    assert_eq!(below["actors"][1]["path"], node.path());
    let found = node.look(&format!("tree?q={}&limit=1", node.id)).await.json();
    assert_eq!(
        (&found["actors"][0]["name"], &found["next_cursor"]),
        (&json!(node.id), &Value::Null)
    );
    assert_eq!(node.look("actors/").await.json()["actor"]["role"], "node");
}

#[tokio::test]
async fn a_bad_query_is_refused_by_name_and_an_unknown_actor_is_not_there() {
    let node = Watched::open().await;
    for (query, name) in
        [("depth=9", "depth"), ("limit=1001", "limit"), ("sort=size", "sort"), ("lmit=5", "lmit")]
    {
        for address in ["tree", "tree/stream"] {
            let detail = node.look(&format!("{address}?{query}")).await.problem(400);
            assert!(detail.contains(name), "{detail}");
        }
    }
    assert!(node.look("audit?limit=0").await.problem(400).contains("limit"));
    assert!(node.look("tree?under=nowhere").await.problem(404).contains("nowhere"));
    node.look("actors/entities/content.pipeline/none").await.problem(404);
    node.look(&format!("actors/{}", "x".repeat(600))).await.problem(404);
    // Encoded as one part it is the same path.
    let encoded = node.path().replace('/', "%2F");
    assert_eq!(node.look(&format!("actors/{encoded}")).await.status, 200);
}

#[tokio::test]
async fn an_order_needs_the_name_and_an_actor_that_allows_it() {
    let node = Watched::open().await;
    let wrong = node.order("restart", json!({"confirm": "another"})).await;
    assert!(wrong.problem(422).contains(&node.id.to_string()));
    let long = json!({"confirm": node.id, "reason": "x".repeat(201)});
    assert!(node.order("stop", long).await.problem(422).contains("200"));
    node.order("stop", json!({"confirm": node.id, "resaon": "x"})).await.problem(400);
    node.order("pause", json!({"confirm": node.id})).await.problem(404);
    let body = json!({"confirm": "content.pipeline"});
    let unknown = "entities/content.pipeline/none/restart";
    node.order_as(&node.admin, unknown, body.clone()).await.problem(404);
    assert_eq!(node.newest().await, Value::Null, "nothing was ordered yet");

    node.order_as(&node.admin, "entities/content.pipeline/restart", body).await.problem(409);
    assert_eq!(node.newest().await["outcome"], "refused");
}

#[tokio::test]
async fn an_order_is_written_down_before_it_is_carried_out_and_its_outcome_after() {
    let node = Watched::open().await;
    // An entity that hangs takes a second to end: time to look at the log.
    node.house.platform.inspector.fault(&node.path(), Fault::Hang).unwrap();
    let body = json!({"confirm": node.id, "reason": "it hangs"});
    let before = async {
        loop {
            let newest = node.newest().await;
            if newest != Value::Null {
                break newest;
            }
            tokio::task::yield_now().await;
        }
    };
    let (answer, before) = tokio::join!(node.order("restart", body), before);
    assert_eq!(before["outcome"], "asked");
    assert_eq!(answer.status, 202);
    let after = node.newest().await;
    let told = answer.json();
    assert_eq!(told, json!({"audit_id": after["id"], "path": node.path(), "action": "restart"}));
    assert_eq!((&after["outcome"], &after["subject"]), (&json!("done"), &json!("root")));
    assert_eq!((&after["reason"], &after["path"]), (&json!("it hangs"), &json!(node.path())));
    assert_eq!(after["trace_id"], answer.header("playhouse-trace-id"));

    assert_eq!(node.rename("a better film").await.status, 200);
    assert!(node.events().await.contains(&json!("restarted_by_operator")));
}

#[tokio::test]
async fn an_order_that_cannot_be_written_down_is_not_carried_out() {
    let small = playhouse_storage::Config {
        catalog_bytes_max: 1 << 20,
        ..playhouse_storage::Config::default()
    };
    let node = Watched::of(House::on(small, Config::default()).await).await;
    let catalog = &node.house.platform.engines.catalog;
    let mut bytes = 256 * 1024;
    while bytes > 0 {
        if catalog.audit_append(filler(bytes)).await.is_err() {
            bytes /= 2;
        }
    }
    node.order("stop", json!({"confirm": node.id})).await.problem(507);
    assert!(!node.events().await.contains(&json!("stopped_by_operator")));
}

fn filler(bytes: usize) -> AuditEntry {
    AuditEntry {
        id: AuditId::new(),
        at: jiff::Timestamp::now(),
        subject: "root".into(),
        action: "stop".into(),
        path: "events".into(),
        reason: Some("x".repeat(bytes)),
        outcome: AuditOutcome::Asked,
        trace_id: None,
    }
}

#[tokio::test]
async fn a_panic_names_the_request_that_it_worked_on() {
    let node = Watched::open().await;
    let inspector = &node.house.platform.inspector;
    // The handler waits for its commit; the panic befalls it there.
    let panic = async {
        loop {
            if inspector.actor(&node.path()).is_some_and(|it| it.actor.current.is_some()) {
                break inspector.fault(&node.path(), Fault::Panic).unwrap();
            }
            tokio::task::yield_now().await;
        }
    };
    let (answer, ()) = tokio::join!(node.rename("a lost title"), panic);
    answer.problem(500);
    let died = inspector.actor(&node.path());
    assert!(died.is_none(), "it is loaded anew by its next message");
    // The lost title may still be on its way to the disk, in order: this comes after it.
    node.house.put(&published("ada", "another film")).await;
    let again = node.rename("a new title").await;
    let detail = node.look(&format!("actors/{}", node.path())).await.json();
    assert_eq!(again.status, 200, "{detail:#}");
    let last = &detail["actor"]["last_exit"];
    assert_eq!(
        (&last["reason"], detail["actor"]["restarts"].as_u64()),
        (&json!("panicked"), Some(1))
    );
    assert_eq!(last["trace_id"], answer.header("playhouse-trace-id"));
}

#[tokio::test]
async fn a_fault_on_order_befalls_the_actor() {
    let node = Watched::open().await;
    node.order("fault", json!({"fault": "explode"})).await.problem(400);
    let blocked = node.order("fault", json!({"fault": {"block": 1}})).await;
    assert_eq!(blocked.status, 202);
    assert_eq!(node.order("fault", json!({"fault": "kill"})).await.status, 202);
    while node.look(&format!("actors/{}", node.path())).await.status == 200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(node.rename("a new title").await.status, 200);
    let detail = node.look(&format!("actors/{}", node.path())).await.json();
    assert_eq!(detail["actor"]["last_exit"]["reason"], "killed");
}

#[tokio::test]
async fn a_stream_sends_page_after_page_and_there_are_only_so_many() {
    let limits = InspectorLimits { streams_max: 1, stream_every_ms: 10, ..Default::default() };
    let node = Watched::with(limits).await;
    let mut watcher =
        Watcher::at(&node.house, "/admin/api/tree/stream?depth=1", Some(&node.operator)).await;
    assert_eq!(watcher.named("tree").await["totals"]["entities"], 1);
    let answer = node.look("tree/stream").await;
    answer.problem(503);
    assert_eq!(answer.header("retry-after"), "5");

    let stopped = node.order("stop", json!({"confirm": node.id})).await;
    assert_eq!(stopped.status, 202);
    while watcher.named("tree").await["totals"]["entities"] != 0 {}
    drop(watcher);
    Watcher::at(&node.house, "/admin/api/tree/stream", Some(&node.operator))
        .await
        .named("tree")
        .await;
}

#[tokio::test]
async fn a_look_for_which_there_is_no_room_is_to_be_tried_again() {
    let limits = InspectorLimits { looks_max: 1, ..Default::default() };
    let node = Watched::with(limits).await;
    let answers =
        tokio::join!(node.look("tree"), node.look("tree"), node.look("actors/"), node.look("tree"));
    let answers = [answers.0, answers.1, answers.2, answers.3];
    let busy: Vec<_> = answers.iter().filter(|answer| answer.status == 503).collect();
    assert!(busy.iter().all(|answer| answer.header("retry-after") == "1"));
    assert!(answers.iter().any(|answer| answer.status == 200));
    assert_eq!(node.look("tree").await.status, 200);
}
