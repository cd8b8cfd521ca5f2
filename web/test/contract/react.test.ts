import { existsSync } from 'node:fs';
import { type Browser, type Page, chromium } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Site, bundle } from './site.ts';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const CASES = [
  ['18', 'development', 'first'],
  ['18', 'production', 'last'],
  ['19', 'development', 'last'],
  ['19', 'production', 'first'],
] as const;

describe.skipIf(!existsSync(executablePath))('the unmodified wrapper', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
  });
  afterAll(() => browser.close());

  test.each(CASES)('drives the element with React %s, %s build, script %s', async (version, mode, order) => {
    const site = new Site(await bundle(version, mode), order);
    const url = await site.open();
    const page = await (await browser.newContext({ viewport: { width: 900, height: 700 } })).newPage();
    const complaints: string[] = [];
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => !request.url().startsWith(url) && !request.url().startsWith('data:') && complaints.push(request.url()));
    try {
      await page.goto(url);
      await walk(page, site);
      expect(complaints).toEqual([]);
    } finally {
      await page.context().close();
      site.close();
    }
  }, 180_000);
});

async function walk(page: Page, site: Site): Promise<void> {
  const log = (): Promise<string[]> => page.evaluate(() => (window as any).chatLog);
  const said = page.locator('.prose').last();
  const editor = page.getByRole('textbox', { name: 'Message the AI' });
  const say = async (text: string): Promise<void> => {
    await editor.fill(text);
    await editor.press('Enter');
  };
  const shows = async (text: string): Promise<void> => {
    await expect.poll(async () => said.innerText(), { timeout: 30_000 }).toContain(text);
    await page.getByRole('button', { name: 'Send', exact: true }).waitFor();
  };

  await page.getByRole('heading', { name: 'Welcome' }).waitFor();
  await expect.poll(log, { timeout: 30_000 }).toEqual(['ready']);
  await page.getByRole('button', { name: 'Say hello' }).click();
  await shows('You said: hello');
  expect(await log()).toEqual(['ready', 'start', 'thread thr_1', 'effect glow', 'end']);

  await say('tool');
  await shows('You said: tool');
  await page.locator('summary', { hasText: 'Looked it up' }).waitFor();

  await say('client');
  await shows('The page said');
  expect(site.asked.find((asked) => asked.type === 'threads.add_client_tool_output')?.params.result).toEqual({ name: 'look', params: { n: 1 }, count: 0 });

  await say('form');
  const field = page.locator('input[name="who.owner"]');
  await field.fill('Grace');
  await page.locator('#rerender').click();
  expect(await field.inputValue()).toBe('Grace');
  await page.getByRole('button', { name: 'Confirm' }).click();
  await shows('Action');
  expect(site.asked.find((asked) => asked.type === 'threads.custom_action')?.params.action).toEqual({ type: 'save', payload: { id: 7, who: { owner: 'Grace' } } });

  await say('slow');
  await expect.poll(() => said.innerText(), { timeout: 30_000 }).toContain('You said: slow');
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await page.getByText('Stopped').first().waitFor();

  await say('again');
  await shows('You said: again');
  await page.getByRole('button', { name: 'Try again' }).last().click();
  await shows('Tried again');

  await page.locator('input[type=file]').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') });
  await page.locator('.upload .name', { hasText: 'notes.txt' }).waitFor();
  await say('with a file');
  await shows('You said: with a file');
  expect(site.asked.at(-1)?.params.input.attachments).toEqual(['file_1']);

  await page.reload();
  await expect.poll(async () => (await log()).includes('loaded'), { timeout: 30_000 }).toBe(true);
  await shows('You said: with a file');
  await page.getByRole('button', { name: 'History' }).click();
  await page.getByRole('dialog', { name: 'History' }).getByRole('button', { name: 'Title of thr_1', exact: true }).click();
  await shows('You said: with a file');
  await page.evaluate(() => (window as any).chat.setThreadId(null));
  await page.getByRole('heading', { name: 'Welcome' }).waitFor();
  await page.evaluate(() => (window as any).chat.sendUserMessage({ text: 'from outside' }));
  await shows('You said: from outside');
  expect((await log()).filter((line) => line.startsWith('error'))).toEqual([]);
}
