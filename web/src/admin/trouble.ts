// Who needs attention, and one sentence that says why: stuck, slow, waiting for a restart, stopped,
// or ended badly a moment ago. Pure.

import { isBelow } from './tree';
import { duration, ended, spaced } from './words';
import type { ActorView, LastExit } from './types';

/** An end that is older (s) is no news any more. */
const RECENT_S = 300;
/** The rank of such news. */
const RECENT = 4;
/** Ends that belong to the ordinary run of things. */
const ORDINARY: ReadonlySet<string> = new Set(['stopped', 'fenced']);

/** One actor that needs attention. */
export interface Trouble {
  view: ActorView;
  /** 0 is the worst. */
  rank: number;
  tone: 'bad' | 'busy' | 'quiet';
  /** Goes on from the actor's name: `has been stuck in Encode for 3 min: …`. */
  words: string;
}

/** The worst first, and among equals the longest. The last look at an actor counts; `at` is the
 * time of the looks in milliseconds. */
export function troubles(views: Iterable<ActorView>, at: number): Trouble[] {
  const latest = new Map<string, ActorView>();
  for (const view of views) latest.set(view.path, view);
  const found = [...latest.values()].map((view) => judge(view, at))
    .filter((trouble) => trouble !== null);
  // A kind ails with its entities; it is told only while none of them has been found.
  const isNamed = ({ view }: Trouble): boolean => view.role !== 'kind' ||
    !found.some((other) => other.rank < RECENT && isBelow(other.view.path, view.path));
  return found.filter(isNamed).sort((a, b) =>
    a.rank - b.rank || since(b.view) - since(a.view) || (a.view.path < b.view.path ? -1 : 1));
}

function judge(view: ActorView, at: number): Trouble | null {
  if (view.role === 'kind') return ailingKind(view);
  switch (view.status) {
    case 'stuck':
      return { view, rank: 0, tone: 'bad', words: `${ails('stuck', view)}${blocks(view)}` };
    case 'backing_off':
      return { view, rank: 1, tone: 'bad', words: backingOff(view) };
    case 'slow':
      return { view, rank: 2, tone: 'busy', words: `${ails('slow', view)}${queue(view)}` };
    case 'stopped':
      return stopped(view);
    case 'starting':
    case 'idle':
    case 'working':
      return recent(view, at);
  }
}

function ailingKind(view: ActorView): Trouble | null {
  const { status } = view;
  if (status !== 'stuck' && status !== 'slow') return null;
  const oldest = view.oldest_s === null ? '' :
    `; the oldest message waits for ${duration(view.oldest_s)}`;
  return { view, rank: status === 'stuck' ? 0 : 2, tone: status === 'stuck' ? 'bad' : 'busy',
    words: `has entities that are ${status}${oldest}` };
}

/** `has been slow in Encode for 3 min`; a task has no messages and tells what it does instead. */
function ails(how: string, view: ActorView): string {
  const { current, oldest_s: oldest, role } = view;
  if (current === null) return `has been ${how}${oldest === null ? '' : ` for ${duration(oldest)}`}`;
  const time = duration(current.for_s);
  if (role === 'task') return `is ${how}: it ${current.message}, for ${time} now`;
  return `has been ${how} in ${current.message} for ${time}`;
}

function blocks(view: ActorView): string {
  const waiting = queue(view);
  return view.current?.blocked === false ? waiting : ` and blocks its thread${waiting}`;
}

function queue(view: ActorView): string {
  const waiting = view.depth - (view.current ? 1 : 0);
  if (waiting <= 0) return '';
  return `; ${waiting} more ${waiting === 1 ? 'message waits' : 'messages wait'}`;
}

function backingOff(view: ActorView): string {
  const wait = view.restart_in_s;
  const when = wait === null ? '' : `, starts again in ${duration(Math.ceil(wait))}`;
  return `is backing off after ${times(view.restarts)}${when}${why(view.last_exit)}`;
}

function times(restarts: number): string {
  if (restarts === 0) return 'its first end';
  return `${restarts} ${restarts === 1 ? 'restart' : 'restarts'}`;
}

/** Only who should run is missed; tasks and entities end when they are done. */
function stopped(view: ActorView): Trouble | null {
  if (view.role !== 'service' && view.role !== 'supervisor') return null;
  return { view, rank: 3, tone: 'bad', words: `is stopped${why(view.last_exit)}` };
}

function recent(view: ActorView, at: number): Trouble | null {
  const exit = view.last_exit;
  if (!exit || ORDINARY.has(exit.reason)) return null;
  const ago = (at - Date.parse(exit.at)) / 1000;
  if (!(ago <= RECENT_S)) return null;
  const told = duration(Math.max(0, Math.floor(ago)));
  const detail = exit.detail ? `: ${exit.detail}` : '';
  return { view, rank: RECENT, tone: 'quiet',
    words: `${ended(exit.reason)} ${told} ago and runs again${detail}` };
}

function why(exit: LastExit | null): string {
  if (!exit) return '';
  if (exit.reason === 'stopped') return exit.detail ? `: ${exit.detail}` : '';
  return `: ${spaced(exit.reason)}${exit.detail ? `, ${exit.detail}` : ''}`;
}

/** Seconds for which the present trouble has lasted. */
function since(view: ActorView): number {
  return view.current?.for_s ?? view.oldest_s ?? 0;
}
