/** What the built files cost: figures are printed, bounds are generous, because other programs use the machine too. */
import { existsSync, readFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type Page, chromium } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sample } from '../md/sample.ts';

const dist = join(dirname(fileURLToPath(import.meta.url)), '../../../src/chatkit_host/web/dist');
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const PAGE = '<!doctype html><html lang="en"><title>Speed</title><link rel="icon" href="data:,"><body style="margin:0"><chatkit-host style="height:100vh"></chatkit-host><script src="/chatkit.js"></script>';

describe.skipIf(!existsSync(executablePath))('the built element', () => {
  let browser: Browser;
  let server: Server;
  let page: Page;

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
    server = createServer((request, response) => {
      const path = new URL(request.url ?? '/', 'http://x').pathname;
      const file = join(dist, path);
      if (path === '/') response.writeHead(200, { 'Content-Type': 'text/html' }).end(PAGE);
      else if (existsSync(file)) response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(readFileSync(file));
      else response.writeHead(404).end();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    page = await browser.newPage({ viewport: { width: 1000, height: 800 } });
  });
  afterAll(async () => {
    await browser.close();
    server.close();
  });

  async function open(): Promise<void> {
    const address = server.address();
    await page.goto(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
    await page.evaluate(prepare, { text: sample });
  }

  test('opens a thread of 2,000 items in less than a second, and without keeping the page busy afterwards', async () => {
    const times: { shown: number; longest: number; whole: number }[] = [];
    for (let round = 0; round < 3 && !(times.at(-1) && (times.at(-1) as { shown: number }).shown < 1000); round += 1) {
      await open();
      times.push(await page.evaluate(openThread));
    }
    console.info('2,000 items:', ...times.map(({ shown, longest, whole }) => `shown after ${shown} ms, longest task ${longest} ms, all drawn after ${whole} ms;`));
    expect(Math.min(...times.map(({ shown }) => shown))).toBeLessThan(1000);
    expect(Math.min(...times.map(({ longest }) => longest))).toBeLessThan(1000);
  }, 180_000);

  test('an update costs as much in a long thread as in a new one', async () => {
    await open();
    const alone = await page.evaluate(streamAnswer, sample);
    await open();
    await page.evaluate(openThread);
    const behind = await page.evaluate(streamAnswer, sample);
    console.info(`30 kB drawn in ${alone.length} and ${behind.length} frames: median ${median(alone).toFixed(2)} ms alone, ${median(behind).toFixed(2)} ms behind 2,000 items`);
    expect(median(alone)).toBeLessThan(10);
    expect(median(behind)).toBeLessThan(median(alone) * 3 + 2);
  }, 180_000);
});

function median(times: readonly number[]): number {
  return [...times].sort((one, other) => one - other)[Math.floor(times.length / 2)] as number;
}

// In the page

/** A chat whose server is a function: `say` and `end` are its answer. */
async function prepare({ text }: { text: string }): Promise<void> {
  await customElements.whenDefined('chatkit-host');
  const element = document.querySelector('chatkit-host') as any;
  const message = (at: number): object =>
    at % 2
      ? { type: 'assistant_message', id: `a${at}`, content: [{ type: 'output_text', text: `Answer ${at}\n\n${text.slice(0, 600)}`, annotations: [] }] }
      : { type: 'user_message', id: `u${at}`, content: [{ type: 'input_text', text: `Question ${at}` }], attachments: [] };
  const thread = JSON.stringify({ id: 't', title: 'T', items: { data: Array.from({ length: 2000 }, (_, at) => message(at)), has_more: false } });
  const encoder = new TextEncoder();
  const answering = async (_: string, init: RequestInit): Promise<Response> => {
    const { type } = JSON.parse(String(init.body));
    if (type === 'threads.get_by_id') return new Response(thread);
    if (type === 'threads.list') return Response.json({ data: [], has_more: false });
    return new Response(new ReadableStream({
      start(controller) {
        (window as any).say = (event: object) => controller.enqueue(encoder.encode(`data: ${JSON.stringify(event)}\n\n`));
        (window as any).end = () => controller.close();
      },
    }));
  };
  element.setOptions({ api: { url: '/chatkit', domainKey: 'x', fetch: answering }, threadItemActions: { feedback: true, retry: true } });
  await element.focusComposer();
}

async function openThread(): Promise<{ shown: number; longest: number; whole: number }> {
  const element = document.querySelector('chatkit-host') as any;
  const frame = (): Promise<void> => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
  let longest = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((task) => (longest = Math.max(longest, task.duration)))).observe({ type: 'longtask' });
  const began = performance.now();
  await element.setThreadId('t');
  const questions = (): number => element.shadowRoot.querySelectorAll('article.question').length;
  while (questions() === 0) await frame();
  await frame();
  const shown = performance.now() - began;
  while (questions() < 1000) await frame();
  const whole = performance.now() - began;
  await new Promise((told) => setTimeout(told, 100));
  return { shown: Math.round(shown), longest: Math.round(longest), whole: Math.round(whole) };
}

/** How long the element was busy with each frame of an answer of 30 kB in 600 pieces. */
async function streamAnswer(text: string): Promise<number[]> {
  const element = document.querySelector('chatkit-host') as any;
  await element.sendUserMessage({ text: 'Go on' });
  const { say, end } = window as any;
  const times: number[] = [];
  const draw = element.performUpdate.bind(element);
  element.performUpdate = () => {
    const began = performance.now();
    draw();
    times.push(performance.now() - began);
  };
  say({ type: 'thread.item.added', item: { type: 'assistant_message', id: 'long', content: [{ type: 'output_text', text: '', annotations: [] }] } });
  const long = text.repeat(Math.ceil(30_000 / text.length)).slice(0, 30_000);
  for (let at = 0; at < long.length; at += 50) {
    say({ type: 'thread.item.updated', item_id: 'long', update: { type: 'assistant_message.content_part.text_delta', content_index: 0, delta: long.slice(at, at + 50) } });
    await new Promise((drawn) => requestAnimationFrame(drawn));
  }
  end();
  delete element.performUpdate;
  return times;
}
