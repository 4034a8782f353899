// A development aid: serves dist/ with the node's content security policy and made-up answers of
// its API, so that the pages can be looked at without a node. `npm run mock [port]`.
// A token that says `viewer` or `operator` has that role, any other is an administrator's;
// dev/cluster.mjs says which tokens see which cluster.
// Contents whose id ends in `9` grow from their first look on: a rung more every few seconds.

import { createServer } from 'node:http';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspector } from './admin.mjs';
import { viewsSoFar } from './insights.mjs';
import { captionLine, captions, makeMedia } from './media.mjs';
import { playback, viewerOf } from './playback.mjs';

const web = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const dist = path.join(web, 'dist');
const media = mkdtempSync(path.join(tmpdir(), 'playhouse-mock-'));
const RUNGS = makeMedia(path.join(web, '../tests/media/bbb-720p-5s.mp4'), media);
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; " +
  "img-src 'self' data: blob:; " +
  "media-src 'self' blob:; connect-src 'self'; font-src 'self'; worker-src 'self' blob:; " +
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml',
  jpg: 'image/jpeg', m3u8: 'application/vnd.apple.mpegurl', m4s: 'video/iso.segment',
  mp4: 'video/mp4', vtt: 'text/vtt' };
const SEGMENTS = 6;
// OUT_OF_ORDER=1 lets the middle rung come last, which the player answers with a reload.
const COMPLETE_AT_S = process.env.OUT_OF_ORDER
  ? { '360p': 14, '480p': 11, '720p': 5 }
  : { '360p': 14, '480p': 9, '720p': 9 };
const uploads = new Map();
const births = new Map();

const uuid = (n) => `0190b5a0-0000-7000-8000-00000000${String(n).padStart(4, '0')}`;
const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
const TITLES = ['Big Buck Bunny wakes up', 'A walk through Lagos at dawn, filmed from a moving bus',
  'Morning jazz', 'How a kiln is built', 'Rain on the lake', 'The tailor of Surulere',
  'Field recording no. 4'];

function content(id, extra = {}) {
  const n = Number(id.slice(-4));
  const audio = n % 10 === 3;
  const age = growth(id);
  const done = (name) => age === null || age >= COMPLETE_AT_S[name];
  const video = RUNGS.map(({ name, width, height, bitrate_bps }) => ({
    name, kind: 'video', width, height, bitrate_bps, attempts: done(name) ? 0 : 1,
    state: done(name) ? 'complete' : 'encoding',
    progress: done(name) ? 1 : Math.min(0.99, age / COMPLETE_AT_S[name]),
  }));
  const sound = { name: 'audio-64k', kind: 'audio', state: 'complete', progress: 1, attempts: 0,
    bitrate_bps: 64_000 };
  const picture = (i) => ({ url: `/media/${id}/thumb-${i}.jpg`, width: 640, height: 360, at_s: i });
  return {
    id, title: TITLES[n % TITLES.length], kind: audio ? 'audio' : 'video', status: 'published',
    description: 'A short film about a large rabbit.\nMade for trying the pages.', stage: 'done',
    owner: 'ada', duration_s: 24, created_at: ago(n * 40_000 + 4000),
    published_at: ago(n * 40_000 + 3600), renditions: audio ? [sound] : [...video, sound],
    hls: `/media/${id}/master.m3u8`, dash: null, blocked_reason: null, owner_is_me: true,
    thumbnails: audio ? [] : [picture(1 + (n % 3))],
    storyboard: audio ? null : { url: `/media/${id}/board.jpg`, columns: 4, rows: 3,
      tile_width: 160, tile_height: 90, interval_s: 2 },
    views: viewsSoFar(id), hot: n % 10 === 1,
    ...special(n), ...extra,
  };
}

/** Contents that stand for a status, by number. */
function special(n) {
  const none = { hls: null, published_at: null, thumbnails: [], storyboard: null };
  const waiting = RUNGS.map((rung, i) => ({ ...rung, kind: 'video', attempts: 0,
    state: i ? 'waiting' : 'encoding', progress: i ? 0 : 0.35 }));
  const refused = { code: 'not_media',
    detail: 'The file is plain text, not media. Export it as MP4, MOV, MKV or WebM.' };
  if (n === 101) return { ...none, status: 'processing', stage: 'encode', renditions: waiting };
  if (n === 102) return { ...none, status: 'uploading', stage: 'receive', renditions: [] };
  if (n === 104) {
    return { ...none, status: 'blocked', stage: 'blocked', renditions: [],
      blocked_reason: refused };
  }
  if (n === 105) {
    return { ...none, status: 'failed', stage: 'failed', renditions: [],
      blocked_reason: { code: 'gave_up', detail: 'The encoder gave up after five attempts.' } };
  }
  return {};
}

