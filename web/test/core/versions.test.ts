import { expect, test } from 'vitest';
import { Controller } from '../../src/core/controller.ts';
import type { Hooks } from '../../src/core/shown-thread.ts';
import type { MessageInput } from '../../src/core/protocol.ts';
import { ScriptedServer, stream } from './server.ts';

const ALL = 'turn-id, resume, cancel, idempotency, running-turn, edit, versions';
const input = (text: string): MessageInput => ({ content: [{ type: 'input_text', text }], attachments: [], quoted_text: null, inference_options: {} });
const question = (id: string, text = id): object => ({ type: 'user_message', id, content: [{ type: 'input_text', text }], attachments: [] });
const answer = (id: string, text = id): object => ({ type: 'assistant_message', id, content: [{ type: 'output_text', text, annotations: [] }] });
const done = (item: object): object => ({ type: 'thread.item.done', item });
const page = (...items: object[]): Response => Response.json({ id: 'thr_1', title: null, items: { data: items, has_more: false } });
const listed = (...data: object[]): Response => Response.json({ data });
const fork = (item_id: string, chosen: string): object => ({ item_id, versions: ['ver_1', 'turn_2'], chosen });

function chat(server: ScriptedServer): { controller: Controller; errors: unknown[] } {
  const errors: unknown[] = [];
  const hooks: Hooks = {
    changed: () => {},
    error: (error) => errors.push(error),
    responseStarted: () => {},
    responseEnded: () => {},
    threadChanged: () => {},
    loadStarted: () => {},
    loadEnded: () => {},
    effect: () => {},
    log: () => {},
    clientTool: () => null,
  };
  return { controller: new Controller({ url: 'http://x/chatkit', fetch: server.fetch, locale: 'en' }, hooks), errors };
}
const ids = (controller: Controller): string => controller.view.entries.map(({ item }) => item.id).join(' ');
const talk = (): ScriptedServer => new ScriptedServer(ALL);
const OLD = [question('u1'), answer('a1'), question('u2'), answer('a2')];

test('a thread comes with its versions, from a server that says so', async () => {
  const server = talk().on('threads.get_by_id', page(...OLD)).on('threads.list_versions', listed(fork('u2', 'ver_1')));
  const { controller } = chat(server);
  await controller.open('thr_1');
  expect(controller.versions).toEqual([fork('u2', 'ver_1')]);
  await controller.open(null);
  expect(controller.versions).toEqual([]);

  const plain = new ScriptedServer('resume').on('threads.get_by_id', page(...OLD));
  await chat(plain).controller.open('thr_1');
  expect(plain.of('threads.list_versions')).toHaveLength(0);
});

test('a list of versions that does not come or makes no sense does not keep a thread from being shown', async () => {
  for (const reply of [Response.json({}, { status: 500 }), listed({ item_id: 'u2' }), Response.json({ data: 7 })]) {
    const { controller, errors } = chat(talk().on('threads.get_by_id', page(...OLD)).on('threads.list_versions', reply));
    await controller.open('thr_1');
    expect(ids(controller)).toBe('u1 a1 u2 a2');
    expect(controller.versions).toEqual([]);
    expect(errors).toEqual([]);
  }
});

test('an edited message takes the place of the old one and of all that followed, at once', async () => {
  let seen = '';
  const server = talk()
    .on('threads.get_by_id', page(...OLD))
    .on('threads.list_versions', listed(), listed(fork('u3', 'turn_2')))
    .on('threads.edit_message', () => {
      seen = ids(controller);
      return stream([done(question('u3', 'better')), done(answer('a3'))], { turn: 'turn_2' });
    });
  const { controller } = chat(server);
  await controller.open('thr_1');
  await controller.edit('u2', input('better'));
  expect(seen).toBe('u1 a1 pending_1');
  expect(ids(controller)).toBe('u1 a1 u3 a3');
  expect(controller.versions).toEqual([fork('u3', 'turn_2')]);
  const [asked] = server.of('threads.edit_message');
  expect(asked?.params).toEqual({ thread_id: 'thr_1', item_id: 'u2', input: input('better') });
  expect(asked?.headers.get('Idempotency-Key')).toMatch(/^[0-9a-f]{32}$/);
  expect(server.of('threads.get_by_id')).toHaveLength(1);
});

test('an edit that did not reach the server changes nothing', async () => {
  const server = talk().on('threads.get_by_id', page(...OLD)).on('threads.edit_message', Response.json({ error: { code: 'turn_running' } }, { status: 409 }));
  const { controller } = chat(server);
  await controller.open('thr_1');
  await expect(controller.edit('u1', input('better'))).rejects.toMatchObject({ code: 'turn_running' });
  expect(ids(controller)).toBe('u1 a1 u2 a2');
  expect(controller.isBusy).toBe(false);
});

