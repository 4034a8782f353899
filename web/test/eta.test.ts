// Speed and time left of an upload.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Speedometer } from '../src/lib/eta';

test('nothing is claimed before half a second is known', () => {
  const meter = new Speedometer();
  meter.note(0, 0);
  meter.note(300, 1000);
  assert.equal(meter.speed(), null);
  assert.equal(meter.left(5000), null);
});

test('a steady megabyte a second', () => {
  const meter = new Speedometer();
  for (let s = 0; s <= 5; s += 1) meter.note(s * 1000, s * 1e6);
  assert.equal(meter.speed(), 1e6);
  assert.equal(meter.left(15e6), 10);
});

test('it follows the network: what is older than the window is forgotten', () => {
  const meter = new Speedometer();
  for (let s = 0; s <= 10; s += 1) meter.note(s * 1000, s * 1e6);
  for (let s = 11; s <= 25; s += 1) meter.note(s * 1000, 10e6 + (s - 10) * 1e5);
  assert.equal(Math.round(meter.speed() ?? 0), 1e5);
});

test('bytes lost with a connection start it anew, and a stall gives no time left', () => {
  const meter = new Speedometer();
  meter.note(0, 0);
  meter.note(1000, 5e6);
  meter.note(2000, 4e6);
  assert.equal(meter.speed(), null);
  meter.note(4000, 4e6);
  assert.equal(meter.speed(), 0);
  assert.equal(meter.left(9e6), null);
});
