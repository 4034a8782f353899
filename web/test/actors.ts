// An actor for tests: idle, with nothing inside, and what a test says of it.

import type { ActorView } from '../src/admin/types';

/** The actor at `path`; its parent is the path before the last slash unless told. */
export function actor(path: string, told: Partial<ActorView> = {}): ActorView {
  const at = path.lastIndexOf('/');
  return {
    path, parent: path === '' ? null : path.slice(0, Math.max(0, at)), name: path.slice(at + 1),
    role: 'service', kind: 'test', status: 'idle', state: null, state_bytes: null, children: 0,
    depth: 0, depth_max: 64, high_water: 0, oldest_s: null, received: 0, handled: 0, refused: 0,
    expired: 0, undelivered: 0, restarts: 0, busy_s: 0, last_s: 0, longest_s: 0, current: null,
    started_at: '2026-06-10T12:00:00Z', restart_in_s: null, shard: null, epoch: null,
    last_exit: null, ...told,
  };
}
