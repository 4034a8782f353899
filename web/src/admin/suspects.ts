// Where those who need attention are looked for: at the head of two bounded lists, and, while the
// node says that somebody is slow or stuck, among the tasks of its services.

import { loadTree, type TreeQuery } from './client';
import { Poll } from './poll';
import type { ActorView, TreePage } from './types';

const TROUBLE_MS = 2000;
const CALM_MS = 10_000;
const LIMIT = 50;
/** Services whose tasks are looked at. */
const HOSTS_MAX = 4;

/** The newest looks at the suspects. */
export class Suspects {
  private lists = new Map<string, ActorView[]>();
  private taskLists = new Map<string, ActorView[]>();
  /** Services with tasks, which are not in the tree's first page. */
  private hosts: string[] = [];
  private ails = false;
  private readonly polls = [
    new Poll(() => this.look(this.lists, 'oldest', { sort: 'oldest', limit: LIMIT }),
      () => (this.ails ? TROUBLE_MS : CALM_MS)),
    new Poll(() => this.look(this.lists, 'restarts', { sort: 'restarts', limit: LIMIT }),
      () => CALM_MS),
    new Poll(() => this.lookAtTasks(), () => TROUBLE_MS),
  ];

  /** `looked` hears of each page. */
  constructor(private readonly looked: (page: TreePage) => void) {}

  /** Takes from a page of the tree where tasks are, and whether anybody ails. */
  heed(page: TreePage, isTree: boolean): void {
    const { slow, stuck } = page.totals;
    if (isTree) {
      const hosts = page.actors.filter((view) => view.role === 'service' && view.children > 0);
      this.hosts = hosts.slice(0, HOSTS_MAX).map(({ path }) => path);
    }
    // Whoever begins to ail is to be named now, not in the next round.
    if (slow + stuck > 0 && !this.ails) this.soon();
    this.ails = slow + stuck > 0;
  }

  /** All of them. */
  *views(): Generator<ActorView> {
    for (const views of this.lists.values()) yield* views;
    for (const views of this.taskLists.values()) yield* views;
  }

  /** Looks again at once. */
  soon(): void {
    for (const poll of this.polls) poll.soon();
  }

  /** Drives the polls. */
  tick(now: number): void {
    for (const poll of this.polls) poll.tick(now);
  }

  /** A task that hangs may have no mailbox, and so no oldest message to be found by. */
  private async lookAtTasks(): Promise<void> {
    const hosts = this.ails ? this.hosts : [];
    for (const under of this.taskLists.keys()) {
      if (!hosts.includes(under)) this.taskLists.delete(under);
    }
    await Promise.all(hosts.map((under) =>
      this.look(this.taskLists, under, { under, depth: 1, limit: LIMIT })));
  }

  private async look(
    lists: Map<string, ActorView[]>,
    name: string,
    query: TreeQuery,
  ): Promise<void> {
    try {
      const page = await loadTree(query);
      lists.set(name, page.actors);
      this.looked(page);
    } catch {
      // The state of the stream tells that the node does not answer; the next round asks again.
    }
  }
}
