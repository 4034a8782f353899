// What the inspector tells of numbers: rates, curves, durations, who needs attention, addresses.

import assert from 'node:assert/strict';
import test from 'node:test';
import { actorAddress, fragmentOf, search, selectedIn } from '../src/admin/client';
import { Turns } from '../src/admin/turns';
import { fromHistory, Rates, SAMPLES_MAX } from '../src/admin/rates';
import { area, curve } from '../src/admin/sparkline';
import { linkWords } from '../src/admin/summary';
import { troubles } from '../src/admin/trouble';
import * as words from '../src/admin/words';
import type { ActorView } from '../src/admin/types';
import { actor } from './actors';

test('durations keep two units at most', () => {
  const told = [null, 0, 0.000_08, 0.012, 0.9996, 3.44, 9.96, 59.6, 250, 7500, 266_400];
  assert.deepEqual(told.map(words.duration), ['–', '0 s', '80 µs', '12 ms', '1 s', '3.4 s',
    '10 s', '1 min', '4 min 10 s', '2 h 5 min', '3 d 2 h']);
});

test('counts, rates and shares fit their columns', () => {
  assert.deepEqual([0, 9999, 12_345, 1_250_000].map(words.count), ['0', '9,999', '12.3K', '1.3M']);
  assert.deepEqual([null, 0, 0.01, 0.44, 12.4, 12_345].map(words.rate),
    ['–', '0', '<0.1', '0.4', '12', '12.3K']);
  assert.deepEqual([null, 0, 0.001, 0.37, 2.4].map(words.share),
    ['–', '0 %', '<1 %', '37 %', '240 %']);
});

test('a long id keeps its end, a short name stays whole', () => {
  assert.deepEqual(words.split('bridge'), ['bridge', '']);
  assert.deepEqual(words.split('0190b5a0-0000-7000-8000-000000000042'),
    ['0190b5a0-0000-7000-8000-0000', '00000042']);
});

test('the node and kinds take no orders; every other role says what an order does', () => {
  for (const role of ['node', 'kind'] as const) assert.equal(words.effect('restart', role), null);
  for (const role of ['supervisor', 'service', 'task', 'entity'] as const) {
    assert.ok(words.effect('restart', role) && words.effect('stop', role), role);
  }
});

test('rates come from two looks, and a new life starts them anew', () => {
  const rates = new Rates();
  const look = (at: number, told: Partial<ActorView>): void =>
    rates.note(actor('a', told), at * 1000);
  look(0, { handled: 100, busy_s: 5 });

test('a start that is told a little differently each time is the same life', () => {
  const rates = new Rates();
  rates.note(actor('a', { handled: 5, started_at: '2026-06-10T12:00:00.784972514Z' }), 0);
  rates.note(actor('a', { handled: 9, started_at: '2026-06-10T12:00:00.785679935Z' }), 1000);
  assert.equal(rates.of('a')?.perSecond, 4);
});
  assert.equal(rates.of('a')?.perSecond, null);
  look(0.2, { handled: 900 });
  look(2, { handled: 120, busy_s: 5.5, depth: 3 });
  assert.equal(rates.of('a')?.perSecond, 10);
  assert.equal(rates.of('a')?.busy, 0.25);
  look(3, { handled: 4, started_at: '2026-06-10T12:00:03Z' });
  look(4, { handled: 6, started_at: '2026-06-10T12:00:03Z' });
  assert.deepEqual(rates.of('a')?.handled, [10, 2]);
  assert.deepEqual(rates.of('a')?.depth, [0, 3, 0, 0]);
});

test('a handler that does not end counts as busy; only kinds exceed the whole', () => {
  const rates = new Rates();
  const current = (for_s: number) => ({ message: 'Encode', for_s, blocked: true });
  rates.note(actor('a', { current: current(10) }), 0);
  rates.note(actor('a', { current: current(12) }), 2000);
  rates.note(actor('k', { role: 'kind', busy_s: 0 }), 0);
  rates.note(actor('k', { role: 'kind', busy_s: 6 }), 2000);
  assert.equal(rates.of('a')?.busy, 1);
  assert.equal(rates.of('k')?.busy, 3);
});

test('samples are bounded, and those who are not shown are forgotten', () => {
  const rates = new Rates();
  for (let i = 0; i < 200; i += 1) rates.note(actor('a', { handled: i }), i * 1000);
  assert.equal(rates.of('a')?.handled.length, SAMPLES_MAX);
  rates.keep(new Set(['b']));
  assert.equal(rates.of('a'), null);
});

test('the samples of the node are counts per interval', () => {
  const trend = fromHistory({ every_s: 5, handled: [10, 0, 25], depth: [1, 0, 2],
    busy: [0, 0, 0.5] });
  assert.deepEqual(trend.handled, [2, 0, 5]);
  assert.equal(trend.perSecond, 5);
  assert.equal(trend.busy, 0.5);
});

