import { describe, expect, test, vi } from 'vitest';
import { Controller } from '../../src/core/controller.ts';
import type { Hooks } from '../../src/core/shown-thread.ts';
import type { MessageInput } from '../../src/core/protocol.ts';
import { randomFrom } from './random.ts';
import { ScriptedServer, stream } from './server.ts';

const ALL = 'turn-id, heartbeat, resume, cancel, idempotency, running-turn';
const input = (text: string): MessageInput => ({ content: [{ type: 'input_text', text }], attachments: [], quoted_text: null, inference_options: {} });
const created = { type: 'thread.created', thread: { id: 'thr_1', title: null } };
const question = { type: 'thread.item.done', item: { type: 'user_message', id: 'u1', content: [{ type: 'input_text', text: 'Hi' }], attachments: [] } };
const opened = { type: 'thread.item.added', item: { type: 'assistant_message', id: 'a1', content: [{ type: 'output_text', text: '', annotations: [] }] } };
const delta = (text: string): object => ({ type: 'thread.item.updated', item_id: 'a1', update: { type: 'assistant_message.content_part.text_delta', content_index: 0, delta: text } });
const done = (text: string): object => ({ type: 'thread.item.done', item: { type: 'assistant_message', id: 'a1', content: [{ type: 'output_text', text, annotations: [] }] } });
const WHOLE = [created, question, opened, delta('Hel'), delta('lo'), done('Hello')];

function chat(server: ScriptedServer, hooks: Partial<Hooks> = {}): { controller: Controller; log: string[] } {
  const log: string[] = [];
  const controller = new Controller(
    { url: 'http://x/chatkit', fetch: server.fetch, locale: 'de-DE' },
    {
      changed: () => {},
      error: (error) => log.push(`error ${(error as { code?: string }).code}`),
      responseStarted: () => log.push('start'),
      responseEnded: () => log.push('end'),
      threadChanged: (id) => log.push(`thread ${id}`),
      loadStarted: () => log.push('load'),
      loadEnded: () => log.push('loaded'),
      effect: (name) => log.push(`effect ${name}`),
      log: () => {},
      clientTool: () => null,
      ...hooks,
    },
  );
  return { controller, log };
}
const text = (controller: Controller): string =>
  controller.view.entries.map(({ item }) => (item.type === 'assistant_message' ? item.content.map((part) => part.text).join('') : item.type)).join('|');

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error('it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('a first message creates a thread and the next one is added to it', async () => {
  const server = new ScriptedServer().on('threads.create', stream(WHOLE)).on('threads.add_user_message', stream([]));
  const { controller, log } = chat(server);
  await controller.send(input('Hi'));
  expect(text(controller)).toBe('user_message|Hello');
  expect(log).toEqual(['start', 'thread thr_1', 'end']);
  await controller.send(input('More'));
  expect(server.of('threads.add_user_message')[0]?.params).toMatchObject({ thread_id: 'thr_1', input: { content: [{ text: 'More' }] } });
  expect(server.asked.every((asked) => asked.headers.get('accept-language') === 'de-DE')).toBe(true);
});

test('a plain server gets no header that it did not announce', async () => {
  const server = new ScriptedServer().on('threads.create', stream(WHOLE));
  await chat(server).controller.send(input('Hi'));
  const { headers } = server.of('threads.create')[0] as { headers: Headers };
  expect([headers.get('chatkit-resume'), headers.get('idempotency-key')]).toEqual([null, null]);
});

test('a message that did not get through is taken back and sent once', async () => {
  const server = new ScriptedServer().on('threads.create', () => Promise.reject(new TypeError('failed')));
  const { controller, log } = chat(server);
  await expect(controller.send(input('Hi'))).rejects.toMatchObject({ code: 'network' });
  expect(controller.view.entries).toEqual([]);
  expect(controller.phase).toBe('idle');
  expect(log).toEqual(['start', 'error network', 'end']);
  expect(server.of('threads.create')).toHaveLength(1);
});

