// What the cluster's panel tells of members, links and moves: words and colour families, who needs
// attention, which moves are one line, which tab an address chooses.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { tabAddress, tabIn } from '../src/admin/tabs';
import { routeAddress } from '../src/cluster/client';
import { linkWords, STALE_MS } from '../src/cluster/feed';
import { grouped } from '../src/cluster/moves';
import { turned } from '../src/cluster/orders';
import { Palette } from '../src/cluster/palette';
import { label } from '../src/cluster/shards';
import { troubles } from '../src/cluster/trouble';
import * as words from '../src/cluster/words';
import type { Cluster, PeerState, Route, ShardPage } from '../src/cluster/types';
import { cluster, member, move, peer, report } from './cluster';

const told = (picture: Cluster): string[] =>
  troubles(picture).map(({ node, tone, words: text }) => `${tone}: ${node ?? '*'} ${text}`);

test('a healthy cluster and a node that is alone need no attention', () => {
  assert.deepEqual(told(cluster([member('a'), member('b')])), []);
  const alone = member('local', { lease_left_ms: 0 });
  assert.deepEqual(told(cluster([alone], { clustered: false })), []);
});

test('a dead member is told with what is still in its name, the cluster with what waits', () => {
  const dead = member('b', { alive: false, lease_left_ms: -34_600, shards_owned: 1, report: null,
    missing: 'its lease is over', reached: peer('b', { connected: false }) });
  const shards = { all: 12, owned: 11, free: 1, to_move: 0 };
  assert.deepEqual(told(cluster([member('a'), dead], { shards })), [
    'bad: * 1 of the 2 members live that there must be: nobody takes over shards from another',
    'bad: * 1 shard has no living owner: what is asked of it waits',
    'bad: b is dead: its lease ended 34 s ago, and 1 shard is still its own',
  ]);
});

test('who does not reach a member is told once, with the same reason together', () => {
  const cut = { connected: false, last_error: 'refused' };
  const members = [
    member('a', { report: report('a', { peers: [peer('d', cut), peer('c')] }) }),
    member('b', { report: report('b', { peers: [peer('d', cut)] }) }),
    member('c', { report: report('c', { peers: [peer('d', { ...cut, last_error: null })] }) }),
    member('d', { reached: peer('d', cut), report: null, missing: 'no answer within 2.5 s',
      suspected_by: ['a', 'b', 'c'] }),
  ];
  assert.deepEqual(told(cluster(members)), [
    'bad: d tells nothing: no answer within 2.5 s',
    'bad: d is not reached by a and b: refused',
    'bad: d is not reached by c: no reason is known',
    'busy: d is suspected by a, b and c, who cannot reach it',
  ]);
});

test('a link to a former life of a member says nothing of the one that lives', () => {
  const old = peer('b', { connected: false, incarnation: 1 });
  const members = [member('a', { report: report('a', { peers: [old] }) }),
    member('b', { incarnation: 2 })];
  assert.deepEqual(told(cluster(members)), []);
});

test('a late lease and shards that are not served, or strayed, are watched', () => {
  const late = member('b', { lease_left_ms: 2400, shards_unserved: 5, shards_stray: 1 });
  assert.deepEqual(told(cluster([member('a'), late])), [
    'busy: b is late to renew its lease: 2.4 s are left',
    'busy: b owns 5 shards that it does not serve (yet)',
    'busy: b serves 1 shard that it does not own (any more): it can commit nothing there',
  ]);
});

test('a member that drains tells what is left, then that it is done', () => {
  const drains = (left: number): Cluster =>
    cluster([member('a'), member('b', { phase: 'draining', shards_owned: left })]);
  assert.deepEqual(told(drains(2)), ['busy: b is draining: 2 shards are left']);
  assert.deepEqual(told(drains(0)),
    ['quiet: b is drained: it owns no shards, and may be stopped or resumed']);
  const all = cluster([member('a', { phase: 'draining' })], { rules: { members_min: 1,
    moves_max: 1, pins: {} } });
  assert.equal(told(all)[0], 'bad: * no member may own shards: all that live are draining');
});

test('leases, counts and links have a colour when they are not as they should be', () => {
  assert.deepEqual([null, 9000, 3999, 0, -5].map((ms) => words.lease(ms)), [
    { word: '–', tone: '' }, { word: '9 s', tone: '' }, { word: '4 s', tone: 'busy' },
    { word: 'over', tone: 'bad' }, { word: 'over', tone: 'bad' }]);
  assert.deepEqual([null, 0, 3].map((n) => words.rather0(n).tone), ['', '', 'busy']);
  const by = { name: 'a', incarnation: 1 };
  assert.equal(words.link(member('a'), by).word, 'itself');
  assert.equal(words.link(member('a', { incarnation: 2 }), by).word, '–');
  assert.equal(words.link(member('b', { reached: peer('b') }), by).word, '2/256 asks');
  const cut = member('b', { reached: peer('b', { connected: false }) });
  assert.deepEqual(words.link(cut, by), { word: 'not reached', tone: 'bad' });
  assert.deepEqual([words.standing(member('a')).word, words.standing(member('a', { alive: false,
    phase: 'draining' })).word], ['Up', 'Dead']);
});

test('a member tells whom it reaches, and its link what went wrong', () => {
  const peers = [peer('b'), peer('c', { connected: false }), peer('d', { round_trip_ms: null })];
  assert.equal(words.reaches(member('a', { report: report('a', { peers }) })),
    'Reaches b in 400 µs, not c, d.');
  assert.equal(words.reaches(member('a', { report: null })), '');
  const note = (told: Partial<PeerState>): string =>
    words.linkNote(member('b', { reached: peer('b', told) }), '2026-11-21T12:00:09Z');
  assert.equal(note({}), '');
  assert.equal(note({ last_error: 'refused' }), 'Reached for 9 s; before that: refused.');
  assert.equal(note({ last_error: 'refused', connected: false }), 'Not reached for 9 s: refused.');
});

