// Where the page's numbers come from: one stream for the tree or the flat list, and polls for the
// branches that are open and for those who need attention. Every request is bounded, and a hidden
// page makes none. When the stream is broken, the same page is asked for until it is back.

import { ApiError, sentence } from '../lib/api';
import { followStream } from '../lib/stream';
import { loadTree, treeStream, type TreeQuery } from './client';
import { Poll } from './poll';
import { Rates } from './rates';
import { SHOWN_MAX, STEP, type Part } from './tree';
import { troubles, type Trouble } from './trouble';
import type { ActorView, Sort, TreePage } from './types';

/** How the stream stands. */
export type Link = 'connecting' | 'live' | 'broken' | 'paused' | 'refused';

/** A flat list is shown when one of the two is given. */
export interface Flat {
  sort: Sort | null;
  q: string;
}

/** Without an update for this long (ms) the numbers are called old, and asked for. */
export const STALE_MS = 4000;
const ASK_MS = 3000;
const BRANCH_MS = 2000;
/** A branch of many rows costs more to look at and is looked at less often. */
const LARGE_BRANCH = 200;
const LARGE_BRANCH_MS = 5000;
const TROUBLE_MS = 2000;
const CALM_MS = 10_000;
const TROUBLE_LIMIT = 50;

interface Branch {
  part: Part | null;
  limit: number;
  poll: Poll;
}

/** Keeps the newest of everything that the page shows. */
export class Feed {
  page: TreePage | null = null;
  link: Link = 'connecting';
  /** When the last page came, by this computer's clock (ms). */
  heardAt = 0;
  refusal: ApiError | null = null;
  readonly rates = new Rates();
  /** True when `page` is a flat list; it follows a change of the query when the answer comes. */
  isFlat = false;
  private flat: Flat = { sort: null, q: '' };
  private limit = STEP;
  private branches = new Map<string, Branch>();
  private suspects = new Map<Sort, ActorView[]>();
  private close: (() => void) | null = null;
  private readonly polls: Poll[];

  constructor(private readonly changed: () => void) {
    this.polls = [
      new Poll(() => this.askAgain(), () => ASK_MS),
      new Poll(() => this.suspect('oldest'), () => (this.ails() ? TROUBLE_MS : CALM_MS)),
      new Poll(() => this.suspect('restarts'), () => CALM_MS),
    ];
  }

  /** The tree or list as a part. */
  get root(): Part {
    const page = this.page;
    return { actors: page?.actors ?? [], limit: this.limit, more: !!page?.next_cursor,
      problem: null };
  }

  /** The branches that have been loaded. */
  get loaded(): Map<string, Part> {
    const parts = new Map<string, Part>();
    for (const [path, { part }] of this.branches) if (part) parts.set(path, part);
    return parts;
  }

  /** Who needs attention, of all that is known. */
  troubles(): Trouble[] {
    return troubles(this.everyone(), this.page ? Date.parse(this.page.at) : Date.now());
  }

  /** Shows the tree, or a flat list when there is an order or a search. */
  show(flat: Flat): void {
    this.flat = flat;
    this.limit = STEP;
    this.restart();
  }

  /** Shows more of a branch, or of the tree or list itself. */
  more(under: string | null): void {
    const branch = under === null ? null : this.branches.get(under);
    if (branch) {
      branch.limit = Math.min(SHOWN_MAX, branch.limit + STEP);
      branch.poll.soon();
      this.tick(Date.now());
    } else {
      this.limit = Math.min(SHOWN_MAX, this.limit + STEP);
      this.restart();
    }
  }

  /** Follows these branches and no others. */
  want(paths: readonly string[]): void {
    for (const path of this.branches.keys()) if (!paths.includes(path)) this.branches.delete(path);
    for (const path of paths) if (!this.branches.has(path)) this.branches.set(path, this.open(path));
  }