test('refusals carry status, code, the server’s words and when to try again', async () => {
  const refusal = Response.json({ error: { code: 'rate_limited', message: 'Too fast.' } }, { status: 429, headers: { 'Retry-After': '7' } });
  const { controller } = chat(new ScriptedServer().on('threads.create', refusal));
  await expect(controller.send(input('Hi'))).rejects.toMatchObject({ code: 'rate_limited', status: 429, message: 'Too fast.', details: { retryAfter: 7 } });
  expect(controller.view.failure).toMatchObject({ code: 'rate_limited', canRetry: true, status: 429 });
});

test('a server that does not even begin to answer is given up after a minute', async () => {
  vi.useFakeTimers();
  try {
    const server = new ScriptedServer().on('threads.create', (_, init) => new Promise((_, reject) => init.signal?.addEventListener('abort', () => reject(init.signal?.reason))));
    const { controller, log } = chat(server);
    const sending = expect(controller.send(input('Hi'))).rejects.toMatchObject({ code: 'timeout', status: 0 });
    await vi.advanceTimersByTimeAsync(59_000);
    expect(controller.phase).toBe('sending');
    await vi.advanceTimersByTimeAsync(2000);
    await sending;
    expect(controller.view.failure).toMatchObject({ code: 'timeout', canRetry: true });
    expect(log).toEqual(['start', 'error timeout', 'end']);
  } finally {
    vi.useRealTimers();
  }
});

