import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ResumableOptions, resumable } from '../../src/resume/resume.ts';
import { TURN, TurnServer, URL_OF_CHAT, cutAt, followedBy, refused, unreachable, withoutExtensions } from './turn-server.ts';

const WORDS = ['{"type":"thread.created"}', '{"delta":"é"}', '{"delta":"😀 id: turn:9"}', '{"type":"thread.item.done"}'];
const SEND = JSON.stringify({ type: 'threads.create', params: { input: 'hello' } });
const LIST = JSON.stringify({ type: 'threads.list', params: {} });
const GONE = '"code":"custom"';

let server: TurnServer;
beforeEach(() => {
  vi.useFakeTimers();
  server = new TurnServer(WORDS, [1, 2, 5, 6]);
});
afterEach(() => {
  vi.useRealTimers();
});

const posting = (body: BodyInit = SEND, init: RequestInit = {}): RequestInit => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json', Authorization: 'Bearer 1' },
  body,
  ...init,
});
const made = (options: ResumableOptions = {}): typeof fetch => resumable({ fetch: server.fetch, ...options });

/** Time passes until it has come to an end. */
async function settled<T>(work: Promise<T>): Promise<T> {
  let isOver = false;
  const over = (): void => void (isOver = true);
  work.then(over, over);
  for (let second = 0; !isOver && second < 1000; second++) await vi.advanceTimersByTimeAsync(1000);
  expect(isOver).toBe(true);
  return work;
}

async function said(send: typeof fetch, init = posting()): Promise<string> {
  return settled(send(URL_OF_CHAT, init).then((response) => response.text()));
}

const failing = async (work: Promise<unknown>): Promise<Error> => settled(work.then(() => expect.unreachable(), (error) => error));

describe('what is sent', () => {
  test('a message carries a key and says that its client comes back', async () => {
    expect(await said(made())).toBe(server.text);
    const [post] = server.asked;
    expect(post?.headers.get('ChatKit-Resume')).toBe('1');
    expect(post?.headers.get('Idempotency-Key')).toMatch(/^[0-9a-f]{32}$/);
    expect(post?.headers.get('Authorization')).toBe('Bearer 1');
    expect(post?.body).toBe(SEND);
  });

  test.each(['threads.create', 'threads.add_user_message', 'threads.add_client_tool_output', 'threads.add_structured_input', 'threads.retry_after_item', 'threads.custom_action'])(
    '%s is such a message',
    async (type) => {
      await said(made(), posting(JSON.stringify({ type, params: {} })));
      expect(server.asked[0]?.headers.has('Idempotency-Key')).toBe(true);
    },
  );

  test('each message has a key of its own, or that of the page', async () => {
    const send = made();
    await said(send);
    await said(send);
    await said(send, posting(SEND, { headers: { 'Idempotency-Key': 'mine' } }));
    const keys = server.of('POST', 'chatkit').map((asked) => asked.headers.get('Idempotency-Key'));
    expect(new Set(keys).size).toBe(3);
    expect(keys[2]).toBe('mine');
  });

  test('everything else passes as it is', async () => {
    const seen: unknown[][] = [];
    const answer = new Response('{}');
    const send = resumable({ fetch: async (...given) => (seen.push(given), answer) });
    const form = posting(new FormData() as BodyInit);
    for (const init of [posting(LIST), form, posting('no json'), posting('null'), posting(SEND, { method: 'PUT' })]) {
      expect(await send(URL_OF_CHAT, init)).toBe(answer);
      expect(seen.pop()).toEqual([URL_OF_CHAT, init]);
    }
    await send(URL_OF_CHAT);
    expect(seen.pop()).toEqual([URL_OF_CHAT, {}]);
  });

  test('a Request is a message too', async () => {
    const request = new Request(URL_OF_CHAT, { ...posting(), credentials: 'include' });
    server.faults.push(cutAt(server.text.length - 20));
    const response = await made()(request);
    expect(await settled(response.text())).toBe(server.text);
    expect(server.asked[0]?.body).toBe(SEND);
    expect(server.asked.map((asked) => [asked.init.credentials, asked.headers.get('Authorization')])).toEqual(
      server.asked.map(() => ['include', 'Bearer 1']),
    );
  });

  test('the headers of the page are asked for anew each time, and are not for other places', async () => {
    let token = 0;
    const send = made({ headers: async () => ({ Authorization: `Bearer ${++token}`, 'X-Page': 'yes' }) });
    await send(URL_OF_CHAT, posting(LIST));
    server.faults.push(cutAt(20));
    await said(send);
    expect(server.asked.map((asked) => asked.headers.get('Authorization'))).toEqual(server.asked.map((_, index) => `Bearer ${index + 1}`));
    expect(server.asked[0]?.headers.get('Content-Type')).toBe('application/json');
    await send('https://chat.example/files', { method: 'POST', body: new FormData() });
    await send('https://files.example/bucket', { method: 'PUT', body: 'a file' });
    const [here, elsewhere] = server.asked.slice(-2);
    expect([here?.headers.get('X-Page'), elsewhere?.headers.get('X-Page')]).toEqual(['yes', null]);
  });
});

