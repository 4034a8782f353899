// The cluster's addresses. The node answers within 5 s whatever its members do; who has waited
// longer waits for nothing.

import { call } from '../lib/api';
import type { Ordered } from '../admin/client';
import type { Cluster, Kind, Route, ShardPage, Turn } from './types';

const WAIT_MS = 7000;

const look = <T>(path: string): Promise<T> =>
  call<T>('GET', `/admin/api/${path}`, undefined, WAIT_MS);

/** Members, leases, links, what moved. */
export function loadCluster(): Promise<Cluster> {
  return look('cluster');
}

/** How every shard stands. */
export function loadShards(): Promise<ShardPage> {
  return look('shards');
}

/** `route/…` of an id. */
export function routeAddress(id: string, kind: Kind): string {
  return `route/${encodeURIComponent(id)}?kind=${kind}`;
}

/** Which way an ask for an id would go now. */
export function explain(id: string, kind: Kind): Promise<Route> {
  return look(routeAddress(id, kind));
}

/** Drains or resumes a member; the node writes it to its audit log. */
export function turn(action: Turn, name: string, reason: string): Promise<Ordered> {
  const address = `/admin/api/nodes/${encodeURIComponent(name)}/${action}`;
  return call<Ordered>('POST', address, reason ? { reason } : {});
}
