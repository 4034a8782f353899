// Made-up numbers of a creator's page: a day's rhythm, a retention curve with a hook and a drop.
// The content that ends in `2` has none at all.

const noise = (n) => {
  const x = Math.sin(n * 127.1 + 311.7) * 43758.5453;
  return x - Math.floor(x);
};
const numberOf = (id) => Number(id.slice(-4));

/** Views before the mock began. */
export function viewsSoFar(id) {
  const n = numberOf(id);
  return n % 10 === 2 ? 0 : Math.round(40 + 52_000 * noise(n + 1) ** 3);
}

function points(id, from, to) {
  const wanted = (to - from) / 360_000;
  const sizes = [60, 120, 240, 300, 600, 900, 1800, 3600];
  const bucket_s = sizes.find((s) => s >= wanted) ?? 86_400;
  const first = Math.ceil(from / 1000 / bucket_s) * bucket_s;
  const made = [];
  for (let at = first; at * 1000 < to; at += bucket_s) {
    const hour = (at / 3600) % 24;
    const rhythm = 0.25 + 0.75 * Math.max(0, Math.sin(((hour - 7) / 24) * Math.PI * 2)) ** 1.4;
    const burst = noise(Math.floor(at / 7200)) > 0.9 ? 2.6 : 1;
    const mean = (bucket_s / 60) * 6 * rhythm * burst;
    const views = viewsSoFar(id) === 0 ? 0 : Math.round(mean * (0.6 + 0.8 * noise(at / bucket_s)));
    made.push({ at: new Date(at * 1000).toISOString(), views });
  }
  return { bucket_s, points: made };
}

/** The answer of `…/insights`. */
export function insightsOf(id, url, told, title) {
  const to = Date.parse(url.searchParams.get('to') ?? '') || Date.now();
  const from = Date.parse(url.searchParams.get('from') ?? '') || to - 86_400_000;
  const views = points(id, from, to);
  const empty = viewsSoFar(id) === 0;
  const counted = views.points.reduce((sum, point) => sum + point.views, 0);
  const sessions = Math.round(counted * 1.21);
  const buckets = 100;
  const keeps = (i) => Math.max(0.12, 1 - 0.16 * Math.min(1, i / 8) - 0.0045 * i -
    (i > 60 ? 0.14 : 0)) * (0.99 + 0.02 * noise(i));
  const watched = Array.from({ length: buckets }, (_, i) => Math.round(sessions * Math.min(1, keeps(i))));
  const stops = watched.map((n, i) => Math.max(0, n - (watched[i + 1] ?? 0)));
  const device = (kind, share) => ({ kind, sessions: Math.round(sessions * share),
    watch_time_s: Math.round(sessions * share * 15) });
  return {
    content_id: id, title, duration_s: 24, from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    totals: { ...told, unique_exact: told.unique_viewers <= 4096, unique_error: 0.0081,
      average_watch_s: empty ? 0 : 14.2, sessions },
    views,
    retention: { bucket_s: 0.24, watched: empty ? watched.map(() => 0) : watched },
    stops: { bucket_s: 0.24, count: empty ? stops.map(() => 0) : stops },
    devices: empty ? [] : [device('mobile', 0.52), device('desktop', 0.33), device('tv', 0.09),
      device('tablet', 0.05), device('other', 0.01)],
    qoe: { sessions, startup_s: { p50: empty ? null : 0.41, p95: empty ? null : 1.18 },
      stall_ratio: empty ? 0 : 0.0042, stalls_per_hour: empty ? 0 : 0.8, errors: empty ? 0 : 3,
      bitrate_bps: empty ? 0 : 1_840_000 },
    refused: empty ? {} : { repeated: 212, too_old: 3, faster_than_time: 1, viewer_limit: 17 },
    trending: { score: empty ? 0 : counted * 0.31, share: empty ? 0 : 0.968,
      tier: empty ? 'tail' : 'warm' },
  };
}

/** The answer of `…/analytics`. */
export function analyticsOf(id, url) {
  const to = Date.parse(url.searchParams.get('to') ?? '') || Date.now();
  const from = Date.parse(url.searchParams.get('from') ?? '') || to - 86_400_000;
  const split = url.searchParams.get('split');
  const narrow = to - from <= 6 * 3_600_000 ? 'minute' : 'hour';
  const by = url.searchParams.get('by') ?? narrow;
  const step = { minute: 60_000, hour: 3_600_000, day: 86_400_000, total: to - from }[by];
  const shares = { country: { NG: 0.46, GH: 0.2, GB: 0.14, US: 0.09, DE: 0.06, ZZ: 0.05 },
    device: { mobile: 0.52, desktop: 0.33, tv: 0.09, tablet: 0.05, other: 0.01 } };
  const parts = split ? Object.entries(shares[split]) : [['', 1]];
  const first = by === 'total' ? from : Math.floor(from / step) * step;
  const made = [];
  for (let at = first; at < to && viewsSoFar(id) > 0; at += step) {
    const pulse = noise(at / step);
    for (const [of, share] of parts) {
      const views = Math.round((step / 60_000) * 6 * share * (0.5 + pulse));
      const watched = views * 15;
      made.push({ at: new Date(at).toISOString(), ...(split ? { [split]: of } : {}), views,
        sessions: Math.round(views * 1.2), watch_time_s: watched,
        startup: { count: views, mean_s: 0.4 + 0.3 * pulse, histogram: [] },
        stalls: Math.round(views * 0.1), stalled_s: watched * 0.004,
        stall_ratio: 0.002 + 0.01 * pulse, bitrate_bps: 1_600_000 + 400_000 * pulse,
        errors: pulse > 0.9 ? 1 : 0 });
    }
  }
  return { content_id: id, from: new Date(from).toISOString(), to: new Date(to).toISOString(), by,
    split, points: made };
}
