// A cluster for tests: three members that are well, and what a test says of them.

import type { Cluster, Member, Move, NodeReport, PeerState, Shard } from '../src/cluster/types';

const AT = '2026-11-21T12:00:00Z';

/** How somebody reaches `name`. */
export function peer(name: string, told: Partial<PeerState> = {}): PeerState {
  return { name, incarnation: 1, address: `${name}:7000`, since: AT, connected: true,
    round_trip_ms: 0.4, in_flight: 2, credits: 256, last_error: null, ...told };
}

/** What `name` tells of itself. */
export function report(name: string, told: Partial<NodeReport> = {}): NodeReport {
  return { name, incarnation: 1, build: '0.1.0', phase: 'up', lease_left_ms: 8000,
    view_version: 12, seen_at: AT, shards_held: 4, entities: 3, peers: [], ...told };
}

/** The member `name`, that is up and has told of itself. */
export function member(name: string, told: Partial<Member> = {}): Member {
  return { name, incarnation: 1, link: `${name}:7000`, http: '', zone: 'z1', weight: 1,
    build: '0.1.0', phase: 'up', alive: true, lease_left_ms: 9000, suspected_by: [],
    shards_owned: 4, shards_desired: 4, shards_unserved: 0, shards_stray: 0, reached: null,
    report: report(name), missing: null, ...told };
}

/** A cluster of these, as the first of them tells it. */
export function cluster(members: Member[], told: Partial<Cluster> = {}): Cluster {
  return { at: AT, clustered: true, answered_by: { name: members[0]!.name, incarnation: 1 },
    stale: null, view_version: 12, view_moves: 30,
    rules: { members_min: 2, moves_max: 16, pins: {} },
    shards: { all: 12, owned: 12, free: 0, to_move: 0 }, members, recent_moves: [], ...told };
}

/** A shard that is where it should be. */
export function shard(number: number, told: Partial<Shard> = {}): Shard {
  return { shard: number, epoch: 9, owner: { name: 'a', incarnation: 1 }, owner_lives: true,
    desired: 'a', pin: null, to_move: false, why: 'it is where it should be', ...told };
}

/** What `node` did with a shard, `agoMs` before the cluster was read. */
export function move(node: string, number: number, agoMs: number, told: Partial<Move> = {}): Move {
  return { node, at: new Date(Date.parse(AT) - agoMs).toISOString(), shard: number, epoch: 9,
    what: 'claimed', why: 'its owner c is dead', took_ms: 12, ...told };
}
