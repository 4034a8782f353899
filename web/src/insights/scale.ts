// Axes: round numbers from zero up, times at whole hours. Pure.

/** Steps that people read at a glance. */
const ROUND = [1, 2, 2.5, 5, 10];

/** Ticks from 0 to a round number not below `highest`, about `wanted`; whole ones if asked. */
export function valueTicks(highest: number, wanted: number, whole = true): number[] {
  const top = Math.max(highest, whole ? 1 : 0.01);
  const rough = top / wanted;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = (ROUND.find((round) => round * unit >= rough * 0.999) ?? 10) * unit;
  const fair = whole ? Math.max(1, Math.ceil(step)) : step;
  const count = Math.ceil(top / fair - 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => Number((i * fair).toPrecision(12)));
}

const MINUTE = 60_000;
const TIME_STEPS = [1, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440, 2880, 10_080]
  .map((minutes) => minutes * MINUTE);

/**
 * Round local times between two instants, at most `wanted`; `zone` is the local clock less UTC in
 * milliseconds, as it is at `to`.
 */
export function timeTicks(from: number, to: number, wanted: number, zone: number): number[] {
  const span = Math.max(1, to - from);
  const step = TIME_STEPS.find((size) => span / size <= wanted) ?? TIME_STEPS.at(-1) ?? span;
  const first = Math.ceil((from + zone) / step) * step - zone;
  const count = Math.max(0, Math.floor((to - first) / step) + 1);
  return Array.from({ length: count }, (_, i) => first + i * step);
}

const SECOND_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];

/** Round positions in a content of `duration` seconds, at most `wanted` after the first. */
export function positionTicks(duration: number, wanted: number): number[] {
  const step = SECOND_STEPS.find((size) => duration / size <= wanted) ?? 7200;
  return Array.from({ length: Math.floor(duration / step) + 1 }, (_, i) => i * step);
}

const UNITS: readonly [number, string][] =
  [[86_400, 'day'], [3600, 'hour'], [60, 'minute']];

/** What one bucket of so many seconds is: `minute`, `4 minutes`, `hour`. */
export function bucketWords(seconds: number): string {
  const found = UNITS.find(([unit]) => seconds >= unit && seconds % unit === 0);
  const [size, name] = found ?? [1, 'second'];
  const count = seconds / size;
  return count === 1 ? name : `${count} ${name}s`;
}
