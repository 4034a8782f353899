// The walk of an operator when a worker hangs. /admin is open; a film is sent and encodes; the
// worker of its attempt is stopped (SIGSTOP), so that it lives and says nothing. From then on the
// clock runs: until the page names the attempt and the reason, without a click, and until the
// order that the page offers has mended it. Prints one line of JSON with seconds and clicks; exits
// 1 when anything is not as an operator would want it. The node runs on the same machine.
//
//   node e2e/hung_worker.mjs BASE_URL FILM --token T [--shots DIR]

import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { collectErrors, launch, parseArguments } from './browser.mjs';

const { positional, options } = parseArguments(process.argv.slice(2));
const [base, film] = positional;
if (!base || !film || !options.token) {
  console.error('usage: hung_worker.mjs BASE_URL FILM --token T [--shots DIR]');
  process.exit(2);
}
const shots = typeof options.shots === 'string' ? options.shots : null;
if (shots) mkdirSync(shots, { recursive: true });
const CLICKS_MAX = 3;
/** Between two looks (ms); an error of the measured times. */
const LOOK_MS = 50;
const PATIENCE_MS = 30_000;

const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
const page = await context.newPage();
page.setDefaultTimeout(PATIENCE_MS);
const errors = collectErrors(page);
const attention = page.getByRole('region', { name: 'Needs attention' });
const told = { ok: false, clicks: 0 };
let hungAt = 0;

async function call(method, address, headers = {}, body = undefined) {
  const answer = await fetch(new URL(address, base), { method, body,
    headers: { authorization: `Bearer ${options.token}`, 'tus-resumable': '1.0.0', ...headers } });
  if (!answer.ok) throw new Error(`${method} ${address}: ${answer.status} ${await answer.text()}`);
  return answer;
}

/** Looks again and again until there is something. */
async function until(look, words) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${words}: not within ${PATIENCE_MS / 1000} s`);
    await page.waitForTimeout(LOOK_MS);
  }
}

const secondsSince = (at) => Number(((Date.now() - at) / 1000).toFixed(1));

async function click(button) {
  await button.click();
  told.clicks += 1;
}

async function shoot(name) {
  if (shots) await page.screenshot({ path: path.join(shots, `${name}.png`) });
}

/** Attempts that encode the film, each with the id of its worker's process. */
async function attempts() {
  const answer = await call('GET', '/admin/api/tree?under=encode/pool&depth=1');
  return (await answer.json()).actors
    .filter(({ role, state }) => role === 'task' && state?.startsWith(`group of ${told.content}`))
    .map((view) => ({ path: view.path, worker: Number(/; worker (\d+)$/.exec(view.state)?.[1]) }))
    .filter(({ worker }) => worker > 0);
}

async function sendTheFilm() {
  const bytes = readFileSync(film);
  const created = await call('POST', '/api/v1/uploads',
    { 'upload-length': bytes.length, 'upload-metadata': 'filename ZmlsbS5tcDQ=' });
  told.content = created.headers.get('playhouse-content-id');
  await call('PATCH', created.headers.get('location'),
    { 'upload-offset': 0, 'content-type': 'application/offset+octet-stream' }, bytes);
}

/** Stops a worker in the middle of its attempt; one that ends at that moment is not the one. */
async function hangAWorker() {
  const hung = await until(async () => {
    const [attempt] = await attempts();
    if (!attempt) return null;
    try {
      process.kill(attempt.worker, 'SIGSTOP');
    } catch (error) {
      if (error.code === 'ESRCH') return null;
      throw error;
    }
    hungAt = Date.now();
    return (await attempts()).some(({ worker }) => worker === attempt.worker) ? attempt : null;
  }, 'no worker encodes the film');
  Object.assign(told, { actor: hung.path, worker: hung.worker });
}

/** The page says who and why by itself. */
async function readWhatThePageSays() {
  const item = attention.getByRole('listitem').filter({ hasText: told.actor });
  await item.waitFor();
  told.named_s = secondsSince(hungAt);
  told.reason = (await item.getByRole('paragraph').innerText()).replace(told.actor, '').trim();
  if (!told.reason.includes('waits for its worker')) {
    throw new Error(`"${told.reason}" is no reason`);
  }
  await shoot('hung-named');
}

async function restartIt() {
  await click(attention.getByRole('button', { name: `Restart ${told.actor}` }));
  const dialog = page.getByRole('dialog');
  await dialog.getByText(told.actor).waitFor();
  await shoot('hung-asked');
  await click(dialog.getByRole('button', { name: 'Restart', exact: true }));
  await dialog.waitFor({ state: 'detached' });
}

/** Mended: another worker does the work, and the page lists it no longer as hanging. */
async function seeItMended() {
  const next = await until(async () =>
    (await attempts()).find(({ worker }) => worker !== told.worker), 'no other worker');
  told.next_worker = next.worker;
  told.runs_again_s = secondsSince(hungAt);
  await attention.getByText(told.actor).waitFor({ state: 'detached' });
  told.mended_s = secondsSince(hungAt);
  await shoot('hung-mended');
}

try {
  await page.goto(`${base.replace(/\/$/, '')}/admin#token=${options.token}`);
  await page.getByText('Live', { exact: true }).waitFor();
  const walk = [sendTheFilm, hangAWorker, readWhatThePageSays, restartIt, seeItMended];
  for (const step of walk) {
    told.step = step.name;
    await step();
  }
  delete told.step;
  told.ok = errors.length === 0 && told.clicks <= CLICKS_MAX;
} catch (error) {
  told.failure = String(error);
  await shoot('hung-failure');
}
told.errors = errors;
await browser.close();
console.log(JSON.stringify(told));
process.exitCode = told.ok ? 0 : 1;