/** Seconds since a growing content was first looked at; null for a whole one. */
function growth(id) {
  if (!id.endsWith('9')) return null;
  if (!births.has(id)) births.set(id, Date.now());
  const age = (Date.now() - births.get(id)) / 1000;
  return age > 20 ? null : age;
}

function master(id) {
  const lines = ['#EXTM3U', '#EXT-X-VERSION:7', '#EXT-X-START:TIME-OFFSET=0',
    '#EXT-X-INDEPENDENT-SEGMENTS'];
  const low = 'TYPE=AUDIO,NAME="Sound",DEFAULT=YES,AUTOSELECT=YES,URI="audio/media.m3u8"';
  if (content(id).kind === 'audio') {
    lines.push('#EXT-X-STREAM-INF:BANDWIDTH=70000,CODECS="mp4a.40.2"', 'audio/media.m3u8');
    return lines.join('\n');
  }
  lines.push(`#EXT-X-MEDIA:GROUP-ID="low",${low}`);
  // Contents that end in `1` have captions.
  const subtitles = id.endsWith('1');
  if (subtitles) lines.push(captionLine('English', 'en'), captionLine('Deutsch', 'de'));
  const age = growth(id);
  // A second group, as the ladder has: better rungs bring better sound.
  const better = age === null || age >= COMPLETE_AT_S['720p'];
  const high = low.replace('.m3u8', '.m3u8?high');
  if (better) lines.push(`#EXT-X-MEDIA:GROUP-ID="high",${high}`);
  for (const { name, width, height, bitrate_bps } of RUNGS) {
    if (name !== '360p' && age !== null && age < COMPLETE_AT_S[name]) continue;
    const group = name === '360p' ? 'low' : 'high';
    lines.push(`#EXT-X-STREAM-INF:BANDWIDTH=${bitrate_bps},RESOLUTION=${width}x${height},` +
      `CODECS="avc1.64001f,mp4a.40.2",AUDIO="${group}"` +
      (subtitles ? ',SUBTITLES="captions"' : ''), `${name}/media.m3u8`);
  }
  return lines.join('\n');
}

