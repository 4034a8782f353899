// Sending with a node that answers, stays away, forgets, refuses: the network and the wait are
// played, so no test takes time.

import assert from 'node:assert/strict';
import test from 'node:test';
import { sendLeftovers } from '../src/playback/backlog';
import { Sender, type Opening, type Ports } from '../src/playback/sender';
import type { Happening, Opened, Receipt, SentEvent } from '../src/playback/types';
import { clockOffsetMs, judge, retryAfterMs, type Answer } from '../src/playback/verdict';

const opened = (session_id: string): Opened => ({ session_id, resume_position_s: 0,
  heartbeat_interval_s: 10, timeout_s: 60, server_time: '2026-01-01T00:00:00Z' });
const open = (id: string): Opening => ({ is: 'open', opened: opened(id), offsetMs: 0 });
const answer = (status: number, retryAfterMs: number | null = null): Answer =>
  ({ status, retryAfterMs, receipt: null });
const taken = (accepted: number, refused: Receipt['refused'] = []): Answer => ({ status: 202,
  retryAfterMs: null, receipt: { accepted, duplicates: 0, refused, view: 'pending' } });
const beat = (position_s: number, playing = true): Happening =>
  ({ event: 'heartbeat', position_s, at_ms: position_s * 1000, playing });
const START: Happening = { event: 'start', position_s: 0, at_ms: 0 };

/** A node that gives these answers in order, and a record of all that it was asked. */
function node(openings: Opening[], answers: (Answer | ((events: SentEvent[]) => Answer))[]) {
  const log: string[] = [];
  const sent: { id: string; events: SentEvent[] }[] = [];
  let busy = 0;
  const ports: Ports = {
    open: async () => {
      log.push('open');
      return openings.shift() ?? { is: 'refused' };
    },
    send: async (id, events) => {
      assert.equal((busy += 1), 1, 'one batch at a time');
      sent.push({ id, events });
      log.push(`${id}:${events.map(({ seq }) => seq).join(',')}`);
      await Promise.resolve();
      busy -= 1;
      const next = answers.shift() ?? taken(events.length);
      return typeof next === 'function' ? next(events) : next;
    },
    wait: async (ms) => void log.push(`wait ${ms}`),
    random: () => 1,
  };
  return { ports, log, sent };
}
const settled = async (): Promise<void> => {
  for (let i = 0; i < 60; i += 1) await Promise.resolve();
};
const quiet = { opened: () => undefined, limited: () => undefined };

test('what happens before the session is open is sent when it is', async () => {
  const { ports, log } = node([{ is: 'away', answer: answer(503, 3000) }, open('a')], []);
  const sender = new Sender(ports, quiet);
  sender.start();
  sender.record(START);
  await settled();
  assert.deepEqual(log, ['open', 'wait 3000', 'open', 'a:0']);
});

test('503 and a lost connection keep the events; the wait is what is asked for, or doubles', async () => {
  const { ports, log } = node([open('a')], [answer(503, 7000), answer(0), answer(0), taken(2)]);
  const sender = new Sender(ports, quiet);
  sender.start();
  sender.record(START);
  sender.record(beat(10));
  await settled();
  assert.deepEqual(log, ['open', 'a:0,1', 'wait 7000', 'a:0,1', 'wait 1000', 'a:0,1', 'wait 2000',
    'a:0,1']);
  assert.equal(sender.outbox.size, 0);
});

test('a session that is forgotten is followed by another, with the events not taken', async () => {
  const { ports, log, sent } = node([open('a'), open('b')], [taken(1), answer(404)]);
  const sender = new Sender(ports, quiet);
  sender.start();
  sender.record(START);
  await settled();
  sender.record(beat(40));
  await settled();
  assert.deepEqual(log, ['open', 'a:0', 'a:1', 'open', 'b:0,1']);
  assert.deepEqual(sent.at(-1)?.events.map(({ event, position_s }) => [event, position_s]),
    [['start', 40], ['heartbeat', 40]]);
});

test('a paused player whose session has ended opens another only when it plays again', async () => {
  const { ports, log, sent } = node([open('a'), open('b')],
    [taken(1), taken(0, [{ seq: 1, reason: 'after_end' }])]);
  const sender = new Sender(ports, quiet);
  sender.start();
  sender.record(START);
  await settled();
  sender.record(beat(12, false));
  await settled();
  assert.deepEqual(log, ['open', 'a:0', 'a:1'], 'nobody watches, so nothing is opened');
  sender.record({ event: 'play', position_s: 12, at_ms: 500 });
  await settled();
  assert.deepEqual(log.slice(3), ['open', 'b:0']);
  assert.equal(sent.at(-1)?.events[0]?.event, 'play');
});

