// The event stream's parser gives the same events wherever the network cuts it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { SseParser, backoffMs } from '../src/lib/sse';

const STREAM = ': hello\r\nretry: 2500\r\nevent: content\r\ndata: {"a":\r\ndata: 1}\r\n\r\n' +
  'id: 7\ndata: plain\n\nevent: nothing\n\nevent:end\ndata\r\r';
const EVENTS = [
  { event: 'content', data: '{"a":\n1}', id: null },
  { event: 'message', data: 'plain', id: '7' },
];

test('a stream in one piece', () => {
  const parser = new SseParser();
  assert.deepEqual(parser.push(STREAM), EVENTS);
  assert.equal(parser.retryMs, 2500);
});

test('a lone CR at the end of a chunk waits for its LF, and still ends the line', () => {
  const parser = new SseParser();
  parser.push(STREAM);
  assert.deepEqual(parser.push('\n'), [{ event: 'end', data: '', id: '7' }]);
});

test('every way to cut it in two, and byte by byte', () => {
  for (let cut = 0; cut <= STREAM.length; cut += 1) {
    const parser = new SseParser();
    const got = [...parser.push(STREAM.slice(0, cut)), ...parser.push(STREAM.slice(cut))];
    assert.deepEqual(got, EVENTS, `cut at ${cut}`);
  }
  const parser = new SseParser();
  assert.deepEqual([...STREAM].flatMap((c) => parser.push(c)), EVENTS);
});

test('a byte order mark at the start is not part of a field', () => {
  assert.equal(new SseParser().push('\uFEFFdata: x\n\n').length, 1);
});

test('waits double, are spread, and end at 15 s', () => {
  assert.equal(backoffMs(0, 1), 500);
  assert.equal(backoffMs(0, 0), 250);
  assert.equal(backoffMs(3, 1), 4000);
  assert.equal(backoffMs(99, 1), 15_000);
});