describe('a connection that is lost', () => {
  test('at any byte costs nothing and doubles nothing', async () => {
    const whole = new TextEncoder().encode(server.text).length;
    for (let at = 0; at < whole; at++) {
      server.faults.push(cutAt(at), cutAt(Math.max(0, whole - at - 30)));
      expect(await said(made()), `cut at ${at}`).toBe(server.text);
      server.faults.length = 0;
    }
  }, 60_000);

  test('is taken up after the last whole event, where the server keeps its turns', async () => {
    server.faults.push(cutAt(new TextEncoder().encode(server.events.slice(0, 2).join('')).length + 3));
    await said(made());
    expect(server.asked[1]?.url).toBe(`https://chat.example/host/api/turns/${TURN}/events?after=2`);
    expect([...(server.asked[1]?.headers.keys() ?? [])]).toEqual(['authorization']);
    server.faults.push(cutAt(20));
    await said(made({ turns: 'https://turns.example/v1/turns/' }));
    expect(server.asked.at(-1)?.url).toBe(`https://turns.example/v1/turns/${TURN}/events?after=0`);
  });

  test('and an event that comes twice is passed on once', async () => {
    server.faults.push(cutAt(new TextEncoder().encode(server.events[0]).length), () => new Response(server.text, { headers: { 'ChatKit-Extensions': 'resume' } }));
    expect(await said(made())).toBe(server.text);
  });

  test('comments are passed on', async () => {
    server.tellsTheEnd = false;
    server.faults.push(followedBy(': ping\n\n'));
    expect(await said(made())).toBe(`${server.text}: ping\n\n`);
  });

  test('is noticed when nothing comes any more', async () => {
    server.faults.push(cutAt(20, 'silent'), cutAt(50, 'silent'), null);
    expect(await said(made())).toBe(server.text);
    expect(server.of('GET', 'events').length).toBe(2);
  });

  test.each([
    ['unreachable', unreachable],
    ['its database away', refused(503)],
    ['too busy', refused(429)],
    ['behind a proxy that knows no such address', refused(404, '')],
    ['behind a proxy that answers for it', withoutExtensions],
  ])('is taken up later when the server is %s', async (_, fault) => {
    server.faults.push(cutAt(20), fault, fault);
    expect(await said(made())).toBe(server.text);
    expect(server.of('GET', 'events').length).toBe(3);
  });

  test.each([401, 404, 410])('is told to the user when the answer is %i', async (status) => {
    server.faults.push(cutAt(new TextEncoder().encode(server.events[0]).length), refused(status));
    const text = await said(made());
    expect(text.startsWith(`${server.events[0]}data: {"type":"error",${GONE}`)).toBe(true);
    expect(JSON.parse(text.slice((server.events[0] as string).length + 'data: '.length))).toMatchObject({ allow_retry: true });
  });

  test('is an error like that of fetch when it cannot be taken up', async () => {
    server.faults.push(cutAt(0), ...Array(9).fill(unreachable));
    expect(await failing(said(made({ attempts: 3 })))).toBeInstanceOf(TypeError);
    expect(server.of('GET', 'events').length).toBe(4);
  });
});

