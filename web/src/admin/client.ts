// The inspector's addresses: names with slashes in them stay paths, everything else is a query.

import { call } from '../lib/api';
import { Turns } from './turns';
import type { Action, ActorDetail, ActorView, AuditEntry, Sort, TreePage } from './types';
import type { Page } from '../lib/types';

/** Half of what the node lets look at once (`gateway.inspector.looks_max`). */
const looks = new Turns(2);

/** Which part of the tree is asked for; what is left out has the node's default. */
export interface TreeQuery {
  under?: string;
  depth?: number;
  sort?: Sort | null;
  q?: string;
  limit?: number;
}

/** What an order was taken as. */
export interface Ordered {
  audit_id: string;
  path: string;
  action: string;
}

/** `?…` of a query, empty when there is nothing in it. */
export function search(query: TreeQuery): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text ? `?${text}` : '';
}

/** `/admin/api/actors/…` of an actor. */
export function actorAddress(path: string): string {
  return `/admin/api/actors/${path.split('/').map(encodeURIComponent).join('/')}`;
}

/** One look at a part of the tree. */
export function loadTree(query: TreeQuery): Promise<TreePage> {
  return looks.take(() => call<TreePage>('GET', `/admin/api/tree${search(query)}`));
}

/** Where the same is told each second. */
export function treeStream(query: TreeQuery): string {
  return `/admin/api/tree/stream${search(query)}`;
}

/** All that is known of one actor. */
export function loadActor(path: string): Promise<ActorDetail> {
  return looks.take(() => call<ActorDetail>('GET', actorAddress(path)));
}

/** Restarts or stops an actor; the node writes it to its audit log. */
export function order(action: Action, view: ActorView, reason: string): Promise<Ordered> {
  const body = { confirm: view.name, ...(reason ? { reason } : {}) };
  return call<Ordered>('POST', `${actorAddress(view.path)}/${action}`, body);
}

/** A page of the audit log, newest first. */
export function loadAudit(limit: number, cursor: string | null): Promise<Page<AuditEntry>> {
  const parameters = new URLSearchParams({ limit: String(limit) });
  if (cursor) parameters.set('cursor', cursor);
  return call<Page<AuditEntry>>('GET', `/admin/api/audit?${parameters}`);
}

/** The path that an address's fragment selects: `#actor=encode/pool`; null for none. */
export function selectedIn(hash: string): string | null {
  return new URLSearchParams(hash.replace(/^#/, '')).get('actor');
}

/** The fragment that selects an actor; slashes stay readable. */
export function fragmentOf(path: string): string {
  return `#actor=${encodeURIComponent(path).replaceAll('%2F', '/')}`;
}
