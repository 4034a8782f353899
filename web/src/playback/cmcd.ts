// Common Media Client Data (CTA-5004) of a moment: what the player knows of its stream, in the
// units and roundings of the specification (section 3, "keys"). Pure.

/** The keys that the player fills in. */
export interface CmcdKeys {
  /** Encoded bitrate of what plays, kbit/s. */
  br?: number;
  /** Media buffered ahead, ms, to the nearest 100. */
  bl?: number;
  /** The buffer ran empty. */
  bs?: true;
  /** Measured throughput, kbit/s, to the nearest 100. */
  mtp?: number;
  /** The highest bitrate on offer, kbit/s. */
  tb?: number;
  /** Duration of the segment that plays, ms. */
  d?: number;
  ot: 'v' | 'a' | 'av';
  st: 'v';
  sf: 'h';
  sid?: string;
  cid: string;
}

/** What is known of the stream; zero and NaN mean unknown. */
export interface StreamState {
  contentId: string;
  sessionId: string | null;
  audioOnly: boolean;
  bitrateBps: number;
  topBitrateBps: number;
  throughputBps: number;
  bufferedS: number;
  segmentS: number;
  starved: boolean;
}

/** The keys of `state`; what is not known is left out. */
export function cmcdOf(state: StreamState): CmcdKeys {
  const keys: CmcdKeys = {
    ot: state.audioOnly ? 'a' : 'v',
    st: 'v',
    sf: 'h',
    cid: state.contentId,
  };
  const kilobits = (bps: number, step: number): number => Math.round(bps / 1000 / step) * step;
  if (state.bitrateBps > 0) keys.br = kilobits(state.bitrateBps, 1);
  if (state.topBitrateBps > 0) keys.tb = kilobits(state.topBitrateBps, 1);
  if (state.throughputBps > 0) keys.mtp = kilobits(state.throughputBps, 100);
  if (state.bufferedS >= 0) keys.bl = Math.round(state.bufferedS * 10) * 100;
  if (state.segmentS > 0) keys.d = Math.round(state.segmentS * 1000);
  if (state.starved) keys.bs = true;
  if (state.sessionId) keys.sid = state.sessionId;
  return keys;
}
