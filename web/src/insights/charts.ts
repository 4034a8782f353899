// The three charts of the page: views over time, how much of the content is watched, where viewers
// stop.

import { h } from '../lib/dom';
import { clock, count, counted, shortCount } from '../lib/format';
import { tileAt } from '../lib/storyboard';
import type { Storyboard } from '../lib/types';
import { Plot } from './plot';
import { bucketWords, positionTicks, timeTicks } from './scale';
import type { Insights } from './types';

const DAY_MS = 86_400_000;

/** Views per bucket of time. */
export class ViewsChart {
  readonly plot: Plot;
  private data: Insights['views'] = { bucket_s: 60, points: [] };

  constructor() {
    this.plot = new Plot({
      kind: 'area', label: 'Views over time', height: 250, axis: shortCount,
      heads: ['Time', 'Views'],
      point: (index) => ({
        where: instant(this.data.points[index]?.at ?? ''),
        what: counted(this.data.points[index]?.views ?? 0, 'view'),
      }),
    });
  }

  show({ views, from, to }: Insights): void {
    this.data = views;
    const values = views.points.map((point) => point.views);
    const first = Date.parse(views.points[0]?.at ?? from);
    const last = Date.parse(views.points.at(-1)?.at ?? to);
    const zone = -new Date(last).getTimezoneOffset() * 60_000;
    const narrow = innerWidth < 600;
    const marks = timeTicks(first, last, narrow ? 4 : 8, zone).map((at) => ({
      at: last > first ? (at - first) / (last - first) : 0.5,
      label: tickWords(at, last - first),
    }));
    const total = values.reduce((sum, n) => sum + n, 0);
    const most = Math.max(0, ...values);
    const best = instant(views.points[values.indexOf(most)]?.at ?? '');
    const summary = `${counted(total, 'view')} in all; at most ${count(most)} per ` +
      `${bucketWords(views.bucket_s)}${most > 0 ? `, at ${best}` : ''}.`;
    this.plot.show({ values, marks, summary, least: 4 });
  }
}

export function tickWords(at: number, span: number): string {
  const date = new Date(at);
  const midnight = date.getHours() === 0 && date.getMinutes() === 0;
  if (span > 3 * DAY_MS || (midnight && span > DAY_MS / 2)) {
    return date.toLocaleDateString('en', { day: 'numeric', month: 'short' });
  }
  return date.toLocaleTimeString('en', { hour: '2-digit', minute: '2-digit', hour12: false });
}

export function instant(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  return date.toLocaleString('en', { day: 'numeric', month: 'short', hour: '2-digit',
    minute: '2-digit', hour12: false });
}

/** What share of the sessions watched each part; parts that are watched again can pass 100 %. */
export class RetentionChart {
  readonly plot: Plot;
  private bucketS = 1;
  private watched: number[] = [];
  private sessions = 0;

  constructor(private readonly storyboard: () => Storyboard | null) {
    this.plot = new Plot({
      kind: 'area', label: 'How much is watched', height: 220, axis: percentWords,
      heads: ['Part', 'Watched'],
      point: (index) => ({
        where: partWords(index, this.bucketS),
        what: `${percentWords(this.share(index))} · ${counted(this.watched[index] ?? 0, 'time')}`,
      }),
      picture: (index) => tile(this.storyboard(), (index + 0.5) * this.bucketS),
    });
  }

  show({ retention, totals, duration_s }: Insights): void {
    this.bucketS = retention.bucket_s ?? 1;
    this.watched = retention.watched;
    this.sessions = Math.max(totals.sessions, ...retention.watched, 1);
    if (totals.sessions > 0) this.sessions = totals.sessions;
    const values = this.watched.map((_, index) => this.share(index));
    const duration = duration_s ?? values.length * this.bucketS;
    const half = values[Math.floor(values.length / 2)] ?? 0;
    const summary = `Half of it is reached by ${percentWords(half)} of the sessions, the end by ` +
      `${percentWords(values.at(-1) ?? 0)}.`;
    this.plot.show({ values, marks: positions(duration), summary, least: 1, whole: false });
  }

  private share(index: number): number {
    return (this.watched[index] ?? 0) / this.sessions;
  }
}

/** How many stopped in each part. */
export class StopsChart {
  readonly plot: Plot;
  private bucketS = 1;
  private count: number[] = [];

  constructor(private readonly storyboard: () => Storyboard | null) {
    this.plot = new Plot({
      kind: 'bars', label: 'Where viewers stop', height: 150, axis: shortCount,
      heads: ['Part', 'Stopped'],
      point: (index) => ({
        where: partWords(index, this.bucketS),
        what: `${count(this.count[index] ?? 0)} stopped`,
      }),
      picture: (index) => tile(this.storyboard(), (index + 0.5) * this.bucketS),
    });
  }

  show({ stops, duration_s }: Insights): void {
    this.bucketS = stops.bucket_s ?? 1;
    this.count = stops.count;
    const most = Math.max(0, ...stops.count);
    const where = partWords(stops.count.indexOf(most), this.bucketS);
    const duration = duration_s ?? stops.count.length * this.bucketS;
    const summary = most > 0 ? `Most stop at ${where}: ${count(most)}.` : 'Nobody has stopped yet.';
    this.plot.show({ values: stops.count, marks: positions(duration), summary, least: 4 });
  }
}

function positions(duration: number): { at: number; label: string }[] {
  const ticks = positionTicks(duration, innerWidth < 600 ? 4 : 8);
  return ticks.map((at) => ({ at: duration > 0 ? at / duration : 0, label: clock(at) }));
}

/** `1:20 – 1:30`; parts below two seconds have a tenth: `0:04.8`. */
function partWords(index: number, bucketS: number): string {
  if (bucketS >= 2) return `${clock(index * bucketS)} – ${clock((index + 1) * bucketS)}`;
  const at = index * bucketS;
  return `${clock(at)}.${Math.floor((at % 1) * 10)}`;
}

function percentWords(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function tile(board: Storyboard | null, seconds: number): HTMLElement | null {
  if (!board) return null;
  const { x, y } = tileAt(board, seconds);
  const picture = h('div', { class: 'plot-tile' });
  const { style } = picture;
  style.width = `${board.tile_width}px`;
  style.height = `${board.tile_height}px`;
  style.backgroundImage = `url("${encodeURI(board.url)}")`;
  style.backgroundPosition = `-${x}px -${y}px`;
  return picture;
}
