// All about one actor. It is asked for every two seconds while it is shown; curves start from the
// node's own samples where it keeps some, and otherwise grow while one looks.

import { ApiError, sentence } from '../lib/api';
import { fill, h, icon, setText } from '../lib/dom';
import { Chart } from './chart';
import { loadActor } from './client';
import { Facts } from './facts';
import { counterFields, latencyFields, nowFields, policyFields } from './fields';
import { glyph } from './glyph';
import { Life } from './life';
import { Poll } from './poll';
import { fromHistory, Rates, SAMPLES_MAX } from './rates';
import { troubles } from './trouble';
import * as words from './words';
import type { Action, ActorDetail, ActorView } from './types';

const EVERY_MS = 2000;
const GONE = 'It is not there any more: it has ended, or sleeps until its next message.';

/** Who hears what is done in the panel. */
export interface DetailHands {
  close(): void;
  order(action: Action, view: ActorView): void;
}

/** The panel of one actor. */
export class Detail {
  readonly element: HTMLElement;
  private readonly heading = h('h2', { id: 'detail-name', tabindex: -1 });
  private readonly pill = h('span', { class: 'pill' });
  private readonly trouble = h('p', { class: 'notice', hidden: true });
  private readonly problem = h('div', { role: 'alert' });
  private readonly buttons: Readonly<Record<Action, HTMLButtonElement>>;
  private readonly explained = h('p', { class: 'soft small-text', id: 'order-help', hidden: true });
  private readonly said = h('p', { class: 'small-text', role: 'status' });
  private readonly now = new Facts();
  private readonly counters = new Facts();
  private readonly latency = new Facts();
  private readonly policy = new Facts();
  private readonly charts = {
    handled: new Chart('Handled per second', SAMPLES_MAX, (n) => words.rate(n)),
    depth: new Chart('Messages inside', SAMPLES_MAX, (n) => words.count(n)),
    busy: new Chart('Busy', SAMPLES_MAX, (n) => words.share(n)),
  };
  private readonly life = new Life();
  private readonly rates = new Rates();
  private readonly poll = new Poll(() => this.load(), () => EVERY_MS);
  private view: ActorView | null = null;

  constructor(
    readonly path: string,
    private readonly hands: DetailHands,
    private readonly readerRole: string | null,
  ) {
    const order = (action: Action): HTMLButtonElement => h('button', { type: 'button',
      class: `button small${action === 'stop' ? ' danger' : ''}`, 'aria-describedby': 'order-help',
      disabled: true, onclick: () => this.view && this.hands.order(action, this.view) },
      `${words.titled(action)}…`);
    this.buttons = { restart: order('restart'), stop: order('stop') };
    this.element = h('aside', { class: 'card detail', 'aria-labelledby': 'detail-name' },
      ...this.head(), ...this.sections());
    this.element.addEventListener('keydown', (event) => event.key === 'Escape' && hands.close());
  }

  /** Puts the focus on its name, where a screen reader starts. */
  focus(): void {
    this.heading.focus({ preventScroll: true });
    this.heading.scrollIntoView({ block: 'nearest' });
  }

  /** Drives its poll. */
  tick(now: number): void {
    // The node's own line is told by the tree; there is no more to ask for.
    if (this.path !== '') this.poll.tick(now);
  }

  /** Asks again at once. */
  soon(): void {
    this.poll.soon();
  }

  /** Tells what became of an order. */
  say(text: string): void {
    setText(this.said, text);
  }

  /** Shows what the tree knows, until or instead of the answer to its own question. */
  preview(view: ActorView, at: number): void {
    if (this.view === null || this.path === '') this.drawView(view, at);
  }

  private head(): HTMLElement[] {
    const close = h('button', { type: 'button', class: 'button small icon-button',
      'aria-label': 'Close details', onclick: () => this.hands.close() }, icon('close'));
    return [
      h('div', { class: 'detail-head' }, this.heading, this.pill, close),
      this.problem,
      this.trouble,
      h('div', { class: 'detail-orders' }, this.buttons.restart, this.buttons.stop),
      this.explained,
      this.said,
    ];
  }

