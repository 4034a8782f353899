// The mock's answers about the cluster. A token that says `failure`, `draining`, `large`, `alone`
// or `silent` sees such a one, any other a healthy cluster of three; drain and resume move shards.

const CYCLE_MS = 1000;
/** Each cluster is as old as the first look at it. */
const made = new Map();
const ORDER = /^nodes\/([^/]+)\/(drain|resume)$/;

/** A number that spreads, so that shards are placed as by rendezvous hashing. */
function hash(text) {
  let sum = 2_166_136_261;
  for (let i = 0; i < text.length; i += 1) {
    sum = Math.imul(sum ^ text.charCodeAt(i), 16_777_619) >>> 0;
  }
  sum = Math.imul(sum ^ (sum >>> 15), 2_246_822_519) >>> 0;
  return (sum ^ (sum >>> 13)) >>> 0;
}

const able = (member) => member.alive && member.phase === 'up';

function desired(world, shard) {
  const fits = world.members.filter(able);
  const pin = world.pins[shard];
  const wanted = fits.filter((it) => it.name === pin?.node || it.zone === pin?.zone);
  const among = wanted.length > 0 ? wanted : fits;
  const weigh = ({ name, weight }) =>
    weight / -Math.log((hash(`${name}/${shard}`) + 1) / 4_294_967_298);
  return among.sort((a, b) => weigh(b) - weigh(a))[0]?.name ?? null;
}

function member(name, zone, told = {}) {
  return { name, zone, incarnation: 1, weight: 1, phase: 'up', alive: true, lease_ms: null,
    unserved: 0, suspected_by: [], missing: null, unreached: null, ...told };
}

function world(members, count, told = {}) {
  const made = { members, count, pins: {}, members_min: 2, moves_max: 16, version: 12,
    moves: [], done: 3071, steps: Infinity, stepped: Date.now(), ...told };
  made.owners = Array.from({ length: count }, (_, shard) => desired(made, shard));
  made.epochs = made.owners.map((_, shard) => 3 + (shard % 4));
  return made;
}

const three = () => [member('node-a', 'z1', { incarnation: 3 }), member('node-b', 'z2'),
  member('node-c', 'z3', { incarnation: 2 })];

const MAKE = {
  healthy: () => world(three(), 256, { pins: { 7: { node: 'node-b' }, 40: { zone: 'z3' } } }),
  large: () => world([...three(), ...['d', 'e', 'f', 'g', 'h', 'i'].map((letter, i) =>
    member(`node-${letter}`, `z${1 + (i % 3)}`, { weight: 1 + (i % 2) }))], 1024),
  draining: () => {
    const made = world(three(), 256);
    turn(made, 'node-b', 'drain');
    step(made, 48);
    return Object.assign(made, { steps: 0 });
  },
  failure: () => {
    const four = [...three(), member('node-d', 'z1')];
    const made = world(four, 256, { pins: { 7: { node: 'node-c' } } });
    const [, slow, dead, cut] = made.members;
    Object.assign(dead, { alive: false, lease_ms: -6200, unreached: 'connection refused' });
    Object.assign(slow, { lease_ms: 2400, unserved: 5, suspected_by: ['node-d'] });
    Object.assign(cut, { missing: 'no answer within 2.5 s', suspected_by: ['node-a', 'node-b'],
      unreached: 'the last heartbeat was not answered within 2 s' });
    step(made, 41);
    return Object.assign(made, { steps: 0 });
  },
};

/** Claims what is free and moves what is elsewhere than it should be, at most so many. */
function step(made, most) {
  let left = most;
  for (let shard = 0; shard < made.count && left > 0; shard += 1) {
    const [owner, to] = [made.owners[shard], desired(made, shard)];
    if (to === null || owner === to) continue;
    const dead = !made.members.find(({ name }) => name === owner)?.alive;
    if (!dead) note(made, owner, shard, 'released', 'another node should own it');
    const why = dead ? `its owner ${owner} is dead` : `${owner} gave it up`;
    made.epochs[shard] += 1;
    made.owners[shard] = to;
    note(made, to, shard, 'claimed', why);
    left -= 1;
  }
}

function note(made, node, shard, what, why) {
  made.done += 1;
  made.moves.unshift({ node, at: new Date().toISOString(), shard, epoch: made.epochs[shard], what,
    why, took_ms: 4 + (shard % 30) });
  made.moves.sort((a, b) => (a.at === b.at ? (a.node + a.what < b.node + b.what ? -1 : 1) : 0));
  made.moves.length = Math.min(64, made.moves.length);
}

/** Passes the time since the last look. */
function age(made) {
  const cycles = Math.floor((Date.now() - made.stepped) / CYCLE_MS);
  if (cycles < 1 || made.steps < 1) return;
  made.stepped = Date.now();
  made.steps -= cycles;
  step(made, cycles * made.moves_max);
}

function turn(made, name, action) {
  const found = made.members.find((it) => it.name === name);
  found.phase = action === 'drain' ? 'draining' : 'up';
  made.version += 1;
  made.steps = Infinity;
}

const life = ({ name, incarnation }) => ({ name, incarnation });

function link(made, to) {
  const connected = to.unreached === null;
  const since = new Date(Date.now() - (connected ? 9_000_000 : 6_200)).toISOString();
  const number = to.name.charCodeAt(to.name.length - 1);
  return { ...life(to), address: `10.0.0.${number - 96}:7000`, since, connected,
    round_trip_ms: connected ? 0.3 + (number % 5) / 10 : null,
    in_flight: connected ? number % 4 : 0, credits: 256, last_error: to.unreached };
}

