// What an operator should know first: of the shards, then of each member, in sentences. Pure.

import { duration } from '../admin/words';
import { lease, LEASE_SHORT_MS, listed, sameLife, shards } from './words';
import type { Cluster, Member, PeerState } from './types';

type Tone = 'bad' | 'busy' | 'quiet';

/** One sentence. */
export interface Trouble {
  /** The member that it is about; null for the cluster. */
  node: string | null;
  tone: Tone;
  /** Goes on from the name. */
  words: string;
}

const RANKS: Readonly<Record<Tone, number>> = { bad: 0, busy: 1, quiet: 2 };

/** The worst first, then the cluster, then by name. */
export function troubles(cluster: Cluster): Trouble[] {
  const found = cluster.clustered ? ofCluster(cluster) : [];
  for (const member of cluster.members) {
    const { name: node } = member;
    found.push(...ofMember(member, cluster).map(([tone, words]) => ({ node, tone, words })));
  }
  return found.sort((a, b) => RANKS[a.tone] - RANKS[b.tone]);
}

function ofCluster({ members, rules, shards: counts }: Cluster): Trouble[] {
  const told: Trouble[] = [];
  const tell = (tone: Tone, words: string): void => void told.push({ node: null, tone, words });
  const living = members.filter((member) => member.alive).length;
  if (living < rules.members_min) {
    tell('bad', `${living} of the ${rules.members_min} members live that there must be: nobody ` +
      'takes over shards from another');
  }
  if (counts.free > 0) {
    const [have, them] = counts.free === 1 ? ['has', 'it'] : ['have', 'them'];
    tell('bad', `${shards(counts.free)} ${have} no living owner: what is asked of ${them} waits`);
  }
  if (living > 0 && !members.some((member) => member.alive && member.phase === 'up')) {
    tell('bad', 'no member may own shards: all that live are draining');
  }
  return told;
}

type Sentence = readonly [Tone, string];

function ofMember(member: Member, cluster: Cluster): Sentence[] {
  if (!member.alive) return [['bad', dead(member)]];
  const told: Sentence[] = [];
  if (member.missing !== null) told.push(['bad', `tells nothing: ${member.missing}`]);
  for (const [why, names] of unreached(member, cluster)) {
    told.push(['bad', `is not reached by ${listed(names)}: ${why}`]);
  }
  if (member.suspected_by.length > 0) {
    told.push(['busy', `is suspected by ${listed(member.suspected_by)}, who cannot reach it`]);
  }
  if (cluster.clustered && member.lease_left_ms < LEASE_SHORT_MS) told.push(['busy', late(member)]);
  told.push(...ofShards(member), ...drains(member));
  return told;
}

function dead(member: Member): string {
  const ago = duration(Math.floor(-member.lease_left_ms / 1000));
  const left = member.shards_owned;
  const named = left > 0 ? `, and ${shards(left)} ${left === 1 ? 'is' : 'are'} still its own` : '';
  return `is dead: its lease ended ${ago} ago${named}`;
}

function late(member: Member): string {
  const { word } = lease(member.lease_left_ms);
  return `is late to renew its lease: ${word === 'over' ? 'it is over' : `${word} are left`}`;
}

function ofShards({ shards_unserved: unserved, shards_stray: stray }: Member): Sentence[] {
  const told: Sentence[] = [];
  if (unserved) told.push(['busy', `owns ${shards(unserved)} that it does not serve (yet)`]);
  if (stray) {
    told.push(['busy', `serves ${shards(stray)} that it does not own (any more): it can commit ` +
      'nothing there']);
  }
  return told;
}

function drains({ phase, shards_owned: left }: Member): Sentence[] {
  if (phase !== 'draining') return [];
  if (left > 0) return [['busy', `is draining: ${shards(left)} ${left === 1 ? 'is' : 'are'} left`]];
  return [['quiet', 'is drained: it owns no shards, and may be stopped or resumed']];
}

/** Who does not reach a member, by why: the node that answers, and all that have reported. */
function unreached(member: Member, cluster: Cluster): Map<string, string[]> {
  const links = new Map<string, PeerState>();
  if (member.reached) links.set(cluster.answered_by.name, member.reached);
  for (const { name, report } of cluster.members) {
    const peer = report?.peers.find((it) => sameLife(it, member));
    if (peer && !links.has(name)) links.set(name, peer);
  }
  const why = new Map<string, string[]>();
  for (const [name, { connected, last_error: error }] of links) {
    if (connected) continue;
    const reason = error ?? 'no reason is known';
    why.set(reason, [...why.get(reason) ?? [], name]);
  }
  return why;
}
