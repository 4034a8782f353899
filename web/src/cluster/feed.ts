// What the page knows of the cluster: the picture, asked for each second, and the shards, less
// often. Every question is bounded. The last answer stays while the next ones fail.

import { Poll } from '../admin/poll';
import { duration } from '../admin/words';
import { loadCluster, loadShards } from './client';
import type { Cluster, ShardPage } from './types';

const CLUSTER_MS = 1000;
const SHARDS_MS = 2500;
/** Who has not answered is left alone for a while. */
const FAILED_MS = 3000;
/** Without an answer for this long (ms) the numbers are called old: the node itself may wait for 5 s
 * for a member that does not tell. */
export const STALE_MS = 6000;

/** The last answer to one question, and what came of asking again. */
export class Asked<T> {
  answer: T | null = null;
  /** When it came, by this computer's clock (ms). */
  heardAt = 0;
  /** Why there is no newer one. */
  problem: unknown = null;
  private readonly poll: Poll;

  constructor(ask: () => Promise<T>, everyMs: number, changed: () => void) {
    const work = async (): Promise<void> => {
      try {
        this.answer = await ask();
        this.heardAt = Date.now();
        this.problem = null;
      } catch (error) {
        this.problem = error;
      }
      changed();
    };
    this.poll = new Poll(work, () => (this.problem === null ? everyMs : FAILED_MS));
  }

  /** Asks when it is time. */
  tick(now: number): void {
    this.poll.tick(now);
  }

  /** Asks again at once. */
  soon(): void {
    this.poll.soon();
  }
}

/** Keeps the newest of both. */
export class ClusterFeed {
  readonly cluster: Asked<Cluster>;
  readonly shards: Asked<ShardPage>;

  constructor(changed: () => void) {
    this.cluster = new Asked(loadCluster, CLUSTER_MS, changed);
    this.shards = new Asked(loadShards, SHARDS_MS, changed);
  }

  /** Drives the questions. */
  tick(now: number): void {
    this.cluster.tick(now);
    this.shards.tick(now);
  }

  /** Asks for everything again, as after an order. */
  soon(): void {
    this.cluster.soon();
    this.shards.soon();
  }
}

/** How the questions are answered, in words and as a colour family. */
export function linkWords(
  asked: Pick<Asked<Cluster>, 'answer' | 'heardAt' | 'problem'>,
  now: number,
): { tone: string; text: string } {
  const { answer, heardAt, problem } = asked;
  if (answer === null) {
    return problem === null ? { tone: 'busy', text: 'Asking…' } :
      { tone: 'bad', text: 'The node does not tell; asking again.' };
  }
  const ageMs = now - heardAt;
  if (ageMs > STALE_MS) {
    const old = `This is ${duration(Math.floor(ageMs / 1000))} old.`;
    return problem === null ? { tone: 'busy', text: `Waiting for the node. ${old}` } :
      { tone: 'bad', text: `The node does not tell; asking again. ${old}` };
  }
  return answer.stale === null ? { tone: 'good', text: 'Live' } :
    { tone: 'busy', text: 'Live, but old by its own word' };
}
