// The creator's page of one content: who watches it, when, how much of it, and how well it plays.
// Totals are live; the rest is asked for anew every minute while somebody looks.

import '../styles/insights.css';
import { ApiError, call, sentence } from '../lib/api';
import { byId, fill, h, icon, setText } from '../lib/dom';
import { takeTokenFromAddress } from '../lib/session';
import { signIn } from '../lib/signin';
import { followStream } from '../lib/stream';
import type { Content, Engagement, Storyboard } from '../lib/types';
import { RetentionChart, StopsChart, ViewsChart } from '../insights/charts';
import { TotalsRow, card, fillPanels } from '../insights/panels';
import { QualityChart, splitPanels } from '../insights/quality';
import { bucketWords } from '../insights/scale';
import type { Analytics } from '../insights/sums';
import type { Insights } from '../insights/types';

const AGAIN_MS = 60_000;
const RANGES = {
  '1h': { word: '1 hour', ms: 3_600_000 },
  '24h': { word: '24 hours', ms: 86_400_000 },
  '7d': { word: '7 days', ms: 604_800_000 },
} as const;
type Range = keyof typeof RANGES;

const id = decodeURIComponent(location.pathname.split('/')[2] ?? '');
const path = `/api/v1/content/${encodeURIComponent(id)}`;
const content = byId('content');
const totals = new TotalsRow();
const views = new ViewsChart();
let storyboard: Storyboard | null = null;
const retention = new RetentionChart(() => storyboard);
const stops = new StopsChart(() => storyboard);
const quality = new QualityChart();
const splits = h('div', { class: 'panel-grid' });
const perBucket = h('span', { class: 'soft small-text' });
const ranges = h('div', { class: 'switch', role: 'group', 'aria-label': 'Range of time' });
const panels = h('div', { class: 'panel-grid' });
const problem = h('div', { role: 'alert' });
let range = rangeOfAddress();
let asked = 0;
let following = false;

takeTokenFromAddress();
void signIn(byId('account'), content, () => void begin());

async function begin(): Promise<void> {
  fill(content, h('p', { class: 'soft', role: 'status' }, 'Loading…'));
  void nameIt();
  const told = await load();
  if (told === 'refused') return;
  const head = h('div', { class: 'chart-head' }, perBucket, ranges);
  const watched = card('How much is watched', 'share of the sessions that saw each part',
    retention.plot.element, h('h3', {}, 'Where viewers stop'), stops.plot.element);
  fill(content, problem, totals.element, card('Views', head, views.plot.element),
    quality.element, splits, watched, panels);
  drawRanges();
  if (!following) follow();
}

/** The title and the pictures; the page does without when they cannot be had. */
async function nameIt(): Promise<void> {
  try {
    const known = await call<Content>('GET', path);
    storyboard = known.storyboard;
    title(known.title);
  } catch {
    // The numbers come with a title, too.
  }
}

function title(text: string): void {
  const name = text || 'Untitled';
  document.title = `Insights: ${name} · Playhouse`;
  fill(byId('heading'), h('span', { class: 'heading-kind' }, 'Insights'),
    h('a', { href: `/watch/${encodeURIComponent(id)}` }, name));
}

async function load(): Promise<'shown' | 'failed' | 'refused'> {
  const mine = (asked += 1);
  const to = new Date();
  const from = new Date(to.getTime() - RANGES[range].ms);
  const query = new URLSearchParams({ from: from.toISOString(), to: to.toISOString() });
  try {
    const told = await call<Insights>('GET', `${path}/insights?${query}`);
    if (mine === asked) show(told);
    void addUp(query, mine);
    return 'shown';
  } catch (error) {
    const final = error instanceof ApiError && [400, 401, 403, 404].includes(error.status);
    if (final) refuse(error);
    else if (mine === asked) complain(sentence(error));
    return final ? 'refused' : 'failed';
  }
}

/** What is added up from the event log: it may come later, and the rest is shown without it. */
async function addUp(query: URLSearchParams, mine: number): Promise<void> {
  const ask = (more: string): Promise<Analytics> =>
    call<Analytics>('GET', `${path}/analytics?${query}${more}`);
  try {
    const [time, countries, devices] = await Promise.all([ask(''),
      ask('&by=total&split=country'), ask('&by=total&split=device')]);
    if (mine !== asked) return;
    quality.show(time);
    fill(splits, ...splitPanels(countries, devices));
  } catch (error) {
    if (mine === asked) fill(splits, h('p', { class: 'soft', role: 'status' }, sentence(error)));
  }
}

function show(told: Insights): void {
  fill(problem);
  title(told.title);
  totals.show(told.totals);
  views.show(told);
  setText(perBucket, `per ${bucketWords(told.views.bucket_s)}`);
  retention.show(told);
  stops.show(told);
  fillPanels(panels, told);
}

function follow(): void {
  following = true;
  followStream(`${path}/engagement/stream`, {
    event: (name, data) => {
      if (name === 'engagement') totals.update(JSON.parse(data) as Engagement);
    },
  });
  setInterval(() => document.hidden || void load(), AGAIN_MS);
}

function drawRanges(): void {
  fill(ranges, ...(Object.keys(RANGES) as Range[]).map((name) =>
    h('button', { type: 'button', 'aria-pressed': String(name === range),
      onclick: () => pick(name) }, RANGES[name].word)));
}

function pick(name: Range): void {
  range = name;
  history.replaceState(null, '', name === '24h' ? location.pathname : `?range=${name}`);
  for (const [at, button] of [...ranges.children].entries()) {
    button.setAttribute('aria-pressed', String(Object.keys(RANGES)[at] === name));
  }
  void load();
}

function rangeOfAddress(): Range {
  const wanted = new URLSearchParams(location.search).get('range') ?? '';
  return wanted in RANGES ? (wanted as Range) : '24h';
}

function complain(message: string): void {
  const again = h('button', { type: 'button', class: 'button small', onclick: () => void load() },
    'Try again');
  fill(problem, h('p', { class: 'notice bad' }, icon('alert'), h('span', {}, message), again));
}

function refuse(error: ApiError): void {
  const mine = error.status === 401 || error.status === 403;
  const words = mine
    ? 'Only who made it, administrators and operators may see its numbers.'
    : 'There is no such content.';
  fill(content, h('div', { class: 'empty', role: 'alert' }, icon('alert'),
    h('h2', {}, mine ? 'Not yours to see' : 'Not found'), h('p', { class: 'soft' }, words),
    h('a', { class: 'button', href: '/upload' }, 'To your uploads')));
}
