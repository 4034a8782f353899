//! What operators see of the cluster at a node that is alone: the same shapes as of several, and
//! nothing to order. Several nodes have stories of their own, as processes.

use crate::house::{Answer, House};
use axum::http::Request;
use playhouse_gateway::{Config, InspectorLimits, Role};
use playhouse_storage::model::ContentId;
use serde_json::{Value, json};

async fn look(house: &House, address: &str) -> Answer {
    let operator = house.token("olga", Role::Operator);
    house.get_as(&format!("/admin/api/{address}"), &operator).await
}

async fn order(house: &House, role: Role, address: &str, body: &str) -> Answer {
    let request = Request::post(format!("/admin/api/nodes/{address}"));
    house.send(request.header("authorization", house.token("root", role)), body.to_owned()).await
}

#[tokio::test]
async fn operators_look_at_the_cluster_and_only_an_admin_changes_it() {
    let house = House::open().await;
    let route = format!("route/{}", ContentId::new());
    for address in ["cluster", "shards", &route] {
        let address = format!("/admin/api/{address}");
        house.get(&address).await.problem(401);
        for role in [Role::Editor, Role::Viewer, Role::Guest] {
            let refused = house.get_as(&address, &house.token("eve", role)).await;
            assert!(refused.problem(403).contains("operator"), "{address}");
        }
        for role in [Role::Operator, Role::Admin] {
            assert_eq!(house.get_as(&address, &house.token("olga", role)).await.status, 200);
        }
    }
    for address in ["local/drain", "local/resume"] {
        let refused = order(&house, Role::Operator, address, "").await;
        assert!(refused.problem(403).contains("role admin"));
    }
}

#[tokio::test]
async fn a_node_that_is_alone_is_its_own_only_member() {
    let house = House::open().await;
    let answer = look(&house, "cluster").await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let cluster = answer.json();
    let me = json!({"name": "local", "incarnation": 1});
    assert_eq!((&cluster["clustered"], &cluster["answered_by"]), (&json!(false), &me));
    assert_eq!(cluster["stale"], Value::Null);
    assert_eq!(cluster["shards"], json!({"all": 16, "owned": 16, "free": 0, "to_move": 0}));
    let [member] = cluster["members"].as_array().unwrap().as_slice() else { panic!("{cluster:#}") };
    let told = ["shards_owned", "shards_desired", "shards_unserved", "shards_stray"];
    assert_eq!(told.map(|key| member[key].as_u64().unwrap()), [16, 16, 0, 0]);
    assert_eq!((&member["missing"], &member["reached"]), (&Value::Null, &Value::Null));
    assert_eq!((&member["phase"], &member["alive"]), (&json!("up"), &json!(true)));
    let report = &member["report"];
    assert_eq!((&report["name"], &report["shards_held"]), (&json!("local"), &json!(16)));
    assert_eq!((&report["lease_left_ms"], &report["peers"]), (&Value::Null, &json!([])));
}

#[tokio::test]
async fn every_shard_of_it_is_its_own() {
    let house = House::open().await;
    let first = look(&house, "shards?limit=10").await.json();
    assert_eq!((first["shards"].as_array().unwrap().len(), &first["next_cursor"]), (10, &json!(9)));
    let page = look(&house, "shards?limit=10&cursor=9&owner=local").await.json();
    let numbers: Vec<_> =
        page["shards"].as_array().unwrap().iter().map(|it| it["shard"].as_u64().unwrap()).collect();
    assert_eq!((numbers, &page["next_cursor"]), ((10..16).collect(), &Value::Null));
    let shard = &page["shards"][0];
    assert_eq!((&shard["owner"]["name"], &shard["desired"]), (&json!("local"), &json!("local")));
    assert_eq!(shard["why"], "it is where it should be");
    for nobodys in ["shards?owner=-", "shards?owner=node-b"] {
        assert_eq!(look(&house, nobodys).await.json()["shards"], json!([]), "{nobodys}");
    }
}

#[tokio::test]
async fn a_route_is_explained_by_the_shard_of_the_id() {
    let house = House::open().await;
    let id = ContentId::new();
    let route = look(&house, &format!("route/{id}")).await.json();
    assert_eq!(route["shard"]["shard"], id.shard(16).0);
    assert_eq!((&route["way"], &route["to"]), (&json!("here"), &Value::Null));
    assert_eq!(route["known_epoch"], route["shard"]["epoch"]);
    let why = route["why"].as_str().unwrap();
    assert!(why.starts_with(&format!("local serves shard {} itself", id.shard(16).0)), "{why}");
    let upload = look(&house, &format!("route/{id}?kind=upload")).await.json();
    assert_eq!(upload["shard"]["shard"], route["shard"]["shard"]);
    // A session lives with its viewer, whose id is its last 62 bits.
    let viewer = id.to_string().replace('-', "")[16..].to_owned();
    let of_viewer = look(&house, &format!("route/{viewer}?kind=viewer")).await.json();
    let of_session = look(&house, &format!("route/{id}?kind=session")).await.json();
    assert_eq!(of_viewer["shard"], of_session["shard"]);
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_by_name() {
    let house = House::open().await;
    for (query, name) in [
        ("shards?limit=0", "limit"),
        ("shards?limit=1025", "limit"),
        ("shards?owner=A", "owner"),
        ("shards?cursor=x", "cursor"),
        ("shards?onwer=a", "onwer"),
        ("route/x?kind=film", "kind"),
    ] {
        let detail = look(&house, query).await.problem(400);
        assert!(detail.contains(name), "{query}: {detail}");
    }
    look(&house, "route/x").await.problem(404);
    look(&house, "route/x?kind=viewer").await.problem(404);
}

#[tokio::test]
async fn a_node_that_is_alone_cannot_be_drained_and_nothing_is_written_down() {
    let house = House::open().await;
    for address in ["local/drain", "local/resume", "node-b/drain"] {
        let refused = order(&house, Role::Admin, address, "").await;
        assert!(refused.problem(409).contains("alone"), "{address}");
    }
    order(&house, Role::Admin, "Not_a_name/drain", "").await.problem(404);
    let wrong = order(&house, Role::Admin, "local/drain", r#"{"resaon": "x"}"#).await;
    assert!(wrong.problem(400).contains("resaon"));
    let long = json!({"reason": "x".repeat(201)}).to_string();
    assert!(order(&house, Role::Admin, "local/drain", &long).await.problem(422).contains("200"));
    assert_eq!(look(&house, "audit").await.json()["items"], json!([]));
}

#[tokio::test]
async fn with_no_room_for_a_look_the_next_is_told_to_come_again() {
    let inspector = InspectorLimits { surveys_max: 0, ..InspectorLimits::default() };
    let house = House::with(Config { inspector, ..Config::default() }).await;
    let refused = look(&house, "cluster").await;
    assert!(refused.problem(503).contains("too many"));
    assert_eq!(refused.header("retry-after"), "1");
}
