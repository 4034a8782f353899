// How an operator reads actors: durations, counts, names of states, what an order does. Pure.

import type { Action, ActorView, Role, Status } from './types';

/** `80 µs`, `12 ms`, `3.4 s`, `42 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`; none is a dash. */
export function duration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return '–';
  const s = Math.max(0, seconds);
  if (s === 0) return '0 s';
  if (s < 0.000_999_5) return `${Math.max(1, Math.round(s * 1e6))} µs`;
  if (s < 0.999_5) return `${Math.round(s * 1e3)} ms`;
  if (s < 9.95) return `${Number(s.toFixed(1))} s`;
  const whole = Math.round(s);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return two(whole, 60, 'min', 1, 's');
  if (whole < 86_400) return two(whole, 3600, 'h', 60, 'min');
  return two(whole, 86_400, 'd', 3600, 'h');
}

function two(n: number, large: number, one: string, small: number, other: string): string {
  const rest = Math.floor((n % large) / small);
  return `${Math.floor(n / large)} ${one}${rest > 0 ? ` ${rest} ${other}` : ''}`;
}

const GROUPED = new Intl.NumberFormat('en');
const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** `0`, `9,999`, `12.3K`, `1.2M`. */
export function count(n: number): string {
  return Math.abs(n) < 10_000 ? GROUPED.format(n) : COMPACT.format(n);
}

/** Per second: `0`, `0.4`, `12`, `12.3K`; unknown is a dash. */
export function rate(perSecond: number | null): string {
  if (perSecond === null) return '–';
  if (perSecond === 0) return '0';
  if (perSecond < 0.05) return '<0.1';
  return perSecond < 9.95 ? perSecond.toFixed(1) : count(Math.round(perSecond));
}

/** A share of time: `0 %`, `<1 %`, `37 %`; several at once may exceed 100. */
export function share(part: number | null): string {
  if (part === null) return '–';
  if (part > 0 && part < 0.005) return '<1 %';
  return `${Math.round(part * 100)} %`;
}

/** What a status is called, and the colour family that says how it stands. */
export const STATUS: Readonly<Record<Status, { word: string; tone: string }>> = {
  starting: { word: 'Starting', tone: 'busy' },
  idle: { word: 'Idle', tone: 'quiet' },
  working: { word: 'Working', tone: 'good' },
  slow: { word: 'Slow', tone: 'busy' },
  stuck: { word: 'Stuck', tone: 'bad' },
  backing_off: { word: 'Backing off', tone: 'bad' },
  stopped: { word: 'Stopped', tone: 'quiet' },
};

/** What a role is called. */
export const ROLES: Readonly<Record<Role, string>> = {
  node: 'Node',
  supervisor: 'Supervisor',
  service: 'Service',
  task: 'Task',
  kind: 'Kind of entity',
  entity: 'Entity',
};

/** `backing_off` → `backing off`: names of the wire as people write them. */
export function spaced(name: string): string {
  return name.replaceAll('_', ' ');
}

/** The same with a capital. */
export function titled(name: string): string {
  const words = spaced(name);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What it is called in a sentence: its path, or `the node`. */
export function called(path: string): string {
  return path === '' ? 'the node' : path;
}

/** Ids are told apart by their end, which is kept when their middle has no room. */
const END = 8;

/** A name in two: the part that may be shortened, and the end that stays. */
export function split(name: string): [start: string, end: string] {
  return name.length > 3 * END ? [name.slice(0, -END), name.slice(-END)] : [name, ''];
}

const ENDED: Readonly<Record<string, string>> = {
  stopped: 'was stopped', panicked: 'panicked', failed: 'failed', killed: 'was killed',
  fenced: 'was fenced', busy: 'was busy', stuck: 'was stuck', timed_out: 'timed out',
};

/** An exit as a verb: `panicked`, `was killed`. */
export function ended(reason: string): string {
  return ENDED[reason] ?? `ended (${spaced(reason)})`;
}

/** How full a mailbox is, from 0 to 1; one without bound is empty. */
export function fullness(view: ActorView): number {
  return view.depth_max > 0 ? Math.min(1, view.depth / view.depth_max) : 0;
}

const RESTART: Readonly<Record<Role, string>> = {
  node: '',
  kind: '',
  supervisor: 'All its children are stopped and started again in their order, whatever they are ' +
    'doing. What waits in their mailboxes is lost, counted as undelivered, and its senders are ' +
    'told.',
  service: 'Its current message is given up and it starts again from what it has stored. What ' +
    'waits in its mailbox is lost, counted as undelivered, and its senders are told.',
  task: 'This attempt and its worker process are ended. The work goes back to the queue and is ' +
    'tried again from the last finished segment; it does not count as a failed attempt.',
  entity: 'It is ended and loaded anew from its stored state by its next message. What waits in ' +
    'its mailbox is lost, counted as undelivered, and its senders are told.',
};

const STOP: Readonly<Record<Role, string>> = {
  node: '',
  kind: '',
  supervisor: 'It and all its children end and stay so until they are restarted here or the node ' +
    'is started again.',
  service: 'It ends and stays so until it is restarted here or the node is started again. What ' +
    'it does for the node is not done meanwhile.',
  task: 'This attempt and its worker process are ended. The service that it belongs to decides ' +
    'whether and when the work is tried again.',
  entity: 'It finishes its current message and is removed from memory. Its stored state stays, ' +
    'and the next message loads it again.',
};

/** What an order does to an actor of this role; null when no order can be given. */
export function effect(action: Action, role: Role): string | null {
  return (action === 'restart' ? RESTART : STOP)[role] || null;
}
