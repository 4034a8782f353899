// Builds the pages into dist/: one bundle of script and one of style per page, named by their
// content so that they can be cached for ever, and one small HTML file each that names them.
// With --tests it bundles test/*.test.ts into .test/ instead, for `node --test`.

import { build } from 'esbuild';
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(root, 'dist');
const pages = ['index', 'watch', 'insights', 'upload', 'admin'];

async function buildPages() {
  await rm(dist, { recursive: true, force: true });
  await mkdir(dist, { recursive: true });
  const result = await build({
    absWorkingDir: root,
    entryPoints: [...pages.map((page) => `src/pages/${page}.ts`), 'src/icon.svg'],
    loader: { '.svg': 'copy' },
    outdir: 'dist/assets',
    entryNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    bundle: true,
    minify: true,
    metafile: true,
    format: 'esm',
    target: ['chrome100', 'firefox100', 'safari15'],
    legalComments: 'none',
    logLevel: 'warning',
  });
  const outputs = Object.entries(result.metafile.outputs);
  const icon = outputs.find(([name]) => name.endsWith('.svg'))[0];
  const built = (page) => {
    const [script, meta] = outputs.find(([, o]) => o.entryPoint === `src/pages/${page}.ts`);
    return { script, style: meta.cssBundle };
  };
  // What one goes to next is fetched before the click.
  const { script: watchScript, style: watchStyle } = built('watch');
  for (const page of pages) {
    const html = await fillTemplate(page, { icon, watchScript, watchStyle, ...built(page) });
    await writeFile(path.join(dist, `${page}.html`), html);
  }
  // Browsers and bookmarks ask for this name, too.
  await copyFile(path.join(root, 'src/icon.svg'), path.join(dist, 'favicon.svg'));
  for (const [name, output] of outputs) console.log(`${String(output.bytes).padStart(8)}  ${name}`);
}

/** A page's HTML with the shared parts in it, its own link marked, and the assets' names. */
async function fillTemplate(page, assets) {
  const read = (name) => readFile(path.join(root, 'src/pages', `${name}.html`), 'utf8');
  const header = (await read('_header')).replace(`data-page="${page}"`, 'aria-current="page"');
  const html = (await read(page))
    .replace('{{head}}', (await read('_head')).trim())
    .replace('{{header}}', header.replace(/ data-page="\w+"/g, '').trim());
  return html.replace(/\{\{(\w+)\}\}/g, (_, key) => `/assets/${path.basename(assets[key])}`);
}

async function buildTests() {
  const out = path.join(root, '.test');
  await rm(out, { recursive: true, force: true });
  const files = (await readdir(path.join(root, 'test'))).filter((f) => f.endsWith('.test.ts'));
  await build({
    absWorkingDir: root,
    entryPoints: files.map((file) => `test/${file}`),
    outdir: '.test',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node18',
    logLevel: 'warning',
  });
}

await (process.argv.includes('--tests') ? buildTests() : buildPages());
