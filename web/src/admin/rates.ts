// What changes between two looks at an actor: messages per second and the share of time spent in
// handlers, with the last samples for sparklines. Pure; bounded by the actors that are shown.

import type { ActorView, History } from './types';

/** Samples kept of each actor. */
export const SAMPLES_MAX = 60;
/** Two looks nearer than this (ms) say nothing about a rate. */
const NEAR_MS = 500;
/** The node tells the start of a life by two clocks, which differ by less than this (ms). */
const SAME_START_MS = 1000;

/** The last samples of one actor, oldest first. */
export interface Trend {
  /** Handled per second between the last two looks; null before the second. */
  perSecond: number | null;
  /** Share of that time spent in handlers; null before the second look. */
  busy: number | null;
  handled: number[];
  depth: number[];
  busyShares: number[];
}

interface Known {
  at: number;
  handled: number;
  busyS: number;
  startedAt: number | null;
  trend: Trend;
}

/** Follows the actors that are shown. */
export class Rates {
  private known = new Map<string, Known>();

  /** Takes a look at an actor, made at `at` milliseconds. */
  note(view: ActorView, at: number): void {
    const before = this.known.get(view.path);
    if (before && at - before.at < NEAR_MS) return;
    const startedAt = view.started_at === null ? null : Date.parse(view.started_at);
    const now = { at, handled: view.handled, busyS: busyUntilNow(view), startedAt };
    const trend = before?.trend ??
      { perSecond: null, busy: null, handled: [], depth: [], busyShares: [] };
    push(trend.depth, view.depth);
    if (before && isSameLife(before.startedAt, startedAt) && now.handled >= before.handled) {
      const seconds = (at - before.at) / 1000;
      trend.perSecond = (now.handled - before.handled) / seconds;
      trend.busy = busyShare(view, (now.busyS - before.busyS) / seconds);
      push(trend.handled, trend.perSecond);
      push(trend.busyShares, trend.busy);
    }
    this.known.set(view.path, { ...now, trend });
  }

  /** What is known of an actor. */
  of(path: string): Trend | null {
    return this.known.get(path)?.trend ?? null;
  }

  /** Forgets all that are not among `paths`. */
  keep(paths: ReadonlySet<string>): void {
    for (const path of this.known.keys()) if (!paths.has(path)) this.known.delete(path);
  }
}

function isSameLife(before: number | null, now: number | null): boolean {
  if (before === null || now === null) return before === now;
  return Math.abs(now - before) < SAME_START_MS;
}

/** The handler that runs counts as busy before it has ended. */
function busyUntilNow(view: ActorView): number {
  return view.busy_s + (view.current?.for_s ?? 0);
}

/** A single actor handles one message at a time; a kind may be busy many times over. */
function busyShare(view: ActorView, measured: number): number {
  const most = view.role === 'kind' || view.role === 'node' ? Infinity : 1;
  return Math.min(most, Math.max(0, measured));
}

function push(samples: number[], value: number): void {
  samples.push(value);
  if (samples.length > SAMPLES_MAX) samples.shift();
}

/** The node's own samples as a trend; its newest interval is the current rate. */
export function fromHistory(history: History): Trend {
  const handled = history.handled.map((n) => n / Math.max(history.every_s, 0.001));
  return {
    perSecond: handled.at(-1) ?? null,
    busy: history.busy.at(-1) ?? null,
    handled,
    depth: history.depth,
    busyShares: history.busy,
  };
}
