//! Goal: the inspector shows what every actor does, in bounded pages, also of those that hang.
//! Method: tallies in every condition, and one service with a task, looked at in paused time.

use super::entities::{Request, SECOND, Stage};
use super::services::{Actor, Diary, Order, POLICY};
use crate::runtime::inspect::census::Census;
use crate::runtime::inspect::view::{Role, Sort, Status, TreeQuery};
use crate::runtime::{
    AskError, ChildSpec, Config, Exit, Handle, Inspector, OrderError, Strategy, Supervisor, Tree,
    trace, traced,
};
use std::time::Duration;
use tokio::time::sleep;

fn eye(stage: &Stage) -> Inspector {
    Inspector::new(&stage.directory, Tree::default())
}

fn query(under: &str, depth: u32) -> TreeQuery {
    TreeQuery { under: under.to_owned(), depth, limit: 100, ..TreeQuery::default() }
}

/// The paths of a page.
fn paths(eye: &Inspector, query: &TreeQuery) -> (Vec<String>, Option<String>) {
    let page = eye.tree(query);
    (page.actors.into_iter().map(|actor| actor.path).collect(), page.next_cursor)
}

#[tokio::test(start_paused = true)]
async fn the_tree_shows_parents_before_children_as_deep_as_asked() {
    let (stage, eye, diary) = stage_with_a_service().await;
    stage.tally(1).ask(Request::Add(1), SECOND).await.expect("it answers");
    diary.read().await;
    let outline = ["", "a", "entities", "entities/test.tally"];
    assert_eq!(paths(&eye, &query("", 2)).0, outline);
    let deep = ["", "a", "entities", "entities/test.tally", "entities/test.tally/tally-1"];
    assert_eq!(paths(&eye, &query("", 3)).0, deep);
    assert_eq!(paths(&eye, &query("entities/test.tally", 0)).0, ["entities/test.tally"]);
    assert_eq!(paths(&eye, &query("nobody", 3)).0, Vec::<String>::new());
    let totals = eye.tree(&query("", 0)).totals;
    assert_eq!((totals.actors, totals.services, totals.entities), (2, 1, 1));
}

async fn stage_with_a_service() -> (Stage, Inspector, Diary) {
    let (stage, tree, diary) = (Stage::new(Config::default()), Tree::default(), Diary::default());
    let writer = diary.clone();
    let handle = Handle::new();
    let make = move || Actor::new("a", &writer);
    let table = vec![ChildSpec::service("a", POLICY, &handle, make)];
    let config = Config::default();
    let supervisor = Supervisor::start(Strategy::OneForOne, table, &config, &tree).await;
    std::mem::forget(supervisor.expect("it starts"));
    let eye = Inspector::new(&stage.directory, tree);
    (stage, eye, diary)
}

#[tokio::test(start_paused = true)]
async fn a_long_list_comes_in_pages() {
    let stage = Stage::new(Config::default());
    for id in 0..25 {
        stage.tally(id).ask(Request::Add(1), SECOND).await.expect("it answers");
    }
    let eye = eye(&stage);
    let mut all = vec![];
    let mut page = TreeQuery { limit: 10, ..query("entities/test.tally", 1) };
    loop {
        let (paths, next) = paths(&eye, &page);
        assert!(paths.len() <= 10);
        all.extend(paths);
        page.cursor = next;
        if page.cursor.is_none() {
            break;
        }
    }
    let mut expected: Vec<String> =
        (0..25).map(|id| format!("entities/test.tally/tally-{id}")).collect();
    expected.sort();
    expected.insert(0, "entities/test.tally".to_owned());
    assert_eq!(all, expected);
}

