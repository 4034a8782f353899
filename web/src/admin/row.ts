// One line of the tree. Its elements are made once and brought up to date in place, so that focus,
// selection and scroll position stay and nothing flickers.

import { h, setText } from '../lib/dom';
import { relativeDate } from '../lib/format';
import { fragmentOf } from './client';
import { glyph } from './glyph';
import { Sparkline } from './sparkline';
import { SHOWN_MAX, type ActorLine, type MoreLine } from './tree';
import * as words from './words';
import type { Trend } from './rates';
import type { ActorView, Role, Sort } from './types';

/** The columns; those with a sort can order the list. */
export const COLUMNS: readonly { name: string; label: string; sort?: Sort; title?: string }[] = [
  { name: 'name', label: 'Actor' },
  { name: 'status', label: 'Status' },
  { name: 'state', label: 'State', title: 'State of its state machine' },
  { name: 'current', label: 'Handles', title: 'Current message, and for how long' },
  { name: 'depth', label: 'Inside', sort: 'depth', title: 'Messages inside, of how many at most' },
  { name: 'oldest', label: 'Oldest', sort: 'oldest', title: 'Age of the oldest message inside' },
  { name: 'rate', label: 'Per second', title: 'Messages handled per second' },
  { name: 'busy', label: 'Busy', sort: 'busy', title: 'Share of time spent in handlers' },
  { name: 'restarts', label: 'Restarts', sort: 'restarts' },
  { name: 'exit', label: 'Last exit' },
];

/** Roles that are told nothing. */
const NO_MESSAGES: readonly Role[] = ['node', 'supervisor', 'task'];

/** Samples in the sparkline of a row. */
const SLOTS = 30;

/** What a row is drawn from. */
export interface Look {
  line: ActorLine;
  trend: Trend | null;
  selected: boolean;
  /** In a flat list the path stands in place of the indent. */
  flat: boolean;
  /** The time of the look, milliseconds. */
  at: number;
}

/** The row of an actor. */
export class ActorRow {
  readonly element: HTMLElement;
  private readonly cells = new Map<string, HTMLElement>();
  private readonly twisty = h('span', { class: 'twisty', 'aria-hidden': 'true' });
  private readonly start = h('span', { class: 'name-start' });
  private readonly end = h('span', {});
  private readonly link = h('a', { tabindex: -1 }, this.start, this.end);
  private readonly inside = h('span', { class: 'children' });
  private readonly mark = h('span', { class: 'mark', hidden: true },
    h('span', { class: 'visually-hidden' }, 'Something below needs attention'));
  private readonly pill = h('span', { class: 'pill' });
  private readonly message = h('span', { class: 'message' });
  private readonly lasts = h('span', { class: 'lasts' });
  private readonly depth = h('span', {});
  private readonly bar = h('i');
  private readonly rate = h('span', {});
  private readonly spark = new Sparkline(SLOTS);

  constructor(view: ActorView) {
    this.element = h('div', { role: 'row', class: `row role-${view.role}`, tabindex: -1 });
    for (const { name, label } of COLUMNS) {
      const cell = h('div', { role: 'gridcell', class: `cell c-${name}`, 'data-label': label });
      this.cells.set(name, cell);
      this.element.append(cell);
    }
    this.element.dataset.key = view.path;
    this.link.href = fragmentOf(view.path);
    this.link.title = view.path || 'The node';
    this.cell('name').append(this.twisty, glyph(view.role), this.link, this.inside, this.mark);
    this.cell('status').append(this.pill);
    this.cell('current').append(this.message, this.lasts);
    this.cell('depth').append(this.depth, h('span', { class: 'bar' }, this.bar));
    this.cell('rate').append(this.rate, this.spark.element);
  }

