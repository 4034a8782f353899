// The strip above the tree: the node's sums, its version and uptime, and whether what one sees is
// live, old or cut off.

import { h, setText } from '../lib/dom';
import { count, duration } from './words';
import { STALE_MS, type Feed } from './feed';
import type { Totals } from './types';

const SUMS: readonly { key: keyof Totals; label: string; bad?: boolean; title?: string }[] = [
  { key: 'actors', label: 'Actors' },
  { key: 'services', label: 'Services' },
  { key: 'tasks', label: 'Tasks' },
  { key: 'entities', label: 'Entities', title: 'Resident entities' },
  { key: 'slow', label: 'Slow', bad: true, title: 'Handlers that wait too long' },
  { key: 'stuck', label: 'Stuck', bad: true, title: 'Handlers that block their thread' },
  { key: 'undelivered', label: 'Undelivered',
    title: 'Messages lost with lives that ended, since the node started' },
];

/** The strip. */
export class Summary {
  readonly element: HTMLElement;
  private readonly values = new Map<string, HTMLElement>();
  private readonly link = h('p', { class: 'link', role: 'status' });
  private readonly linkText = h('span', {});

  constructor() {
    const sums = h('dl', { class: 'sums' });
    for (const { key, label, title } of SUMS) sums.append(this.sum(key, label, title));
    sums.append(this.sum('uptime', 'Up for'), this.sum('version', 'Version'));
    this.link.append(h('span', { class: 'link-dot', 'aria-hidden': 'true' }), this.linkText);
    this.element = h('div', { class: 'summary' }, sums, this.link);
  }

  /** Brings it up to date; `now` by this computer's clock (ms). */
  draw(feed: Feed, now: number): void {
    const { page } = feed;
    for (const { key, bad } of SUMS) {
      const value = page?.totals[key];
      this.say(key, value === undefined ? '–' : count(value));
      this.values.get(key)?.classList.toggle('is-bad', !!bad && !!value);
    }
    const up = page && (Date.parse(page.at) - Date.parse(page.node.started_at)) / 1000;
    this.say('uptime', up === null ? '–' : duration(Math.floor(up)));
    this.say('version', page?.node.version ?? '–');
    const { tone, text } = linkWords(feed, now);
    this.link.className = `link ${tone}`;
    setText(this.linkText, text);
  }

  private sum(key: string, label: string, title?: string): HTMLElement {
    const value = h('dd', {}, '–');
    this.values.set(key, value);
    return h('div', { title, class: `sum sum-${key}` }, h('dt', {}, label), value);
  }

  private say(key: string, text: string): void {
    const value = this.values.get(key);
    if (value) setText(value, text);
  }
}

/** How the stream stands, in words and as a colour family. */
export function linkWords(
  feed: Pick<Feed, 'link' | 'heardAt'>,
  now: number,
): { tone: string; text: string } {
  const ageMs = now - feed.heardAt;
  const old = feed.heardAt > 0 && ageMs > STALE_MS;
  const ago = old ? ` These numbers are ${duration(Math.floor(ageMs / 1000))} old.` : '';
  switch (feed.link) {
    case 'live':
      return old ? { tone: 'busy', text: `No news.${ago}` } : { tone: 'good', text: 'Live' };
    case 'connecting':
      return { tone: 'busy', text: `Connecting…${ago}` };
    case 'broken':
      return { tone: 'bad', text: `The stream is broken; trying again.${ago}` };
    case 'paused':
      return { tone: 'quiet', text: 'Paused while this page is hidden.' };
    case 'refused':
      return { tone: 'bad', text: 'The node refused the stream.' };
  }
}