test('sentences of the node begin with a capital unless a name does', () => {
  assert.equal(words.sentence('its owner b is dead: a claims it'),
    'Its owner b is dead: a claims it.');
  assert.deepEqual(['node-a keeps it', 'it moves', 'item moves', 'nobody owns it', 'no member may']
    .map(words.sentence), ['node-a keeps it.', 'It moves.', 'item moves.', 'Nobody owns it.',
    'No member may.']);
  assert.equal(words.sentence('the database is away: this is what a saw last'),
    'The database is away: this is what a saw last.');
  assert.deepEqual([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(words.listed),
    ['', 'a', 'a and b', 'a, b and c']);
});

test('an order says what it does to this member', () => {
  const { rules } = cluster([member('a')]);
  assert.match(words.effect('drain', member('b'), { rules }), /^It gives its 4 shards to the/);
  assert.match(words.effect('drain', member('b', { shards_owned: 0 }), { rules }),
    /^It serves on, and owns none until it is resumed/);
  assert.match(words.effect('drain', member('b', { alive: false }), { rules }), /^It is dead/);
  assert.match(words.effect('resume', member('b'), { rules }), /at most 16 shards at a time/);
  assert.equal(turned({ audit_id: '9', path: 'nodes/b', action: 'drain' }),
    'Draining of b was ordered; audit entry 9.');
});

test('moves of one go are one line, also when those of others lie between', () => {
  const moves = [move('a', 9, 0), move('b', 8, 10), move('a', 7, 900, { took_ms: 40 }),
    move('b', 3, 1000, { why: 'b gave it up' }), move('a', 6, 9000)];
  const lines = grouped(moves, 9).map(({ node, which, numbers, tookMs }) =>
    `${node} ${which} [${numbers}] ${tookMs}`);
  assert.deepEqual(lines, ['a 2 shards [7, 9] 40', 'b shard 8 [] 12', 'b shard 3 [] 12',
    'a shard 6 [] 12']);
  assert.equal(grouped(moves, 2).length, 2);
});

test('neighbours alike are one line however long they took, and a line keeps its key', () => {
  const older = [move('a', 1, 9000), move('a', 2, 60_000)];
  const [before] = grouped(older, 9);
  const [after] = grouped([move('a', 5, 8000), ...older], 9);
  assert.equal(before?.which, '2 shards');
  assert.equal(after?.numbers, '1, 2, 5');
  assert.equal(after?.key, before?.key);
});

test('the state of the questions is told with the age of the last answer', () => {
  const answer = cluster([member('a')]);
  const now = 1_000_000;
  const tell = (heardAt: number, problem: unknown, picture: Cluster | null = answer): string =>
    linkWords({ answer: picture, heardAt, problem }, now).text;
  assert.equal(tell(now - 900, null), 'Live');
  assert.equal(tell(now - 900, new Error('busy')), 'Live');
  assert.equal(tell(now - STALE_MS - 2000, null), 'Waiting for the node. This is 8 s old.');
  assert.equal(tell(now - STALE_MS - 2000, new Error('gone')),
    'The node does not tell; asking again. This is 8 s old.');
  assert.equal(tell(0, null, null), 'Asking…');
  assert.equal(tell(0, new Error('gone'), null), 'The node does not tell; asking again.');
  assert.equal(tell(now, null, { ...answer, stale: 'the database is away' }),
    'Live, but old by its own word');
});

test('a node keeps its colour when others come before it', () => {
  const palette = new Palette();
  palette.meet(['c', 'b']);
  palette.meet(['a', 'b', 'c']);
  assert.deepEqual(['b', 'c', 'a'].map((name) => palette.of(name)), [0, 1, 2]);
});

test('an id is one part of the address, whatever is in it', () => {
  assert.equal(routeAddress('../x?y', 'viewer'), 'route/..%2Fx%3Fy?kind=viewer');
});

test('the address chooses a tab, and a place on the page none', () => {
  const names = ['actors', 'cluster'];
  const chosen = [tabAddress('cluster'), '', '#actor=encode/pool', '#tab=strange', '#main']
    .map((hash) => tabIn(hash, names));
  assert.deepEqual(chosen, [1, 0, 0, 0, null]);
});

test('the examples of the API\'s description read as they should', () => {
  const { paths } = JSON.parse(readFileSync('../gateway/openapi.json', 'utf8'));
  const example = <T>(path: string): T =>
    paths[`/admin/api/${path}`].get.responses[200].content['application/json'].example as T;
  const picture = example<Cluster>('cluster');
  assert.deepEqual(told(picture), ['bad: node-b tells nothing: no answer within 2.5 s',
    'busy: node-b is late to renew its lease: 1.2 s are left']);
  assert.deepEqual(grouped(picture.recent_moves, 9).map(({ node, which }) => [node, which]),
    [['node-a', 'shard 7']]);
  const [seven] = example<ShardPage>('shards').shards;
  assert.equal(seven && label(seven),
    'Shard 7 of node-a, epoch 9: it is pinned to node-b: node-a gives it to node-b');
  const route = example<Route>('route/{content_id}');
  assert.equal(words.WAYS[route.way].word, 'Sent on');
  assert.equal(route.link && words.underWay(route.link), '2/256 asks');
});
