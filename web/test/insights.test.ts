// The axes of the creator's page, and the words for codes.

import assert from 'node:assert/strict';
import test from 'node:test';
import { bucketWords, positionTicks, timeTicks, valueTicks } from '../src/insights/scale';
import { refusalWords } from '../src/insights/words';

test('an axis goes from zero to a round number that nothing passes', () => {
  assert.deepEqual(valueTicks(0, 4), [0, 1]);
  assert.deepEqual(valueTicks(3, 4), [0, 1, 2, 3]);
  assert.deepEqual(valueTicks(37, 4), [0, 10, 20, 30, 40]);
  assert.deepEqual(valueTicks(1840, 4), [0, 500, 1000, 1500, 2000]);
  assert.deepEqual(valueTicks(1, 4, false), [0, 0.25, 0.5, 0.75, 1]);
  assert.deepEqual(valueTicks(1.3, 4, false), [0, 0.5, 1, 1.5]);
  for (let n = 0; n < 5000; n += 7) {
    const ticks = valueTicks(n, 4);
    assert.ok((ticks.at(-1) ?? 0) >= n && ticks.length <= 7, `${n}: ${ticks.join()}`);
  }
});

test('times are marked at whole local hours, whatever the zone', () => {
  const from = Date.parse('2026-03-01T10:20:00Z');
  const to = from + 6 * 3_600_000;
  const hours = (zone: number): string[] =>
    timeTicks(from, to, 8, zone).map((at) => new Date(at + zone).toISOString().slice(11, 16));
  assert.deepEqual(hours(0), ['11:00', '12:00', '13:00', '14:00', '15:00', '16:00']);
  // Half an hour beside the full one, as in India.
  assert.deepEqual(hours(19_800_000), ['16:00', '17:00', '18:00', '19:00', '20:00', '21:00']);
  assert.ok(timeTicks(from, from + 604_800_000, 8, 0).length <= 8);
  assert.deepEqual(timeTicks(from, from, 8, 0).length <= 1, true);
});

test('positions are marked at round times of the content', () => {
  assert.deepEqual(positionTicks(24, 8), [0, 5, 10, 15, 20]);
  assert.deepEqual(positionTicks(596, 4), [0, 300]);
  assert.deepEqual(positionTicks(5400, 4), [0, 1800, 3600, 5400]);
});

test('a bucket has the name of its length', () => {
  assert.equal(bucketWords(60), 'minute');
  assert.equal(bucketWords(240), '4 minutes');
  assert.equal(bucketWords(3600), 'hour');
  assert.equal(bucketWords(90), '90 seconds');
});

test('a reason that nobody has put into words is still shown', () => {
  assert.match(refusalWords('repeated'), /counted for this hour/);
  assert.equal(refusalWords('brand_new'), 'brand new');
});
