import { expect, test } from 'vitest';
import { ScriptedServer, stream } from '../core/server.ts';
import { type Shown, button, composer, find, press, show, until } from './chat.ts';

const ALL = 'turn-id, resume, cancel, idempotency, edit, versions';
const question = (id: string, text = id, more: object = {}): object => ({ type: 'user_message', id, content: [{ type: 'input_text', text }], attachments: [], ...more });
const answer = (id: string, text = id): object => ({ type: 'assistant_message', id, content: [{ type: 'output_text', text, annotations: [] }] });
const tool = (id: string): object => ({ type: 'client_tool_call', id, status: 'completed', call_id: 'c', name: 't', arguments: {} });
const page = (status: string, ...items: object[]): Response => Response.json({ id: 'thr_1', title: null, status: { type: status }, items: { data: items, has_more: false } });
const listed = (...data: object[]): Response => Response.json({ data });
const fork = (item_id: string, chosen: string, versions = ['v1', 'v2', 'v3']): object => ({ item_id, versions, chosen });

async function open(server: ScriptedServer, options: object = {}): Promise<Shown> {
  const shown = await show({ initialThread: 'thr_1', threadItemActions: { retry: true }, ...options }, server);
  await until(() => shown.root.querySelector('.question'), 'the thread');
  await shown.element.updateComplete;
  return shown;
}
const talk = (...items: object[]): ScriptedServer => new ScriptedServer(ALL).on('threads.get_by_id', page('active', ...items));
const editors = (shown: Shown): Element[] => [...shown.root.querySelectorAll('chatkit-host-message-editor')];
async function editing(shown: Shown): Promise<HTMLElement> {
  await until(() => shown.root.querySelector('chatkit-host-message-editor')?.shadowRoot?.activeElement?.matches('.editor'), 'the editor');
  return find(shown.root, 'chatkit-host-message-editor >>> .editor');
}

test('a message keeps its files, its quote and its options when it is written anew', async () => {
  const more = {
    attachments: [{ type: 'file', id: 'f1', name: 'a.txt', mime_type: 'text/plain' }],
    quoted_text: 'said before',
    inference_options: { model: 'm1', tool_choice: { id: 't1' } },
  };
  const tagged = { ...question('u1', 'Hi ', more), content: [{ type: 'input_text', text: 'Hi ' }, { type: 'input_tag', id: 'e1', text: 'Ada', data: { a: 1 } }] };
  const server = talk(tagged, answer('a1')).on('threads.edit_message', stream([{ type: 'thread.item.done', item: question('u2') }], { turn: 'turn_2' }));
  const shown = await open(server);
  button(shown.root, 'Edit').click();
  const editor = await editing(shown);
  expect(editor.textContent).toBe('Hi Ada');
  document.execCommand('insertText', false, '!');
  press(editor, 'Enter');
  await until(() => server.of('threads.edit_message').length === 1);
  expect(server.of('threads.edit_message')[0]?.params.input).toEqual({
    content: [{ type: 'input_text', text: 'Hi ' }, { type: 'input_tag', id: 'e1', text: 'Ada', data: { a: 1 } }, { type: 'input_text', text: '!' }],
    attachments: ['f1'],
    quoted_text: 'said before',
    inference_options: { model: 'm1', tool_choice: { id: 't1' } },
  });
});

test('Escape leaves the message as it was, and the page around hears no key', async () => {
  const shown = await open(talk(question('u1'), answer('a1')));
  const heard: string[] = [];
  const listen = (event: KeyboardEvent): void => void heard.push(event.key);
  document.addEventListener('keydown', listen);
  const edit = button(shown.root, 'Edit');
  edit.click();
  const editor = await editing(shown);
  press(editor, 'x');
  press(editor, 'Enter', { isComposing: true });
  press(editor, 'Escape');
  document.removeEventListener('keydown', listen);
  await until(() => editors(shown).length === 0);
  await until(() => shown.root.activeElement?.matches('[data-edit=u1]'), 'the focus');
  expect(heard).toEqual([]);
  expect(find(shown.root, '.bubble').textContent).toBe('u1');
  expect(shown.server.of('threads.edit_message')).toHaveLength(0);
});

test('nothing is saved of a message without words', async () => {
  const shown = await open(talk(question('u1'), answer('a1')));
  button(shown.root, 'Edit').click();
  const editor = await editing(shown);
  document.execCommand('selectAll');
  document.execCommand('delete');
  press(editor, 'Enter');
  const save = button(find(shown.root, 'chatkit-host-message-editor').shadowRoot as ShadowRoot, 'Save');
  await until(() => save.disabled);
  expect(shown.server.of('threads.edit_message')).toHaveLength(0);
});

