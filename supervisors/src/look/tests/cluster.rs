//! `playhouse cluster`: pictures as they are without colours, and the command against a server.

use super::http::{Server, answer, json};
use crate::look::{cluster, examples, joined, members};
use expect_test::{Expect, expect};
use jiff::SignedDuration;
use playhouse_actors::cluster::{
    ClusterPicture, MemberPicture, Move, MoveAt, Moved, NodeReport, PeerState, ShardCounts,
};
use playhouse_storage::model::{Member, NodeLife, NodeName, Phase, Rules, ShardId};
use std::collections::BTreeMap;

fn name(name: &str) -> NodeName {
    name.parse().expect("a name")
}

fn life(of: &str) -> NodeLife {
    NodeLife { name: name(of), incarnation: 2 }
}

/// A member that is well, with this lease.
fn member(of: &str, lease_left_ms: i64) -> MemberPicture {
    let member = Member {
        life: life(of),
        link: "10.0.0.1:7000".to_owned(),
        http: "http://10.0.0.1:8080".to_owned(),
        zone: "z1".to_owned(),
        weight: 1,
        build: "0.1.0".to_owned(),
        phase: Phase::Up,
        alive: lease_left_ms > 0,
        lease_left_ms,
        suspected_by: Vec::new(),
    };
    let report = NodeReport {
        life: life(of),
        build: "0.1.0".to_owned(),
        phase: Some(Phase::Up),
        lease_left_ms: Some(7_000),
        view_version: Some(12),
        seen_at: Some(examples::at()),
        shards_held: 342,
        fences: Vec::new(),
        entities: 12_345,
        peers: Vec::new(),
        moves: Vec::new(),
    };
    let reached = PeerState {
        life: life(of),
        address: "10.0.0.1:7000".to_owned(),
        since: examples::at(),
        connected: true,
        round_trip_ms: Some(0.4),
        in_flight: 2,
        credits: 256,
        last_error: None,
    };
    MemberPicture {
        member,
        shards_owned: 342,
        shards_desired: 342,
        shards_unserved: Some(0),
        shards_stray: Some(0),
        reached: Some(reached),
        report: Some(report),
        missing: None,
    }
}

fn moved(of: &str, shard: u16, ago: i64, what: Moved, why: &str) -> MoveAt {
    let at = examples::at() - SignedDuration::from_secs(ago);
    let why = why.to_owned();
    MoveAt {
        node: name(of),
        of: Move { at, shard: ShardId(shard), epoch: 9, what, why, took_ms: 4 },
    }
}

/// `a` tells; `b` drains; `c` is cut off; `d` is dead.
fn trouble() -> ClusterPicture {
    let (mut a, mut b) = (member("node-a", 8_400), member("node-b", 3_100));
    let (mut c, mut d) = (member("node-c", 6_000), member("node-d", -2_500));
    (a.reached, a.shards_unserved) = (None, Some(3));
    b.member.phase = Phase::Draining;
    (b.shards_owned, b.shards_desired) = (40, 0);
    let link = c.reached.as_mut().expect("a link");
    (link.connected, link.last_error) = (false, Some("no heartbeat within 2 s".to_owned()));
    (c.report, c.missing) = (None, Some("node-c is not reached".to_owned()));
    c.member.suspected_by = vec![name("node-b")];
    (d.report, d.missing, d.reached) = (None, Some("its lease is over".to_owned()), None);
    let free = "nobody living owned it";
    ClusterPicture {
        at: examples::at(),
        clustered: true,
        answered_by: life("node-a"),
        stale: None,
        view_version: 12,
        view_moves: 3_071,
        rules: Rules { members_min: 2, moves_max: 32, pins: BTreeMap::new() },
        shards: ShardCounts { all: 1_024, owned: 724, free: 300, to_move: 40 },
        members: vec![a, b, c, d],
        recent_moves: vec![
            moved("node-a", 7, 1, Moved::Claimed, free),
            moved("node-a", 4, 1, Moved::Claimed, free),
            moved("node-b", 9, 2, Moved::Released, "another node should own it"),
            moved("node-c", 8, 75, Moved::Lost, "another node was granted it"),
        ],
    }
}