test('a curve ends at the right edge; one sample is no curve', () => {
  assert.equal(curve([4], 3, 4), '');
  assert.equal(curve([0, 4], 3, 4), 'M50 22.5L100 1.5');
  assert.equal(curve([9, 0, 4, 0], 3, 4), 'M0 22.5L50 1.5L100 22.5');
  assert.equal(area([0, 4], 3, 4), 'M50 22.5L100 1.5L100 24L50 24Z');
});

const AT = Date.parse('2026-06-10T12:10:00Z');
const told = (views: ActorView[]): string[] =>
  troubles(views, AT).map(({ view, words: said }) => `${view.path} ${said}`);
const exit = (reason: string, at: string) => ({ reason, detail: 'no such row', at,
  trace_id: null });

test('the worst come first, with the message and for how long', () => {
  const views = [
    actor('fine'),
    actor('slow', { status: 'slow', current: { message: 'Flush', for_s: 42, blocked: false } }),
    actor('off', { status: 'backing_off', restarts: 3, restart_in_s: 3.2,
      last_exit: exit('panicked', '2026-06-10T12:09:58Z') }),
    actor('stuck', { status: 'stuck', depth: 5,
      current: { message: 'Encode', for_s: 187, blocked: true } }),
  ];
  assert.deepEqual(told(views), [
    'stuck has been stuck in Encode for 3 min 7 s and blocks its thread; 4 more messages wait',
    'off is backing off after 3 restarts, starts again in 4 s: panicked, no such row',
    'slow has been slow in Flush for 42 s',
  ]);
});

test('a task says what it does, since it has no messages', () => {
  const current = { message: 'waits for its worker', for_s: 4.3, blocked: false };
  assert.deepEqual(told([actor('t', { role: 'task', status: 'slow', current })]),
    ['t is slow: it waits for its worker, for 4.3 s now']);
});

test('a bad end is news for five minutes; an ordinary one never is', () => {
  assert.deepEqual(told([
    actor('new', { last_exit: exit('panicked', '2026-06-10T12:09:20Z') }),
    actor('old', { last_exit: exit('panicked', '2026-06-10T12:04:00Z') }),
    actor('moved', { last_exit: exit('fenced', '2026-06-10T12:09:20Z') }),
  ]), ['new panicked 40 s ago and runs again: no such row']);
});

test('a stopped service is missed, an ended entity is not', () => {
  assert.deepEqual(told([actor('s', { status: 'stopped' }),
    actor('e', { status: 'stopped', role: 'entity' })]), ['s is stopped']);
});

test('a kind is told only while none of its entities is found', () => {
  const kind = actor('entities/k', { role: 'kind', status: 'stuck', oldest_s: 12 });
  const one = actor('entities/k/1', { role: 'entity', parent: 'entities/k', status: 'stuck' });
  assert.deepEqual(told([kind]),
    ['entities/k has entities that are stuck; the oldest message waits for 12 s']);
  assert.deepEqual(told([kind, one]),
    ['entities/k/1 has been stuck and blocks its thread']);
});

test('the last look at an actor counts', () => {
  assert.deepEqual(told([actor('a', { status: 'slow' }), actor('a')]), []);
});

test('old numbers are called so', () => {
  assert.equal(linkWords({ link: 'live', heardAt: 1000 }, 2000).text, 'Live');
  assert.equal(linkWords({ link: 'live', heardAt: 1000 }, 13_000).text,
    'No news. These numbers are 12 s old.');
  assert.match(linkWords({ link: 'broken', heardAt: 1000 }, 21_000).text, /broken.*20 s old/);
});

test('addresses keep slashes and escape the rest', () => {
  assert.equal(actorAddress('entities/rendition/c 1/720p'),
    '/admin/api/actors/entities/rendition/c%201/720p');
  assert.equal(search({ under: 'encode/pool', depth: 1, sort: null, q: '' }),
    '?under=encode%2Fpool&depth=1');
  for (const path of ['', 'encode/pool', 'entities/x/a&b=c#d']) {
    assert.equal(selectedIn(fragmentOf(path)), path);
  }
  assert.equal(selectedIn('#main'), null);
});

test('no more than so many look at once, and all have their turn', async () => {
  const turns = new Turns(2);
  let [now, most] = [0, 0];
  const look = (n: number) => turns.take(async () => {
    now += 1;
    most = Math.max(most, now);
    await Promise.resolve();
    now -= 1;
    if (n === 1) throw new Error('refused');
    return n;
  });
  const told = await Promise.allSettled([0, 1, 2, 3, 4].map(look));
  assert.deepEqual(told.map(({ status }) => status === 'fulfilled'),
    [true, false, true, true, true]);
  assert.equal(most, 2);
});
