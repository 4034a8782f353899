// Looks after an actor as an operator would: opens /admin, reads the live tree, moves in it by
// keyboard, searches, opens the detail, restarts the actor with a reason, finds the order in the
// audit log, and reads that the node is alone with its shards. Prints one line of JSON; exits 1 when anything is not as an operator would want
// it. The actor is a service that may be restarted at any time.
//
//   node e2e/admin.mjs BASE_URL OUT_DIR --token T [--actor events/bridge]

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { collectErrors, launch, parseArguments } from './browser.mjs';

const { positional, options } = parseArguments(process.argv.slice(2));
const [base, out] = positional;
if (!base || !out || !options.token) {
  console.error('usage: admin.mjs BASE_URL OUT_DIR --token T [--actor PATH]');
  process.exit(2);
}
mkdirSync(out, { recursive: true });
/** Of a node with the default configuration. */
const SHARDS = 16;
const actor = typeof options.actor === 'string' ? options.actor : 'events/bridge';
const reason = `tried by a test at ${new Date().toISOString()}`;

const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
const page = await context.newPage();
page.setDefaultTimeout(15_000);
const errors = collectErrors(page);
const rowOf = (key) => page.locator(`[role=row][data-key="${key}"]`);
const keys = () => page.locator('[role=row][data-key]').evaluateAll((rows) =>
  rows.map((row) => row.dataset.key));
const focused = () => page.evaluate(() => document.activeElement?.dataset?.key ?? null);
const detail = page.getByRole('complementary');

function expect(holds, words) {
  if (!holds) throw new Error(words);
}

/** The tree comes by itself, live, and the supervisor of the actor closes and opens by keyboard. */
async function readTheTree() {
  await rowOf(actor).waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
  const above = actor.split('/').slice(0, -1).join('/');
  await rowOf(above).focus();
  await page.keyboard.press('ArrowLeft');
  await rowOf(actor).waitFor({ state: 'detached' });
  await page.keyboard.press('ArrowRight');
  await rowOf(actor).waitFor();
  await page.keyboard.press('ArrowRight');
  expect(await focused() !== above, 'the arrow does not go into the open branch');
}

/** Updates come by themselves; the row that has the focus stays the same element. */
async function keepTheFocus() {
  await rowOf(actor).focus();
  await page.evaluate(() => (document.activeElement.markedByTest = true));
  const at = await page.getByRole('treegrid').getAttribute('data-at');
  await page.waitForFunction((before) =>
    Number(document.querySelector('[role=treegrid]').dataset.at) > Number(before) + 2000, at);
  const same = await page.evaluate(() => document.activeElement.markedByTest === true);
  expect(same, 'an update took the focus away');
}

async function search() {
  const name = actor.split('/').at(-1);
  await page.getByLabel('Search actors').fill(name);
  // The tree's own root is in no list.
  await rowOf('').waitFor({ state: 'detached' });
  await rowOf(actor).waitFor();
  const found = await keys();
  const strange = found.filter((key) => !key.startsWith('more:') && !key.includes(name));
  expect(strange.length === 0, `${strange} do not contain ${name}`);
}

async function openTheDetail() {
  await rowOf(actor).getByRole('link').click();
  await detail.getByRole('heading', { name: actor }).waitFor();
  await detail.getByText('Handled', { exact: true }).waitFor();
  expect(page.url().includes(`#actor=${actor}`), `${page.url()} does not name the actor`);
}

async function restart() {
  await detail.getByRole('button', { name: 'Restart…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(actor).waitFor();
  await dialog.getByLabel('Reason').fill(reason);
  await dialog.getByRole('button', { name: 'Restart', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await detail.getByText(/audit entry/).waitFor();
  await detail.getByText('Restarted by operator').first().waitFor();
  const line = page.getByRole('region', { name: 'Audit log' }).getByRole('row')
    .filter({ hasText: reason });
  await line.getByText('Done', { exact: true }).waitFor();
  return { audit: (await line.innerText()).replace(/\s+/g, ' ') };
}

/** A node that is alone says so, takes no orders as a member, and shows each of its shards. */
async function lookAtTheCluster() {
  await page.getByRole('tab', { name: 'Cluster' }).click();
  const panel = page.getByRole('tabpanel', { name: 'Cluster' });
  await panel.getByRole('heading', { name: 'This node is alone' }).waitFor();
  const shards = panel.getByRole('listbox', { name: 'Shards' });
  const cells = shards.getByRole('option');
  await cells.nth(SHARDS - 1).waitFor();
  expect(await cells.count() === SHARDS, `${await cells.count()} shards instead of ${SHARDS}`);
  await shards.focus();
  await page.keyboard.press('End');
  await panel.getByRole('heading', { name: `Shard ${SHARDS - 1}`, exact: true }).waitFor();
  const orders = await panel.getByRole('button', { name: /^(Drain|Resume)/ }).count();
  expect(orders === 0, 'a node that is alone is offered to be drained');
  await page.screenshot({ path: path.join(out, 'admin-alone.png'), fullPage: true });
  await page.getByRole('tab', { name: 'Actors' }).click();
  await detail.getByRole('heading', { name: actor }).waitFor();
}

/** The address alone brings the detail back, also on a phone, and nothing is wider than it. */
async function openByAddress() {
  await page.screenshot({ path: path.join(out, 'admin-operator.png'), fullPage: true });
  await page.setViewportSize({ width: 360, height: 780 });
  await page.reload();
  await detail.getByRole('heading', { name: actor }).waitFor();
  await rowOf(actor).waitFor();
  await page.screenshot({ path: path.join(out, 'admin-operator-phone.png'), fullPage: true });
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow <= 0, `the page is ${overflow} px wider than a phone`);
}

const told = { ok: false, actor };
try {
  await page.goto(`${base.replace(/\/$/, '')}/admin#token=${options.token}`);
  for (const step of [readTheTree, keepTheFocus, search, openTheDetail, restart, lookAtTheCluster,
    openByAddress]) {
    told.step = step.name;
    Object.assign(told, await step());
  }
  delete told.step;
  told.ok = errors.length === 0;
} catch (error) {
  told.failure = String(error);
  await page.screenshot({ path: path.join(out, 'admin-failure.png'), fullPage: true });
}
told.errors = errors;
await browser.close();
console.log(JSON.stringify(told));
process.exitCode = told.ok ? 0 : 1;