describe('a stream that says that the answer is over', () => {
  test('is the end of it, without another request', async () => {
    expect(await said(made())).toBe(server.text);
    expect(server.asked.length).toBe(1);
  });

  test.each(['broken', 'silent'] as const)('is over, also when the connection is %s afterwards', async (how) => {
    server.faults.push(cutAt(new TextEncoder().encode(server.text).length, how));
    const start = Date.now();
    const response = await made()(URL_OF_CHAT, posting());
    expect(await response.text()).toBe(server.text);
    expect(Date.now() - start).toBe(0);
    expect(server.asked[0]?.init.signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.asked[0]?.init.signal?.aborted).toBe(how === 'silent');
    expect(server.asked.length).toBe(1);
  });
});

describe('a stream that is closed without a word', () => {
  beforeEach(() => {
    server.tellsTheEnd = false;
  });

  test('where nothing ever tells the end is read once more, after the server was asked', async () => {
    expect(await said(made())).toBe(server.text);
    expect(server.asked.map(({ url }) => url.split(TURN)[1])).toEqual([undefined, '', '/events?after=6']);
  });

  test('before the turn has ended is taken up', async () => {
    server.isRunning = true;
    server.faults.push(cutAt(60, 'closed'), cutAt(80, 'closed'));
    const reading = said(made());
    await vi.advanceTimersByTimeAsync(5000);
    server.isRunning = false;
    expect(await reading).toBe(server.text);
  });

  test('when the turn has ended may still lack its last events', async () => {
    const first = new TextEncoder().encode(server.events[0]).length;
    server.faults.push(cutAt(first, 'closed'));
    expect(await said(made())).toBe(server.text);
    expect(server.asked.map(({ url }) => url.split(TURN)[1])).toEqual([undefined, '', '/events?after=1']);
  });

  test('by a server that is about to stop is taken up after the time that it asks for', async () => {
    const start = Date.now();
    const times: number[] = [];
    const stops = `${server.events[0]}: this server stops, the answer goes on: come back with your cursor\nretry: 8000\n\n`;
    server.faults.push((response) => new Response(stops, response));
    const send = made({ fetch: (input, init) => (times.push(Date.now() - start), server.fetch(input, init)) });
    expect(await said(send)).toBe(server.text);
    expect(times[1]).toBeGreaterThanOrEqual(2500);
  });

  test('again and again, without a word, is given up', async () => {
    server.isRunning = true;
    server.faults.push(...Array(200).fill(null).flatMap(() => [cutAt(0, 'closed'), null]));
    server.events.length = 0;
    expect(await failing(said(made({ attempts: 4 })))).toBeInstanceOf(TypeError);
  });
});