  /** Brings the row up to date. */
  draw(look: Look): void {
    const { line, trend } = look;
    const { view } = line;
    this.drawPlace(look);
    const { word, tone } = words.STATUS[view.status];
    setText(this.pill, word);
    setClass(this.pill, `pill ${tone}`);
    this.say('state', view.state ?? '');
    this.cell('state').title = view.state ?? '';
    this.drawMailbox(view);
    const handles = !NO_MESSAGES.includes(view.role);
    setText(this.rate, handles ? words.rate(trend?.perSecond ?? null) : '');
    this.spark.draw(handles && trend ? trend.handled : [], 1);
    this.say('busy', handles ? words.share(trend?.busy ?? null) : '');
    this.say('restarts', view.restarts > 0 ? words.count(view.restarts) : '');
    this.drawExit(view, look.at);
  }

  private drawPlace({ line, selected, flat }: Look): void {
    const { view, open, level } = line;
    const row = this.element;
    setAttribute(row, 'aria-level', String(level));
    setAttribute(row, 'aria-posinset', String(line.position));
    setAttribute(row, 'aria-setsize', String(line.size));
    setAttribute(row, 'aria-selected', String(selected));
    setAttribute(row, 'aria-expanded', open === null ? null : String(open));
    row.style.setProperty('--level', String(level - 1));
    const [start, end] = words.split(flat ? view.path : view.name || 'node');
    setText(this.start, start);
    setText(this.end, end);
    const inside = open === null ? '' : words.count(view.children);
    setText(this.inside, inside);
    this.inside.title = inside ? `${view.children} right below it` : '';
    this.mark.hidden = !(line.trouble && open === false);
  }

  private drawMailbox(view: ActorView): void {
    const { current } = view;
    setText(this.message, current?.message ?? '');
    setText(this.lasts, current ? words.duration(current.for_s) : '');
    this.cell('current').classList.toggle('blocked', current?.blocked === true);
    this.cell('current').title = current?.blocked ? 'The handler blocks its thread' : '';
    const boundless = view.depth_max === 0;
    setText(this.depth, boundless ? (view.depth ? words.count(view.depth) : '') :
      `${words.count(view.depth)}/${words.count(view.depth_max)}`);
    const full = words.fullness(view);
    const bar = this.bar.parentElement;
    if (bar) bar.hidden = boundless;
    this.bar.style.width = `${Math.round(full * 100)}%`;
    setClass(this.bar, full >= 0.9 ? 'bad' : full >= 0.5 ? 'busy' : '');
    this.say('oldest', view.oldest_s === null ? '' : words.duration(view.oldest_s));
  }

  private drawExit({ last_exit: exit }: ActorView, at: number): void {
    this.say('exit', exit ? `${words.spaced(exit.reason)}, ${relativeDate(exit.at, at)}` : '');
    this.cell('exit').title = exit?.detail ?? '';
  }

  private cell(name: string): HTMLElement {
    return this.cells.get(name) as HTMLElement;
  }

  private say(name: string, text: string): void {
    setText(this.cell(name), text);
  }
}

/** The row that ends a part: more to show, on its way, or a problem. */
export class MoreRow {
  readonly element = h('div', { role: 'row', class: 'row row-more', tabindex: -1 });
  private readonly button = h('button', { type: 'button', class: 'button small', tabindex: -1 },
    'Show more');
  private readonly text = h('span', { class: 'soft' });

  constructor(line: MoreLine) {
    this.element.dataset.key = line.key;
    this.element.append(h('div', { role: 'gridcell' }, this.button, this.text));
  }

  /** Brings the row up to date. */
  draw(line: MoreLine): void {
    setAttribute(this.element, 'aria-level', String(line.level));
    this.element.style.setProperty('--level', String(line.level - 1));
    this.button.hidden = !line.more || line.limit >= SHOWN_MAX;
    setText(this.text, line.problem ?? told(line));
    this.text.classList.toggle('is-bad', line.problem !== null);
  }
}

function told(line: MoreLine): string {
  if (line.loading) return 'Loading…';
  if (line.limit < SHOWN_MAX) return `${words.count(line.shown)} shown`;
  return `The first ${words.count(line.shown)} are shown; search by id to find others.`;
}

function setAttribute(element: Element, name: string, value: string | null): void {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

function setClass(element: Element, value: string): void {
  if (element.className !== value) element.className = value;
}