describe('with a server that resumes', () => {
  test('a lost connection goes on where it broke off, without a doubled letter', async () => {
    const server = new ScriptedServer(ALL)
      .on('threads.create', stream(WHOLE.slice(0, 4), { turn: 'turn_1', end: 'cut' }))
      .on('/events', stream(WHOLE.slice(4), { turn: 'turn_1', from: 5 }));
    const { controller, log } = chat(server);
    await controller.send(input('Hi'));
    expect(text(controller)).toBe('user_message|Hello');
    expect(server.of('/events')[0]?.path).toBe('http://x/api/turns/turn_1/events?after=turn_1%3A4');
    expect(server.of('threads.create')).toHaveLength(1);
    expect(log).toEqual(['start', 'thread thr_1', 'end']);
  });

  test('a stream that ends too early although nothing broke goes on too', async () => {
    const server = new ScriptedServer(ALL)
      .on('threads.create', stream(WHOLE.slice(0, 4), { turn: 'turn_1', end: 'early' }))
      .on('/events', stream(WHOLE.slice(4), { turn: 'turn_1', from: 5 }));
    const { controller } = chat(server);
    await controller.send(input('Hi'));
    expect(text(controller)).toBe('user_message|Hello');
  });

  test('also between two messages, of which the second one was not begun', async () => {
    const second = { type: 'thread.item.done', item: { type: 'assistant_message', id: 'a2', content: [{ type: 'output_text', text: 'And more', annotations: [] }] } };
    const server = new ScriptedServer(ALL)
      .on('threads.create', stream(WHOLE, { turn: 'turn_1', end: 'early' }))
      .on('/events', stream([second], { turn: 'turn_1', from: 7 }));
    const { controller } = chat(server);
    await controller.send(input('Hi'));
    expect(text(controller)).toBe('user_message|Hello|And more');
  });

  test('a stream that says that the answer is over ends it, without another request', async () => {
    const server = new ScriptedServer(ALL).on('threads.create', stream(WHOLE, { turn: 'turn_1' }));
    await chat(server).controller.send(input('Hi'));
    expect(server.asked.filter(({ path }) => path.includes('/turns/'))).toEqual([]);
  });

  test('where no stream says so the server is asked, and what came meanwhile is read', async () => {
    const server = new ScriptedServer(ALL)
      .on('threads.create', stream(WHOLE.slice(0, 5), { turn: 'turn_1', end: 'early' }))
      .on('/events', stream([], { turn: 'turn_1', end: 'early' }), stream(WHOLE.slice(5), { turn: 'turn_1', from: 6, end: 'early' }))
      .on('/api/turns/', Response.json({ status: 'completed', last_event: 6 }));
    const { controller } = chat(server);
    await controller.send(input('Hi'));
    expect(text(controller)).toBe('user_message|Hello');
    expect(server.of('/events').map(({ path }) => path.split('after=')[1])).toEqual(['turn_1%3A5', 'turn_1%3A5']);
    expect(controller.phase).toBe('idle');
  });

  test('it keeps trying while the network is away and says so', async () => {
    const phases = new Set<string>();
    const server = new ScriptedServer(ALL)
      .on('threads.create', stream(WHOLE.slice(0, 4), { turn: 'turn_1', end: 'cut' }))
      .on('/events', () => Promise.reject(new TypeError('away')), () => Promise.reject(new TypeError('away')), stream(WHOLE.slice(4), { turn: 'turn_1', from: 5 }));
    const { controller } = chat(server, { changed: () => phases.add(controller.phase) });
    await controller.send(input('Hi'));
    expect(text(controller)).toBe('user_message|Hello');
    expect(phases).toContain('reconnecting');
    expect(server.of('/events')).toHaveLength(3);
  });

  test('a proxy that answers in its place does not make it forget what its server can do', async () => {
    const away = (): Response => {
      const response = new Response('<html>', { status: 502 });
      Object.defineProperty(response, 'clone', { value: () => response });
      Object.defineProperty(response.headers, 'set', { value: () => {} });
      return response;
    };
    const server = new ScriptedServer(ALL)
      .on('threads.create', stream(WHOLE.slice(0, 4), { turn: 'turn_1', end: 'cut' }))
      .on('/events', away, stream(WHOLE.slice(4, 5), { turn: 'turn_1', from: 5, end: 'cut' }), away, stream(WHOLE.slice(5), { turn: 'turn_1', from: 6 }));
    const { controller } = chat(server);
    await controller.send(input('Hi'));
    expect(text(controller)).toBe('user_message|Hello');
    expect(controller.view.failure).toBeNull();
  });

  test('a message whose answer never came is sent again with the same key', async () => {
    const server = new ScriptedServer(ALL).on('threads.create', () => Promise.reject(new TypeError('lost')), stream(WHOLE, { turn: 'turn_1' }));
    const { controller } = chat(server);
    await controller.send(input('Hi'));
    const keys = server.of('threads.create').map((asked) => asked.headers.get('idempotency-key'));
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
    expect(text(controller)).toBe('user_message|Hello');
  });

  test('stop asks the server and shows what it kept', async () => {
    let keep = (_: object[]): void => {};
    const kept = new Promise<object[]>((resolve) => {
      keep = resolve;
    });
    const server = new ScriptedServer(ALL)
      .on('threads.create', stream(WHOLE.slice(0, 4), { turn: 'turn_1', until: kept }))
      .on('/cancel', () => {
        keep([done('Hell')]);
        return Response.json({ status: 'cancelled' });
      });
    const { controller } = chat(server);
    const sending = controller.send(input('Hi'));
    await until(() => text(controller).includes('Hel'));
    await controller.stop();
    await sending;
    expect(server.of('/cancel')).toHaveLength(1);
    expect(text(controller)).toBe('user_message|Hell');
    expect(controller.view.entries.at(-1)).toMatchObject({ stopped: true, open: false });
  });

  test('a thread that is being answered is joined after a reload, without its effects', async () => {
    const server = new ScriptedServer(ALL)
      .on('threads.get_by_id', Response.json({ id: 'thr_1', items: { data: [question.item], has_more: false } }, { headers: { 'ChatKit-Running-Turn': 'turn_1' } }))
      .on('/events', stream([created, question, { type: 'client_effect', name: 'old' }, opened, delta('Hel'), { type: 'client_effect', name: 'new' }, delta('lo'), done('Hello')], { turn: 'turn_1' }))
      .on('/api/turns/', Response.json({ status: 'running', last_event: 4 }));
    const { controller, log } = chat(server);
    await controller.open('thr_1');
    await until(() => controller.phase === 'idle' && text(controller).includes('Hello'));
    expect(text(controller)).toBe('user_message|Hello');
    expect(log.filter((line) => line.startsWith('effect'))).toEqual(['effect new']);
  });

  test('a message that comes second is given back, and the answer to the first is shown', async () => {
    const running = Response.json({ error: { code: 'turn_running', message: 'Wait.', turn_id: 'turn_1' } }, { status: 409 });
    const server = new ScriptedServer(ALL)
      .on('threads.get_by_id', Response.json({ id: 'thr_1', items: { data: [], has_more: false } }), Response.json({ id: 'thr_1', items: { data: [question.item], has_more: false } }, { headers: { 'ChatKit-Running-Turn': 'turn_1' } }))
      .on('threads.add_user_message', running)
      .on('/events', stream(WHOLE.slice(2), { turn: 'turn_1' }))
      .on('/api/turns/', Response.json({ status: 'running', last_event: 0 }));
    const { controller } = chat(server);
    await controller.open('thr_1');
    await expect(controller.send(input('Second'))).rejects.toMatchObject({ code: 'turn_running' });
    await until(() => controller.phase === 'idle' && text(controller).includes('Hello'));
    expect(text(controller)).toBe('user_message|Hello');
  });

  test('an expired log is replaced by the items of the thread', async () => {
    const server = new ScriptedServer(ALL)
      .on('threads.create', stream(WHOLE.slice(0, 4), { turn: 'turn_1', end: 'cut' }))
      .on('/events', Response.json({ error: { code: 'gone' } }, { status: 410 }))
      .on('items.list', Response.json({ data: [(done('Hello') as { item: object }).item, question.item], has_more: false }));
    const { controller } = chat(server);
    await controller.send(input('Hi'));
    expect(text(controller)).toBe('user_message|Hello');
  });
});

