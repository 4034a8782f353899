// A made-up node for the inspector: a few services, kinds with some hundred entities, a worker
// attempt that is stuck until somebody restarts it, and a service that dies every half minute.
// Numbers move with the clock; ids come from a seed, so that they stay over a restart.
// ENTITIES=100000 makes it a large node.

const BORN = Date.now() - 3 * 86_400_000 - 4_000_000;
const STEP_MS = 500;
const EVENTS_MAX = 20;
/** Samples of the history, one every two seconds. */
const SAMPLES = 60;

const iso = (ms) => new Date(ms).toISOString();

/** Numbers between 0 and 1 from a seed (Lehmer). */
function random(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}
const ids = random(7);
const hex = (n) => Array.from({ length: n }, () => Math.floor(ids() * 16).toString(16)).join('');
const uuid = () => `0190${hex(4)}-${hex(4)}-7${hex(3)}-a${hex(3)}-${hex(12)}`;

/** All actors by path, parents before children. */
export const world = new Map();

function add(path, role, extra = {}) {
  const at = path.lastIndexOf('/');
  const parent = extra.parent ?? (path === '' ? null : path.slice(0, Math.max(0, at)));
  const name = path === '' ? 'node' : path.slice(parent ? parent.length + 1 : 0);
  const actor = {
    path, parent, name, role, kind: name, status: 'idle', state: null, state_bytes: null,
    children: 0, depth: 0, depth_max: 0, high_water: 0, oldest_s: null, received: 0, handled: 0,
    refused: 0, expired: 0, undelivered: 0, restarts: 0, busy_s: 0, last_s: 0, longest_s: 0,
    current: null, started_at: iso(BORN), restart_in_s: null, shard: null, epoch: null,
    last_exit: null, ...extra,
  };
  delete actor.load;
  world.set(path, actor);
  actor.hidden = { load: extra.load ?? 0, messages: extra.messages ?? ['Wake'], events: [],
    history: { every_s: 2, handled: [], depth: [], busy: [] }, since: BORN, told: 0 };
  delete actor.messages;
  if (parent !== null) world.get(parent).children += 1;
  happen(actor, role === 'entity' ? 'activated' : 'started', '', BORN);
  return actor;
}

function happen(actor, event, detail, at = Date.now(), trace = null) {
  actor.hidden.events.unshift({ at: iso(at), event, detail, trace_id: trace });
  actor.hidden.events.length = Math.min(actor.hidden.events.length, EVENTS_MAX);
}

const SERVICES = [
  ['events/bridge', 30, ['Wake', 'Poll']], ['events/hub', 55, ['Publish', 'Subscribe']],
  ['events/janitor', 0.4, ['Round']], ['encode/pool', 14, ['Due', 'Report', 'Wake', 'Poll']],
  ['encode/leases', 3, ['Renew']], ['runtime/passivator', 1, ['Round']],
  ['runtime/watchdog', 2, ['Look']], ['runtime/timers', 6, ['Fire', 'Set']],
  ['http/listener', 0, ['Accepted']],
];
const KINDS = [
  ['upload.session', 37, ['Grant', 'Append', 'Seal'], ['receiving', 'paused', 'sealed']],
  ['content.pipeline', 264, ['Advance', 'Describe', 'JobDone'],
    ['receive', 'validate', 'plan', 'encode', 'finish', 'done']],
  ['rendition.transcoder', Number(process.env.ENTITIES ?? 412), ['SegmentWritten', 'Describe'],
    ['waiting', 'encoding', 'complete']],
];

function populate() {
  add('', 'node', { kind: 'node' });
  for (const name of ['events', 'encode', 'runtime', 'http', 'entities']) add(name, 'supervisor');
  for (const [path, load, messages] of SERVICES) {
    add(path, 'service', { load, messages, depth_max: 1024, state: load > 5 ? 'running' : null,
      state_bytes: 900 + Math.floor(ids() * 90_000) });
  }
  for (let i = 0; i < 4; i += 1) attempt(i === 2);
  for (const [kind, many, messages, states] of KINDS) {
    add(`entities/${kind}`, 'kind', { load: many / 4, messages });
    const names = Array.from({ length: many }, () =>
      uuid() + (kind.startsWith('rend') ? '/720p' : '')).sort();
    for (const name of names) entity(kind, name, messages, states);
  }
  world.get('http').restarts = 1;
}

function attempt(stuck) {
  const name = uuid();
  const actor = add(`encode/pool/${name}`, 'task', { parent: 'encode/pool', kind: 'encode.attempt',
    load: stuck ? 0 : 1.5, messages: ['SegmentWritten', 'Progress'], depth_max: 16,
    state: 'encoding', started_at: iso(Date.now() - 240_000) });
  if (!stuck) return;
  actor.status = 'stuck';
  actor.depth = 5;
  actor.hidden.since = Date.now() - 187_000;
  happen(actor, 'slow', 'WorkerEvent takes longer than 5 s', actor.hidden.since + 5000);
  happen(actor, 'stuck', 'WorkerEvent blocks its thread', actor.hidden.since + 8000,
    '4bf92f3577b34da6a3ce929d0e0e4736');
}

function entity(kind, name, messages, states) {
  const state = states[Math.floor(ids() * states.length)];
  add(`entities/${kind}/${name}`, 'entity', { parent: `entities/${kind}`, kind, messages, state,
    load: ids() < 0.2 ? ids() * 4 : 0, depth_max: 64, state_bytes: 400 + Math.floor(ids() * 8000),
    shard: Math.floor(ids() * 16), epoch: 3, started_at: iso(Date.now() - ids() * 600_000) });
}

