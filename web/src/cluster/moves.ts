// Moves of one node in one go are one line: what, how many, why, when. Members take over at the
// same time, so that the moves of one go lie among those of others. Pure.

import { ranges } from './shards';
import { shards } from './words';
import type { Move, Moved } from './types';

/** Runs of shards that a line names. */
const RUNS_MAX = 6;
/** Moves that follow each other this soon (ms) are of one go. */
const GO_MS = 2000;

/** What a node did with some shards. */
export interface MoveGroup {
  key: string;
  node: string;
  what: Moved;
  why: string;
  /** When the newest was done. */
  at: string;
  /** `shard 7`, `12 shards`. */
  which: string;
  /** Their numbers; empty for one. */
  numbers: string;
  /** How long the slowest took. */
  tookMs: number;
}

/** Moves alike that are neighbours or of one go, at most `most` groups, the newest first. */
export function grouped(moves: readonly Move[], most: number): MoveGroup[] {
  const groups: Move[][] = [];
  for (const move of moves) {
    const fits = (group: Move[], i: number): boolean => alike(group.at(-1)!, move) &&
      (i === groups.length - 1 || Date.parse(group.at(-1)!.at) - Date.parse(move.at) < GO_MS);
    const group = groups.find(fits);
    if (group) group.push(move);
    else groups.push([move]);
  }
  return groups.slice(0, most).map(told);
}

function alike(a: Move, b: Move): boolean {
  return a.node === b.node && a.what === b.what && a.why === b.why;
}

function told(group: Move[]): MoveGroup {
  const [newest, oldest] = [group[0]!, group.at(-1)!];
  const { node, what, why, at } = newest;
  const many = group.length > 1;
  return {
    // A group grows at its newer end.
    key: [node, what, oldest.at, oldest.shard, oldest.epoch].join(' '),
    node, what, why, at,
    which: many ? shards(group.length) : `shard ${newest.shard}`,
    numbers: many ? ranges(group.map(({ shard }) => shard), RUNS_MAX) : '',
    tookMs: Math.max(...group.map(({ took_ms }) => took_ms)),
  };
}
