// How numbers are told to people: times, sizes, dates. Pure, so that the tests can hold them.

/** `0:07`, `12:03`, `1:02:03`. Anything that is no finite number is `0:00`. */
export function clock(seconds: number): string {
  const whole = Number.isFinite(seconds) ? Math.max(0, Math.floor(seconds)) : 0;
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = `${h > 0 ? String(m).padStart(2, '0') : m}:${String(s).padStart(2, '0')}`;
  return h > 0 ? `${h}:${tail}` : tail;
}

/** A time for screen readers: `1 hour 2 minutes 3 seconds`. */
export function spokenTime(seconds: number): string {
  const whole = Number.isFinite(seconds) ? Math.max(0, Math.floor(seconds)) : 0;
  const parts = [
    [Math.floor(whole / 3600), 'hour'],
    [Math.floor(whole / 60) % 60, 'minute'],
    [whole % 60, 'second'],
  ] as const;
  const said = parts.filter(([n]) => n > 0).map(([n, unit]) => `${n} ${unit}${n === 1 ? '' : 's'}`);
  return said.length > 0 ? said.join(' ') : '0 seconds';
}

/** Decimal units, as disks and networks are sold: `1.5 GB`. */
export function bytes(n: number): string {
  if (!Number.isFinite(n) || n < 1000) return `${Math.max(0, Math.round(n) || 0)} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = n;
  let unit = -1;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** `2.5 Mbit/s`, `64 kbit/s`. */
export function bitrate(bps: number): string {
  if (bps >= 1e6) return `${Number((bps / 1e6).toFixed(1))} Mbit/s`;
  return `${Math.round(bps / 1000)} kbit/s`;
}

const WHOLE = new Intl.NumberFormat('en');
const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** `1,234,567`. */
export function count(n: number): string {
  return WHOLE.format(Math.max(0, Math.round(n) || 0));
}

/** `950`, `1.2K`, `3.4M`. */
export function shortCount(n: number): string {
  return COMPACT.format(Math.max(0, Math.round(n) || 0));
}

/** `1 view`, `1.2K views`. */
export function counted(n: number, noun: string, tell = count): string {
  return `${tell(n)} ${noun}${Math.round(n) === 1 ? '' : 's'}`;
}

/** A length of watching: `45 s`, `12 min`, `3.4 h`, `1,250 h`. */
export function span(seconds: number): string {
  const whole = Number.isFinite(seconds) ? Math.max(0, seconds) : 0;
  if (whole < 60) return `${Math.round(whole)} s`;
  if (whole < 3600) return `${Math.round(whole / 60)} min`;
  const hours = whole / 3600;
  return `${hours < 100 ? Number(hours.toFixed(1)) : count(hours)} h`;
}

/** Time left: `about 3 min`, `12 s`; an unknown one is empty. */
export function timeLeft(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return '';
  if (seconds < 60) return `${Math.max(1, Math.ceil(seconds))} s`;
  if (seconds < 3600) return `about ${Math.round(seconds / 60)} min`;
  return `about ${(seconds / 3600).toFixed(1)} h`;
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

/** `3 hours ago`, `yesterday`, `just now`. `now` in milliseconds. */
export function relativeDate(iso: string, now: number): string {
  const then = Date.parse(iso);
  if (Number.isNaN(then)) return '';
  const past = (now - then) / 1000;
  const step = STEPS.find(([, size]) => past >= size);
  if (!step) return 'just now';
  const format = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  return format.format(-Math.floor(past / step[1]), step[0]);
}

/** A fraction from 0 to 1 as whole per cent; 100 only when it is whole. */
export function percent(fraction: number): number {
  if (!(fraction > 0)) return 0;
  return fraction >= 1 ? 100 : Math.min(99, Math.floor(fraction * 100));
}

/** A file name as a first title: no extension, separators as spaces. */
export function titleFromFilename(name: string): string {
  const stem = name.replace(/\.[A-Za-z0-9]{1,5}$/, '');
  return stem.replace(/[_\s]+/g, ' ').trim() || name;
}
