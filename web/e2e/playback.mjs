// Two viewers and their devices in real Chromium: playback resumes in another browser, a second
// device over the limit of one is told so, counts and likes appear on a page that is open, and what
// could not be sent while the node was away is sent after it. Prints one line of JSON; exits 0 when
// everything holds, 1 when not, 2 on wrong usage. The node must allow one stream per viewer.
//
//   node e2e/playback.mjs BASE_URL CONTENT_ID [--token T] [--away SECONDS] [--reload] [--shots DIR]
//     CONTENT_ID    published, longer than 20 s
//     [--token T]   of a viewer; else both browsers share an anonymous viewer's cookie
//     [--reload]    the page is also loaded anew while the node is away
//     [--away S]    how long the node is out of reach (default 6)

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { launch, parseArguments } from './browser.mjs';

const { positional, options } = parseArguments(process.argv.slice(2));
const base = positional[0]?.replace(/\/$/, '');
const id = positional[1];
if (!base || !id) {
  console.error('usage: playback.mjs BASE_URL CONTENT_ID [--token T] [--away S] [--reload] ' +
    '[--shots DIR]');
  process.exit(2);
}
if (options.shots) mkdirSync(options.shots, { recursive: true });
const STOP_AT_S = 9;
const RESUME_WITHIN_S = 2;
const LIVE_WITHIN_MS = 1500;
const DEADLINE_MS = 30_000;
const failures = [];
const told = {};
const check = (holds, sentence) => holds || failures.push(sentence);

const browser = await launch();

/** A browser of its own; `as` has the cookies of the same viewer. */
async function device(as) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  if (as) await context.addCookies(await as.cookies());
  return context;
}

