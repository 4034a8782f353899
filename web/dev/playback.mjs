// The mock's playback sessions and counters: enough of the node's rules that the pages behave as
// they do there. STREAMS_MAX=1 lets a viewer play on one device at a time. A session that hears
// nothing for TIMEOUT_S is over.

import { randomUUID } from 'node:crypto';
import { analyticsOf, insightsOf, viewsSoFar } from './insights.mjs';

const STREAMS_MAX = Number(process.env.STREAMS_MAX ?? 4);
const HEARTBEAT_S = Number(process.env.HEARTBEAT_S ?? 10);
const TIMEOUT_S = Number(process.env.TIMEOUT_S ?? 60);
const VIEW_AFTER_S = 10;
const sessions = new Map();
const positions = new Map();
const counters = new Map();

const counterOf = (id) => {
  if (!counters.has(id)) {
    const views = viewsSoFar(id);
    const likers = new Set(Array.from({ length: Math.round(views / 23) }, (_, i) => `l${i}`));
    counters.set(id, { views, likers, watch_s: views * 14, unique: Math.round(views * 0.62) });
  }
  return counters.get(id);
};

const isOver = (session) =>
  session.ended || Date.now() - session.heard > TIMEOUT_S * 1000;
const playingOf = (viewer) =>
  [...sessions.values()].filter((session) => session.viewer === viewer && !isOver(session));

/** Numbers of a content; `viewer` says whether they like it. */
export function engagement(id, viewer) {
  const { views, likers, watch_s, unique } = counterOf(id);
  const now = [...sessions.values()].filter((s) => s.content === id && !isOver(s) && s.playing);
  return { views: { live: views, settled: views }, viewers_now: now.length,
    unique_viewers: unique, likes: likers.size, watch_time_s: Math.round(watch_s),
    ...(viewer === undefined ? {} : { liked: likers.has(viewer) }) };
}

/** Whose request it is: the cookie, or a new one. */
export function viewerOf(request, response) {
  const known = /mock_viewer=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1];
  if (known) return known;
  const made = randomUUID();
  response.setHeader('Set-Cookie', `mock_viewer=${made}; Path=/; HttpOnly; SameSite=Lax`);
  return made;
}

async function bodyOf(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text ? JSON.parse(text) : null;
}

function open(viewer, wish, tools, response) {
  const device = typeof wish.device === 'string' ? { id: wish.device } : wish.device;
  const playing = playingOf(viewer);
  for (const other of playing) {
    const same = other.content === wish.content_id && other.device.id === device.id;
    if (same) Object.assign(other, { ended: true, endedAt: Date.now() });
  }
  const elsewhere = playing.filter((s) => !s.ended && s.device.id !== device.id);
  if (elsewhere.length >= STREAMS_MAX) {
    const list = elsewhere.map((s) => ({ device: s.device,
      title: tools.titleOf(s.content), since: new Date(s.opened).toISOString() }));
    return tools.send(response, 409, 'application/problem+json', JSON.stringify({
      type: '/docs#problem-stream-limit', title: 'Too many streams', status: 409,
      detail: 'You are watching on as many devices as you may.', trace_id: 'mock',
      streams_max: STREAMS_MAX, playing: list }));
  }
  const id = randomUUID();
  sessions.set(id, { id, viewer, device, content: wish.content_id, opened: Date.now(),
    heard: Date.now(), ended: false, playing: false, seen: new Set(), last: null, watched: 0,
    ranges: [], refused: {}, duplicates: 0, view: 'pending', qoe: {} });
  return tools.json(response, { session_id: id, hls: `/media/${wish.content_id}/master.m3u8`,
    dash: null, license_url: null,
    resume_position_s: positions.get(`${viewer} ${wish.content_id}`) ?? 0,
    heartbeat_interval_s: HEARTBEAT_S, timeout_s: TIMEOUT_S,
    server_time: new Date().toISOString() }, 201);
}

