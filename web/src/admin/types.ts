// The inspector's JSON: what the node tells of its actors. Times in seconds, dates in RFC 3339.

export type Role = 'node' | 'supervisor' | 'service' | 'task' | 'kind' | 'entity';
export type Status =
  | 'starting' | 'idle' | 'working' | 'slow' | 'stuck' | 'backing_off' | 'stopped';
export type Sort = 'depth' | 'oldest' | 'restarts' | 'busy';

/** The message that is being handled. */
export interface Current {
  message: string;
  for_s: number;
  /** Its handler does not give its thread back. */
  blocked: boolean;
}

/** Why the last life ended. */
export interface LastExit {
  reason: string;
  detail: string;
  at: string;
  trace_id: string | null;
}

export interface ActorView {
  /** Names joined by `/`; empty for the node. */
  path: string;
  parent: string | null;
  name: string;
  role: Role;
  kind: string;
  status: Status;
  state: string | null;
  state_bytes: number | null;
  children: number;
  /** Messages inside, waiting or being handled, and their bound. */
  depth: number;
  depth_max: number;
  high_water: number;
  oldest_s: number | null;
  received: number;
  handled: number;
  /** Answered Busy at the door. */
  refused: number;
  /** Dropped, because nobody waited any more. */
  expired: number;
  /** Lost with a life that ended. */
  undelivered: number;
  restarts: number;
  busy_s: number;
  last_s: number;
  longest_s: number;
  current: Current | null;
  started_at: string | null;
  restart_in_s: number | null;
  shard: number | null;
  epoch: number | null;
  last_exit: LastExit | null;
}

export interface Totals {
  actors: number;
  supervisors: number;
  services: number;
  tasks: number;
  entities: number;
  slow: number;
  stuck: number;
  undelivered: number;
}

/** A bounded part of the tree, parents before children, or a flat list. */
export interface TreePage {
  at: string;
  node: { version: string; started_at: string };
  totals: Totals;
  actors: ActorView[];
  next_cursor: string | null;
}

export interface Policy {
  restart: string;
  intensity: number;
  window_s: number;
  backoff_first_s: number;
  backoff_max_s: number;
  strategy: string | null;
  report_after_s: number;
  kill_after_s: number | null;
}

export interface Latency {
  count: number;
  p50_s: number;
  p90_s: number;
  p99_s: number;
  max_s: number;
}

/** Samples every `every_s`, oldest first. */
export interface History {
  every_s: number;
  handled: number[];
  depth: number[];
  busy: number[];
}

export interface LifeEvent {
  at: string;
  event: string;
  detail: string;
  trace_id: string | null;
}

export interface ActorDetail {
  actor: ActorView;
  policy: Policy | null;
  latency: Latency | null;
  history: History | null;
  events: LifeEvent[];
}

export type Action = 'restart' | 'stop';

export interface AuditEntry {
  id: string;
  at: string;
  subject: string;
  action: string;
  path: string;
  reason: string | null;
  outcome: string;
  trace_id: string | null;
}