describe('a message that may not have arrived', () => {
  test('is sent again with its key to a server that knows keys', async () => {
    const send = made();
    await send(URL_OF_CHAT, posting(LIST));
    server.faults.push(unreachable, unreachable);
    expect(await said(send)).toBe(server.text);
    const posts = server.of('POST', 'chatkit').slice(1);
    expect(posts.length).toBe(3);
    expect(new Set(posts.map((post) => post.headers.get('Idempotency-Key'))).size).toBe(1);
    expect(server.of('GET', 'chatkit')).toEqual([]);
  });

  test('is sent again to a server that is heard of for the first time, once it has said what it is', async () => {
    server.faults.push(unreachable);
    let failures = 2;
    const send = made({ fetch: (input, init) => (input === URL_OF_CHAT && init?.method !== 'POST' && failures-- > 0 ? Promise.reject(new TypeError()) : server.fetch(input, init)) });
    expect(await said(send)).toBe(server.text);
    expect(server.asked.map((asked) => asked.method)).toEqual(['POST', 'GET', 'POST']);
  });

  test('is sent once to any other server', async () => {
    const methods: string[] = [];
    const send = resumable({
      fetch: async (_, init) => {
        methods.push(init?.method ?? 'GET');
        if (init?.method === 'POST') throw new TypeError('Failed to fetch');
        return new Response();
      },
    });
    expect(await failing(send(URL_OF_CHAT, posting()))).toEqual(new TypeError('Failed to fetch'));
    expect(methods).toEqual(['POST', 'GET']);
  });

  test('fails like that of fetch when nothing is ever heard of the server', async () => {
    let posts = 0;
    const send = resumable({ fetch: async (_, init) => ((posts += Number(init?.method === 'POST')), Promise.reject(new TypeError('Failed to fetch'))) });
    const start = Date.now();
    expect(await failing(send(URL_OF_CHAT, posting()))).toEqual(new TypeError('Failed to fetch'));
    expect(posts).toBe(1);
    expect(Date.now() - start).toBeLessThan(10_000);
  });

  test('is sent again when a proxy answers that the server is away', async () => {
    const send = made();
    await send(URL_OF_CHAT, posting(LIST));
    server.faults.push(refused(502, ''), refused(503, ''));
    expect(await said(send)).toBe(server.text);
  });

  test('is given up in the end, and is the same message when the user sends it again', async () => {
    const send = made({ attempts: 2 });
    await send(URL_OF_CHAT, posting(LIST));
    server.faults.push(unreachable, unreachable, unreachable);
    expect(await failing(send(URL_OF_CHAT, posting()))).toBeInstanceOf(TypeError);
    await said(send);
    await said(send);
    const keys = server.of('POST', 'chatkit').slice(1).map((post) => post.headers.get('Idempotency-Key'));
    expect(keys.length).toBe(5);
    expect(new Set(keys.slice(0, 4)).size).toBe(1);
    expect(keys[4]).not.toBe(keys[3]);
  });
});

describe('what is not an answer of our server', () => {
  test.each([401, 409, 422, 500, 503])('%i passes as it is', async (status) => {
    const refusal = refused(status)(new Response()) as Response;
    const send = resumable({ fetch: async () => refusal });
    expect(await send(URL_OF_CHAT, posting())).toBe(refusal);
  });

  test('the stream of another server passes as it is, with its end', async () => {
    server.faults.push(withoutExtensions, async (response) => withoutExtensions(await cutAt(30)(response)));
    const send = made();
    expect(await said(send)).toBe(server.text);
    expect(await failing(said(send))).toBeInstanceOf(TypeError);
    expect(server.asked.length).toBe(2);
  });

  test('a stop ends the connection to another server while it answers', async () => {
    const stop = new AbortController();
    server.faults.push(withoutExtensions);
    await made()(URL_OF_CHAT, posting(SEND, { signal: stop.signal }));
    stop.abort();
    expect(server.asked.map((asked) => asked.init.signal?.aborted)).toEqual([true]);
  });

  test('a stop before another server has answered ends the connection as soon as it is known for one', async () => {
    const stop = new AbortController();
    let answer = (): void => {};
    server.faults.push((response) => new Promise((resolve) => (answer = () => resolve(withoutExtensions(response) as Response))));
    const failed = made()(URL_OF_CHAT, posting(SEND, { signal: stop.signal })).catch((error) => error);
    await vi.waitFor(() => expect(server.asked.length).toBe(1));
    stop.abort();
    expect((await failed).name).toBe('AbortError');
    answer();
    await vi.advanceTimersByTimeAsync(0);
    expect(server.asked.map((asked) => asked.init.signal?.aborted)).toEqual([true]);
  });
});