test('without resume a lost connection ends the answer with an error and keeps what came', async () => {
  const { controller, log } = chat(new ScriptedServer().on('threads.create', stream(WHOLE.slice(0, 4), { end: 'cut' })));
  await controller.send(input('Hi'));
  expect(text(controller)).toBe('user_message|Hel');
  expect(controller.view.failure).toMatchObject({ code: 'network', canRetry: true });
  expect(log).toEqual(['start', 'thread thr_1', 'error network', 'end']);
});

test('stop closes the connection of a plain server and keeps the text', async () => {
  const server = new ScriptedServer().on('threads.create', (_, init) => stream(WHOLE.slice(0, 4), { end: 'open', signal: init.signal as AbortSignal }));
  const { controller, log } = chat(server);
  const sending = controller.send(input('Hi'));
  await until(() => text(controller).includes('Hel'));
  await controller.stop();
  await sending;
  expect(controller.view.entries.at(-1)).toMatchObject({ stopped: true, open: false });
  expect(controller.view.failure).toBeNull();
  expect(log).toEqual(['start', 'thread thr_1', 'end']);
});

test('retry asks for the message of the user and drops what came after it', async () => {
  const server = new ScriptedServer().on('threads.create', stream(WHOLE)).on('threads.retry_after_item', stream([opened, done('Again')]));
  const { controller } = chat(server);
  await controller.send(input('Hi'));
  await controller.retry('u1');
  expect(server.of('threads.retry_after_item')[0]?.params).toEqual({ thread_id: 'thr_1', item_id: 'u1' });
  expect(text(controller)).toBe('user_message|Again');
});

test('a pending client tool runs once and its result goes back', async () => {
  const call = { type: 'thread.item.done', item: { type: 'client_tool_call', id: 'c1', call_id: 'k', name: 'pick', arguments: { n: 1 }, status: 'pending' } };
  const server = new ScriptedServer().on('threads.create', stream([created, question, call])).on('threads.add_client_tool_output', stream([opened, done('Thanks')]));
  const { controller, log } = chat(server, {
    clientTool: async ({ name, params }) => {
      log.push(`tool ${name} ${JSON.stringify(params)}`);
      return { ok: true };
    },
  });
  await controller.send(input('Hi'));
  expect(server.of('threads.add_client_tool_output').map((asked) => asked.params)).toEqual([{ thread_id: 'thr_1', result: { ok: true } }]);
  expect(log).toEqual(['start', 'thread thr_1', 'end', 'tool pick {"n":1}', 'start', 'end']);
});

