// The last events of an actor's life and its last exit, with the traces to look for in the logs.

import { fill, h } from '../lib/dom';
import { relativeDate } from '../lib/format';
import { titled } from './words';
import type { LastExit, LifeEvent } from './types';

/** What an event means to an operator, as a colour family. */
const TONES: Readonly<Record<string, string>> = {
  slow: 'busy', stuck: 'bad', ended: 'bad', restarting: 'busy', gave_up: 'bad', recovered: 'good',
  started: 'good', activated: 'good',
};

/** Both parts, drawn anew only when something has happened. */
export class Life {
  readonly exit = h('div', { class: 'last-exit' });
  readonly events = h('ol', { class: 'life' });
  private drawn = '';

  /** Shows them. */
  draw(exit: LastExit | null, events: readonly LifeEvent[]): void {
    const told = JSON.stringify([exit, events, minute()]);
    if (told === this.drawn) return;
    this.drawn = told;
    fill(this.exit, ...(exit ? exitParts(exit) : []));
    fill(this.events, ...events.map(eventItem));
  }
}

/** Ages are told in minutes and change with them. */
function minute(): number {
  return Math.floor(Date.now() / 60_000);
}

function exitParts(exit: LastExit): HTMLElement[] {
  return [
    h('p', {}, h('strong', {}, titled(exit.reason)), ' ', when(exit.at)),
    h('p', { class: 'life-detail' }, exit.detail),
    ...trace(exit.trace_id),
  ];
}

function eventItem(event: LifeEvent): HTMLElement {
  const pill = h('span', { class: `pill ${TONES[event.event] ?? 'quiet'}` }, titled(event.event));
  const detail = event.detail ? h('p', { class: 'life-detail' }, event.detail) : null;
  return h('li', {}, h('div', { class: 'life-head' }, pill, when(event.at)), detail,
    ...trace(event.trace_id));
}

function trace(id: string | null): HTMLElement[] {
  return id ? [h('p', { class: 'soft small-text' }, 'Trace ', h('code', {}, id))] : [];
}

function when(at: string): HTMLElement {
  const exact = new Date(at);
  const clock = Number.isNaN(exact.getTime()) ? '' : exact.toLocaleTimeString('en-GB');
  return h('time', { datetime: at, title: at, class: 'soft small-text' },
    `${clock}, ${relativeDate(at, Date.now())}`);
}
