// The player's decisions: keys, speeds, storyboard tiles, quality names.

import assert from 'node:assert/strict';
import test from 'node:test';
import { actionFor, stepSpeed } from '../src/lib/keys';
import { isGrowing, qualityName, withProgress } from '../src/lib/renditions';
import { tileAt } from '../src/lib/storyboard';
import type { Content, Rendition } from '../src/lib/types';

test('keys do what players do', () => {
  assert.deepEqual(actionFor({ key: ' ' }, 'page'), { do: 'toggle' });
  assert.deepEqual(actionFor({ key: 'K' }, 'page'), { do: 'toggle' });
  assert.deepEqual(actionFor({ key: 'j' }, 'button'), { do: 'seekBy', seconds: -10 });
  assert.deepEqual(actionFor({ key: '7' }, 'page'), { do: 'seekTo', fraction: 0.7 });
  assert.deepEqual(actionFor({ key: '<' }, 'page'), { do: 'speedBy', steps: -1 });
  assert.equal(actionFor({ key: 'x' }, 'page'), null);
});

test('keys that belong to a field, a button, a menu or the browser stay theirs', () => {
  assert.equal(actionFor({ key: 'k' }, 'text'), null);
  assert.equal(actionFor({ key: ' ' }, 'button'), null);
  assert.equal(actionFor({ key: 'ArrowUp' }, 'menu'), null);
  assert.equal(actionFor({ key: 'f', ctrlKey: true }, 'page'), null);
});

test('speed goes in steps and stops at the ends', () => {
  assert.equal(stepSpeed(1, 1), 1.25);
  assert.equal(stepSpeed(0.25, -1), 0.25);
  assert.equal(stepSpeed(2, 1), 2);
});

test('the storyboard tile of a time, the last one for what is beyond', () => {
  const board = { url: '', columns: 4, rows: 3, tile_width: 160, tile_height: 90, interval_s: 2 };
  assert.deepEqual(tileAt(board, 0), { x: 0, y: 0 });
  assert.deepEqual(tileAt(board, 11), { x: 160, y: 90 });
  assert.deepEqual(tileAt(board, 999), { x: 480, y: 180 });
});

const rung = (name: string, state: Rendition['state'], progress: number): Rendition => ({
  name, state, progress, kind: 'video', attempts: 0, width: 640, height: 272,
});
const content = (renditions: Rendition[]): Content => ({
  id: '', title: '', description: '', kind: 'video', status: 'published', duration_s: 1,
  created_at: '', published_at: null, renditions, hls: null, dash: null, thumbnails: [],
  storyboard: null, blocked_reason: null, owner_is_me: false,
});

test('progress moves what runs, never back, and never what has ended', () => {
  const before = content([rung('a', 'complete', 1), rung('b', 'encoding', 0.5),
    rung('c', 'waiting', 0)]);
  const after = withProgress(before, { renditions: ['a', 'b', 'c'], progress: 0.4 });
  assert.deepEqual(after.renditions.map((r) => [r.state, r.progress]),
    [['complete', 1], ['encoding', 0.5], ['encoding', 0.4]]);
});

test('a content grows until its last rendition has ended, one way or the other', () => {
  assert.equal(isGrowing(content([rung('a', 'complete', 1), rung('b', 'failed', 0.2)])), false);
  assert.equal(isGrowing(content([rung('a', 'complete', 1), rung('b', 'waiting', 0)])), true);
});

test('a quality has its rendition’s name, whatever the shape of its picture', () => {
  const wide = { width: 640, height: 272, bitrate: 400_000 };
  assert.equal(qualityName(wide, [rung('360p', 'complete', 1)]), '360p');
  assert.equal(qualityName({ width: 720, height: 1280, bitrate: 1 }, []), '720p');
  assert.equal(qualityName({ width: 0, height: 0, bitrate: 128_000 }, []), '128 kbit/s');
});
