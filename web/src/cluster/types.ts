// The cluster's JSON: what a node tells of its members, its shards and the way of an ask. Times in
// milliseconds where a name says so, dates in RFC 3339.

export type Phase = 'up' | 'draining';
export type Moved = 'claimed' | 'released' | 'lost';
export type Way = 'here' | 'sent' | 'relayed' | 'waits' | 'refused';
export type Kind = 'content' | 'upload' | 'session' | 'viewer';
export type Turn = 'drain' | 'resume';

/** One life of a node: one that comes back is another one of the same name. */
export interface NodeLife {
  name: string;
  incarnation: number;
}

/** Where an operator wants a shard. */
export type Pin = { node: string } | { zone: string };

export interface Rules {
  /** With fewer living members nobody takes over from another. */
  members_min: number;
  /** Shards that are without an owner at one time because they move. */
  moves_max: number;
  /** By shard. */
  pins: Record<string, Pin>;
}

export interface ShardCounts {
  all: number;
  /** Of a living owner. */
  owned: number;
  /** Of nobody, or of somebody who is dead. */
  free: number;
  to_move: number;
}

/** How one node reaches another. */
export interface PeerState extends NodeLife {
  address: string;
  /** Since when it is reached, or not. */
  since: string;
  connected: boolean;
  round_trip_ms: number | null;
  in_flight: number;
  /** Asks that may be under way at one time. */
  credits: number;
  last_error: string | null;
}

/** What a node tells of itself. */
export interface NodeReport extends NodeLife {
  build: string;
  phase: Phase | null;
  /** By its own clock. */
  lease_left_ms: number | null;
  view_version: number | null;
  seen_at: string | null;
  shards_held: number;
  entities: number;
  peers: PeerState[];
}

/** A member by the database, and by its own word where it tells something. */
export interface Member extends NodeLife {
  link: string;
  http: string;
  zone: string;
  weight: number;
  build: string;
  phase: Phase;
  alive: boolean;
  /** By the database's clock; negative when it is over. */
  lease_left_ms: number;
  suspected_by: string[];
  shards_owned: number;
  shards_desired: number;
  /** Its own, and not served by it; null when it has not reported. */
  shards_unserved: number | null;
  /** Served by it, and not its own; null when it has not reported. */
  shards_stray: number | null;
  /** How the node that answers reaches it; null for itself. */
  reached: PeerState | null;
  report: NodeReport | null;
  /** Why it tells nothing. */
  missing: string | null;
}

export interface Move {
  node: string;
  at: string;
  shard: number;
  epoch: number;
  what: Moved;
  why: string;
  took_ms: number;
}

/** What every picture of the cluster begins with. */
interface Picture {
  at: string;
  /** False for a node that is alone. */
  clustered: boolean;
  answered_by: NodeLife;
  /** Why it may be old. */
  stale: string | null;
}

export interface Cluster extends Picture {
  view_version: number;
  /** Rises whenever a shard changes hands. */
  view_moves: number;
  rules: Rules;
  shards: ShardCounts;
  members: Member[];
  /** The newest first. */
  recent_moves: Move[];
}

export interface Shard {
  shard: number;
  epoch: number;
  /** Who claimed it last and has not released it; it may be dead. */
  owner: NodeLife | null;
  owner_lives: boolean;
  desired: string | null;
  pin: Pin | null;
  to_move: boolean;
  why: string;
}

export interface ShardPage extends Picture {
  counts: ShardCounts;
  shards: Shard[];
  next_cursor: number | null;
}

/** Which way an ask for an id would go. */
export interface Route extends Picture {
  id: string;
  shard: Shard;
  /** By the router of the node that answers. */
  known_owner: string | null;
  known_epoch: number;
  link: PeerState | null;
  way: Way;
  to: string | null;
  why: string;
}
