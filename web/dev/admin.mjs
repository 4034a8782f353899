// The mock's answers below /admin/api about actors: tree, stream, detail, orders, audit log; those
// about the cluster are its own.

import { clusterOf } from './cluster.mjs';
import { obey, startedAt, totals, view, world } from './actors.mjs';

const LIMIT = 100;
const LIMIT_MAX = 1000;
const SORTS = {
  depth: (actor) => actor.depth,
  oldest: (actor) => actor.oldest_s ?? -1,
  restarts: (actor) => actor.restarts,
  busy: (actor) => actor.busy_s,
};
const FLAT_ROLES = ['service', 'task', 'entity'];

const audit = [{ id: 'a1', at: new Date(Date.now() - 5_400_000).toISOString(), subject: 'ada',
  action: 'restart', path: 'http/listener', reason: 'certificates were renewed',
  outcome: 'done', trace_id: '00f067aa0ba902b7a3ce929d0e0e4736' }];

/** Levels of an actor below `under`; negative when it is elsewhere. */
function levelBelow(actor, under) {
  let level = 0;
  for (let at = actor; at; at = world.get(at.parent)) {
    if (at.path === under) return level;
    level += 1;
  }
  return -1;
}

function flat(under, sort, q) {
  const found = [...world.values()].filter((actor) =>
    FLAT_ROLES.includes(actor.role) && actor.path.includes(q) && levelBelow(actor, under) >= 0);
  return sort ? found.sort((a, b) => SORTS[sort](b) - SORTS[sort](a)) : found;
}

function tree(under, depth) {
  const rooms = new Map();
  for (const actor of world.values()) {
    const level = levelBelow(actor, under);
    if (level < 0 || level > depth) continue;
    if (!rooms.has(actor.parent)) rooms.set(actor.parent, []);
    rooms.get(actor.parent).push(actor);
  }
  const lay = (actor) => [actor, ...(rooms.get(actor.path) ?? []).flatMap(lay)];
  return lay(world.get(under));
}

function treePage(parameters) {
  const get = (name) => parameters.get(name) ?? '';
  const limit = Math.min(LIMIT_MAX, Number(get('limit') || LIMIT));
  const from = Number(get('cursor') || 0);
  const [sort, q] = [get('sort'), get('q')];
  const all = sort || q ? flat(get('under'), sort, q) : tree(get('under'), +(get('depth') || 2));
  return { at: new Date().toISOString(), node: { version: '0.1.0-mock', started_at: startedAt },
    totals: totals(), actors: all.slice(from, from + limit).map(view),
    next_cursor: all.length > from + limit ? String(from + limit) : null };
}

function stream(request, response, parameters) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  const tell = () =>
    response.write(`event: tree\ndata: ${JSON.stringify(treePage(parameters))}\n\n`);
  tell();
  const timer = setInterval(tell, 1000);
  request.on('close', () => clearInterval(timer));
}

function detail(actor) {
  const keeps = actor.role === 'service' || actor.role === 'kind';
  const entity = actor.role === 'entity' || actor.role === 'kind';
  return {
    actor: view(actor),
    policy: actor.role === 'task' ? null : {
      restart: entity ? 'on_message' : 'permanent', intensity: 10, window_s: 60,
      backoff_first_s: 0.1, backoff_max_s: 5, report_after_s: 5,
      strategy: actor.role === 'supervisor' ? 'one_for_one' : null,
      kill_after_s: entity ? 30 : null },
    latency: keeps ? { count: actor.handled, p50_s: 0.0009, p90_s: 0.0041, p99_s: 0.023,
      max_s: actor.longest_s } : null,
    history: keeps ? actor.hidden.history : null,
    events: actor.hidden.events,
  };
}

async function give(request, actor, action, role, refuse) {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { confirm, reason } = JSON.parse(body || '{}');
  if (role !== 'admin') return refuse(403, 'This needs the role admin.');
  if (confirm !== actor.name) return refuse(422, 'confirm must be the name of the actor.');
  const entry = write(action, actor.path, reason);
  if (['node', 'kind'].includes(actor.role) || (action === 'stop' && actor.hidden.stopped)) {
    entry.outcome = 'refused';
    return refuse(409, `It cannot be given this order: it is a ${actor.role}, ${actor.status}.`);
  }
  obey(actor, action, 'ada');
  setTimeout(() => (entry.outcome = 'done'), 1000);
  return { audit_id: entry.id, path: actor.path, action };
}

/** A new line of the audit log. */
function write(action, path, reason) {
  const entry = { id: `a${audit.length + 1}`, at: new Date().toISOString(), subject: 'ada', action,
    path, reason: reason ?? null, outcome: 'asked', trace_id: '00f067aa0ba902b7a3ce929d0e0e4736' };
  audit.unshift(entry);
  return entry;
}

function auditPage(parameters) {
  const from = Number(parameters.get('cursor') ?? 0);
  const limit = Number(parameters.get('limit') ?? LIMIT);
  return { items: audit.slice(from, from + limit),
    next_cursor: audit.length > from + limit ? String(from + limit) : null };
}

/** Answers when the address is the inspector's; false otherwise. */
export async function inspector(request, response, url, { role, json, problem }) {
  const rest = url.pathname.split('/admin/api/')[1] ?? '';
  const told = await clusterOf(request, rest, { role, json: (body, status) =>
    void json(response, body, status), problem: (status, text) => void problem(response, status,
    text), written: (action, path, reason) => {
    const entry = write(action, path, reason);
    entry.outcome = 'done';
    return entry.id;
  } });
  if (told !== false) return told;
  if (rest === 'audit') return json(response, auditPage(url.searchParams));
  if (rest === 'tree' || rest === 'tree/stream') {
    if (!world.has(url.searchParams.get('under') ?? '')) {
      return problem(response, 404, 'There is no such actor.');
    }
    if (rest === 'tree') return json(response, treePage(url.searchParams));
    return stream(request, response, url.searchParams);
  }
  if (!rest.startsWith('actors/')) return false;
  const path = rest.slice('actors/'.length).split('/').map(decodeURIComponent).join('/');
  const [, target, action] = /^(.*)\/(restart|stop)$/.exec(path) ?? [];
  const ordered = request.method === 'POST' && action;
  const actor = world.get(ordered ? target : path);
  if (!actor) return problem(response, 404, 'There is no such actor.');
  if (!ordered) return json(response, detail(actor));
  const done = await give(request, actor, action, role, (status, text) =>
    void problem(response, status, text));
  return done && json(response, done, 202);
}
