// The members, one card each: by the database, by their own word, and how the node that answers
// reaches them. A card belongs to a name, so that a button stays under the pointer.

import { h, setText } from '../lib/dom';
import { Facts, type Fact } from '../admin/facts';
import { count } from '../admin/words';
import { Rows, type Row } from './rows';
import * as words from './words';
import type { Colour } from './shards';
import type { Cluster, Member, Turn } from './types';

/** A member with what it is part of. */
interface Shown {
  member: Member;
  cluster: Cluster;
}

/** Who hears that an order is wanted; null for those who only read. */
export type Order = ((action: Turn, member: Member, cluster: Cluster) => void) | null;

/** The cards. */
export class Members {
  readonly element = h('ul', { class: 'members' });
  private readonly rows: Rows<Shown>;

  constructor(colour: Colour, order: Order) {
    this.rows = new Rows(this.element, ({ member }) => member.name,
      () => new Card(colour, order));
  }

  /** Brings them up to date. */
  draw(cluster: Cluster): void {
    this.rows.draw(cluster.members.map((member) => ({ member, cluster })));
  }
}

class Card implements Row<Shown> {
  readonly element: HTMLElement;
  private readonly swatch = h('span', { 'aria-hidden': 'true' });
  private readonly name = h('h3', {});
  private readonly life = h('span', { class: 'soft' });
  private readonly pill = h('span', { class: 'pill' });
  private readonly button = h('button', { type: 'button', class: 'button small', hidden: true });
  private readonly share = h('i', {});
  private readonly wanted = h('b', {});
  private readonly facts = new Facts();
  /** Why it tells nothing; who suspects it; how it is linked; whom it reaches; where it is. */
  private readonly notes = ['tone-bad', 'tone-busy', ...Array<string>(3).fill('soft small-text')]
    .map((looks) => h('p', { class: looks }));
  private shown: Shown | null = null;

  constructor(
    private readonly colour: Colour,
    order: Order,
  ) {
    if (order) {
      this.button.addEventListener('click', () => {
        if (this.shown) order(wantedTurn(this.shown.member), this.shown.member, this.shown.cluster);
      });
    }
    this.button.hidden = order === null;
    const head = h('div', { class: 'member-head' }, this.swatch, this.name, this.life, this.pill,
      this.button);
    const bar = h('div', { class: 'share', 'aria-hidden': 'true' }, this.share, this.wanted);
    this.element = h('li', { class: 'card member' }, head, bar, this.facts.element,
      ...this.notes);
  }

  draw(shown: Shown): void {
    this.shown = shown;
    const { member, cluster } = shown;
    const hue = `hue-${this.colour(member.name)}`;
    this.element.className = `card member ${hue}${member.alive ? '' : ' is-dead'}`;
    this.swatch.className = `swatch ${hue}`;
    setText(this.name, member.name);
    setText(this.life, `life ${member.incarnation}`);
    const { word, tone } = words.standing(member);
    setText(this.pill, word);
    this.pill.className = `pill ${tone}`;
    setText(this.button, wantedTurn(member) === 'drain' ? 'Drain…' : 'Resume…');
    this.button.setAttribute('aria-label', `${this.button.textContent} ${member.name}`);
    this.drawShare(member, cluster);
    this.facts.draw(memberFacts(member, cluster));
    this.drawNotes(member, cluster.at);
  }

  private drawNotes(member: Member, at: string): void {
    const { alive, missing, suspected_by: by } = member;
    const texts = [alive && missing ? `It tells nothing: ${missing}.` : '',
      by.length > 0 ? `Suspected by ${words.listed(by)}.` : '',
      words.linkNote(member, at), words.reaches(member), words.place(member)];
    this.notes.forEach((note, i) => setText(note, texts[i] ?? ''));
  }

  /** How much it owns, and a mark at how much it should. */
  private drawShare(member: Member, { shards }: Cluster): void {
    const part = (some: number): string => `${(100 * some) / Math.max(1, shards.all)}%`;
    this.share.style.width = part(member.shards_owned);
    this.wanted.style.left = part(member.shards_desired);
    this.wanted.hidden = !member.alive;
  }
}

function wantedTurn({ phase }: Member): Turn {
  return phase === 'up' ? 'drain' : 'resume';
}

function memberFacts(member: Member, cluster: Cluster): Fact[] {
  const { report, reached } = member;
  const told = (name: string, { word, tone }: words.Told, title?: string): Fact =>
    [name, word, title, tone];
  const moves = member.alive && member.shards_owned !== member.shards_desired;
  const behind = report?.view_version != null && report.view_version < cluster.view_version;
  return [
    ['Shards', `${member.shards_owned} of ${member.shards_desired}`,
      'owned, of those that it should own', moves ? 'busy' : ''],
    told('Not served', words.rather0(member.shards_unserved), 'owned, and not served by it'),
    told('Stray', words.rather0(member.shards_stray), 'served by it, and not its own'),
    ['Entities', report ? count(report.entities) : '–'],
    told('Lease left', words.lease(member.lease_left_ms), 'by the database\'s clock'),
    told('Own clock', words.lease(report?.lease_left_ms ?? null),
      'how long it may own shards, by its own clock'),
    told('Link', words.link(member, cluster.answered_by)),
    ['Round trip', words.roundTrip(reached)],
    ['View seen', report?.view_version == null ? '–' : String(report.view_version), undefined,
      behind ? 'busy' : ''],
  ];
}