test('playing again after the end is told to the session that follows', async () => {
  const { ports, sent } = node([open('a'), open('b')],
    [taken(2), (events) => taken(0, events.map(({ seq }) => ({ seq, reason: 'after_end' })))]);
  const sender = new Sender(ports, quiet);
  sender.start();
  sender.record(START);
  sender.record({ event: 'end', position_s: 24, at_ms: 24_000 });
  await settled();
  sender.record({ event: 'seek', position_s: 0, from_position_s: 24, at_ms: 30_000 });
  sender.record({ event: 'play', position_s: 0, at_ms: 30_100 });
  await settled();
  const last = sent.filter(({ id }) => id === 'b').flatMap(({ events }) => events);
  assert.deepEqual(last.map(({ seq, event }) => [seq, event]), [[0, 'start'], [1, 'play']]);
});

test('a node that forgets every session at once is not asked without pause', async () => {
  const { ports, log } = node([open('a'), open('b'), open('c'), open('d')],
    [answer(404), answer(404), answer(404), taken(2)]);
  const sender = new Sender(ports, quiet);
  sender.start();
  sender.record(START);
  await settled();
  assert.deepEqual(log, ['open', 'a:0', 'open', 'b:0', 'wait 500', 'open', 'c:0', 'wait 1000',
    'open', 'd:0']);
});

test('over the limit nothing is sent and the page is told, at once and late', async () => {
  const limit = { streams_max: 1, playing: [] };
  const { ports, log } = node([{ is: 'limited', limit }], []);
  let told = 0;
  const sender = new Sender(ports, { ...quiet, limited: () => (told += 1) });
  sender.start();
  sender.record(START);
  await settled();
  sender.record(beat(10));
  await settled();
  assert.deepEqual([told, log, sender.outbox.size], [1, ['open'], 0]);
});

test('a batch too large is halved; a refused one does not hold up the next', async () => {
  const { ports, log } = node([open('a')],
    [answer(413), taken(2), taken(2), answer(400), taken(1)]);
  const sender = new Sender(ports, quiet);
  for (const at of [0, 1, 2, 3]) sender.record(beat(at));
  sender.start();
  await settled();
  assert.deepEqual(log, ['open', 'a:0,1,2,3', 'a:0,1', 'a:2,3']);
  sender.record(beat(4));
  await settled();
  sender.record(beat(5));
  await settled();
  assert.deepEqual(log.slice(4), ['a:4', 'a:5']);
});

test('answers are judged by what they say of the events', () => {
  assert.deepEqual(judge(answer(429, 2000), 0, 1), { do: 'wait', ms: 2000 });
  assert.deepEqual(judge(answer(500), 20, 1), { do: 'wait', ms: 15_000 });
  assert.deepEqual(judge(answer(410), 0, 1), { do: 'reopen' });
  assert.deepEqual(judge(answer(400), 0, 1), { do: 'drop' });
  const mixed = taken(1, [{ seq: 4, reason: 'too_old' }, { seq: 5, reason: 'after_end' }]);
  assert.deepEqual(judge(mixed, 0, 1), { do: 'done', late: [5] });
});

test('Retry-After is seconds or a date; the clock of the node is taken from the middle', () => {
  assert.equal(retryAfterMs('12', 0), 12_000);
  assert.equal(retryAfterMs('Thu, 01 Jan 1970 00:00:30 GMT', 10_000), 20_000);
  assert.equal(retryAfterMs('soon', 0), null);
  assert.equal(retryAfterMs(null, 0), null);
  assert.equal(clockOffsetMs(1000, 3000, '1970-01-01T00:00:12Z'), 10_000);
  assert.equal(clockOffsetMs(0, 0, 'never'), 0);
});

test('what earlier pages left is sent under its own session until it is answered', async () => {
  const rows = new Map([['playhouse.playback.old', JSON.stringify({ saved_ms: 0, left: true,
    events: [{ seq: 3, event: 'end', position_s: 9, at: '1970-01-01T00:00:00Z' }] })]]);
  const shelf = { length: 1, key: () => [...rows.keys()][0] ?? null, setItem: () => undefined,
    getItem: (key: string) => rows.get(key) ?? null,
    removeItem: (key: string) => void rows.delete(key) };
  const { ports, log } = node([], [answer(503, 1000), taken(1)]);
  await sendLeftovers(shelf, 1000, ports);
  assert.deepEqual(log, ['old:3', 'wait 1000', 'old:3']);
  assert.equal(rows.size, 0);
});