fn alone() -> ClusterPicture {
    let mut picture = trouble();
    picture.members.truncate(1);
    let me = &mut picture.members[0];
    me.member.zone.clear();
    (me.member.lease_left_ms, me.shards_unserved) = (0, Some(0));
    (me.shards_owned, me.shards_desired) = (16, 16);
    picture.shards = ShardCounts { all: 16, owned: 16, free: 0, to_move: 0 };
    (picture.clustered, picture.recent_moves) = (false, Vec::new());
    picture
}

fn check(picture: &ClusterPicture, expected: Expect) {
    expected.assert_eq(&joined(&members::draw(picture), false));
}

#[test]
fn who_is_away_and_who_drains_is_named_with_the_reason() {
    check(
        &trouble(),
        expect![[r#"
        cluster of 4, view 12  2026-11-21 12:00:00 UTC  told by node-a
        1024 shards: 724 owned · 300 without a living owner · 40 to move
        32 may move at a time · 0 pinned · 2 members must live

        NODE    PHASE     ZONE  WEIGHT  LEASE   SHARDS  ENTITIES  LINK             ROUND TRIP
        node-a  up        z1         1  8.4 s  342/342     12.3k  itself                    –
        node-b  draining  z1         1  3.1 s     40/0     12.3k  2/256 under way      0.4 ms
        node-c  up        z1         1  6.0 s  342/342         –  not reached          0.4 ms
        node-d  dead      z1         1   over  342/342         –  –                         –

        needs attention
          node-a  3 shards it owns and does not serve (yet)
          node-c  tells nothing: node-c is not reached
          node-c  is not reached: no heartbeat within 2 s
          node-c  is not reached, says node-b
          node-d  tells nothing: its lease is over

        moved lately
              1.0 s ago  node-a claimed 2 shards: nobody living owned it
              2.0 s ago  node-b gave up shard 9: another node should own it
           1 m 15 s ago  node-c lost shard 8: another node was granted it
    "#]],
    );
}

#[test]
fn a_node_that_is_alone_has_no_lease_and_no_link() {
    check(
        &alone(),
        expect![[r#"
        a node that is alone  2026-11-21 12:00:00 UTC  told by node-a
        16 shards: 16 owned · 0 without a living owner · 0 to move

        NODE    PHASE  ZONE  WEIGHT  LEASE  SHARDS  ENTITIES  LINK    ROUND TRIP
        node-a  up     –          1      –   16/16     12.3k  itself           –
    "#]],
    );
}

#[test]
fn a_name_from_elsewhere_cannot_command_the_terminal() {
    let mut picture = trouble();
    picture.members[2].missing = Some("a\u{1b}[31mb".to_owned());
    picture.members[2].member.zone = "\u{1b}[2J".to_owned();
    picture.stale = Some("\u{1b}[2J".to_owned());
    assert!(!joined(&members::draw(&picture), false).contains('\u{1b}'));
}

#[tokio::test]
async fn what_a_node_tells_arrives_as_it_was_told() {
    let server = Server::new().await;
    let client = server.client();
    let answers = [json(&trouble())];
    let (told, asked) = tokio::join!(client.cluster(), server.serve(&answers));
    assert_eq!(told.expect("a picture"), trouble());
    assert!(asked[0].starts_with("get /admin/api/cluster "), "{}", asked[0]);
}

#[tokio::test]
async fn every_refusal_is_one_sentence() {
    for (status, body, sentence) in [
        ("403 Forbidden", r#"{"detail":"no"}"#, "the token is not accepted: no"),
        ("404 Not Found", r#"{"detail":"no"}"#, "NODE does not tell of its cluster: no"),
        ("503 Service Unavailable", r#"{"detail":"no"}"#, "no node answers at NODE: no"),
        ("200 OK", "{}", "the answer is no cluster that this program knows: "),
    ] {
        let server = Server::new().await;
        let client = server.client();
        let answers = [answer(status, "application/json", body)];
        let (told, _) = tokio::join!(client.cluster(), server.serve(&answers));
        let broken = told.expect_err("no picture");
        let told = cluster::explain(broken, "NODE").to_string();
        assert!(told.starts_with(sentence) && !told.contains('\n'), "{told}");
    }
}