async function watch(context) {
  const page = await context.newPage();
  await page.goto(`${base}/watch/${id}${options.token ? `#token=${options.token}` : ''}`);
  return page;
}

const playback = (page) => page.evaluate(() => window.playhouse.state().playback);
const position = (page) => page.evaluate(() => window.playhouse.video?.currentTime ?? 0);
const until = (page, test, argument) =>
  page.waitForFunction(test, argument, { timeout: DEADLINE_MS });
const plays = (page, seconds) => until(page, (at) => {
  const video = window.playhouse.video;
  return video && !video.paused && video.currentTime >= at;
}, seconds);
const sent = (page) => until(page, () => {
  const { playback: now } = window.playhouse.state();
  return now?.session_id && now.unsent === 0;
});
const shot = (page, name) => options.shots &&
  page.screenshot({ path: path.join(options.shots, `${name}.png`) });

async function explain(page, session) {
  const token = options.token ?? null;
  return page.evaluate(async ([address, bearer]) => {
    const headers = bearer ? { Authorization: `Bearer ${bearer}` } : {};
    return (await fetch(address, { headers })).json();
  }, [`/api/v1/playback/sessions/${session}/explain`, token]);
}

/** Watches to a place, goes away by closing the page, and comes back in another browser. */
async function resumes() {
  const first = await device();
  const page = await watch(first);
  await plays(page, STOP_AT_S);
  const left = await position(page);
  // As a person closes a tab: the page hears that it goes.
  await page.close({ runBeforeUnload: true });
  const second = await device(first);
  const back = await watch(second);
  await plays(back, 1);
  const at = await position(back);
  told.resume = { left_s: left, resumed_s: at };
  check(Math.abs(at - left) <= RESUME_WITHIN_S, `left at ${left} s, resumed at ${at} s`);
  const notice = back.locator('.player-notice');
  check(/Resumed at/.test(await notice.innerText().catch(() => '')), 'no notice of resuming');
  await shot(back, 'resumed');
  await notice.getByRole('button', { name: 'Start over' }).click();
  await until(back, () => window.playhouse.video.currentTime < 3);
  await sent(back);
  return { context: second, page: back };
}

/** A second device of the same viewer while the first plays; then the first stops. */
async function limited({ context, page }) {
  const other = await device(context);
  const late = await watch(other);
  const panel = late.locator('.limit-panel');
  await panel.waitFor({ timeout: DEADLINE_MS });
  const words = await panel.innerText();
  told.limit = words.split('\n')[0];
  check(/already watching on/i.test(words), `the panel says: ${words}`);
  await late.waitForTimeout(700);
  check(!(await late.evaluate(() => window.playhouse.video?.currentTime > 0)), 'it played anyway');
  check(await page.evaluate(() => !window.playhouse.video.paused), 'the first device was stopped');
  await shot(late, 'limited');
  await page.close({ runBeforeUnload: true });
  await until(late, () => document.querySelector('.limit-panel button'));
  // The goodbye of the first is on its way; a viewer would press again, too.
  for (let tries = 0; tries < 10 && await panel.isVisible(); tries += 1) {
    await panel.getByRole('button', { name: 'Try again' }).click();
    await late.waitForTimeout(500);
  }
  await plays(late, 0.5);
  return { context: other, page: late };
}

/** Another viewer's page shows what happens here. */
async function live({ page }) {
  const watcher = await device();
  const seen = await watch(watcher);
  const likes = () => seen.locator('.like-count').innerText();
  await until(seen, () => /\d/.test(document.querySelector('.like-count')?.textContent ?? ''));
  await until(seen, () => /[1-9]/.test(document.querySelector('.counts .count:nth-child(2)')
    ?.textContent ?? ''));
  const before = await likes();
  const button = page.locator('.like');
  const since = Date.now();
  await button.click();
  check(await button.getAttribute('aria-pressed') === 'true', 'the like was not shown at once');
  await until(seen, (old) => document.querySelector('.like-count').textContent !== old, before);
  told.like_ms = Date.now() - since;
  check(told.like_ms <= LIVE_WITHIN_MS, `the like took ${told.like_ms} ms to the other page`);
  await shot(page, 'liked');
  await button.click();
  await until(seen, (old) => document.querySelector('.like-count').textContent === old, before);
  await watcher.close();
}

/** The node is out of reach while it plays; nothing of what was watched is lost. */
async function away({ context, page }) {
  await sent(page);
  const { session_id: session } = await playback(page);
  const before = await explain(page, session);
  const seconds = Number(options.away ?? 6);
  await page.evaluate(() => { window.playhouse.video.currentTime = 0; });
  await context.route('**/api/v1/playback/**', (route) => route.abort('connectionrefused'));
  const from = await position(page);
  for (let at = 0; at < seconds; at += 1) {
    await page.waitForTimeout(1000);
    await page.keyboard.press('k');
    await page.waitForTimeout(100);
    await page.keyboard.press('k');
  }
  const { unsent } = await playback(page);
  check(unsent > 0, 'nothing was kept while the node was away');
  check(await position(page) > from, 'playback stood still without the node');
  await context.unroute('**/api/v1/playback/**');
  await sent(page);
  const after = await explain(page, session);
  const more = after.watch_time_s - before.watch_time_s;
  told.away = { kept: unsent, watched_more_s: more, gaps: after.seq.gaps };
  check(more >= seconds * 0.7, `only ${more} s of ${seconds} s watched without the node counted`);
  check(after.seq.gaps === 0, `events were lost: ${JSON.stringify(after.seq)}`);
}

/** The page is loaded anew while the node is away: what it kept is sent by the next one. */
async function reloaded({ context, page }) {
  const { session_id: session } = await playback(page);
  const before = await explain(page, session);
  await page.evaluate(() => { window.playhouse.video.currentTime = 0; });
  await sent(page);
  await context.route('**/api/v1/playback/**', (route) => route.abort('connectionrefused'));
  await page.keyboard.press('k');
  await page.keyboard.press('k');
  await page.waitForTimeout(4000);
  await page.reload();
  await plays(page, 0.2);
  const kept = () => Object.keys(localStorage).filter((key) => key.includes('.playback.')).length;
  check(await page.evaluate(kept) > 0, 'nothing was kept over the reload');
  await context.unroute('**/api/v1/playback/**');
  await until(page, (old) => localStorage.getItem(`playhouse.playback.${old}`) === null, session);
  const after = await explain(page, session);
  const more = after.watch_time_s - before.watch_time_s;
  told.reload = { watched_more_s: more, state: after.state };
  check(more >= 3, `only ${more} s of the 4 s before the reload counted`);
}

try {
  const second = await resumes();
  const third = await limited(second);
  await live(third);
  await away(third);
  if (options.reload) await reloaded(third);
} catch (error) {
  failures.push(String(error));
} finally {
  await browser.close();
}
console.log(JSON.stringify({ ok: failures.length === 0, failures, ...told }));
process.exitCode = failures.length === 0 ? 0 : 1;