describe('a stop', () => {
  test('breaks the stream off and is told to the server, over which the page has no further say', async () => {
    const stop = new AbortController();
    server.faults.push(cutAt(30, 'silent'));
    const response = await made()(URL_OF_CHAT, posting(SEND, { signal: stop.signal, credentials: 'include' }));
    const reading = response.text();
    stop.abort();
    const error = await failing(reading);
    expect([error.name, error instanceof DOMException]).toEqual(['AbortError', true]);
    const [cancel, ...more] = server.of('POST', 'cancel');
    expect(more).toEqual([]);
    expect(cancel?.url).toBe(`https://chat.example/host/api/turns/${TURN}/cancel`);
    expect([cancel?.init.keepalive, cancel?.init.credentials, cancel?.headers.get('Authorization')]).toEqual([true, 'include', 'Bearer 1']);
    expect(server.asked[0]?.init.signal?.aborted).toBe(true);
  });

  test('is told to the server as soon as that can be reached', async () => {
    const stop = new AbortController();
    let failures = 3;
    const send = made({
      fetch: (input, init) => (String(input).endsWith('/cancel') && failures-- > 0 ? Promise.reject(new TypeError()) : server.fetch(input, init)),
    });
    server.faults.push(cutAt(30, 'silent'));
    const response = await send(URL_OF_CHAT, posting(SEND, { signal: stop.signal }));
    stop.abort('enough');
    await expect(response.text()).rejects.toBe('enough');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(server.of('POST', 'cancel').length).toBe(1);
  });

  test('before the message was acknowledged stops its answer all the same', async () => {
    const stop = new AbortController();
    let acknowledge = (): void => {};
    server.faults.push((response) => new Promise((resolve) => (acknowledge = () => resolve(response))));
    const sending = made()(URL_OF_CHAT, posting(SEND, { signal: stop.signal }));
    const failed = sending.catch((error) => error);
    await vi.waitFor(() => expect(server.asked.length).toBe(1));
    stop.abort();
    expect((await failed).name).toBe('AbortError');
    expect(server.of('POST', 'cancel')).toEqual([]);
    acknowledge();
    await vi.advanceTimersByTimeAsync(0);
    expect(server.of('POST', 'cancel').length).toBe(1);
    expect(server.asked.length).toBe(2);
  });

  test('while a message is sent again sends it no more', async () => {
    const stop = new AbortController();
    const send = made();
    await send(URL_OF_CHAT, posting(LIST));
    server.faults.push(unreachable, unreachable);
    const sending = send(URL_OF_CHAT, posting(SEND, { signal: stop.signal }));
    const failed = sending.catch((error) => error);
    await vi.advanceTimersByTimeAsync(100);
    stop.abort();
    expect((await failed).name).toBe('AbortError');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.of('POST', 'chatkit').length).toBe(2);
  });

  test('while the connection is lost is a stop', async () => {
    const stop = new AbortController();
    server.faults.push(cutAt(30), ...Array(9).fill(unreachable));
    const response = await made()(URL_OF_CHAT, posting(SEND, { signal: stop.signal }));
    const failed = response.text().catch((error) => error);
    await vi.advanceTimersByTimeAsync(1000);
    const before = server.of('GET', '').length;
    stop.abort();
    expect((await failed).name).toBe('AbortError');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.of('POST', 'cancel').length).toBe(1);
    expect(server.of('GET', '').length).toBe(before);
  });

  test('before the message is sent sends nothing', async () => {
    expect((await failing(made()(URL_OF_CHAT, posting(SEND, { signal: AbortSignal.abort() })))).name).toBe('AbortError');
    expect(server.asked).toEqual([]);
  });

  test('after the end does nothing', async () => {
    const stop = new AbortController();
    expect(await said(made(), posting(SEND, { signal: stop.signal }))).toBe(server.text);
    stop.abort();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.of('POST', 'cancel')).toEqual([]);
  });

  test('is not what a reader means who reads no further', async () => {
    server.faults.push(cutAt(30, 'silent'));
    const response = await made()(URL_OF_CHAT, posting());
    await response.body?.cancel();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.asked.length).toBe(1);
    expect(server.asked[0]?.init.signal?.aborted).toBe(true);
  });
});

test('a response tells of itself what that of fetch does', async () => {
  const response = await made()(URL_OF_CHAT, posting());
  expect([response.status, response.ok, response.headers.get('Content-Type'), response.headers.get('ChatKit-Turn')]).toEqual([200, true, 'text/event-stream', TURN]);
  expect(response.bodyUsed).toBe(false);
});
