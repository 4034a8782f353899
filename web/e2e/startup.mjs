// Click on a card of the front page to the first frame that is drawn, in real Chromium, each time
// in a fresh context (nothing cached). Prints one line of JSON with p50 and p95 in milliseconds.
//
//   node e2e/startup.mjs BASE_URL [N=30] [--token T] [--id CONTENT_ID] [--p95 MS] [--latency MS]
//     [--detail]    where the time went, for each
//     [--latency MS] a round trip takes this longer
//     [--id]        this content's card (else the first with a picture)
//     [--p95 MS]    exits 1 when the 95th percentile is above it

import { collectErrors, launch, parseArguments } from './browser.mjs';

const { positional, options } = parseArguments(process.argv.slice(2));
const base = positional[0]?.replace(/\/$/, '');
const times = Number(positional[1] ?? 30);
if (!base || !Number.isInteger(times) || times < 1) {
  console.error('usage: startup.mjs BASE_URL [N] [--token T] [--id ID] [--p95 MS] [--detail]');
  process.exit(2);
}
const DEADLINE_MS = 20_000;

/** In each document: notes the click, and the moment the first frame goes to the screen. */
function probe() {
  const now = () => performance.timeOrigin + performance.now();
  addEventListener('click', (event) => {
    sessionStorage.setItem('probe.click', String(performance.timeOrigin + event.timeStamp));
  }, true);
  const seen = new MutationObserver(() => {
    const video = document.querySelector('video');
    if (!video) return;
    seen.disconnect();
    video.requestVideoFrameCallback(() => {
      window.firstFrame = now() - Number(sessionStorage.getItem('probe.click'));
    });
  });
  seen.observe(document, { childList: true, subtree: true });
}

/** Where the time went, in milliseconds after the navigation began. */
function breakdown() {
  const entries = performance.getEntriesByType('resource');
  const end = (part) =>
    Math.round(entries.find(({ name }) => name.includes(part))?.responseEnd ?? 0);
  const [page] = performance.getEntriesByType('navigation');
  return { html: Math.round(page.responseEnd), script: end('/assets/watch'),
    content: end('/api/v1/content/'), session: end('/playback/sessions'),
    master: end('master.m3u8'), playlist: end('/media.m3u8') || end('/index.m3u8'), init: end('init'), segment: end('.m4s') };
}

async function once(browser) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  try {
    await context.addInitScript(probe);
    const page = await context.newPage();
    const errors = collectErrors(page);
    if (options.latency) {
      const session = await context.newCDPSession(page);
      await session.send('Network.enable');
      await session.send('Network.emulateNetworkConditions', { offline: false,
        latency: Number(options.latency), downloadThroughput: -1, uploadThroughput: -1 });
    }
    await page.goto(`${base}/${options.token ? `#token=${options.token}` : ''}`);
    const href = options.id ? `/watch/${options.id}` : '/watch/';
    const card = options.id ? `a[href="${href}"]` : `.tile a[href^="${href}"]:has(img)`;
    await page.locator(card).first().waitFor();
    await page.waitForLoadState('load');
    await page.locator(card).first().click();
    await page.waitForURL('**/watch/**');
    await page.waitForFunction(() => window.firstFrame, null, { timeout: DEADLINE_MS });
    const ms = await page.evaluate(() => window.firstFrame);
    return { ms, errors, detail: await page.evaluate(breakdown) };
  } finally {
    await context.close();
  }
}

const percentile = (sorted, share) =>
  sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];

const browser = await launch();
try {
  const runs = [];
  for (let i = 0; i < times; i += 1) runs.push(await once(browser));
  const sorted = runs.map(({ ms }) => Math.round(ms)).sort((a, b) => a - b);
  const errors = runs.flatMap((run) => run.errors);
  const p95 = percentile(sorted, 0.95);
  const ok = errors.length === 0 && (!options.p95 || p95 <= Number(options.p95));
  console.log(JSON.stringify({ ok, n: times, p50_ms: percentile(sorted, 0.5), p95_ms: p95,
    min_ms: sorted[0], max_ms: sorted[sorted.length - 1], console_errors: errors,
    ...(options.detail ? { runs: runs.map(({ ms, detail }) => ({ ms: Math.round(ms), ...detail })) }
      : {}) }));
  process.exitCode = ok ? 0 : 1;
} finally {
  await browser.close();
}