test('only messages of the user are edited, and none while an answer is written', async () => {
  let release = (_: object[]): void => {};
  const until = new Promise<object[]>((resolve) => (release = resolve));
  const server = talk().on('threads.get_by_id', page(...OLD)).on('threads.add_user_message', () => stream([done(question('u3'))], { turn: 'turn_1', until }));
  const { controller } = chat(server);
  await controller.open('thr_1');
  await controller.edit('a1', input('x'));
  await controller.edit('unknown', input('x'));
  const sending = controller.send(input('more'));
  await expect(controller.edit('u1', input('x'))).rejects.toMatchObject({ code: 'busy' });
  await expect(controller.chooseVersion('ver_1')).rejects.toMatchObject({ code: 'busy' });
  release([done(answer('a3'))]);
  await sending;
  expect(server.of('threads.edit_message')).toHaveLength(0);
});

test('an edit that nothing was answered to shows what was there, and can be asked for once more', async () => {
  const error = { type: 'error', code: 'custom', message: 'No.', allow_retry: true };
  const server = talk()
    .on('threads.get_by_id', page(...OLD), page(...OLD), page(question('u1'), answer('a1'), question('u3')))
    .on('threads.list_versions', listed(), listed(fork('u3', 'turn_2')), listed(fork('u2', 'ver_1')), listed(fork('u2', 'ver_1')), listed(fork('u3', 'turn_2')))
    .on('threads.edit_message', stream([done(question('u3')), error], { turn: 'turn_2' }))
    .on('threads.choose_version', listed(fork('u3', 'turn_2')))
    .on('threads.retry_after_item', stream([done(answer('a3'))], { turn: 'turn_3' }));
  const { controller } = chat(server);
  await controller.open('thr_1');
  await controller.edit('u2', input('better'));
  expect(ids(controller)).toBe('u1 a1 u2 a2');
  expect(controller.view.failure?.message).toBe('No.');
  expect(controller.unanswered).toBe('turn_2');

  await controller.retryUnanswered();
  expect(server.of('threads.choose_version')[0]?.params).toEqual({ thread_id: 'thr_1', version_id: 'turn_2' });
  expect(server.of('threads.retry_after_item')[0]?.params).toEqual({ thread_id: 'thr_1', item_id: 'u3' });
  expect(ids(controller)).toBe('u1 a1 u3 a3');
  expect([controller.unanswered, controller.view.failure]).toEqual([null, null]);
});

test('half an answer that was read stays, also where the server went back to the whole one', async () => {
  const error = { type: 'error', code: 'custom', message: 'No.', allow_retry: true };
  const server = talk()
    .on('threads.get_by_id', page(...OLD))
    .on('threads.list_versions', listed(), listed(fork('a3', 'turn_2')), listed(fork('a2', 'ver_1')), listed(fork('a3', 'turn_2')))
    .on('threads.choose_version', listed(fork('a3', 'turn_2')))
    .on('threads.retry_after_item', stream([done(answer('a3', 'half')), error], { turn: 'turn_2' }));
  const { controller } = chat(server);
  await controller.open('thr_1');
  await controller.retry('u2');
  expect(server.of('threads.choose_version')[0]?.params).toEqual({ thread_id: 'thr_1', version_id: 'turn_2' });
  expect(ids(controller)).toBe('u1 a1 u2 a3');
  expect(controller.versions).toEqual([fork('a3', 'turn_2')]);
});

test('versions are known while the answer is written', async () => {
  let release = (_: object[]): void => {};
  const until = new Promise<object[]>((resolve) => (release = resolve));
  const server = talk()
    .on('threads.get_by_id', page(...OLD))
    .on('threads.list_versions', listed(), listed(fork('u3', 'turn_2')))
    .on('threads.edit_message', () => stream([done(question('u3'))], { turn: 'turn_2', until }));
  const { controller } = chat(server);
  await controller.open('thr_1');
  const editing = controller.edit('u2', input('better'));
  while (controller.versions.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(controller.phase).toBe('streaming');
  release([done(answer('a3'))]);
  await editing;
  expect(controller.versions).toEqual([fork('u3', 'turn_2')]);
});

test('another version is shown as the server has it, and one that cannot be chosen is an error', async () => {
  const server = talk()
    .on('threads.get_by_id', page(...OLD), page(question('u0'), answer('a0')))
    .on('threads.list_versions', listed(fork('u1', 'ver_1')), listed(fork('u0', 'turn_2')))
    .on('threads.choose_version', listed(fork('u0', 'turn_2')), Response.json({ error: { code: 'turn_running', message: 'Wait.' } }, { status: 409 }), listed(fork('u0', 'turn_2')));
  const { controller, errors } = chat(server);
  await controller.open('thr_1');
  await controller.chooseVersion('turn_2');
  expect(ids(controller)).toBe('u0 a0');
  expect(controller.versions).toEqual([fork('u0', 'turn_2')]);
  expect(controller.isLoading).toBe(false);
  await expect(controller.chooseVersion('ver_1')).rejects.toMatchObject({ code: 'turn_running' });
  expect(ids(controller)).toBe('u0 a0');
  expect(errors).toHaveLength(1);
  expect(controller.view.failure?.message).toBe('Wait.');
  await controller.chooseVersion('turn_2');
  expect(controller.view.failure).toBeNull();
  expect(server.of('threads.choose_version')).toHaveLength(3);
});
