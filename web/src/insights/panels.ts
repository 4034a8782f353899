// The parts of the page that are words and bars: totals, devices, quality, refusals, trending.

import { fill, h, setText } from '../lib/dom';
import { bitrate, count, shortCount, span } from '../lib/format';
import type { Engagement } from '../lib/types';
import type { Insights, Totals } from './types';
import { TIERS, deviceWords, refusalWords } from './words';

/** The row of totals; live numbers change in place. */
export class TotalsRow {
  readonly element: HTMLElement;
  private readonly figures = new Map<string, { value: HTMLElement; note: HTMLElement }>();
  private last: Totals | null = null;

  constructor() {
    const names = ['Views', 'Watching now', 'Unique viewers', 'Likes', 'Watch time',
      'Average watch', 'Sessions'];
    const cells = names.map((name) => {
      const value = h('dd', {}, '–');
      const note = h('dd', { class: 'figure-note' }, '\u00A0');
      this.figures.set(name, { value, note });
      return h('div', { class: 'figure' }, h('dt', {}, name), value, note);
    });
    this.element = h('dl', { class: 'figures' }, ...cells);
  }

  /** Shows all of it. */
  show(totals: Totals): void {
    this.last = totals;
    const { views } = totals;
    const live = Math.max(views.live, views.settled);
    const settling = live > views.settled ? `${count(live - views.settled)} being settled` : '';
    this.put('Views', count(live), settling);
    this.put('Watching now', count(totals.viewers_now));
    this.put('Unique viewers', count(totals.unique_viewers),
      totals.unique_exact ? '' : `± ${(totals.unique_error * 100).toFixed(1)} %`);
    this.put('Likes', count(totals.likes));
    this.put('Watch time', span(totals.watch_time_s));
    this.put('Average watch', totals.sessions > 0 ? span(totals.average_watch_s) : '–',
      totals.sessions > 0 ? 'per session' : '');
    this.put('Sessions', count(totals.sessions));
  }

  /** Shows what the stream tells. */
  update(told: Engagement): void {
    if (this.last) this.show({ ...this.last, ...told });
  }

  private put(name: string, value: string, note = ''): void {
    const figure = this.figures.get(name);
    if (!figure) return;
    setText(figure.value, value);
    setText(figure.note, note || '\u00A0');
  }
}

/** Devices as bars. */
export function devicesPanel({ devices }: Insights): HTMLElement {
  const all = devices.reduce((sum, { sessions }) => sum + sessions, 0);
  const rows = [...devices].sort((a, b) => b.sessions - a.sessions).map((device) => {
    const share = all > 0 ? device.sessions / all : 0;
    const bar = h('div', { class: 'bar', 'aria-hidden': 'true' }, h('i'));
    (bar.firstElementChild as HTMLElement).style.width = `${share * 100}%`;
    return h('li', {}, h('span', {}, deviceWords(device.kind)), bar,
      h('span', { class: 'bar-value', title: `${count(device.sessions)} sessions` },
        `${share > 0 && share < 0.01 ? '< 1' : Math.round(share * 100)} %`,
        h('small', {}, span(device.watch_time_s))));
  });
  return card('Devices', 'share of sessions, and time watched',
    rows.length > 0 ? h('ul', { class: 'bars' }, ...rows) : nothing());
}

/** How well it played. */
export function qualityPanel({ qoe }: Insights): HTMLElement {
  const seconds = (value: number | null): string =>
    value === null ? '–' : `${value.toFixed(2)} s`;
  const some = qoe.sessions > 0;
  const rows: [string, string, string][] = [
    ['Start-up, half within', seconds(qoe.startup_s.p50), 'from the click to the first frame'],
    ['Start-up, 95 % within', seconds(qoe.startup_s.p95), ''],
    ['Standing still', some ? `${(qoe.stall_ratio * 100).toFixed(2)} %` : '–',
      some ? `of the time; ${Number(qoe.stalls_per_hour.toFixed(1))} times an hour` : ''],
    ['Average bitrate', qoe.bitrate_bps ? bitrate(qoe.bitrate_bps) : '–', ''],
    ['Errors', count(qoe.errors), `in ${count(qoe.sessions)} sessions`],
  ];
  return card('Quality of playback', 'as the players tell it', list(rows));
}

/** What was not counted, by reason. */
export function refusedPanel({ refused }: Insights): HTMLElement {
  const rows = Object.entries(refused)
    .filter(([, n]) => n > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([code, n]) => h('li', {}, h('strong', {}, count(n)), h('span', {}, refusalWords(code))));
  const body = rows.length > 0
    ? h('ul', { class: 'refusals' }, ...rows)
    : h('p', { class: 'soft' }, 'Everything was counted.');
  return card('Not counted', 'and why', body);
}

/** How much it is watched just now, against all others. */
export function trendingPanel({ trending }: Insights): HTMLElement {
  const { word, tone } = TIERS[trending.tier];
  const { score, share } = trending;
  const value = score < 100 ? String(Number(score.toFixed(1))) : shortCount(score);
  const rank = share > 0
    ? `Watched more than ${shareWords(share)} of all that is watched now.`
    : 'Not among the most watched tenth now.';
  return card('Trending', 'views, each worth less the older it is',
    h('p', { class: 'trend' }, h('strong', {}, value),
      h('span', { class: `pill ${tone}` }, word)),
    h('p', { class: 'soft small-text' }, rank));
}

function shareWords(share: number): string {
  const percent = share * 100;
  return `${percent >= 99 ? Number(Math.min(99.99, percent).toFixed(2)) : Math.floor(percent)} %`;
}

function list(rows: [string, string, string][]): HTMLElement {
  return h('dl', { class: 'facts-list' }, ...rows.map(([name, value, note]) =>
    h('div', {}, h('dt', {}, name),
      h('dd', {}, h('strong', {}, value), note ? h('small', {}, note) : null))));
}

function nothing(): HTMLElement {
  return h('p', { class: 'soft' }, 'Nobody has watched yet.');
}

/** A titled part of the page. */
export function card(
  title: string,
  aside: string | HTMLElement,
  ...body: HTMLElement[]
): HTMLElement {
  const section = h('section', { class: 'card panel' },
    h('div', { class: 'panel-head' }, h('h2', {}, title),
      typeof aside === 'string' ? h('span', { class: 'soft small-text' }, aside) : aside));
  section.append(...body);
  return section;
}

/** Puts the four small parts in place of what was there. */
export function fillPanels(target: HTMLElement, told: Insights): void {
  fill(target, devicesPanel(told), qualityPanel(told), trendingPanel(told), refusedPanel(told));
}