test('what the server did not take comes back into the editor', async () => {
  const server = talk(question('u1'), answer('a1')).on('threads.edit_message', Response.json({ error: { code: 'rate_limited' } }, { status: 429 }));
  const shown = await open(server);
  button(shown.root, 'Edit').click();
  await editing(shown);
  document.execCommand('insertText', false, ' more');
  press(await editing(shown), 'Enter');
  await until(() => shown.root.querySelector('[role=alert]'), 'the error');
  expect((await editing(shown)).textContent).toBe('u1 more');
  expect(shown.root.querySelectorAll('.answer')).toHaveLength(1);
});

test('the arrow opens the last message only from an empty field', async () => {
  const shown = await open(talk(question('u1'), answer('a1'), question('u2'), answer('a2')));
  const field = find(composer(shown), '.editor');
  field.focus();
  document.execCommand('insertText', false, 'x');
  expect(press(field, 'ArrowUp').defaultPrevented).toBe(false);
  document.execCommand('delete');
  expect(press(field, 'ArrowUp', { shiftKey: true }).defaultPrevented).toBe(false);
  expect(press(field, 'ArrowUp').defaultPrevented).toBe(true);
  expect((await editing(shown)).textContent).toBe('u2');
});

test.each([
  ['a server that does not announce it', new ScriptedServer('resume').on('threads.get_by_id', page('active', question('u1'), answer('a1'))), {}],
  ['a page that does not want it', talk(question('u1'), answer('a1')), { threadItemActions: { edit: false } }],
  ['a thread that is locked', new ScriptedServer(ALL).on('threads.get_by_id', page('locked', question('u1'), answer('a1'))), {}],
])('nothing is edited with %s', async (_, server, options) => {
  const shown = await open(server as ScriptedServer, options);
  expect(shown.root.querySelector('[data-edit]')).toBeNull();
  expect(press(find(composer(shown), '.editor'), 'ArrowUp').defaultPrevented).toBe(false);
});

test('a switch has a name, walks with the arrows in the direction of reading, and stops at its ends', async () => {
  const items = [question('u1'), answer('a1')];
  for (const [locale, next, previous] of [['en', 'ArrowRight', 'ArrowLeft'], ['ar', 'ArrowLeft', 'ArrowRight']] as const) {
    const server = talk(...items)
      .on('threads.list_versions', listed(fork('a1', 'v2')), listed(fork('a1', 'v3')))
      .on('threads.choose_version', listed(fork('a1', 'v3')));
    const shown = await open(server, { locale });
    await until(() => shown.root.querySelector('.answer .versions'));
    const group = (): HTMLElement => find(shown.root, '.answer .versions');
    if (locale === 'en') expect(group().getAttribute('aria-label')).toBe('Version 2 of 3');
    expect(group().querySelector('span:not(.icon)')?.textContent).toBe('2/3');
    await until(() => getComputedStyle(group()).direction === (locale === 'ar' ? 'rtl' : 'ltr'));
    const forward = find(group(), '[data-to=next]');
    forward.focus();
    press(forward, next);
    await until(() => find(group(), 'span:not(.icon)').textContent === '3/3');
    expect(server.of('threads.choose_version')[0]?.params.version_id).toBe('v3');
    await until(() => shown.root.activeElement?.matches('[data-to=next]'));
    press(find(group(), '[data-to=next]'), next);
    find(group(), '[data-to=next]').click();
    expect(server.of('threads.choose_version')).toHaveLength(1);
    press(find(group(), '[data-to=next]'), previous);
    await until(() => server.of('threads.choose_version').length === 2);
    expect(server.of('threads.choose_version')[1]?.params.version_id).toBe('v2');
  }
});

test('a switch stands where its versions begin, also at what is not shown, and several may meet', async () => {
  const server = talk(question('u1'), tool('t1'), answer('a1'), question('u2'), answer('a2')).on(
    'threads.list_versions',
    listed(fork('t1', 'v1'), fork('u2', 'w1', ['w1', 'w2']), fork('u2', 'x2', ['x1', 'x2'])),
  );
  const shown = await open(server);
  await until(() => shown.root.querySelectorAll('.versions').length === 3);
  const [first, second] = shown.root.querySelectorAll('.exchange');
  expect(first?.querySelectorAll('.answer .versions')).toHaveLength(1);
  expect([...(second?.querySelectorAll('.question .versions') ?? [])].map((each) => each.getAttribute('aria-label'))).toEqual(['Version 1 of 2', 'Version 2 of 2']);
});

test('a question that was never answered can be asked again', async () => {
  const server = talk(question('u1')).on('threads.retry_after_item', stream([{ type: 'thread.item.done', item: answer('a1') }], { turn: 'turn_2' }));
  const shown = await open(server);
  button(shown.root, 'Try again').click();
  await until(() => shown.root.querySelector('.prose'));
  expect(server.of('threads.retry_after_item')[0]?.params.item_id).toBe('u1');
});
