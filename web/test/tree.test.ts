// The tree that an operator sees: what is open, what is loaded for it, how it ends, and how the
// keyboard moves in it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { moveFor } from '../src/admin/move';
import { heldOrder, layList, layTree, type Drawn, type Line, type Part } from '../src/admin/tree';
import { actor } from './actors';

const part = (told: Partial<Part>): Part =>
  ({ actors: [], limit: 100, more: false, problem: null, ...told });

const NODE = part({ actors: [
  actor('', { role: 'node', children: 2 }),
  actor('encode', { role: 'supervisor', children: 1 }),
  actor('encode/pool', { children: 2 }),
  actor('entities', { role: 'supervisor', children: 1 }),
  actor('entities/upload.session', { role: 'kind', children: 300 }),
] });
const POOL = part({ actors: [
  actor('encode/pool', { children: 2 }),
  actor('encode/pool/j1', { role: 'task' }),
  actor('encode/pool/j2', { role: 'task' }),
] });

const show = ({ lines }: Drawn): string[] =>
  lines.map((line) => `${' '.repeat(line.level - 1)}${sign(line)}${line.key}`);

function sign(line: Line): string {
  if (line.type === 'more') return line.loading ? '… ' : '> ';
  return line.open === null ? '' : line.open ? '- ' : '+ ';
}

test('supervisors are open, services and kinds closed, and nothing more is asked for', () => {
  const drawn = layTree(NODE, new Map(), new Map(), []);
  assert.deepEqual(show(drawn), ['- ', ' - encode', '  + encode/pool', ' - entities',
    '  + entities/upload.session']);
  assert.deepEqual(drawn.wanted, []);
});

test('an opened branch is asked for, says that it loads, then holds its children', () => {
  const open = new Map([['encode/pool', true]]);
  const first = layTree(NODE, new Map(), open, []);
  assert.deepEqual(first.wanted, ['encode/pool']);
  assert.deepEqual(show(first).slice(2, 4), ['  - encode/pool', '   … more:encode/pool']);
  const then = layTree(NODE, new Map([['encode/pool', POOL]]), open, []);
  assert.deepEqual(show(then).slice(2, 5),
    ['  - encode/pool', '   encode/pool/j1', '   encode/pool/j2']);
});

test('a closed supervisor hides what is below it, and its open branches are not asked for', () => {
  const choices = new Map([['encode/pool', true], ['encode', false]]);
  const drawn = layTree(NODE, new Map([['encode/pool', POOL]]), choices, []);
  assert.deepEqual(show(drawn).slice(0, 3), ['- ', ' + encode', ' - entities']);
  assert.deepEqual(drawn.wanted, []);
});

test('a branch that is not whole ends with how many are shown, a failed one with why', () => {
  const open = new Map([['entities/upload.session', true]]);
  const sessions = [actor('entities/upload.session/a', { role: 'entity',
    parent: 'entities/upload.session' })];
  const branch = part({ actors: sessions, more: true });
  const drawn = layTree(NODE, new Map([['entities/upload.session', branch]]), open, []);
  const last = drawn.lines.at(-1);
  assert.ok(last?.type === 'more' && last.more && last.shown === 1);
  const failed = part({ actors: sessions, problem: 'The server cannot be reached.' });
  const end = layTree(NODE, new Map([['entities/upload.session', failed]]), open, []).lines.at(-1);
  assert.ok(end?.type === 'more' && end.problem === 'The server cannot be reached.');
});

test('ids with slashes stay below their kind', () => {
  const kind = actor('entities/rendition', { role: 'kind', children: 1 });
  const one = actor('entities/rendition/c1/720p',
    { role: 'entity', parent: 'entities/rendition' });
  const root = part({ actors: [...NODE.actors.slice(0, 1), actor('entities',
    { role: 'supervisor', children: 1 }), kind] });
  const drawn = layTree(root, new Map([[kind.path, part({ actors: [kind, one] })]]),
    new Map([[kind.path, true]]), []);
  assert.deepEqual(show(drawn).slice(-1), ['   entities/rendition/c1/720p']);
});

test('those above a troubled actor are marked', () => {
  const drawn = layTree(NODE, new Map(), new Map(), ['encode/pool/j1']);
  const marked = drawn.lines.filter((line) => line.type === 'actor' && line.trouble);
  assert.deepEqual(marked.map((line) => line.key), ['', 'encode', 'encode/pool']);
});

test('a list keeps its order under a pointer; newcomers come last', () => {
  const [a, b, c] = [actor('a'), actor('b'), actor('c')];
  assert.deepEqual(heldOrder(['b', 'a', 'gone'], [c, a, b]).map(({ path }) => path),
    ['b', 'a', 'c']);
  const lines = layList(part({ actors: [c, a], more: true })).lines;
  assert.deepEqual(lines.map(({ key }) => key), ['c', 'a', 'more:']);
});

test('arrows move, open and close; Enter selects', () => {
  const { lines } = layTree(NODE, new Map(), new Map(), []);
  const press = (key: string, pressed: string) => moveFor(lines, key, pressed);
  assert.deepEqual(press('encode', 'ArrowDown'), { do: 'focus', key: 'encode/pool' });
  assert.deepEqual(press('', 'ArrowUp'), { do: 'focus', key: '' });
  assert.deepEqual(press('encode/pool', 'ArrowRight'),
    { do: 'toggle', key: 'encode/pool', open: true });
  assert.deepEqual(press('encode', 'ArrowRight'), { do: 'focus', key: 'encode/pool' });
  assert.deepEqual(press('encode/pool', 'ArrowLeft'), { do: 'focus', key: 'encode' });
  assert.deepEqual(press('encode', 'ArrowLeft'), { do: 'toggle', key: 'encode', open: false });
  assert.deepEqual(press('encode', 'End'), { do: 'focus', key: 'entities/upload.session' });
  assert.deepEqual(press('encode/pool', 'Enter'), { do: 'select', key: 'encode/pool' });
  assert.equal(press('encode', 'x'), null);
  assert.equal(press('elsewhere', 'ArrowDown'), null);
});
