import { describe, expect, test } from 'vitest';
import { english } from '../../src/element/words.ts';
import { ScriptedServer, stream } from '../core/server.ts';
import { type Shown, button, composer, find, press, show, type, until } from './chat.ts';

const refusal = (status: number, body: BodyInit = '<html>', headers: HeadersInit = {}): (() => Response) => () => new Response(body, { status, headers });
const lost = (): Promise<Response> => Promise.reject(new TypeError('lost'));
const created = { type: 'thread.created', thread: { id: 'thr_1', title: 'T' } };
const question = { type: 'thread.item.done', item: { type: 'user_message', id: 'u1', content: [{ type: 'input_text', text: 'Hi' }], attachments: [] } };

/** Each is told with its own words; `code` and `status` are what the page around gets. */
const REFUSALS: [string, () => Response | Promise<Response>, string, { code: string; status: number }][] = [
  ['401', refusal(401), english.errorUnauthorized, { code: 'http_401', status: 401 }],
  ['403', refusal(403), english.errorForbidden, { code: 'http_403', status: 403 }],
  ['404', refusal(404), english.errorNotFound, { code: 'http_404', status: 404 }],
  ['409', refusal(409), english.errorBusy, { code: 'http_409', status: 409 }],
  ['413', refusal(413), english.errorTooLarge, { code: 'http_413', status: 413 }],
  ['429', refusal(429), english.errorRate, { code: 'http_429', status: 429 }],
  ['429 with a time', refusal(429, '', { 'Retry-After': '7' }), `${english.errorRate} Try again in 7 seconds.`, { code: 'http_429', status: 429 }],
  ['429 with a long time', refusal(429, '{"error":{"code":"rate_limited","message":"Too fast."}}', { 'Retry-After': '300' }), 'Too fast. Try again in 5 minutes.', { code: 'rate_limited', status: 429 }],
  ['500', refusal(500), english.errorServer, { code: 'http_500', status: 500 }],
  ['502 of a proxy', refusal(502), english.errorServer, { code: 'http_502', status: 502 }],
  ['503 with words', refusal(503, '{"error":{"code":"unavailable","message":"Back at noon."}}'), 'Back at noon.', { code: 'unavailable', status: 503 }],
  ['no connection', lost, english.errorNetwork, { code: 'network', status: 0 }],
];

const errors = (shown: Shown): object[] => shown.events.filter((event) => event.type === 'error').map(({ detail }) => ({ code: detail.error.code, status: detail.error.status }));
const alert = (root: ParentNode): string => (root.querySelector('[role=alert]') as HTMLElement | null)?.innerText.replace(/\s+/g, ' ').trim() ?? '';

async function send(shown: Shown): Promise<void> {
  type(shown, 'Hi');
  await until(() => !button(composer(shown), 'Send').disabled);
  press(find(composer(shown), '.editor'), 'Enter');
}

describe.each(REFUSALS)('%s', (_, reply, words, told) => {
  test('says why a message was not sent, gives it back, and tells the page once', async () => {
    const shown = await show({}, new ScriptedServer().on('threads.create', reply));
    await send(shown);
    await until(() => alert(shown.root) !== '');
    expect(alert(shown.root)).toBe(words);
    expect(errors(shown)).toEqual([told]);
    await until(() => find(composer(shown), '.editor').textContent === 'Hi');
    expect(button(composer(shown), 'Send').disabled).toBe(false);
    expect(shown.root.querySelectorAll('article.question')).toHaveLength(0);
  });

  test('says why a thread does not open, and offers to try again where that may help', async () => {
    const shown = await show({}, new ScriptedServer().on('threads.get_by_id', reply));
    await expect(shown.element.setThreadId('thr_1')).rejects.toMatchObject(told);
    await until(() => alert(shown.root) !== '');
    const isFinal = told.status >= 400 && told.status < 500 && told.status !== 429;
    expect(alert(shown.root)).toBe(isFinal ? words : `${words} ${english.retry}`);
    expect(errors(shown)).toEqual([told]);
  });

  test('says why the history is not there', async () => {
    const shown = await show({}, new ScriptedServer().on('threads.list', reply, reply, Response.json({ data: [{ id: 't', title: 'One', created_at: new Date().toISOString() }], has_more: false })));
    await shown.element.showHistory();
    const panel = (): ShadowRoot => find(shown.root, 'chatkit-host-history').shadowRoot as ShadowRoot;
    await until(() => alert(panel()) !== '');
    expect(alert(panel())).toBe(`${words} ${english.retry}`);
    expect(panel().textContent).not.toContain(english.noChats);
    button(panel(), english.retry).click();
    await until(() => panel().querySelectorAll('li').length === 1);
  });
});

test('every kind of failure has words of its own', () => {
  const own = REFUSALS.filter(([name]) => /^(\d+|no connection)$/.test(name)).map(([, , words]) => words);
  expect(new Set(own).size).toBe(own.length);
});

test('after an answer that broke off the question can be asked again, once', async () => {
  const server = new ScriptedServer().on('threads.create', stream([created, question, { type: 'error', code: 'stream.error', allow_retry: true }])).on('threads.retry_after_item', refusal(503), stream([{ type: 'thread.item.done', item: { type: 'assistant_message', id: 'a1', content: [{ type: 'output_text', text: 'There', annotations: [] }] } }]));
  const shown = await show({}, server);
  await send(shown);
  await until(() => alert(shown.root).startsWith(english.errorAnswer));
  button(find(shown.root, '.notice.danger'), english.retry).click();
  await until(() => alert(shown.root).startsWith(english.errorServer));
  expect(shown.root.querySelectorAll('article.question')).toHaveLength(1);
  button(find(shown.root, '.notice.danger'), english.retry).click();
  await until(() => shown.root.querySelector('.prose')?.textContent?.includes('There'));
  expect(shown.root.querySelector('[role=alert]')).toBeNull();
  expect(shown.root.querySelectorAll('article.question')).toHaveLength(1);
});
