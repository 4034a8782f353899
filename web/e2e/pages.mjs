// Takes a screenshot of each page: wide and phone, light and dark. Prints one line of JSON; exits 1
// when a console complained or a page is wider than its window.
//
//   node e2e/pages.mjs BASE_URL OUT_DIR [--token T] [--watch ID[,ID…]] [--insights ID]

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { collectErrors, launch, parseArguments } from './browser.mjs';

const { positional, options } = parseArguments(process.argv.slice(2));
const [base, out] = positional;
if (!base || !out) {
  console.error('usage: pages.mjs BASE_URL OUT_DIR [--token T] [--watch ID[,ID…]] ' +
    '[--insights ID]');
  process.exit(2);
}
mkdirSync(out, { recursive: true });

const SIZES = { wide: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } };
const watch = typeof options.watch === 'string' ? options.watch.split(',') : [];
const PAGES = [['index', '/'], ['upload', '/upload'], ['admin', '/admin'],
  ...watch.map((id, i) => [`watch${i || ''}`, `/watch/${id}`]),
  ...(options.insights ? [['insights', `/insights/${options.insights}`]] : [])];

/** One page in one look. */
async function shoot(context, name, address, look) {
  const page = await context.newPage();
  const errors = collectErrors(page);
  const fragment = options.token ? `#token=${options.token}` : '';
  await page.goto(base.replace(/\/$/, '') + address + fragment);
  await page.waitForLoadState('networkidle', { timeout: 4000 }).catch(() => undefined);
  if (name.startsWith('watch')) {
    const moved = () => !window.playhouse?.video || window.playhouse.video.currentTime > 1;
    await page.waitForFunction(moved, null, { timeout: 10_000 }).catch(() => undefined);
  }
  const file = path.join(out, `${name}-${look}.png`);
  await page.screenshot({ path: file, fullPage: !name.startsWith('watch') });
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await page.close();
  return { file, errors, overflow_px: overflow };
}

const browser = await launch();
const shots = [];
for (const [size, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({ viewport, colorScheme });
    for (const [name, address] of PAGES) {
      shots.push(await shoot(context, name, address, `${size}-${colorScheme}`));
    }
    await context.close();
  }
}
await browser.close();
const bad = shots.filter((shot) => shot.errors.length > 0 || shot.overflow_px > 0);
console.log(JSON.stringify({ ok: bad.length === 0, shots: shots.length, bad }));
process.exitCode = bad.length === 0 ? 0 : 1;
