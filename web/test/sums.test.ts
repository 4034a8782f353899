// What the node adds up, made ready for charts.

import assert from 'node:assert/strict';
import test from 'node:test';
import { METRICS, countryWords, filled, shares } from '../src/insights/sums';
import type { Analytics, SumPoint } from '../src/insights/sums';

function point(at: string, more: Partial<SumPoint> = {}): SumPoint {
  return { at, views: 1, sessions: 1, watch_time_s: 10,
    startup: { count: 0, mean_s: null, histogram: [] }, stalls: 0, stalled_s: 0,
    stall_ratio: null, bitrate_bps: null, errors: 0, ...more };
}

function told(by: Analytics['by'], points: SumPoint[]): Analytics {
  return { content_id: 'c', from: '2026-01-01T00:30:00Z', to: '2026-01-01T04:00:00Z', by,
    split: null, points };
}

test('points that the node left out are there and empty', () => {
  const points = filled(told('hour', [point('2026-01-01T02:00:00Z')]));
  assert.deepEqual(points.map(({ at, point: it }) => [new Date(at).getUTCHours(), it !== null]),
    [[0, false], [1, false], [2, true], [3, false]]);
});

test('a span of years does not fill the memory', () => {
  const years = { ...told('minute', []), from: '2020-01-01T00:00:00Z' };
  assert.equal(filled(years).length, 1_000);
});

test('shares add up to one, and small ones are told together', () => {
  const points = ['NG', 'NG', 'DE', 'BR', 'ZZ'].map((country) =>
    point('2026-01-01T02:00:00Z', { country }));
  const rows = shares(told('total', points), 2);
  assert.deepEqual(rows.map((row) => [row.of, row.views, row.share]),
    [['NG', 2, 0.4], ['BR', 1, 0.2], ['', 2, 0.4]]);
  assert.deepEqual(shares(told('total', []), 2), []);
});

test('what was not measured is drawn as nothing', () => {
  for (const metric of Object.values(METRICS)) {
    assert.equal(metric.of(point('2026-01-01T02:00:00Z')), 0);
  }
});

test('countries have names', () => {
  assert.equal(countryWords('NG'), 'Nigeria');
  assert.equal(countryWords('ZZ'), 'Unknown');
  assert.equal(countryWords(''), 'All others');
});
