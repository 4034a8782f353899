// Where the page's numbers come from: one stream for the tree or the flat list, and polls for the
// branches that are open and for those who need attention. Every request is bounded, and a hidden
// page makes none. When the stream is broken, the same page is asked for until it is back.

import { followStream } from '../lib/stream';
import { Branches } from './branches';
import { loadTree, treeStream, type TreeQuery } from './client';
import { Poll } from './poll';
import { Rates } from './rates';
import { Suspects } from './suspects';
import { SHOWN_MAX, STEP, type Part } from './tree';
import { troubles, type Trouble } from './trouble';
import type { ApiError } from '../lib/api';
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

/** Keeps the newest of everything that the page shows. */
export class Feed {
  page: TreePage | null = null;
  /** Which list `page` is; null for the tree. It follows a change when the answer comes. */
  list: string | null = null;
  link: Link = 'connecting';
  /** When the last page came, by this computer's clock (ms). */
  heardAt = 0;
  refusal: ApiError | null = null;
  readonly rates = new Rates();
  readonly branches: Branches;
  private readonly suspects: Suspects;
  private readonly again = new Poll(() => this.askAgain(), () => ASK_MS);
  private flat: Flat = { sort: null, q: '' };
  private limit = STEP;
  private close: (() => void) | null = null;

  constructor(private readonly changed: () => void) {
    this.branches = new Branches((page) => this.note(page), changed);
    this.suspects = new Suspects((page) => {
      this.note(page);
      changed();
    });
  }

  /** The tree or list as a part. */
  get root(): Part {
    const { page, limit } = this;
    return { actors: page?.actors ?? [], limit, more: !!page?.next_cursor, problem: null };
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
    if (under !== null && this.branches.more(under)) return this.tick(Date.now());
    this.limit = Math.min(SHOWN_MAX, this.limit + STEP);
    this.restart();
  }

  /** Opens the stream. */
  start(): void {
    if (this.close || this.link === 'refused') return;
    this.link = 'connecting';
    let open = true;
    const list = this.asked();
    const stop = followStream(treeStream(this.query()), {
      event: (name, data) => {
        if (open && name === 'tree') this.take(JSON.parse(data) as TreePage, 'live', list);
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
    this.suspects.soon();
    this.branches.soon();
  }

  /** True while neither the stream nor questions are answered; then only one is asked. */
  isCut(now: number): boolean {
    return this.link === 'broken' && now - this.heardAt > STALE_MS + ASK_MS;
  }

  /** Drives the polls. */
  tick(now: number): void {
    if (this.link === 'refused' || this.link === 'paused') return;
    this.again.tick(now);
    if (this.isCut(now)) return;
    this.suspects.tick(now);
    this.branches.tick(now);
  }

  private query(): TreeQuery {
    return { ...this.flat, limit: this.limit };
  }

  private asked(): string | null {
    const { sort, q } = this.flat;
    return sort === null && q === '' ? null : JSON.stringify([sort, q]);
  }

  private restart(): void {
    if (this.link === 'paused') return;
    this.close?.();
    this.close = null;
    this.start();
  }

  private take(page: TreePage, link: Link, list: string | null): void {
    this.page = page;
    this.list = list;
    this.heardAt = Date.now();
    this.note(page);
    this.suspects.heed(page, list === null);
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
    const query = this.query();
    const [list, asked] = [this.asked(), JSON.stringify(query)];
    try {
      const page = await loadTree(query);
      const wanted = asked === JSON.stringify(this.query()) && this.close !== null;
      if (wanted && Date.now() - this.heardAt >= STALE_MS) this.take(page, 'broken', list);
    } catch {
      this.changed();
    }
  }

  /** Older looks first, so that the newest one of an actor counts. */
  private *everyone(): Generator<ActorView> {
    yield* this.suspects.views();
    yield* this.branches.views();
    yield* this.page?.actors ?? [];
  }
}