/** One step of an actor that runs. */
function run(actor, seconds) {
  const { load, messages } = actor.hidden;
  const wave = 1 + 0.6 * Math.sin(Date.now() / 9000 + actor.path.length);
  const came = Math.floor(load * wave * seconds + Math.random());
  const done = load > 0 ? came : 0;
  actor.received += done;
  actor.handled += done;
  const took = Math.min(seconds * (actor.role === 'kind' ? 4 : 0.9), done * 0.012);
  actor.busy_s += took;
  actor.last_s = done > 0 ? 0.002 + Math.random() * 0.03 : actor.last_s;
  actor.longest_s = Math.max(actor.longest_s, actor.last_s);
  actor.depth = load > 0 ? Math.floor(Math.random() ** 3 * Math.min(60, load * 2)) : 0;
  actor.high_water = Math.max(actor.high_water, actor.depth);
  actor.oldest_s = actor.depth > 0 ? Math.random() * 0.2 : null;
  const works = actor.depth > 0 && actor.role !== 'kind';
  actor.status = works ? 'working' : 'idle';
  const message = messages[Math.floor(Math.random() * messages.length)];
  actor.current = works ? { message, for_s: Math.random() * 0.05, blocked: false } : null;
  sample(actor, done, took);
}

function sample(actor, done, took) {
  const { hidden } = actor;
  hidden.done = (hidden.done ?? 0) + done;
  hidden.took = (hidden.took ?? 0) + took;
  hidden.told += STEP_MS;
  if (hidden.told < 2000) return;
  const { history } = hidden;
  history.handled.push(hidden.done);
  history.depth.push(actor.depth);
  history.busy.push(hidden.took / 2);
  for (const values of [history.handled, history.depth, history.busy]) {
    if (values.length > SAMPLES) values.shift();
  }
  Object.assign(hidden, { done: 0, took: 0, told: 0 });
}

function hang(actor) {
  const for_s = (Date.now() - actor.hidden.since) / 1000;
  actor.current = { message: 'WorkerEvent', for_s, blocked: true };
  actor.oldest_s = for_s;
}

/** The janitor panics half a minute after each start and waits ever longer. */
function janitor(actor) {
  const age = (Date.now() - (actor.hidden.turn ?? Date.now() - 30_000)) / 1000;
  if (actor.status === 'backing_off') {
    actor.restart_in_s = Math.max(0, actor.hidden.wait - age);
    if (actor.restart_in_s === 0) revive(actor, 'started', '');
  } else if (age >= 30) {
    actor.hidden.turn = Date.now();
    actor.hidden.wait = Math.min(40, 10 + actor.restarts);
    Object.assign(actor, { status: 'backing_off', current: null, depth: 2, oldest_s: null,
      undelivered: actor.undelivered + 1, restart_in_s: actor.hidden.wait });
    exit(actor, 'panicked', 'index out of bounds: the len is 3 but the index is 3, at ' +
      'actors/src/events/janitor.rs:118', '9c1d6a0b2f7e4c55a1b3c2d4e5f60718');
    happen(actor, 'restarting', `in ${actor.hidden.wait} s`);
  } else run(actor, STEP_MS / 1000);
}

function exit(actor, reason, detail, trace = null) {
  actor.last_exit = { reason, detail, at: iso(Date.now()), trace_id: trace };
  happen(actor, 'ended', `${reason}: ${detail}`, Date.now(), trace);
}

function revive(actor, event, detail) {
  Object.assign(actor, { status: 'idle', restart_in_s: null, current: null, depth: 0,
    oldest_s: null, restarts: actor.restarts + 1, started_at: iso(Date.now()), high_water: 0 });
  Object.assign(actor.hidden, { turn: Date.now(), stopped: false });
  happen(actor, event, detail);
}

/** Restarts or stops an actor; an attempt ends and, restarted, is followed by a new one. */
export function obey(actor, action, subject) {
  const detail = `by ${subject}`;
  if (actor.role === 'task') {
    world.delete(actor.path);
    world.get(actor.parent).children -= 1;
    if (action === 'restart') attempt(false);
    happen(world.get(actor.parent), `${action === 'stop' ? 'stopped' : 'restarted'}_by_operator`,
      `${actor.name} ${detail}`);
    return;
  }
  actor.undelivered += actor.depth;
  if (action === 'restart') {
    exit(actor, 'killed', `restarted ${detail}`);
    revive(actor, 'restarted_by_operator', detail);
  } else {
    Object.assign(actor, { status: 'stopped', current: null, depth: 0, oldest_s: null });
    actor.hidden.stopped = true;
    exit(actor, 'stopped', `stopped ${detail}`);
    happen(actor, 'stopped_by_operator', detail);
  }
}

function step() {
  for (const actor of world.values()) {
    if (actor.hidden.stopped || actor.role === 'node' || actor.role === 'supervisor') continue;
    if (actor.status === 'stuck') hang(actor);
    else if (actor.path === 'events/janitor') janitor(actor);
    else run(actor, STEP_MS / 1000);
  }
}

/** An actor as the node tells it. */
export function view(actor) {
  const { hidden: _, ...told } = actor;
  return told;
}

/** The node's sums. */
export function totals() {
  const all = [...world.values()];
  const count = (test) => all.filter(test).length;
  const role = (name) => count((actor) => actor.role === name);
  return { actors: all.length, supervisors: role('supervisor'), services: role('service'),
    tasks: role('task'), entities: role('entity'),
    slow: count((actor) => actor.status === 'slow'),
    stuck: count((actor) => actor.status === 'stuck'),
    undelivered: all.reduce((sum, actor) => sum + actor.undelivered, 0) };
}

/** When the node started. */
export const startedAt = iso(BORN);

populate();
for (let i = 0; i < SAMPLES * 4; i += 1) step();
setInterval(step, STEP_MS).unref();