function playlist(id, rung) {
  const whole = readFileSync(path.join(media, rung, 'media.m3u8'), 'utf8');
  const age = growth(id);
  const ready = age === null ? SEGMENTS : 2 + Math.floor(age / 3);
  if (ready >= SEGMENTS) return whole;
  const head = whole.slice(0, whole.indexOf('#EXTINF')).replace('TYPE:VOD', 'TYPE:EVENT');
  const parts = whole.match(/#EXTINF[^\n]*\n[^\n]*\n/g) ?? [];
  return head + parts.slice(0, ready).join('');
}

function send(response, status, type, body, headers = {}) {
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-cache', ...headers });
  response.end(body);
}

const json = (response, body, status = 200) =>
  send(response, status, 'application/json', JSON.stringify(body));
const problem = (response, status, detail) =>
  send(response, status, 'application/problem+json',
    JSON.stringify({ type: 'about:blank', title: 'Refused', status, detail, trace_id: 'mock' }));

function file(response, name, headers) {
  if (!existsSync(name)) return problem(response, 404, 'There is no such file.');
  return send(response, 200, TYPES[name.split('.').pop()] ?? 'application/octet-stream',
    readFileSync(name), headers);
}

function page(request, response, name) {
  viewerOf(request, response);
  file(response, path.join(dist, `${name}.html`), { 'Content-Security-Policy': CSP });
}

function events(request, response, id) {
  send.call(null, { writeHead: response.writeHead.bind(response), end: () => undefined }, 200,
    'text/event-stream', '');
  const tell = (name, data) => response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  tell('content', content(id));
  const timer = setInterval(() => {
    const age = growth(id);
    tell('content', content(id));
    if (age === null) {
      tell('end', {});
      clearInterval(timer);
      response.end();
    }
  }, 700);
  request.on('close', () => clearInterval(timer));
}

async function tus(request, response, id) {
  const base = { 'Tus-Resumable': '1.0.0' };
  if (request.method === 'POST') {
    const made = String(uploads.size + 1);
    const cid = `${uuid(0).slice(0, -4)}${String(uploads.size + 200)}9`.slice(0, 36);
    uploads.set(made, { offset: 0, length: Number(request.headers['upload-length']), cid });
    response.writeHead(201, { ...base, Location: `/api/v1/uploads/${made}`,
      'Playhouse-Content-Id': cid });
    return response.end();
  }
  const upload = uploads.get(id);
  if (!upload) return problem(response, 404, 'There is no such upload.');
  if (request.method === 'PATCH') {
    // A newer request revokes the older, whose bytes may still lie in a buffer.
    const grant = (upload.grant = Symbol('grant'));
    for await (const chunk of request) {
      if (upload.grant !== grant) return response.destroy();
      upload.offset += chunk.length;
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
  }
  if (request.method === 'HEAD') upload.grant = null;
  response.writeHead(request.method === 'HEAD' ? 200 : 204, { ...base,
    'Upload-Offset': upload.offset, 'Upload-Length': upload.length });
  return response.end();
}

function list(response, url) {
  const owner = url.searchParams.get('owner');
  const q = (url.searchParams.get('q') ?? '').toLowerCase();
  const own = [101, 104, 105, 102].map((n) => content(uuid(n)));
  const all = [0, 1, 2, 3, 4, 5, 6].map((n) => content(uuid(n)));
  const items = (owner ? [...own, ...all.slice(0, 3)] : all)
    .filter((item) => item.title.toLowerCase().includes(q));
  if (url.searchParams.get('sort') === 'trending') items.sort((a, b) => b.views - a.views);
  const second = url.searchParams.get('cursor') !== null;
  json(response, { items: second ? items.slice(0, 2) : items,
    next_cursor: second || owner || q ? null : 'more' });
}

const LETTER = { id: 'l1', content_id: uuid(105), rendition: '720p', attempts: 5,
  reason: 'codec-worker was killed by signal 11 five times without a newly finished segment',
  created_at: ago(7200), replayed_at: null };

async function route(request, response) {
  const url = new URL(request.url, 'http://mock');
  const parts = url.pathname.split('/').filter(Boolean);
  const role = /viewer|operator/.exec(request.headers.authorization ?? '')?.[0] ?? 'admin';
  if (url.pathname === '/') return page(request, response, 'index');
  if (['watch', 'insights', 'upload'].includes(parts[0]) || url.pathname === '/admin') {
    return page(request, response, parts[0]);
  }
  if (parts[0] === 'assets') return file(response, path.join(dist, 'assets', parts[1] ?? ''));
  if (parts[0] === 'healthz' || parts[0] === 'readyz') return json(response, { status: 'ok' });
  if (url.pathname === '/api/v1/me') return json(response, { subject: 'ada', role });
  const titleOf = (id) => content(id).title;
  const tools = { send, json, problem, titleOf };
  if (await playback(request, response, url, tools) !== false) return undefined;
  if (parts[2] === 'uploads') return tus(request, response, parts[3]);
  if (url.pathname === '/api/v1/content') return list(response, url);
  if (parts[2] === 'content' && parts[3] === 'nothing') {
    return problem(response, 404, 'There is no such content.');
  }
  if (parts[2] === 'content' && parts[4] === 'events') return events(request, response, parts[3]);
  if (parts[2] === 'content') return json(response, content(parts[3]));
  if (parts[0] === 'admin') {
    const done = await inspector(request, response, url, { role, json, problem });
    return done === false ? json(response, { items: [LETTER] }) : undefined;
  }
  if (parts[0] !== 'media') return problem(response, 404, 'There is no such page.');
  if (parts[2] === 'master.m3u8') return send(response, 200, TYPES.m3u8, master(parts[1]));
  if (parts[2] === 'captions') return captions(response, parts[3], send);
  if (parts[3] === 'media.m3u8') {
    return send(response, 200, TYPES.m3u8, playlist(parts[1], parts[2]));
  }
  return file(response, path.join(media, ...parts.slice(2)));
}

const port = Number(process.argv[2] ?? 4173);
createServer((request, response) => {
  route(request, response).catch((error) => problem(response, 500, String(error)));
}).listen(port, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${port}/ (media: ${readdirSync(media).length} entries)`);
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    rmSync(media, { recursive: true, force: true });
    process.exit(0);
  });
}
