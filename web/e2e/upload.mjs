// Uploads a file through the upload page as a creator would: pause, reload in the middle, choose the
// same file again, watch it being made, follow the link. Then a file that is no media: the page says
// why. Prints one line of JSON; exits 1 when anything is not as a creator would want it.
//
//   node e2e/upload.mjs BASE_URL FILE BAD_FILE --token T [--shot F]

import { statSync } from 'node:fs';
import { collectErrors, launch, parseArguments } from './browser.mjs';

const { positional, options } = parseArguments(process.argv.slice(2));
const [base, file, bad] = positional;
if (!base || !file || !bad || !options.token) {
  console.error('usage: upload.mjs BASE_URL FILE BAD_FILE --token T [--shot F]');
  process.exit(2);
}
/** Slow enough that a pause and a reload fall into the upload. */
const BYTES_PER_S = statSync(file).size / 6;

const browser = await launch();
const page = await (await browser.newContext()).newPage();
const errors = collectErrors(page);
const network = await page.context().newCDPSession(page);
const limit = (uploadThroughput) => network.send('Network.emulateNetworkConditions',
  { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
await network.send('Network.enable');

/** Chooses a file and starts it; answers its card. */
async function start(path, title) {
  await page.setInputFiles('input[type=file]', path);
  const card = page.locator('li.job').last();
  await card.getByLabel('Title').fill(title);
  await card.getByRole('button', { name: 'Start upload' }).click();
  return card;
}

const percentOf = async (card) =>
  Number(await card.getByRole('progressbar', { name: 'Upload' }).getAttribute('aria-valuenow'));

async function waitPercent(card, least) {
  const end = Date.now() + 30_000;
  while (await percentOf(card) < least) {
    if (Date.now() > end) throw new Error(`the upload stays below ${least} %`);
    await page.waitForTimeout(50);
  }
}

const found = { ok: false };
try {
  await page.goto(`${base}/upload#token=${options.token}`);
  await limit(BYTES_PER_S);
  let card = await start(file, 'A first film');
  await waitPercent(card, 20);
  await card.getByRole('button', { name: 'Pause' }).click();
  await card.getByText('Paused').waitFor();
  page.on('dialog', (dialog) => dialog.accept());
  await page.reload();
  await page.getByText('Choose the same file again').waitFor();
  await limit(-1);
  card = await start(file, 'A first film');
  const watch = card.getByRole('link', { name: 'Watch' });
  await watch.waitFor({ timeout: 60_000 });
  if (options.shot) await page.screenshot({ path: options.shot, fullPage: true });
  found.address = await watch.getAttribute('href');

  const refused = await start(bad, 'No film');
  const reason = refused.getByRole('alert').locator('p');
  await reason.waitFor({ timeout: 30_000 });
  found.refusal = (await reason.textContent()).trim();
  found.address_bar = page.url();
  found.errors = errors;
  found.ok = errors.length === 0 && !page.url().includes('token');
} catch (error) {
  found.failure = String(error);
  found.errors = errors;
  if (options.shot) await page.screenshot({ path: options.shot, fullPage: true });
}
await browser.close();
console.log(JSON.stringify(found));
process.exitCode = found.ok ? 0 : 1;
