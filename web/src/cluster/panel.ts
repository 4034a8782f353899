// The cluster on the admin page: what is wrong, the sums, the members, the shards, what moved, and
// the way of an ask. It asks only while it is seen.

import { fill, h, icon, setText } from '../lib/dom';
import { Alerts } from './alerts';
import { ClusterFeed, linkWords, STALE_MS } from './feed';
import { Members } from './members';
import { MoveList, RuleCard } from './movelist';
import { askTurn, turned } from './orders';
import { Palette } from './palette';
import { Problem } from './problem';
import { routing } from './routing';
import { ShardPanel } from './shardpanel';
import { Sums } from './sums';
import { troubles } from './trouble';
import { sentence, shards } from './words';
import type { Me } from '../lib/types';
import type { Cluster } from './types';

/** The clock of all polls. */
const TICK_MS = 500;
/** How long (ms) it is told what became of an order. */
const TOLD_MS = 20_000;

/** The panel of the cluster. */
export class ClusterPanel {
  readonly element: HTMLElement;
  private readonly feed = new ClusterFeed(() => this.draw());
  private readonly palette = new Palette();
  private readonly said = h('p', { class: 'notice said', role: 'status' });
  private readonly problem = new Problem();
  private readonly stale = h('p', { class: 'notice busy', role: 'status', hidden: true });
  private readonly alerts = new Alerts();
  private readonly sums = new Sums();
  private readonly alone = h('section', { class: 'card alone', hidden: true,
    'aria-label': 'This node is alone' });
  private readonly members: Members;
  private readonly membersBox: HTMLElement;
  private readonly shards = new ShardPanel(this.palette);
  private readonly moves = new MoveList();
  private readonly rules = new RuleCard();
  private readonly body: HTMLElement;
  private silence = 0;

  /** `ordered` hears that the node has taken an order. */
  constructor(
    me: Me,
    private readonly ordered: () => void,
  ) {
    const mayAct = me.role === 'admin';
    this.members = new Members((name) => this.palette.of(name), mayAct ?
      (action, member, cluster) => askTurn(action, member, cluster, (taken) => {
        this.tell(turned(taken));
        this.feed.soon();
        this.ordered();
      }) : null);
    const reads = mayAct ? null : h('p', { class: 'soft small-text' }, `Your role, ${me.role}, ` +
      'only reads. Drain and resume need the role admin.');
    this.membersBox = h('section', { class: 'members-box', 'aria-label': 'Members' },
      h('div', { class: 'panel-head' }, h('h2', {}, 'Members'), reads), this.members.element);
    this.body = h('div', { class: 'cluster-body', hidden: true }, this.alone, this.membersBox,
      this.shards.element, this.moves.element, this.rules.element,
      routing((shard) => this.shards.reveal(shard)));
    this.element = h('section', { class: 'cluster', 'aria-label': 'Cluster' }, this.said,
      this.problem.element, this.stale, this.alerts.element, this.sums.element, this.body);
  }

  /** Asks from now on, whenever it is seen. */
  start(): void {
    setInterval(() => this.tick(), TICK_MS);
    document.addEventListener('visibilitychange', () => this.tick());
  }

  /** It is shown: what it told before may be old. */
  shown(): void {
    this.feed.soon();
    this.tick();
  }

  private tick(): void {
    if (document.hidden || this.element.closest('[hidden]') !== null) return;
    const now = Date.now();
    this.feed.tick(now);
    this.drawLink(now);
  }

  private draw(): void {
    const { cluster, shards: page } = this.feed;
    if (cluster.answer) this.drawCluster(cluster.answer);
    const names = cluster.answer?.members.map(({ name }) => name) ?? [];
    this.shards.draw(page, names);
    this.drawLink(Date.now());
  }

  private drawCluster(cluster: Cluster): void {
    const { clustered, members } = cluster;
    this.palette.meet(members.map(({ name }) => name));
    this.body.hidden = false;
    this.stale.hidden = cluster.stale === null;
    setText(this.stale, cluster.stale === null ? '' : sentence(cluster.stale));
    this.alerts.draw(troubles(cluster));
    this.sums.draw(cluster);
    if (!clustered && !this.alone.hasChildNodes()) fill(this.alone, ...aloneWords(cluster));
    this.alone.hidden = clustered;
    for (const part of [this.membersBox, this.moves.element, this.rules.element]) {
      part.hidden = !clustered;
    }
    if (!clustered) return;
    this.members.draw(cluster);
    this.moves.draw(cluster);
    this.rules.draw(cluster);
  }

  private drawLink(now: number): void {
    const { cluster, shards: page } = this.feed;
    const old = now - cluster.heardAt > STALE_MS;
    this.sums.say(linkWords(cluster, now));
    this.body.classList.toggle('is-stale', old);
    // One question may fail, as when many look at once: the next one follows in a moment.
    this.problem.draw(old ? cluster.problem : null);
    if (!old || cluster.problem === null) this.shards.drawProblem(page, now);
  }

  private tell(text: string): void {
    setText(this.said, text);
    clearTimeout(this.silence);
    this.silence = window.setTimeout(() => setText(this.said, ''), TOLD_MS);
  }
}

function aloneWords({ shards: counts }: Cluster): HTMLElement[] {
  return [
    h('div', { class: 'panel-head' }, h('h2', {}, icon('screens'), 'This node is alone')),
    h('p', {}, `It belongs to no cluster: it owns all ${shards(counts.all)} itself, has no lease ` +
      'to renew, and nobody to give its shards to. It is stopped by SIGTERM.'),
  ];
}