function take(session, event) {
  const { last } = session;
  const moved = last && last.playing && event.event !== 'start'
    ? (event.event === 'seek' ? event.from_position_s : event.position_s) - last.position_s : 0;
  if (moved > 0) {
    session.watched += moved;
    session.ranges.push([last.position_s, last.position_s + moved]);
    counterOf(session.content).watch_s += moved;
  }
  const kept = last?.playing ?? false;
  const playing = { start: true, play: true, pause: false, buffering: false, end: false,
    error: false, seek: kept, heartbeat: event.playing ?? true }[event.event];
  session.last = { position_s: event.position_s, playing };
  session.playing = playing;
  if (event.event === 'end' && !session.ended) {
    Object.assign(session, { ended: true, endedAt: Date.parse(event.at) });
  }
  positions.set(`${session.viewer} ${session.content}`, event.position_s);
  if (event.startup_s !== undefined) session.qoe.startup_s = event.startup_s;
  if (event.stall_s) session.qoe.stalled_s = (session.qoe.stalled_s ?? 0) + event.stall_s;
  if (session.watched >= VIEW_AFTER_S && session.view === 'pending') {
    session.view = 'counted';
    counterOf(session.content).views += 1;
  }
}

function receive(session, body) {
  const events = Array.isArray(body) ? body : (body.events ?? [body]);
  const refused = [];
  let accepted = 0;
  let duplicates = 0;
  const over = isOver(session);
  for (const event of events) {
    if (session.seen.has(event.seq)) duplicates += 1;
    else if ((over || session.ended) && !(Date.parse(event.at) <= session.endedAt)) refused.push({ seq: event.seq, reason: 'after_end' });
    else {
      session.seen.add(event.seq);
      take(session, event);
      accepted += 1;
    }
  }
  session.duplicates += duplicates;
  for (const { reason } of refused) session.refused[reason] = (session.refused[reason] ?? 0) + 1;
  if (!over) session.heard = Date.now();
  return { accepted, duplicates, refused, view: session.view };
}

function explain(session) {
  const seen = [...session.seen].sort((a, b) => a - b);
  const ranges = [];
  for (const seq of seen) {
    const last = ranges[ranges.length - 1];
    if (last && last[1] === seq - 1) last[1] = seq;
    else ranges.push([seq, seq]);
  }
  return { session_id: session.id, content_id: session.content, device: session.device,
    opened_at: new Date(session.opened).toISOString(),
    state: session.ended ? 'ended' : session.playing ? 'playing' : 'paused',
    view: { state: session.view, reason: null, sentence: '', at: null },
    watch_time_s: session.watched, needed_s: VIEW_AFTER_S, watched: session.ranges,
    seq: { seen: ranges, gaps: Math.max(0, ranges.length - 1) },
    events: { accepted: seen.length, duplicates: session.duplicates, refused: session.refused },
    qoe: session.qoe };
}

function stream(request, response, id) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  let told = '';
  const tell = () => {
    const now = JSON.stringify(engagement(id));
    if (now !== told) response.write(`event: engagement\ndata: ${now}\n\n`);
    told = now;
  };
  tell();
  const timer = setInterval(tell, 250);
  request.on('close', () => clearInterval(timer));
}

/** Answers what belongs to playback; false when it is another's. */
export async function playback(request, response, url, tools) {
  const parts = url.pathname.split('/').filter(Boolean).slice(2);
  const { json, problem } = tools;
  if (parts[0] === 'playback') {
    const session = sessions.get(parts[2]);
    if (parts.length === 2) {
      return open(viewerOf(request, response), await bodyOf(request), tools, response);
    }
    if (!session) return problem(response, 404, 'There is no such session.');
    if (parts[3] === 'explain') return json(response, explain(session));
    return json(response, receive(session, await bodyOf(request)), 202);
  }
  const [, id, what, more] = parts;
  if (parts[0] !== 'content') return false;
  if (what === 'engagement' && more === 'stream') return stream(request, response, id);
  if (what === 'engagement') return json(response, engagement(id, viewerOf(request, response)));
  if (what === 'like') {
    const viewer = viewerOf(request, response);
    const { likers } = counterOf(id);
    if (request.method === 'PUT') likers.add(viewer);
    else likers.delete(viewer);
    return json(response, { liked: likers.has(viewer), likes: likers.size });
  }
  if (what === 'analytics') return json(response, analyticsOf(id, url));
  if (what === 'insights') {
    return json(response, insightsOf(id, url, engagement(id), tools.titleOf(id)));
  }
  return false;
}
