// The branches that are open below the tree's first page: each is asked for again and again, as
// far as it is shown.

import { ApiError, sentence } from '../lib/api';
import { loadTree } from './client';
import { Poll } from './poll';
import { SHOWN_MAX, STEP, type Part } from './tree';
import type { ActorView, TreePage } from './types';

const EVERY_MS = 2000;
/** A branch of many rows costs more to look at and is looked at less often. */
const LARGE = 200;
const LARGE_EVERY_MS = 5000;

interface Branch {
  part: Part | null;
  limit: number;
  poll: Poll;
}

/** What is known of the open branches. */
export class Branches {
  private open = new Map<string, Branch>();

  /** `looked` hears of each page, `changed` of each end of a question. */
  constructor(
    private readonly looked: (page: TreePage) => void,
    private readonly changed: () => void,
  ) {}

  /** Those that have been loaded, by path. */
  get parts(): Map<string, Part> {
    const parts = new Map<string, Part>();
    for (const [path, { part }] of this.open) if (part) parts.set(path, part);
    return parts;
  }

  /** All actors in them. */
  *views(): Generator<ActorView> {
    for (const { part } of this.open.values()) yield* part?.actors ?? [];
  }

  /** Follows these branches and no others. */
  want(paths: readonly string[]): void {
    for (const path of this.open.keys()) if (!paths.includes(path)) this.open.delete(path);
    for (const path of paths) if (!this.open.has(path)) this.open.set(path, this.make(path));
  }

  /** Shows more of one; false when it is not open. */
  more(path: string): boolean {
    const branch = this.open.get(path);
    if (!branch) return false;
    branch.limit = Math.min(SHOWN_MAX, branch.limit + STEP);
    branch.poll.soon();
    return true;
  }

  /** Asks for all of them again at once. */
  soon(): void {
    for (const { poll } of this.open.values()) poll.soon();
  }

  /** Drives the polls. */
  tick(now: number): void {
    for (const { poll } of this.open.values()) poll.tick(now);
  }

  private make(path: string): Branch {
    const branch: Branch = { part: null, limit: STEP, poll: new Poll(
      () => this.load(path),
      () => ((branch.part?.actors.length ?? 0) > LARGE ? LARGE_EVERY_MS : EVERY_MS)) };
    return branch;
  }

  private async load(path: string): Promise<void> {
    const branch = this.open.get(path);
    if (!branch) return;
    const { limit } = branch;
    try {
      // The branch's own root is the first of its page.
      const asked = Math.min(SHOWN_MAX, limit + 1);
      const page = await loadTree({ under: path, depth: 1, limit: asked });
      this.looked(page);
      branch.part = { actors: page.actors, limit, more: page.next_cursor !== null, problem: null };
    } catch (error) {
      const gone = error instanceof ApiError && error.status === 404;
      branch.part = { actors: gone ? [] : branch.part?.actors ?? [], limit,
        more: branch.part?.more ?? false, problem: sentence(error) };
    }
    if (this.open.get(path) === branch) this.changed();
  }
}