describe('a client tool of a thread that was left', () => {
  const call = { type: 'thread.item.done', item: { type: 'client_tool_call', id: 'c1', call_id: 'k', name: 'pick', arguments: {}, status: 'pending' } };
  const thread = (...items: object[]): Response => Response.json({ id: 'thr_1', items: { data: [question.item, ...items], has_more: false } });

  async function left(server: ScriptedServer): Promise<{ controller: Controller; log: string[]; pick: (result: object) => Promise<void> }> {
    let pick: (result: object) => void = () => {};
    const { controller, log } = chat(server.on('threads.create', stream([created, question, call])), { clientTool: () => new Promise((resolve) => (pick = resolve)) });
    const sending = controller.send(input('Hi'));
    await until(() => controller.phase === 'tool');
    await controller.open(null);
    log.length = 0;
    return { controller, log, pick: async (result) => (pick(result), sending) };
  }

  test('does not keep another one busy, and its result is answered there', async () => {
    const server = new ScriptedServer().on('threads.add_client_tool_output', stream([opened, done('Thanks')]));
    const { controller, log, pick } = await left(server);
    expect(controller.isBusy).toBe(false);
    await pick({ ok: true });
    await until(() => server.of('threads.add_client_tool_output').length === 1);
    expect(server.of('threads.add_client_tool_output')[0]?.params).toEqual({ thread_id: 'thr_1', result: { ok: true } });
    expect(controller.isBusy).toBe(false);
    expect(controller.view.entries).toEqual([]);
    expect(log).toEqual([]);
  });

  test('whose reader is back before the answer is over, where it cannot be joined, shows it in the end', async () => {
    let finish = (_: object[]): void => {};
    const over = new Promise<object[]>((resolve) => (finish = resolve));
    const server = new ScriptedServer()
      .on('threads.add_client_tool_output', stream([opened], { until: over }))
      .on('threads.get_by_id', thread(), thread((done('Thanks') as { item: object }).item));
    const { controller, pick } = await left(server);
    await pick({ ok: true });
    await controller.open('thr_1');
    expect(text(controller)).toBe('user_message');
    finish([done('Thanks')]);
    await until(() => text(controller) === 'user_message|Thanks');
    expect(controller.isBusy).toBe(false);
  });

  test('sends its result as often as it takes, once', async () => {
    const server = new ScriptedServer(ALL).on('threads.add_client_tool_output', () => Promise.reject(new TypeError('lost')), stream([opened, done('Thanks')], { turn: 'turn_2' }));
    const { log, pick } = await left(server);
    await pick({ ok: true });
    await until(() => server.of('threads.add_client_tool_output').length === 2);
    expect(new Set(server.of('threads.add_client_tool_output').map((asked) => asked.headers.get('idempotency-key'))).size).toBe(1);
    expect(log).toEqual([]);
  });

  test('whose result is refused is told to the page, and not in another thread', async () => {
    const server = new ScriptedServer().on('threads.add_client_tool_output', Response.json({ error: { code: 'not_found' } }, { status: 404 }));
    const { controller, log, pick } = await left(server);
    await pick({ ok: true });
    await until(() => log.length > 0);
    expect(log).toEqual(['error not_found']);
    expect(controller.view.failure).toBeNull();
  });
});

test('a client tool that nobody handles is an error and not a stuck chat', async () => {
  const call = { type: 'thread.item.done', item: { type: 'client_tool_call', id: 'c1', call_id: 'k', name: 'pick', arguments: {}, status: 'pending' } };
  const { controller, log } = chat(new ScriptedServer().on('threads.create', stream([created, question, call])));
  await controller.send(input('Hi'));
  expect(log.at(-1)).toBe('error no_client_tool');
  expect(controller.phase).toBe('idle');
});

test('an action without a stream replaces its item and may be sent while an answer is written', async () => {
  const widget = { type: 'widget', id: 'w1', widget: { type: 'Card' } };
  const server = new ScriptedServer().on('threads.sync_custom_action', Response.json({ updated_item: widget }));
  const { controller } = chat(server);
  controller.threadId = 'thr_1';
  await controller.act({ type: 'go', payload: { a: 1 }, streaming: false }, 'w1');
  expect(server.of('threads.sync_custom_action')[0]?.params).toEqual({ thread_id: 'thr_1', item_id: 'w1', action: { type: 'go', payload: { a: 1 } } });
  expect(controller.view.entries[0]?.item).toEqual(widget);
});

