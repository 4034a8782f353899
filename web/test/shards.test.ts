// A shard in its cell and in words, runs of numbers, and how the arrows go through the picture.

import assert from 'node:assert/strict';
import test from 'node:test';
import { byOwner, displaced, facts, label, marks, ranges, stepTo } from '../src/cluster/shards';
import { shard } from './cluster';

const colour = (name: string): number => name.charCodeAt(0) - 97;
const to = (name: string): { desired: string; to_move: boolean; why: string } =>
  ({ desired: name, to_move: true, why: `a drains: it gives it to ${name}` });
const orphan = { owner: { name: 'c', incarnation: 2 }, owner_lives: false, desired: 'b',
  why: 'its owner c is dead: b claims it' };

test('a cell shows whose it is, where it goes, and that it is pinned', () => {
  assert.equal(marks(shard(1), colour), 'cell hue-0');
  assert.equal(marks(shard(1, to('b')), colour), 'cell hue-0 to-1');
  assert.equal(marks(shard(1, orphan), colour), 'cell hue-2 is-free');
  assert.equal(marks(shard(1, { owner: null, owner_lives: false }), colour), 'cell is-free');
  assert.equal(marks(shard(1, { pin: { zone: 'z1' } }), colour), 'cell hue-0 is-pinned');
});

test('the words of a cell say the same', () => {
  assert.equal(label(shard(7)), 'Shard 7 of a, epoch 9: it is where it should be');
  assert.equal(label(shard(7, orphan)),
    'Shard 7 of c, which is dead, epoch 9: its owner c is dead: b claims it');
  assert.equal(label(shard(7, { owner: null, owner_lives: false, why: 'nobody owns it' })),
    'Shard 7 of nobody, epoch 9: nobody owns it');
  assert.deepEqual(facts(shard(7, { ...orphan, pin: { zone: 'z1' } })), [['Owner',
    'c, life 2 (dead)'], ['Should be at', 'b'], ['Epoch', '9'],
    ['Pinned to', 'any node of the zone z1']]);
});

test('shards that are not where they should be are told by why, those that wait first', () => {
  const all = [shard(0), shard(1, to('b')), shard(2, to('b')), shard(3, orphan), shard(4)];
  assert.deepEqual(displaced(all), [
    { why: orphan.why, count: 1, numbers: '3', free: true },
    { why: 'a drains: it gives it to b', count: 2, numbers: '1, 2', free: false },
  ]);
});

test('numbers are told as runs, and what is too much as a count', () => {
  assert.equal(ranges([], 3), '');
  assert.equal(ranges([9, 3, 4, 5, 7, 8], 3), '3–5, 7–9');
  assert.equal(ranges([1, 2, 4, 6, 7, 8], 2), '1, 2, 4 and 3 more');
  assert.equal(ranges([1, 2, 4], Infinity), '1, 2, 4');
});

test('owners have their shards, and nobody has the rest', () => {
  const all = [shard(0), shard(1, orphan), shard(2, { owner: null }), shard(3)];
  assert.deepEqual([...byOwner(all)], [['a', [0, 3]], ['c', [1]], [null, [2]]]);
});

test('arrows stay within the picture', () => {
  const go = (key: string, at: number): number | null => stepTo(key, at, 4, 10);
  assert.deepEqual(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End', 'x']
    .map((key) => go(key, 5)), [4, 6, 1, 9, 0, 9, null]);
  assert.deepEqual([go('ArrowLeft', 0), go('ArrowUp', 2), go('ArrowDown', 7), go('ArrowRight', 9)],
    [0, 2, 7, 9]);
  assert.deepEqual(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End']
    .map((key) => go(key, -1)), [0, 0, 0, 0, 0, 9]);
});
