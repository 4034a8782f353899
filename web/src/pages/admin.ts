// The administration page: the live actors first, then what was ordered, the cluster, what gave up,
// and every content. Administrators act; operators read.

import '../styles/admin.css';
import '../styles/inspector.css';
import '../styles/tree.css';
import '../styles/detail.css';
import '../styles/cluster.css';
import '../styles/shards.css';
import { audit } from '../admin/audit';
import { contents } from '../admin/contents';
import { health } from '../admin/health';
import { Inspector } from '../admin/inspector';
import { letters } from '../admin/letters';
import { tabs, type Tab } from '../admin/tabs';
import { ClusterPanel } from '../cluster/panel';
import { byId, fill, h, icon } from '../lib/dom';
import { signIn } from '../lib/signin';
import type { Me } from '../lib/types';

/** An order is written down before it is carried out; after this long (ms) its outcome is known. */
const SETTLED_MS = 3000;

const content = byId('content');

void signIn(byId('account'), content, open);

function open(me: Me): void {
  if (me.role !== 'admin' && me.role !== 'operator') return refuse(me);
  const log = audit();
  const ordered = (): void => {
    void log.reload();
    setTimeout(() => void log.reload(), SETTLED_MS);
  };
  const inspector = new Inspector(me, ordered);
  const cluster = new ClusterPanel(me, ordered);
  const given = letters(me.role === 'admin');
  const all: Tab[] = [
    { name: 'actors', label: 'Actors', body: h('div', { class: 'panels' },
      inspector.element, log.element) },
    { name: 'cluster', label: 'Cluster', body: cluster.element, shown: () => cluster.shown() },
    { name: 'letters', label: 'Dead letters', body: given.element, shown: given.reload },
  ];
  if (me.role === 'admin') {
    const list = contents();
    all.push({ name: 'contents', label: 'Contents', body: list.element, shown: list.reload });
  }
  fill(content, tabs(all, health()));
  void log.reload();
  inspector.start();
  cluster.start();
}

function refuse(me: Me): void {
  const text = `You are signed in as ${me.subject} with the role ${me.role}. `;
  fill(
    content,
    h('div', { class: 'empty', role: 'alert' },
      icon('alert'),
      h('h2', {}, 'For administrators and operators only'),
      h('p', { class: 'soft' }, text, 'This page needs a token with the role admin, or operator ',
        'to look only. Sign out to enter another one.')),
  );
}