test('a long thread opens at its newest page and goes on to older ones', async () => {
  const message = (n: number): object => ({ type: 'user_message', id: `u${n}`, content: [], attachments: [] });
  const server = new ScriptedServer()
    .on('threads.get_by_id', Response.json({ id: 'thr_1', items: { data: [message(1)], has_more: true, after: 'u1' } }))
    .on('items.list', Response.json({ data: [message(4), message(3)], has_more: true, after: 'u3' }), Response.json({ data: [message(2), message(1)], has_more: false }));
  const { controller, log } = chat(server);
  await controller.open('thr_1');
  expect(controller.view.entries.map((entry) => entry.item.id)).toEqual(['u3', 'u4']);
  await controller.loadOlder();
  expect(controller.view.entries.map((entry) => entry.item.id)).toEqual(['u1', 'u2', 'u3', 'u4']);
  expect(controller.olderAfter).toBeNull();
  expect(log).toEqual(['thread thr_1', 'load', 'loaded']);
});

test('what a thread says after another one was opened is ignored', async () => {
  const server = new ScriptedServer().on('threads.create', (_, init) => stream(WHOLE.slice(0, 4), { end: 'open', signal: init.signal as AbortSignal }));
  const { controller } = chat(server);
  const sending = controller.send(input('Hi'));
  await until(() => text(controller).includes('Hel'));
  await controller.open(null);
  await sending;
  expect(controller.view.entries).toEqual([]);
  expect(controller.phase).toBe('idle');
});

test('leaving while a message is on its way does not stop it; what becomes of it is told', async () => {
  let answer = (_: Response | Promise<Response>): void => {};
  let signal: AbortSignal | null | undefined;
  const server = new ScriptedServer().on('threads.create', (_, init) => {
    signal = init.signal;
    return new Promise<Response>((resolve) => (answer = resolve));
  });
  const { controller, log } = chat(server);
  let isAccepted = false;
  const sending = controller.send(input('Hi'), [], () => (isAccepted = true));
  await until(() => signal != null);
  await controller.open(null);
  expect(signal?.aborted).toBe(false);
  answer(stream(WHOLE, { end: 'open', signal: signal as AbortSignal }));
  await sending;
  expect([isAccepted, signal?.aborted, controller.view.entries, controller.phase]).toEqual([true, true, [], 'idle']);
  const second = controller.send(input('Hi again'));
  await until(() => server.of('threads.create').length === 2);
  await controller.open(null);
  answer(Promise.reject(new TypeError('lost')));
  await expect(second).rejects.toMatchObject({ code: 'network' });
  expect(log.at(-1)).toBe('error network');
  expect(controller.view.failure).toBeNull();
});

test('a second message is refused while the first is answered', async () => {
  const server = new ScriptedServer().on('threads.create', (_, init) => stream(WHOLE.slice(0, 4), { end: 'open', signal: init.signal as AbortSignal }));
  const { controller } = chat(server);
  const sending = controller.send(input('Hi'));
  await expect(controller.send(input('Two'))).rejects.toMatchObject({ code: 'busy' });
  await controller.stop();
  await sending;
});

test('two hundred random streams, cut, garbled and stopped, never leave the chat stuck', async () => {
  const random = randomFrom(99);
  const garbage = [{ type: 'x' }, {}, { type: 'thread.item.updated' }, { type: 'error', message: 'E' }, null as unknown as object];
  for (let round = 0; round < 200; round++) {
    const events = [...WHOLE, ...garbage].sort(() => random() - 0.5).slice(0, Math.floor(random() * 11));
    const resumes = random() < 0.5;
    const end = random() < 0.5 ? 'cut' : 'close';
    const server = new ScriptedServer(resumes ? ALL : '')
      .on('threads.create', stream(events, { ...(resumes ? { turn: 'turn_1' } : {}), end }))
      .on('threads.add_user_message', stream([]))
      .on('/events', stream(WHOLE, { turn: 'turn_1' }));
    const { controller, log } = chat(server);
    const sending = controller.send(input('Hi'));
    if (random() < 0.2) void controller.stop();
    await sending;
    expect(controller.phase).toBe('idle');
    expect(controller.view.entries.some((entry) => entry.open)).toBe(false);
    expect(log.filter((line) => line === 'start')).toHaveLength(log.filter((line) => line === 'end').length);
  }
});
