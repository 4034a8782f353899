// What the player tells of itself: its device, its stream, where it resumes.

import assert from 'node:assert/strict';
import test from 'node:test';
import { counted, shortCount, span } from '../src/lib/format';
import { resumePoint } from '../src/lib/resume';
import { cmcdOf } from '../src/playback/cmcd';
import { describe } from '../src/playback/device';

const check = (agent: string, name: string, kind: string, touch = false): void =>
  assert.deepEqual(describe(agent, touch), { name, kind });

test('a device is called what its owner would call it', () => {
  check('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    'Firefox on Linux', 'desktop');
  check('Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) ' +
    'Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0', 'Edge on Windows', 'desktop');
  check('Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) ' +
    'Chrome/140.0.0.0 Mobile Safari/537.36', 'Chrome on Android', 'mobile', true);
  check('Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, ' +
    'like Gecko) Version/18.0 Mobile/15E148 Safari/604.1', 'Safari on iPhone', 'mobile', true);
  const mac = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like ' +
    'Gecko) Version/18.0 Safari/605.1.15';
  check(mac, 'Safari on macOS', 'desktop');
  check(mac, 'Safari on iPad', 'tablet', true);
  check('Mozilla/5.0 (SMART-TV; Linux; Tizen 8.0) AppleWebKit/537.36 (KHTML, like Gecko) ' +
    'SamsungBrowser/7.0 Chrome/108.0 TV Safari/537.36', 'Samsung Internet on TV', 'tv');
  check('curl/8', 'Browser', 'other');
});

test('CMCD keys have the units and roundings of CTA-5004; the unknown is left out', () => {
  const state = { contentId: 'c', sessionId: 's', audioOnly: false, bitrateBps: 812_345,
    topBitrateBps: 2_500_000, throughputBps: 5_432_100, bufferedS: 12.34, segmentS: 6,
    starved: true };
  assert.deepEqual(cmcdOf(state), { ot: 'v', st: 'v', sf: 'h', cid: 'c', sid: 's', br: 812,
    tb: 2500, mtp: 5400, bl: 12_300, d: 6000, bs: true });
  const nothing = { ...state, sessionId: null, audioOnly: true, bitrateBps: 0, topBitrateBps: 0,
    throughputBps: NaN, bufferedS: 0, segmentS: 0, starved: false };
  assert.deepEqual(cmcdOf(nothing), { ot: 'a', st: 'v', sf: 'h', cid: 'c', bl: 0 });
});

test('playback resumes where it stopped, but for the first seconds and the credits', () => {
  assert.equal(resumePoint(83, 600), 83);
  assert.equal(resumePoint(4.9, 600), null);
  assert.equal(resumePoint(571, 600), null);
  assert.equal(resumePoint(83, null), 83);
  assert.equal(resumePoint(null, 600), null);
});

test('numbers of people and hours are short where room is, and never odd', () => {
  assert.equal(counted(1, 'view'), '1 view');
  assert.equal(counted(1234, 'view'), '1,234 views');
  assert.equal(counted(1234, 'view', shortCount), '1.2K views');
  assert.equal(span(45), '45 s');
  assert.equal(span(750), '13 min');
  assert.equal(span(12_240), '3.4 h');
  assert.equal(span(4_500_000), '1,250 h');
  assert.equal(span(NaN), '0 s');
});
