// What people read: times, sizes, dates.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as format from '../src/lib/format';

test('a clock shows hours only when there are some', () => {
  assert.equal(format.clock(0), '0:00');
  assert.equal(format.clock(7.9), '0:07');
  assert.equal(format.clock(723), '12:03');
  assert.equal(format.clock(3723), '1:02:03');
  assert.equal(format.clock(NaN), '0:00');
  assert.equal(format.clock(-3), '0:00');
});

test('a screen reader hears units, in singular and plural', () => {
  assert.equal(format.spokenTime(3662), '1 hour 1 minute 2 seconds');
  assert.equal(format.spokenTime(0), '0 seconds');
});

test('sizes keep two or three figures and never say 1000 of a unit', () => {
  assert.equal(format.bytes(0), '0 B');
  assert.equal(format.bytes(999), '999 B');
  assert.equal(format.bytes(1500), '1.5 kB');
  assert.equal(format.bytes(999_900), '1.0 MB');
  assert.equal(format.bytes(20_000_000_000), '20 GB');
});

test('time left is rough when it is long', () => {
  assert.equal(format.timeLeft(null), '');
  assert.equal(format.timeLeft(0.2), '1 s');
  assert.equal(format.timeLeft(59), '59 s');
  assert.equal(format.timeLeft(190), 'about 3 min');
  assert.equal(format.timeLeft(5400), 'about 1.5 h');
});

test('dates are told from now', () => {
  const now = Date.parse('2026-06-10T12:00:00Z');
  assert.equal(format.relativeDate('2026-06-10T11:59:30Z', now), 'just now');
  assert.equal(format.relativeDate('2026-06-10T09:00:00Z', now), '3 hours ago');
  assert.equal(format.relativeDate('2026-06-09T11:00:00Z', now), 'yesterday');
  assert.equal(format.relativeDate('2026-06-11T11:00:00Z', now), 'just now');
  assert.equal(format.relativeDate('nonsense', now), '');
});

test('per cent says 100 only when all is done', () => {
  assert.equal(format.percent(0.999), 99);
  assert.equal(format.percent(1), 100);
  assert.equal(format.percent(NaN), 0);
});

test('a file name becomes a title', () => {
  assert.equal(format.titleFromFilename('my_summer film.final.mp4'), 'my summer film.final');
  assert.equal(format.titleFromFilename('.mp4'), '.mp4');
});

test('bit rates', () => {
  assert.equal(format.bitrate(64_000), '64 kbit/s');
  assert.equal(format.bitrate(2_500_000), '2.5 Mbit/s');
});
