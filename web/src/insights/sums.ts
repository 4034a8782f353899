// What the node has added up, made ready for charts. Pure.

/** A point of the answer of `…/analytics`. */
export interface SumPoint {
  at: string;
  country?: string;
  device?: string;
  views: number;
  sessions: number;
  watch_time_s: number;
  startup: { count: number; mean_s: number | null;
    histogram: { upto_s: number | null; count: number }[] };
  stalls: number;
  stalled_s: number;
  stall_ratio: number | null;
  bitrate_bps: number | null;
  errors: number;
}

/** The answer of `…/analytics`. */
export interface Analytics {
  content_id: string;
  from: string;
  to: string;
  by: 'minute' | 'hour' | 'day' | 'total';
  split: 'country' | 'device' | null;
  points: SumPoint[];
}

const STEPS = { minute: 60_000, hour: 3_600_000, day: 86_400_000, total: 0 } as const;
/** More would not be told apart, and a mistaken clock must not fill the memory. */
const POINTS_MAX = 1_000;

/** Every point of time from first to last, with what is known of it: the node leaves out empty ones. */
export function filled(told: Analytics): { at: number; point: SumPoint | null }[] {
  const step = STEPS[told.by];
  if (step === 0) {
    return told.points.map((point) => ({ at: Date.parse(point.at), point }));
  }
  const known = new Map(told.points.map((point) => [Date.parse(point.at), point]));
  const first = Math.floor(Date.parse(told.from) / step) * step;
  const last = Date.parse(told.to);
  const count = Math.min(POINTS_MAX, Math.max(1, Math.ceil((last - first) / step)));
  return Array.from({ length: count }, (_, i) => {
    const at = first + i * step;
    return { at, point: known.get(at) ?? null };
  });
}

/** One row of a list of countries or devices. */
export interface Share {
  of: string;
  views: number;
  watch_time_s: number;
  share: number;
}

/** Shares of the views, the largest first; what is behind the first `most` is one row. */
export function shares(told: Analytics, most: number): Share[] {
  const sums = new Map<string, Share>();
  for (const point of told.points) {
    const of = point.country ?? point.device ?? '';
    const sum = sums.get(of) ?? { of, views: 0, watch_time_s: 0, share: 0 };
    sum.views += point.views;
    sum.watch_time_s += point.watch_time_s;
    sums.set(of, sum);
  }
  const sorted = [...sums.values()].sort((a, b) => b.views - a.views || a.of.localeCompare(b.of));
  const shown = sorted.slice(0, most);
  const rest = sorted.slice(most);
  if (rest.length > 0) {
    shown.push(rest.reduce((sum, one) => ({ ...sum, views: sum.views + one.views,
      watch_time_s: sum.watch_time_s + one.watch_time_s }),
    { of: '', views: 0, watch_time_s: 0, share: 0 }));
  }
  const all = shown.reduce((sum, one) => sum + one.views, 0);
  return shown.map((one) => ({ ...one, share: all > 0 ? one.views / all : 0 }));
}

/** What can be seen of the quality over time. */
export const METRICS = {
  startup: { word: 'Start-up', of: (point: SumPoint) => point.startup.mean_s ?? 0 },
  stalls: { word: 'Standing still', of: (point: SumPoint) => point.stall_ratio ?? 0 },
  bitrate: { word: 'Bitrate', of: (point: SumPoint) => point.bitrate_bps ?? 0 },
  errors: { word: 'Errors', of: (point: SumPoint) => point.errors },
} as const;
export type Metric = keyof typeof METRICS;

/** A country by its name; `ZZ` is nobody's. */
export function countryWords(code: string): string {
  if (code === '') return 'All others';
  if (code === 'ZZ') return 'Unknown';
  try {
    return new Intl.DisplayNames(['en'], { type: 'region' }).of(code) ?? code;
  } catch {
    return code;
  }
}