  /** Opens the stream. */
  start(): void {
    if (this.close || this.link === 'refused') return;
    this.link = 'connecting';
    let open = true;
    const flat = this.wantsFlat();
    const stop = followStream(treeStream(this.query()), {
      event: (name, data) => {
        if (open && name === 'tree') this.take(JSON.parse(data) as TreePage, 'live', flat);
      },
      refused: (error) => open && this.refuse(error),
      connected: (up) => open && !up && this.tell('broken'),
    });
    this.close = () => {
      open = false;
      stop();
    };
  }

  /** Closes it, as a hidden page does. */
  pause(): void {
    this.close?.();
    this.close = null;
    if (this.link !== 'refused') this.tell('paused');
  }

  /** Asks for everything again, as after an order. */
  soon(): void {
    for (const poll of this.polls.slice(1)) poll.soon();
    for (const { poll } of this.branches.values()) poll.soon();
  }

  /** Drives the polls. */
  tick(now: number): void {
    if (this.link === 'refused' || this.link === 'paused') return;
    for (const poll of this.polls) poll.tick(now);
    for (const { poll } of this.branches.values()) poll.tick(now);
  }

  private query(): TreeQuery {
    const { sort, q } = this.flat;
    return { sort, q, limit: this.limit };
  }

  private restart(): void {
    const paused = this.link === 'paused';
    this.close?.();
    this.close = null;
    if (!paused) this.start();
  }

  private wantsFlat(): boolean {
    return this.flat.sort !== null || this.flat.q !== '';
  }

  private take(page: TreePage, link: Link, flat: boolean): void {
    this.page = page;
    this.isFlat = flat;
    this.heardAt = Date.now();
    this.note(page);
    this.rates.keep(new Set([...this.everyone()].map((view) => view.path)));
    this.tell(link);
  }

  private note(page: TreePage): void {
    const at = Date.parse(page.at);
    for (const view of page.actors) this.rates.note(view, at);
  }

  private tell(link: Link): void {
    this.link = link;
    this.changed();
  }

  private refuse(error: ApiError): void {
    this.refusal = error;
    this.tell('refused');
  }

  /** Makes up for a stream that is silent. */
  private async askAgain(): Promise<void> {
    if (Date.now() - this.heardAt < STALE_MS) return;
    const asked = JSON.stringify(this.query());
    try {
      const page = await loadTree(this.query());
      const wanted = asked === JSON.stringify(this.query()) && this.close !== null;
      if (wanted && Date.now() - this.heardAt >= STALE_MS) this.take(page, 'broken', this.wantsFlat());
    } catch {
      this.changed();
    }
  }

  private ails(): boolean {
    const totals = this.page?.totals;
    return !!totals && (totals.slow > 0 || totals.stuck > 0 || this.troubles().length > 0);
  }

  private async suspect(sort: Sort): Promise<void> {
    try {
      const page = await loadTree({ sort, limit: TROUBLE_LIMIT });
      this.suspects.set(sort, page.actors);
      this.note(page);
      this.changed();
    } catch {
      // The stream's state is told already; the next round asks again.
    }
  }

  private open(path: string): Branch {
    const branch: Branch = { part: null, limit: STEP, poll: new Poll(
      () => this.fetchBranch(path),
      () => ((branch.part?.actors.length ?? 0) > LARGE_BRANCH ? LARGE_BRANCH_MS : BRANCH_MS)) };
    return branch;
  }

  private async fetchBranch(path: string): Promise<void> {
    const branch = this.branches.get(path);
    if (!branch) return;
    const { limit } = branch;
    try {
      const page = await loadTree({ under: path, depth: 1, limit });
      this.note(page);
      branch.part = { actors: page.actors, limit, more: page.next_cursor !== null, problem: null };
    } catch (error) {
      const gone = error instanceof ApiError && error.status === 404;
      branch.part = { actors: gone ? [] : branch.part?.actors ?? [], limit,
        more: branch.part?.more ?? false, problem: sentence(error) };
    }
    if (this.branches.get(path) === branch) this.changed();
  }

  /** Older looks first, so that the newest one of an actor counts. */
  private *everyone(): Generator<ActorView> {
    for (const views of this.suspects.values()) yield* views;
    for (const { part } of this.branches.values()) yield* part?.actors ?? [];
    yield* this.page?.actors ?? [];
  }
}
