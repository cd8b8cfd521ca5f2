// Serves the gallery under a strict Content-Security-Policy and photographs it: `node test/widgets/gallery.mjs FOLDER`.
// Fails when the page reports an error or a violation of the policy.
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright';

const here = dirname(fileURLToPath(import.meta.url));
const folder = process.argv[2] ?? join(tmpdir(), 'gallery');
mkdirSync(folder, { recursive: true });
const { outputFiles } = await build({
  entryPoints: [join(here, 'gallery-page.ts')], bundle: true, splitting: true, format: 'esm', outdir: '/', write: false, minify: true, define: { 'process.env.NODE_ENV': '"production"' },
});
const files = new Map(outputFiles.map(({ path, contents }) => [path, Buffer.from(contents)]));
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; require-trusted-types-for 'script'; trusted-types lit-html";
const server = createServer((request, response) => {
  const file = files.get(request.url);
  response.setHeader('Content-Security-Policy', policy);
  response.setHeader('Content-Type', file ? 'text/javascript' : 'text/html');
  response.end(file ?? '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Gallery</title><body><script type="module" src="/gallery-page.js"></script>');
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const address = `http://127.0.0.1:${server.address().port}/`;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const problems = [];
for (const [name, hash, width] of [['light', 'light', 1600], ['dark', 'dark', 1600], ['phone', 'light', 390], ['rtl', 'light-rtl', 1600], ['forced', 'light', 1599]]) {
  const page = await browser.newPage({ viewport: { width, height: 1000 }, hasTouch: width < 400, isMobile: width < 400 });
  page.on('console', (message) => message.type() === 'error' && problems.push(`${name}: ${message.text()}`));
  page.on('pageerror', (error) => problems.push(`${name}: ${error.message}`));
  if (name === 'forced') await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
  await page.goto(`${address}#${hash}`);
  await page.locator('math').first().waitFor();
  await page.locator('.hl-keyword').first().waitFor();
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (overflow > 0) problems.push(`${name}: the page is ${overflow} px too wide`);
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  if (width > 1000) {
    await page.locator('#Select .w-picker-button').first().click();
    await page.screenshot({ path: join(folder, `${name}-select.png`), clip: await around(page, '#Select') });
    await page.keyboard.press('Escape');
    await page.locator('#DatePicker .w-picker-button').click();
    await page.screenshot({ path: join(folder, `${name}-date.png`), clip: await around(page, '#DatePicker') });
    await page.keyboard.press('Escape');
    await page.locator('#Chart .w-plot').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.locator('#Chart').screenshot({ path: join(folder, `${name}-chart.png`) });
    await page.locator('#Form button[type=submit]').click();
    await page.locator('#Form').screenshot({ path: join(folder, `${name}-form.png`) });
    await page.locator('.md-cite-mark').first().hover();
    await page.screenshot({ path: join(folder, `${name}-cite.png`), clip: await around(page, '.md-cite-mark') });
  }
  await page.close();
}
await browser.close();
server.close();
if (problems.length > 0) {
  console.error([...new Set(problems)].join('\n'));
  process.exit(1);
}

async function around(page, selector) {
  const box = await page.locator(selector).first().boundingBox();
  await new Promise((shown) => setTimeout(shown, 250));
  const view = page.viewportSize();
  const [x, y] = [Math.max(0, box.x - 200), Math.max(0, box.y - 200)];
  return { x, y, width: Math.min(760, view.width - x), height: Math.min(620, view.height - y) };
}
