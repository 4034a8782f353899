// The rules that hold among the members, and what moved lately and why.

import { h, setText } from '../lib/dom';
import { Facts } from '../admin/facts';
import { none } from '../admin/parts';
import { count, duration } from '../admin/words';
import { grouped, type MoveGroup } from './moves';
import { Rows, type Row } from './rows';
import { MOVED, pinned, shards } from './words';
import type { Cluster } from './types';

/** Groups that are shown: what the node keeps is minutes long. */
const GROUPS_MAX = 14;

type Shown = MoveGroup & { ago: string };

/** What moved. */
export class MoveList {
  readonly element: HTMLElement;
  private readonly rows = new Rows<Shown>(h('ol', { class: 'moves' }), ({ key }) => key, line);
  private readonly nothing = none('Nothing has moved lately.');

  constructor() {
    this.element = h('section', { class: 'card', 'aria-label': 'Moved lately' },
      h('div', { class: 'panel-head' }, h('h2', {}, 'Moved lately')), this.nothing,
      this.rows.element);
  }

  /** Brings it up to date. */
  draw({ at, recent_moves: moves }: Cluster): void {
    const ago = (then: string): string =>
      duration(Math.max(0, Math.floor((Date.parse(at) - Date.parse(then)) / 1000)));
    this.nothing.hidden = moves.length > 0;
    this.rows.draw(grouped(moves, GROUPS_MAX).map((group) => ({ ...group, ago: ago(group.at) })));
  }
}

function line(): Row<Shown> {
  const when = h('time', { class: 'soft' });
  const what = h('strong', {});
  const why = h('span', { class: 'soft' });
  return {
    element: h('li', {}, when, h('p', {}, what, why)),
    draw: (group) => {
      const { word, tone } = MOVED[group.what];
      setText(when, `${group.ago} ago`);
      when.dateTime = group.at;
      when.title = group.at;
      setText(what, `${group.node} ${word} ${group.which}`);
      what.className = tone && `tone-${tone}`;
      const numbers = group.numbers && ` (${group.numbers})`;
      setText(why, `${numbers}: ${group.why}; ${took(group)}`);
    },
  };
}

function took({ tookMs, numbers }: MoveGroup): string {
  return `${numbers ? 'each within' : 'took'} ${duration(tookMs / 1000)}`;
}

/** What holds for all members. */
export class RuleCard {
  readonly element: HTMLElement;
  private readonly facts = new Facts();
  private readonly pins = new Rows<[string, string]>(h('ul', { class: 'pins' }),
    ([shard]) => shard, ([shard]) => {
      const element = h('li', {}, `Shard ${shard}: `);
      const where = h('span', {});
      element.append(where);
      return { element, draw: ([, to]) => setText(where, to) };
    });

  constructor() {
    this.element = h('section', { class: 'card', 'aria-label': 'Rules' },
      h('div', { class: 'panel-head' }, h('h2', {}, 'Rules')), this.facts.element,
      this.pins.element);
  }

  /** Brings it up to date. */
  draw({ rules }: Cluster): void {
    const pins = Object.entries(rules.pins);
    this.facts.draw([
      ['May move at a time', shards(rules.moves_max)],
      ['Members that must live', count(rules.members_min)],
      ['Pinned', pins.length > 0 ? shards(pins.length) : 'no shard'],
    ]);
    this.pins.draw(pins.map(([shard, pin]) => [shard, pinned(pin)]));
  }
}
