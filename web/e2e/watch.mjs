// Plays one content in real Chromium and holds it against the promise: it starts at 0, passes 3 s,
// never goes back, takes up a higher rung when one appears, reaches the end, without a console
// error. Prints one line of JSON; exits 0 when everything holds, 1 when not, 2 on wrong usage.
//
//   node e2e/watch.mjs BASE_URL CONTENT_ID [--token T] [--timeout SECONDS] [--shot FILE.png]
//     [--rung HEIGHT]      the picture must reach this height (else: any rung above the first,
//                          asked for only when one appears early enough to be played)

import { collectErrors, launch, parseArguments } from './browser.mjs';

const { positional, options } = parseArguments(process.argv.slice(2));
const [base, id] = positional;
if (!base || !id) {
  console.error('usage: watch.mjs BASE_URL CONTENT_ID [--token T] [--timeout S] [--rung H] ' +
    '[--shot F]');
  process.exit(2);
}
const timeoutS = Number(options.timeout ?? 180);
const SEGMENT_S = 6;
const SAMPLE_MS = 100;
const BACK_S = 0.25;

/** Samples the page until the end or the deadline. */
async function observe(page) {
  const seen = { first_s: null, back: [], heights: [], levels: [], rungAt: null, ended: false };
  const deadline = Date.now() + timeoutS * 1000;
  let last = 0;
  while (Date.now() < deadline && !seen.ended) {
    const state = await page.evaluate(() => window.playhouse?.state() ?? null);
    if (state && state.position_s !== null) {
      const at = state.position_s;
      if (seen.first_s === null && state.height !== null && at >= 0) seen.first_s = at;
      if (at < last - BACK_S) seen.back.push([last, at]);
      last = Math.max(last, at);
      if (state.height && !seen.heights.includes(state.height)) seen.heights.push(state.height);
      const higher = Math.max(0, ...state.levels) > (seen.heights[0] ?? Infinity);
      if (seen.rungAt === null && state.levels.length > 1 && higher) seen.rungAt = at;
      seen.levels = state.levels;
      seen.ended = state.ended === true;
      seen.state = state;
      if (options.shot && at > 3 && !seen.shot) {
        seen.shot = true;
        await page.screenshot({ path: options.shot });
      }
    }
    await page.waitForTimeout(SAMPLE_MS);
  }
  return { ...seen, last_s: last };
}

/** What was promised and is not so. */
function judge(seen, errors) {
  const duration = seen.state?.duration_s ?? 0;
  const wrong = [];
  if (seen.first_s === null) wrong.push('nothing was played');
  else if (seen.first_s > 1) wrong.push(`playback started at ${seen.first_s} s`);
  if (seen.last_s <= 3 && duration > 3) wrong.push(`currentTime reached ${seen.last_s} s only`);
  if (seen.back.length > 0) wrong.push(`playback went back: ${JSON.stringify(seen.back)}`);
  const best = Math.max(0, ...seen.heights);
  if (options.rung && best < Number(options.rung)) wrong.push(`picture reached ${best} only`);
  // A rung that appears when only the running segment is left cannot be seen any more.
  const inTime = seen.rungAt !== null && seen.rungAt < duration - 2 * SEGMENT_S;
  if (inTime && seen.heights.length < 2) wrong.push('a higher rung appeared and was not taken up');
  if (!seen.ended) wrong.push(`the end was not reached in ${timeoutS} s`);
  if (errors.length > 0) wrong.push('console errors');
  return wrong;
}

const browser = await launch();
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  const errors = collectErrors(page);
  const fragment = options.token ? `#token=${options.token}` : '';
  await page.goto(`${base.replace(/\/$/, '')}/watch/${id}${fragment}`);
  const seen = await observe(page);
  const failures = judge(seen, errors);
  console.log(JSON.stringify({
    ok: failures.length === 0,
    failures,
    first_s: seen.first_s,
    last_s: seen.last_s,
    duration_s: seen.state?.duration_s ?? null,
    ended: seen.ended,
    heights: seen.heights,
    levels: seen.levels,
    higher_rung_at_s: seen.rungAt,
    adoptions: seen.state?.adoptions ?? [],
    console_errors: errors,
  }));
  process.exitCode = failures.length === 0 ? 0 : 1;
} finally {
  await browser.close();
}