  private sections(): HTMLElement[] {
    const section = (title: string, ...body: HTMLElement[]): HTMLElement =>
      h('section', { hidden: true }, h('h3', {}, title), ...body);
    const { handled, depth, busy } = this.charts;
    return [
      section('Now', this.now.element),
      section('Last minutes', handled.element, depth.element, busy.element),
      section('Last exit', this.life.exit),
      section('Counters', this.counters.element),
      section('Time in handlers', this.latency.element),
      section('Policy', this.policy.element),
      section('Life', this.life.events),
    ];
  }

  private async load(): Promise<void> {
    try {
      const detail = await loadActor(this.path);
      fill(this.problem);
      this.element.classList.remove('is-gone');
      this.draw(detail);
    } catch (error) {
      // Many look at once: what is shown is a moment old, and asked for again in the next.
      if (error instanceof ApiError && error.status === 503 && this.view) return;
      const gone = error instanceof ApiError && error.status === 404;
      this.element.classList.toggle('is-gone', gone);
      const text = gone ? GONE + (this.view ? ' Below is what was last known.' : '') :
        sentence(error);
      fill(this.problem, h('p', { class: gone ? 'notice' : 'notice bad' }, icon('alert'), text));
      if (gone) this.allow(null);
      if (!this.view) setText(this.heading, words.called(this.path));
    }
  }

  private draw(detail: ActorDetail): void {
    const { actor, history, latency, policy } = detail;
    this.drawView(actor, Date.now());
    this.rates.note(actor, Date.now());
    const trend = history ? fromHistory(history) : this.rates.of(actor.path);
    this.charts.handled.draw(trend?.handled ?? [], 1);
    this.charts.depth.draw(trend?.depth ?? [], 4);
    this.charts.busy.draw(trend?.busyShares ?? [], 0.1);
    this.latency.draw(latency ? latencyFields(latency) : []);
    this.policy.draw(policy ? policyFields(policy) : []);
    this.life.draw(actor.last_exit, detail.events);
    this.show('Last minutes', true);
    this.show('Time in handlers', latency !== null);
    this.show('Policy', policy !== null);
    this.show('Last exit', actor.last_exit !== null);
    this.show('Life', detail.events.length > 0);
  }

  private drawView(view: ActorView, at: number): void {
    if (this.view?.role !== view.role) {
      fill(this.heading, glyph(view.role), h('span', {}, words.called(view.path)));
    }
    this.view = view;
    const { word, tone } = words.STATUS[view.status];
    setText(this.pill, word);
    this.pill.className = `pill ${tone}`;
    const [trouble] = troubles([view], at);
    this.trouble.hidden = !trouble;
    this.trouble.className = `notice ${trouble?.tone ?? ''}`;
    setText(this.trouble, trouble ? `It ${trouble.words}.` : '');
    this.now.draw(nowFields(view, Date.now()));
    this.counters.draw(counterFields(view));
    this.show('Now', true);
    this.show('Counters', true);
    this.allow(view);
  }

  private allow(view: ActorView | null): void {
    for (const action of ['restart', 'stop'] as const) {
      const can = view !== null && effect(view, action) && this.readerRole === null;
      this.buttons[action].disabled = !can;
    }
    this.explained.hidden = !view || (this.readerRole === null && effect(view, 'restart'));
    setText(this.explained, this.readerRole === null ?
      'Restart and stop are given to single actors and supervisors, not to the node or a kind.' :
      `Your role, ${this.readerRole}, only reads. Restart and stop need the role admin.`);
  }

  private show(title: string, visible: boolean): void {
    for (const section of this.element.querySelectorAll('section')) {
      if (section.firstElementChild?.textContent === title) section.hidden = !visible;
    }
  }
}

function effect(view: ActorView, action: Action): boolean {
  return words.effect(action, view.role) !== null;
}
