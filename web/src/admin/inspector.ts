// The inspector: who needs attention, the sums, the tree or a list, and one actor in detail. It
// owns what is chosen (opened branches, order, selected actor); the feed owns what is known.

import { fill, h, setText } from '../lib/dom';
import { Attention } from './attention';
import { fragmentOf, selectedIn } from './client';
import { Detail } from './detail';
import { Feed, STALE_MS } from './feed';
import { Grid } from './grid';
import { askOrder, taken } from './orders';
import { problem } from './parts';
import { Summary } from './summary';
import { Toolbar } from './toolbar';
import { heldOrder, layList, layTree, type Drawn } from './tree';
import type { Me } from '../lib/types';
import type { Action, ActorView } from './types';

/** The clock of all polls. */
const TICK_MS = 500;
/** How long (ms) it is told what became of an order. */
const TOLD_MS = 20_000;

/** The panel of the live tree. */
export class Inspector {
  readonly element: HTMLElement;
  private readonly feed = new Feed(() => this.changed());
  private readonly summary = new Summary();
  private readonly attention: Attention;
  private readonly refusal = h('div', {});
  private readonly said = h('p', { class: 'notice said', role: 'status' });
  private silence = 0;
  private readonly toolbar = new Toolbar((flat) => this.feed.show(flat));
  private readonly grid: Grid;
  private readonly side = h('div', { class: 'side' });
  private readonly main: HTMLElement;
  private readonly choices = new Map<string, boolean>();
  private readonly mayAct: boolean;
  private detail: Detail | null = null;
  private drawing = false;
  /** The list that was drawn last; only its own order is held. */
  private list: string | null = null;

  /** `ordered` hears that the node has taken an order. */
  constructor(
    private readonly me: Me,
    private readonly ordered: () => void,
  ) {
    this.mayAct = me.role === 'admin';
    this.attention = new Attention({
      select: (view) => this.reveal(view),
      restart: (view) => this.ask('restart', view),
      all: () => this.toolbar.sortBy('oldest'),
    }, this.mayAct);
    this.grid = new Grid({
      toggle: (path, open) => this.toggle(path, open),
      select: (path) => this.go(path),
      more: (under) => this.feed.more(under),
      sort: (by) => this.toolbar.toggleSort(by),
    });
    this.main = h('div', { class: 'inspector-main' }, this.toolbar.element, this.grid.element);
    this.element = h('section', { class: 'inspector', 'aria-label': 'Actors' },
      this.said, this.attention.element, this.summary.element, this.refusal,
      h('div', { class: 'inspector-body' }, this.main, this.side));
  }

  /** Follows the node from now on, as long as the page is seen. */
  start(): void {
    document.addEventListener('visibilitychange', () => this.follow());
    window.addEventListener('hashchange', () => this.takeAddress());
    setInterval(() => this.tick(), TICK_MS);
    this.follow();
    this.takeAddress();
  }

  private follow(): void {
    if (document.hidden) this.feed.pause();
    else this.feed.start();
    this.tick();
  }

  private tick(): void {
    if (document.hidden) return;
    const now = Date.now();
    this.feed.tick(now);
    if (!this.feed.isCut(now)) this.detail?.tick(now);
    this.summary.draw(this.feed, now);
    this.main.classList.toggle('is-stale', now - this.feed.heardAt > STALE_MS);
  }

  /** Several looks that come at once are drawn once. */
  private changed(): void {
    if (this.drawing) return;
    this.drawing = true;
    queueMicrotask(() => {
      this.drawing = false;
      this.draw();
    });
  }

  private draw(): void {
    const { feed } = this;
    const at = feed.page ? Date.parse(feed.page.at) : Date.now();
    const troubles = feed.troubles();
    const totals = feed.page?.totals;
    this.attention.draw(troubles, totals ? totals.slow + totals.stuck : 0);
    this.summary.draw(feed, Date.now());
    if (feed.refusal && !this.refusal.hasChildNodes()) {
      fill(this.refusal, problem(feed.refusal));
    }
    const { lines, wanted } = this.lay(troubles.map(({ view }) => view.path));
    feed.branches.want(wanted);
    if (feed.page) {
      const selected = this.detail?.path ?? null;
      this.grid.draw({ lines, rates: feed.rates, selected, flat: feed.list !== null,
        sort: this.toolbar.flat.sort, at });
    }
    const known = lines.find((line) => line.key === this.detail?.path);
    if (known?.type === 'actor') this.detail?.preview(known.view, at);
  }

  private lay(troubled: readonly string[]): Drawn {
    const { feed } = this;
    const same = feed.list === this.list;
    this.list = feed.list;
    if (feed.list === null) return layTree(feed.root, feed.branches.parts, this.choices, troubled);
    if (!same || !this.grid.isUsed) return layList(feed.root);
    return layList({ ...feed.root, actors: heldOrder(this.grid.order, feed.root.actors) });
  }

  private toggle(path: string, open: boolean): void {
    this.choices.set(path, open);
    this.draw();
    this.feed.tick(Date.now());
  }

  /** Selects an actor and opens what it is in; kinds are too large to be opened for one entity. */
  private reveal(view: ActorView): void {
    if (view.role === 'task' && view.parent !== null) this.choices.set(view.parent, true);
    this.go(view.path);
  }

  /** Selects an actor through the address, so that it can be linked and gone back from. */
  private go(path: string): void {
    location.hash = fragmentOf(path);
    this.takeAddress();
    this.detail?.focus();
  }

  private takeAddress(): void {
    const path = selectedIn(location.hash);
    // The skip link changes the address, too, and selects nothing.
    if (path === null && location.hash.length > 1) return;
    if (path === (this.detail?.path ?? null)) return;
    if (path === null) return this.close();
    this.detail = new Detail(path, {
      close: () => this.leave(),
      order: (action, view) => this.ask(action, view),
    }, this.mayAct ? null : this.me.role);
    fill(this.side, this.detail.element);
    this.element.classList.add('has-detail');
    this.draw();
    this.tick();
  }

  private leave(): void {
    history.pushState(null, '', location.pathname + location.search);
    this.close();
  }

  private close(): void {
    const path = this.detail?.path;
    this.detail = null;
    fill(this.side);
    this.element.classList.remove('has-detail');
    this.draw();
    if (path !== undefined) this.grid.focus(path);
  }

  /** Tells what became of an order where no detail is open to tell it. */
  private tell(text: string): void {
    setText(this.said, text);
    clearTimeout(this.silence);
    this.silence = window.setTimeout(() => setText(this.said, ''), TOLD_MS);
  }

  private ask(action: Action, view: ActorView): void {
    askOrder(action, view, (order) => {
      if (this.detail?.path === view.path) this.detail.say(taken(order));
      else this.tell(taken(order));
      this.feed.soon();
      this.detail?.soon();
      this.ordered();
      this.tick();
    });
  }
}
