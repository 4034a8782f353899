// The numbers of a content for its creator, as the node gives them.

import type { Engagement } from '../lib/types';

export interface Totals extends Engagement {
  /** False when unique viewers are estimated, within `unique_error` of the truth (one sigma). */
  unique_exact: boolean;
  unique_error: number;
  average_watch_s: number;
  sessions: number;
}

export interface Insights {
  content_id: string;
  title: string;
  duration_s: number | null;
  from: string;
  to: string;
  totals: Totals;
  views: { bucket_s: number; points: { at: string; views: number }[] };
  /** How many times each part was watched. */
  retention: { bucket_s: number | null; watched: number[] };
  stops: { bucket_s: number | null; count: number[] };
  devices: { kind: string; sessions: number; watch_time_s: number }[];
  qoe: {
    sessions: number;
    startup_s: { p50: number | null; p95: number | null };
    stall_ratio: number;
    stalls_per_hour: number;
    errors: number;
    bitrate_bps: number | null;
  };
  /** Counts by reason. */
  refused: Record<string, number>;
  /** `share` of the watched contents that it is above; 0 for the tail. */
  trending: { score: number; share: number; tier: 'hot' | 'warm' | 'tail' };
}
