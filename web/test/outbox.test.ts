// The events that wait for the node: their numbers, their bound, and what outlives the page.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Outbox } from '../src/playback/outbox';
import { SESSIONS_MAX, forget, leftovers, save, type Shelf } from '../src/playback/stored';
import type { EventName, Happening } from '../src/playback/types';

const happening = (event: EventName, position_s = 0): Happening =>
  ({ event, position_s, at_ms: 1_000_000 + position_s * 1000 });
const names = (outbox: Outbox): string[] => outbox.waiting.map(({ event }) => event);

test('events are numbered when they are first sent, and keep their numbers', () => {
  const outbox = new Outbox();
  outbox.push(happening('start'));
  outbox.push(happening('heartbeat', 10));
  const first = outbox.batch(0);
  assert.deepEqual(first.map(({ seq }) => seq), [0, 1]);
  outbox.push(happening('pause', 12));
  assert.deepEqual(outbox.batch(0).map(({ seq }) => seq), [0, 1, 2]);
  outbox.acknowledge(first);
  assert.deepEqual(outbox.batch(0).map(({ seq, event }) => [seq, event]), [[2, 'pause']]);
});

test('an event carries the time of the node, not of this browser', () => {
  const outbox = new Outbox();
  outbox.push({ event: 'start', position_s: 0, at_ms: Date.parse('2026-01-01T10:00:00Z') });
  const [sent] = outbox.batch(-90_000);
  assert.equal(sent?.at, '2026-01-01T09:58:30.000Z');
  assert.equal('at_ms' in (sent ?? {}), false);
});

test('past the bound every second heartbeat in the middle goes, what the viewer did stays', () => {
  const outbox = new Outbox(12);
  outbox.push(happening('start'));
  for (let i = 1; i <= 10; i += 1) outbox.push(happening('heartbeat', i * 10));
  outbox.push(happening('seek', 300));
  assert.equal(outbox.size, 12);
  outbox.push(happening('pause', 301));
  const beats = outbox.waiting.filter(({ event }) => event === 'heartbeat');
  assert.deepEqual(beats.map(({ position_s }) => position_s), [10, 30, 50, 70, 90, 100]);
  assert.deepEqual(names(outbox).filter((name) => name !== 'heartbeat'),
    ['start', 'seek', 'pause']);
  assert.equal(outbox.dropped, 4);
  assert.deepEqual(outbox.batch(0).map(({ seq }) => seq), [...Array(9).keys()], 'no gap');
});

test('an hour and a half of an absent node fits, and what is dropped is never what was sent', () => {
  const outbox = new Outbox(20);
  outbox.push(happening('start'));
  outbox.batch(0);
  for (let i = 1; i < 500; i += 1) outbox.push(happening(i % 7 ? 'heartbeat' : 'pause', i));
  assert.ok(outbox.size <= 20);
  assert.equal(outbox.waiting[0]?.event, 'start');
  assert.equal(outbox.waiting.at(-1)?.position_s, 499);
});

test('what is stored has the numbers that would be sent, and fixes none', () => {
  const outbox = new Outbox();
  outbox.push(happening('start'));
  outbox.batch(0);
  outbox.push(happening('pause', 3));
  assert.deepEqual(outbox.peek(0).map(({ seq }) => seq), [0, 1]);
  assert.deepEqual(outbox.peek(0), outbox.batch(0));
});

function memory(): Shelf {
  const map = new Map<string, string>();
  return {
    get length() {
      return map.size;
    },
    key: (at) => [...map.keys()][at] ?? null,
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
    removeItem: (key) => void map.delete(key),
  };
}
const sent = (seq: number, at: string): ReturnType<Outbox['batch']>[number] =>
  ({ seq, event: 'heartbeat', position_s: 1, at });
const NOW = Date.parse('2026-01-02T00:00:00Z');

test('only what a page has left behind is taken up, and nothing the node would find too old', () => {
  const shelf = memory();
  save(shelf, 'alive', [sent(0, '2026-01-01T23:59:00Z')], false, NOW - 10_000);
  save(shelf, 'crashed', [sent(0, '2026-01-01T23:00:00Z')], false, NOW - 3_600_000);
  save(shelf, 'left', [sent(0, '2025-12-31T23:59:00Z'), sent(1, '2026-01-01T23:59:00Z')], true,
    NOW - 1000);
  const left = leftovers(shelf, NOW);
  assert.deepEqual(left.map(({ sessionId }) => sessionId).sort(), ['crashed', 'left']);
  const second = left.find(({ sessionId }) => sessionId === 'left');
  assert.deepEqual(second?.events.map(({ seq }) => seq), [1]);
  forget(shelf, 'left');
  assert.equal(leftovers(shelf, NOW).length, 1);
});

test('a few sessions are kept, the oldest goes; what is no record of ours is cleared away', () => {
  const shelf = memory();
  shelf.setItem('playhouse.playback.broken', '{');
  for (let i = 0; i < SESSIONS_MAX + 3; i += 1) {
    save(shelf, `s${i}`, [sent(0, '2026-01-01T23:59:00Z')], true, NOW + i);
  }
  assert.equal(leftovers(shelf, NOW + 100).length, SESSIONS_MAX);
  assert.equal(shelf.getItem('playhouse.playback.broken'), null);
  assert.equal(shelf.getItem('playhouse.playback.s0'), null);
  save(shelf, 's7', [], true, NOW);
  assert.equal(shelf.getItem('playhouse.playback.s7'), null);
});
