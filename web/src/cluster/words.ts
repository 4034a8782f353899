// How an operator reads a cluster: leases, links, shards, orders, in words and colour families.
// Pure.

import { counted } from '../lib/format';
import { duration } from '../admin/words';
import type { Cluster, Kind, Member, Moved, NodeLife, PeerState, Pin, Turn, Way } from './types';

/** A lease that is shorter has missed renewals: it is 10 s long and renewed every 3 s. */
export const LEASE_SHORT_MS = 4000;

/** Words with the colour family that says how it stands. */
export interface Told {
  word: string;
  tone: '' | 'quiet' | 'good' | 'busy' | 'bad';
}

/** Whether a member lives, and what it is to do. */
export function standing({ alive, phase }: Pick<Member, 'alive' | 'phase'>): Told {
  if (!alive) return { word: 'Dead', tone: 'bad' };
  return phase === 'up' ? { word: 'Up', tone: 'good' } : { word: 'Draining', tone: 'busy' };
}

/** What is left of a lease; none is a dash. */
export function lease(leftMs: number | null): Told {
  if (leftMs === null) return { word: '–', tone: '' };
  if (leftMs <= 0) return { word: 'over', tone: 'bad' };
  return { word: duration(leftMs / 1000), tone: leftMs < LEASE_SHORT_MS ? 'busy' : '' };
}

/** A count that should be zero; unknown is a dash. */
export function rather0(count: number | null): Told {
  if (count === null) return { word: '–', tone: '' };
  return { word: String(count), tone: count > 0 ? 'busy' : '' };
}

/** How the node that answers reaches a member. */
export function link(member: Member, by: NodeLife): Told {
  const { reached } = member;
  if (sameLife(member, by)) return { word: 'itself', tone: 'quiet' };
  if (reached === null) return { word: '–', tone: '' };
  if (!reached.connected) return { word: 'not reached', tone: 'bad' };
  return { word: underWay(reached), tone: '' };
}

/** `2/256 asks`: under way, of those that may be at one time. */
export function underWay({ in_flight: some, credits }: PeerState): string {
  return `${some}/${credits} asks`;
}

/** A round trip, or a dash. */
export function roundTrip(reached: PeerState | null): string {
  const ms = reached?.round_trip_ms ?? null;
  return duration(ms === null ? null : ms / 1000);
}

/** Where a member is and what it is: `zone z1 · weight 1 · 0.1.0 · 10.0.0.1:7000`. */
export function place({ zone, weight, build, link: address, http }: Member): string {
  const told = [zone && `zone ${zone}`, `weight ${weight}`, build, address, http];
  return told.filter((part) => part !== '').join(' · ');
}

/** Since when a link stands or not, and what went wrong; empty while nothing has. */
export function linkNote({ alive, reached }: Member, at: string): string {
  if (!alive || !reached?.last_error) return '';
  const seconds = (Date.parse(at) - Date.parse(reached.since)) / 1000;
  const since = duration(Math.max(0, Math.floor(seconds)));
  return reached.connected ? `Reached for ${since}; before that: ${reached.last_error}.` :
    `Not reached for ${since}: ${reached.last_error}.`;
}

/** Whom a member reaches by its own word: `Reaches node-b in 600 µs, not node-c.` */
export function reaches({ report }: Member): string {
  const peers = (report?.peers ?? []).map((peer) =>
    (peer.connected ? `${peer.name}${within(peer)}` : `not ${peer.name}`));
  return peers.length > 0 ? `Reaches ${peers.join(', ')}.` : '';
}

function within(peer: PeerState): string {
  return peer.round_trip_ms === null ? '' : ` in ${roundTrip(peer)}`;
}

/** True for the same life of the same node. */
export function sameLife(a: NodeLife, b: NodeLife): boolean {
  return a.name === b.name && a.incarnation === b.incarnation;
}

/** `1 shard`, `12 shards`. */
export function shards(count: number): string {
  return counted(count, 'shard');
}

/** `node-a`, `node-a and node-b`, `node-a, node-b and node-c`. */
export function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}

/** One of the node's sentences as one of a page; a node's name keeps its small letter. */
export function sentence(why: string): string {
  return `${why.replace(/^(?=(its?|no|nobody|the)\b)./, (letter) => letter.toUpperCase())}.`;
}

/** Where a pin wants a shard. */
export function pinned(pin: Pin): string {
  return 'node' in pin ? pin.node : `any node of the zone ${pin.zone}`;
}

/** What was done with a shard. */
export const MOVED: Readonly<Record<Moved, Told>> = {
  claimed: { word: 'claimed', tone: 'good' },
  released: { word: 'gave up', tone: '' },
  lost: { word: 'lost', tone: 'busy' },
};

/** What would become of an ask. */
export const WAYS: Readonly<Record<Way, Told>> = {
  here: { word: 'Served here', tone: 'good' },
  sent: { word: 'Sent on', tone: 'good' },
  relayed: { word: 'Sent round', tone: 'busy' },
  waits: { word: 'Waits', tone: 'busy' },
  refused: { word: 'Refused', tone: 'bad' },
};

/** What an id is of. */
export const KINDS: Readonly<Record<Kind, string>> = {
  content: 'Content',
  upload: 'Upload',
  session: 'Playback session',
  viewer: 'Viewer',
};

/** What an order to a member will do. */
export function effect(action: Turn, member: Member, { rules }: Pick<Cluster, 'rules'>): string {
  if (action === 'resume') {
    const most = shards(rules.moves_max);
    return `It may own shards again. The others give it its share, at most ${most} at a time.`;
  }
  const until = 'owns none until it is resumed, also after a restart.';
  if (!member.alive) return `It is dead and gives nothing away. When it comes back it ${until}`;
  const own = member.shards_owned;
  const gives = own > 0 ? `gives its ${shards(own)} to the others, ` : '';
  return `It ${gives}serves on, and ${until}`;
}
