// What the player tells the node of a playback session, and what the node answers.

import type { CmcdKeys } from './cmcd';

export type EventName =
  | 'start'
  | 'play'
  | 'pause'
  | 'seek'
  | 'buffering'
  | 'heartbeat'
  | 'error'
  | 'end';

/** Something that happened, before it has its number in a session. */
export interface Happening {
  event: EventName;
  position_s: number;
  /** Milliseconds of this browser's clock; corrected by the node's when it is sent. */
  at_ms: number;
  /** Heartbeat: whether it plays. */
  playing?: boolean;
  /** Seek: where it came from. */
  from_position_s?: number;
  /** Start: from the click to the first frame. */
  startup_s?: number;
  /** Play after buffering: how long it stood still. */
  stall_s?: number;
  bitrate_bps?: number;
  code?: string;
  message?: string;
  /** Speed, when it is not 1. */
  rate?: number;
  cmcd?: CmcdKeys;
}

/** One event as it is sent. */
export type SentEvent = Omit<Happening, 'at_ms'> & { seq: number; at: string };

/** Who plays: an id that this browser keeps, and what to call it. */
export interface Device {
  id: string;
  name: string;
  kind: 'desktop' | 'mobile' | 'tablet' | 'tv' | 'other';
}

/** The answer to a new session. */
export interface Opened {
  session_id: string;
  resume_position_s: number | null;
  heartbeat_interval_s: number;
  timeout_s: number;
  server_time: string;
}

/** The answer to a batch of events. */
export interface Receipt {
  accepted: number;
  duplicates: number;
  refused: { seq: number; reason: string }[];
  view: string;
}

/** The answer when as many streams play as this viewer may have. */
export interface StreamLimit {
  streams_max: number;
  playing: { device: string | Partial<Device>; title?: string | null; since: string }[];
}