#[tokio::test(start_paused = true)]
async fn the_largest_come_first_and_a_search_finds_by_id() {
    let stage = Stage::new(Config::default());
    let eye = eye(&stage);
    let tally = |id| stage.tally(id);
    let (one, two, three) = (tally(1), tally(2), tally(3));
    let asks = async {
        tokio::join!(
            one.ask(Request::Wait, SECOND),
            one.ask(Request::Add(1), SECOND),
            two.ask(Request::Wait, SECOND),
            three.ask(Request::Add(1), SECOND),
        )
    };
    let looks = async {
        sleep(Duration::from_millis(100)).await;
        let by_depth = TreeQuery { sort: Some(Sort::Depth), limit: 2, ..query("", 0) };
        let page = eye.tree(&by_depth);
        let depths: Vec<_> = page.actors.iter().map(|it| (&*it.name, it.depth)).collect();
        assert_eq!(depths, [("tally-1", 2), ("tally-2", 1)]);
        assert_eq!(page.next_cursor, None, "who is idle is not listed");
        let first = TreeQuery { limit: 1, ..by_depth };
        let rest = TreeQuery { cursor: eye.tree(&first).next_cursor, ..first };
        assert_eq!(paths(&eye, &rest).0, ["entities/test.tally/tally-2"]);
        let search = TreeQuery { search: Some("lly-2".to_owned()), ..query("", 0) };
        assert_eq!(paths(&eye, &search).0, ["entities/test.tally/tally-2"]);
        stage.world.gate.add_permits(2);
    };
    let ((a, b, c, d), ()) = tokio::join!(asks, looks);
    assert!([a, b, c, d].iter().all(Result::is_ok), "everybody is answered");
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_shows_what_it_hangs_in() {
    let stage = Stage::new(Config::default());
    let (tally, eye) = (stage.tally(1), eye(&stage));
    let (_, ()) = tokio::join!(tally.ask(Request::Wait, 10 * SECOND), async {
        sleep(5 * SECOND).await;
        let actor = eye.actor("entities/test.tally/tally-1").expect("it is there").actor;
        let current = actor.current.expect("it handles a message");
        assert_eq!((actor.status, actor.role), (Status::Slow, Role::Entity));
        assert_eq!((current.message.as_str(), current.blocked), ("Wait", false));
        assert!(current.for_s > 4.9 && actor.oldest_s > Some(4.9), "{current:?}");
        stage.world.gate.add_permits(1);
    });
    let actor = eye.actor("entities/test.tally/tally-1").expect("it is there").actor;
    assert_eq!((actor.status, actor.handled, actor.depth), (Status::Idle, 1, 0));
    assert!(actor.longest_s > 4.9 && actor.current.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_operator_ends_one_that_hangs_and_what_it_took_with_it_is_counted() {
    let stage = Stage::new(Config::default());
    let (tally, eye) = (stage.tally(1), eye(&stage));
    let (hung, queued, ordered) = tokio::join!(
        tally.ask(Request::Wait, 60 * SECOND),
        tally.ask(Request::Add(1), 60 * SECOND),
        async {
            sleep(5 * SECOND).await;
            eye.restart("entities/test.tally/tally-1").await
        }
    );
    assert_eq!(ordered, Ok(()));
    assert_eq!(hung, Err(AskError::Ended(Exit::Killed)));
    assert_eq!(queued, Err(AskError::Ended(Exit::Killed)));
    assert_eq!(tally.ask(Request::Add(1), SECOND).await, Ok(1));
    let detail = eye.actor("entities/test.tally/tally-1").expect("it is back");
    let events: Vec<_> = detail.events.iter().map(|event| event.event.as_str()).collect();
    assert_eq!(events, ["activated", "ended", "restarted_by_operator", "activated"]);
    assert_eq!(detail.actor.last_exit.expect("it was killed").reason, "killed");
    let kind = eye.actor("entities/test.tally").expect("the kind is there").actor;
    assert_eq!((kind.undelivered, kind.handled, kind.restarts), (2, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_crash_names_the_request_that_it_came_from() {
    let stage = Stage::new(Config::default());
    let trace_id = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;
    let trace = trace::Context { trace_id, span_id: 7, sampled: false };
    let crash = traced(trace, stage.tally(1).ask(Request::Panic, SECOND)).await;
    assert!(crash.is_err());
    stage.tally(1).ask(Request::Add(1), SECOND).await.expect("it is loaded anew");
    let eye = eye(&stage);
    let detail = eye.actor("entities/test.tally/tally-1").expect("it is there");
    let exit = detail.actor.last_exit.expect("it panicked");
    assert_eq!(exit.trace_id.as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    assert!(exit.detail.contains("no such thing") && exit.detail.contains("tests/entities.rs"));
    assert_eq!((exit.reason.as_str(), detail.actor.restarts), ("panicked", 1));
}

#[tokio::test(start_paused = true)]
async fn orders_to_nobody_or_to_a_kind_are_refused() {
    let stage = Stage::new(Config::default());
    stage.tally(1).ask(Request::Add(1), SECOND).await.expect("it answers");
    let eye = eye(&stage);
    let unknown = |path: &str| Err(OrderError::Unknown { path: path.to_owned() });
    for path in ["a/b", "entities/test.tally/tally-9", "entities/none"] {
        assert_eq!(eye.stop(path).await, unknown(path));
    }
    assert!(matches!(eye.stop("entities/test.tally").await, Err(OrderError::NotNow { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_service_shows_its_tasks_and_why_it_died() {
    let (stage, tree, diary) = (Stage::new(Config::default()), Tree::default(), Diary::default());
    let (handle, writer) = (Handle::new(), diary.clone());
    let table = vec![ChildSpec::service("a", POLICY, &handle, move || Actor::new("a", &writer))];
    let config = Config::default();
    let supervisor = Supervisor::start(Strategy::OneForOne, table, &config, &tree).await;
    let supervisor = supervisor.expect("it starts");
    let eye = Inspector::new(&stage.directory, tree);
    assert!(handle.try_tell(Order::EndlessTask).is_ok());
    diary.read().await;
    assert_eq!(paths(&eye, &query("a", 1)).0, ["a", "a/endless"]);
    let lost = handle.deliver(Order::Die(Exit::Fenced), SECOND);
    assert_eq!(lost.await, Err(AskError::Ended(Exit::Fenced)));
    diary.read().await;
    let dead = eye.actor("a").expect("its place stays");
    assert_eq!((dead.actor.status, dead.actor.children), (Status::BackingOff, 0));
    assert_eq!(dead.actor.last_exit.expect("it died").reason, "fenced");
    assert!(dead.actor.restart_in_s > Some(0.5));
    sleep(3 * SECOND).await;
    let back = eye.actor("a").expect("it is there");
    assert_eq!((back.actor.status, back.actor.restarts), (Status::Idle, 1));
    assert_eq!(back.latency.map(|latency| latency.count), Some(2));
    assert_eq!(handle.deliver(Order::Note("handled"), SECOND).await, Ok(()));
    supervisor.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_entities_have_done_is_told_once_and_never_falls_when_they_leave() {
    let stage = Stage::new(Config::default());
    let eye = eye(&stage);
    let handled = || {
        let meters = eye.meters(&[]);
        let sums = meters.iter().find_map(|it| it.sums.as_ref().filter(|_| it.role == "entity"));
        sums.map_or(0, |sums| sums.handled)
    };
    let mut told = 0;
    for done in 1..=5 {
        stage.tally(1).ask(Request::Add(1), SECOND).await.expect("it answers");
        let resident = handled();
        // It has left the map, and its life has not ended yet.
        assert_eq!(stage.directory.stop_idle(Duration::ZERO), 1);
        let leaving = handled();
        sleep(SECOND).await;
        let gone = handled();
        assert!(told <= resident && resident <= leaving && leaving <= gone && gone <= done);
        told = gone;
    }
}

#[tokio::test(start_paused = true)]
async fn a_life_that_ends_after_a_census_is_not_counted_again_beside_it() {
    let stage = Stage::new(Config::default());
    stage.tally(1).ask(Request::Add(1), SECOND).await.expect("it answers");
    let population = stage.directory.population();
    let census = Census::of(population);
    assert_eq!(stage.directory.stop_idle(Duration::ZERO), 1);
    sleep(SECOND).await;
    let kind = population.kinds.get("test.tally");
    assert_eq!(kind.ledger.past().handled, 1);
    let sums = |census: &Census| kind.sums(census.kind("test.tally").sums).handled;
    assert_eq!((sums(&census), sums(&Census::of(population))), (1, 1));
}
