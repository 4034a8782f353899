// Quality of playing over time, and views by country and device: what the node adds up from its
// event log, some seconds behind.

import { fill, h, setText } from '../lib/dom';
import { bitrate, count, span } from '../lib/format';
import { instant, tickWords } from './charts';
import { card } from './panels';
import { Plot } from './plot';
import { timeTicks } from './scale';
import { METRICS, countryWords, filled, shares } from './sums';
import type { Analytics, Metric, Share } from './sums';
import { deviceWords } from './words';

const COUNTRIES_MOST = 12;

/** One measure of quality at a time, chosen by buttons. */
export class QualityChart {
  readonly element: HTMLElement;
  private readonly plot: Plot;
  private readonly per = h('span', { class: 'soft small-text' });
  private readonly choice = h('div', { class: 'switch', role: 'group', 'aria-label': 'Measure' });
  private metric: Metric = 'startup';
  private told: Analytics | null = null;

  constructor() {
    this.plot = new Plot({
      kind: 'bars', label: 'Quality over time', height: 200,
      axis: (value) => words(this.metric, value), heads: ['Time', 'Measured'],
      point: (index) => {
        const at = this.points[index];
        return { where: instant(new Date(at?.at ?? 0).toISOString()),
          what: at?.point ? words(this.metric, METRICS[this.metric].of(at.point)) : 'nothing' };
      },
    });
    const buttons = (Object.keys(METRICS) as Metric[]).map((name) =>
      h('button', { type: 'button', 'aria-pressed': String(name === this.metric),
        onclick: () => this.pick(name) }, METRICS[name].word));
    fill(this.choice, ...buttons);
    this.element = card('Quality over time', h('div', { class: 'chart-head' }, this.per,
      this.choice), this.plot.element);
  }

  show(told: Analytics): void {
    this.told = told;
    setText(this.per, told.by === 'total' ? '' : `mean of each ${told.by}`);
    const values = this.points.map(({ point }) => (point ? METRICS[this.metric].of(point) : 0));
    const [first, last] = [this.points[0]?.at ?? 0, this.points.at(-1)?.at ?? 0];
    const zone = -new Date(last).getTimezoneOffset() * 60_000;
    const marks = timeTicks(first, last, innerWidth < 600 ? 4 : 8, zone).map((at) => ({
      at: last > first ? (at - first) / (last - first) : 0.5,
      label: tickWords(at, last - first),
    }));
    const most = words(this.metric, Math.max(0, ...values));
    const summary = `${METRICS[this.metric].word}: at most ${most}.`;
    this.plot.show({ values, marks, summary, whole: this.metric === 'errors',
      least: this.metric === 'errors' ? 4 : undefined });
  }

  private get points(): ReturnType<typeof filled> {
    return this.told ? filled(this.told) : [];
  }

  private pick(name: Metric): void {
    this.metric = name;
    for (const [at, button] of [...this.choice.children].entries()) {
      button.setAttribute('aria-pressed', String(Object.keys(METRICS)[at] === name));
    }
    if (this.told) this.show(this.told);
  }
}

function words(metric: Metric, value: number): string {
  if (metric === 'startup') return `${value.toFixed(value < 10 ? 2 : 0)} s`;
  if (metric === 'stalls') return `${(value * 100).toFixed(value < 0.1 ? 1 : 0)} %`;
  if (metric === 'bitrate') return value > 0 ? bitrate(value) : '0';
  return count(value);
}

/** Views by country and by kind of device. */
export function splitPanels(countries: Analytics, devices: Analytics): HTMLElement[] {
  return [
    card('Countries', 'share of views, and time watched',
      bars(shares(countries, COUNTRIES_MOST), countryWords)),
    card('Views by device', 'share of views, and time watched', bars(shares(devices, 8), deviceWords)),
  ];
}

function bars(rows: Share[], name: (of: string) => string): HTMLElement {
  if (rows.length === 0) return h('p', { class: 'soft' }, 'Nobody has watched in this time.');
  return h('ul', { class: 'bars' }, ...rows.map((row) => {
    const bar = h('div', { class: 'bar', 'aria-hidden': 'true' }, h('i'));
    (bar.firstElementChild as HTMLElement).style.width = `${row.share * 100}%`;
    return h('li', {}, h('span', {}, name(row.of)), bar,
      h('span', { class: 'bar-value', title: `${count(row.views)} views` },
        `${row.share > 0 && row.share < 0.01 ? '< 1' : Math.round(row.share * 100)} %`,
        h('small', {}, span(row.watch_time_s))));
  }));
}