function pictureOf(made, one, held) {
  const by = made.members[0];
  const left = one.lease_ms ?? 7000 + ((Date.now() + hash(one.name)) % 3000);
  const owned = made.owners.filter((owner) => owner === one.name).length;
  const missing = one.alive ? one.missing : 'its lease is over';
  const peers = made.members.filter((it) => it !== one).map((it) => link(made, it));
  const number = one.name.charCodeAt(one.name.length - 1) - 96;
  return { ...life(one), link: `10.0.0.${number}:7000`, http: `http://10.0.0.${number}:8080`,
    zone: one.zone, weight: one.weight, build: '0.1.0-mock', phase: one.phase, alive: one.alive,
    lease_left_ms: left, suspected_by: one.suspected_by, shards_owned: owned,
    shards_desired: held.filter((name) => name === one.name).length,
    shards_unserved: missing ? null : one.unserved, shards_stray: missing ? null : 0,
    reached: one === by ? null : link(made, one), missing,
    report: missing ? null : { ...life(one), build: '0.1.0-mock', phase: one.phase,
      lease_left_ms: Math.max(0, left - 900), view_version: made.version,
      seen_at: new Date().toISOString(), shards_held: owned - one.unserved, entities: owned * 2,
      peers } };
}

function shardOf(made, shard) {
  const owner = made.members.find(({ name }) => name === made.owners[shard]);
  const to = desired(made, shard);
  const pin = made.pins[shard] ?? null;
  const moves = owner?.alive === true && to !== null && to !== owner.name;
  const give = owner?.phase === 'draining' ? `${owner.name} drains: it gives it to ${to}` :
    `${to} wins it among those who may own it: ${owner?.name} gives it to ${to}`;
  const kept = 'it is where it should be' + (pin ? `: it is pinned to ${pin.node ??
    `the zone ${pin.zone}`}` : '');
  const dead = `its owner ${owner?.name} is dead: ${to} claims it`;
  return { shard, epoch: made.epochs[shard], owner: owner ? life(owner) : null,
    owner_lives: owner?.alive ?? false, desired: to, pin, to_move: moves,
    why: !owner?.alive ? dead : moves ? give : kept };
}

function head(made) {
  return { at: new Date().toISOString(), clustered: true, answered_by: life(made.members[0]),
    stale: null };
}

function shardPage(made) {
  const shards = made.owners.map((_, shard) => shardOf(made, shard));
  const owned = shards.filter((it) => it.owner_lives).length;
  return { ...head(made), counts: { all: made.count, owned, free: made.count - owned,
    to_move: shards.filter((it) => it.to_move).length }, shards, next_cursor: null };
}

function cluster(made) {
  const held = made.owners.map((_, shard) => desired(made, shard));
  return { ...head(made), view_version: made.version, view_moves: made.done,
    rules: { members_min: made.members_min, moves_max: made.moves_max, pins: made.pins },
    shards: shardPage(made).counts, recent_moves: made.moves,
    members: made.members.map((one) => pictureOf(made, one, held)) };
}

function route(made, id) {
  const shard = shardOf(made, hash(id) % made.count);
  const [by, owner] = [made.members[0], made.members.find((it) => it.name === shard.owner?.name)];
  const here = owner === by;
  const reached = owner !== undefined && owner.unreached === null;
  const why = here ? `${by.name} serves shard ${shard.shard} itself, at epoch ${shard.epoch}` :
    reached ? `${by.name} sends it to ${owner.name}, which owns shard ${shard.shard} at epoch ` +
      `${shard.epoch}` : `${owner.name} owns shard ${shard.shard} and ${by.name} does not reach ` +
      `it (${owner.unreached}): it waits`;
  return { ...head(made), id, shard, known_owner: owner?.name ?? null, known_epoch: shard.epoch,
    link: here ? null : link(made, owner), way: here ? 'here' : reached ? 'sent' : 'waits',
    to: reached && !here ? owner.name : null, why };
}

/** The same pictures of a node that is alone. */
function alone(picture) {
  return { ...picture, clustered: false, view_version: 0, view_moves: 0, recent_moves: [] };
}

MAKE.alone = () => world([member('local', '')], 16, { members_min: 1, moves_max: 1 });

async function order(request, made, [, name, action], tools) {
  let body = '';
  for await (const chunk of request) body += chunk;
  const found = made.members.find((it) => it.name === name);
  if (tools.role !== 'admin') return tools.problem(403, 'This needs the role admin.');
  if (!found) return tools.problem(404, `there is no member ${name}`);
  const others = made.members.filter((it) => it !== found && able(it));
  if (action === 'drain' && others.length === 0) {
    return tools.problem(409, `${name} is the only member that may own shards, nobody could take ` +
      'its own: start another node, or resume one that drains, first');
  }
  turn(made, name, action);
  const written = tools.written(action, `nodes/${name}`, JSON.parse(body || '{}').reason);
  return tools.json({ audit_id: written, path: `nodes/${name}`,
    action }, 202);
}

/** Answers when the address is the cluster's; false otherwise. */
export async function clusterOf(request, rest, tools) {
  const isOrder = ORDER.exec(rest);
  if (!isOrder && !['cluster', 'shards'].includes(rest) && !rest.startsWith('route/')) return false;
  const names = Object.keys(MAKE).join('|');
  const asked = new RegExp(`silent|${names}`).exec(request.headers.authorization ?? '')?.[0];
  if (asked === 'silent') return undefined;
  const name = asked ?? 'healthy';
  if (!made.has(name)) made.set(name, MAKE[name]());
  const it = made.get(name);
  if (isOrder) return order(request, it, isOrder, tools);
  age(it);
  const picture = rest === 'cluster' ? cluster(it) : rest === 'shards' ? shardPage(it) :
    route(it, decodeURIComponent(rest.slice('route/'.length)));
  return tools.json(name === 'alone' ? alone(picture) : picture);
}
