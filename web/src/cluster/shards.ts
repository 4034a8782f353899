// A shard as one looks at it: the marks of its cell, its words, and in a few sentences all shards
// that are not where they should be. Pure.

import { pinned } from './words';
import type { Shard } from './types';

/** Shards that are so for the same reason. */
export interface Displaced {
  why: string;
  count: number;
  /** `3, 7, 19–24`. */
  numbers: string;
  /** Nobody who lives owns them. */
  free: boolean;
}

/** Which number a name's colour has. */
export type Colour = (name: string) => number;

/** The classes of a cell: whose, to whom, and its marks. */
export function marks(shard: Shard, colour: Colour): string {
  const { owner, desired, owner_lives: lives, to_move: moves, pin } = shard;
  const classes = ['cell'];
  if (owner) classes.push(`hue-${colour(owner.name)}`);
  if (!lives) classes.push('is-free');
  if (moves && desired !== null) classes.push(`to-${colour(desired)}`);
  if (pin) classes.push('is-pinned');
  return classes.join(' ');
}

/** `Shard 7 of node-a, epoch 9: it is where it should be`. */
export function label(shard: Shard): string {
  const { owner, owner_lives: lives, epoch } = shard;
  const whose = owner === null ? 'of nobody' : `of ${owner.name}${lives ? '' : ', which is dead'}`;
  return `Shard ${shard.shard} ${whose}, epoch ${epoch}: ${shard.why}`;
}

/** Names and values of one shard. */
export function facts(shard: Shard): [name: string, value: string | null][] {
  const { owner, owner_lives: lives, desired, pin, epoch } = shard;
  const life = owner && `${owner.name}, life ${owner.incarnation}`;
  return [
    ['Owner', life === null ? 'nobody' : lives ? life : `${life} (dead)`],
    ['Should be at', desired ?? 'nobody may own it'],
    ['Epoch', String(epoch)],
    ['Pinned to', pin && pinned(pin)],
  ];
}

/** Those that are nobody's or to move, by why; who is without a living owner comes first. */
export function displaced(shards: readonly Shard[]): Displaced[] {
  const groups = new Map<string, Shard[]>();
  for (const shard of shards) {
    if (shard.owner_lives && !shard.to_move) continue;
    const group = groups.get(shard.why);
    if (group) group.push(shard);
    else groups.set(shard.why, [shard]);
  }
  const told = [...groups].map(([why, group]) => ({ why, count: group.length,
    numbers: ranges(group.map(({ shard }) => shard), RUNS_MAX),
    free: group.some((shard) => !shard.owner_lives) }));
  return told.sort((a, b) => Number(b.free) - Number(a.free) || b.count - a.count);
}

/** Runs of shards that a sentence names. */
const RUNS_MAX = 12;

/** Numbers as runs, `3, 7, 19–24`; what is over `most` runs is `and 5 more`. */
export function ranges(numbers: readonly number[], most: number): string {
  const runs: [first: number, last: number][] = [];
  for (const n of [...numbers].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run && n <= run[1] + 1) run[1] = n;
    else runs.push([n, n]);
  }
  const size = ([first, last]: [number, number]): number => last - first + 1;
  const rest = runs.slice(most).reduce((sum, run) => sum + size(run), 0);
  const told = runs.slice(0, most).map((run) => (size(run) === 1 ? String(run[0]) :
    run.join(size(run) === 2 ? ', ' : '–')));
  return told.join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

/** Whose the shards are, the dead too; those of nobody under null. */
export function byOwner(shards: readonly Shard[]): Map<string | null, number[]> {
  const owners = new Map<string | null, number[]>();
  for (const { shard, owner } of shards) {
    const name = owner?.name ?? null;
    const numbers = owners.get(name);
    if (numbers) numbers.push(shard);
    else owners.set(name, [shard]);
  }
  return owners;
}

/** Where a key goes from a cell of a grid of `count`, from none (-1) to the first; null for keys that
 * go nowhere. */
export function stepTo(key: string, at: number, columns: number, count: number): number | null {
  const last = count - 1;
  const within = (to: number): number => (to < 0 || to > last ? Math.max(0, at) : to);
  switch (key) {
    case 'ArrowLeft': return within(at - 1);
    case 'ArrowRight': return within(at + 1);
    case 'ArrowUp': return within(at - columns);
    case 'ArrowDown': return within(at < 0 ? 0 : at + columns);
    case 'Home': return 0;
    case 'End': return last;
    default: return null;
  }
}
