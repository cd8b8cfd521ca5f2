import { describe, expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import { ScriptedServer, stream } from '../core/server.ts';
import { type Shown, button, composer, find, press, show, type, until } from './chat.ts';

const answered = (): ScriptedServer => new ScriptedServer().on('threads.create', stream([{ type: 'thread.created', thread: { id: 't' } }]));
const file = (name: string, kind: string, size = 4): File => new File([new Uint8Array(size)], name, { type: kind });
const sent = (shown: Shown): any => shown.server.of('threads.create')[0]?.params.input;
const attachments = { enabled: true, maxSize: { 'image/*': 10, '*': 100 }, maxCount: 2, accept: { 'image/*': ['.png'], 'text/plain': ['.txt'] } };
const direct = { uploadStrategy: { type: 'direct', uploadUrl: 'http://test.invalid/upload' } };

test('keys typed here are not heard by the page around', async () => {
  const shown = await show();
  const heard: string[] = [];
  const listen = (event: KeyboardEvent): unknown => heard.push(event.key);
  addEventListener('keydown', listen);
  press(find(composer(shown), '.editor'), 'k');
  removeEventListener('keydown', listen);
  expect(heard).toEqual([]);
});

test('what is written while a new thread is being made stays, and belongs to it', async () => {
  let answer = (_: Response): void => {};
  const server = new ScriptedServer().on('threads.create', () => new Promise<Response>((resolve) => (answer = resolve)));
  const shown = await show({}, server);
  const sending = shown.element.sendUserMessage({ text: 'First' });
  await until(() => server.of('threads.create').length === 1);
  type(shown, 'And then');
  answer(stream([{ type: 'thread.created', thread: { id: 'thr_1' } }]));
  await sending;
  await until(() => shown.element.threadId === 'thr_1' && !shown.element.isResponding);
  await shown.element.updateComplete;
  const editor = find(composer(shown), '.editor');
  expect(editor.textContent).toBe('And then');
  await shown.element.setThreadId(null);
  await until(() => editor.textContent === '');
  expect(sessionStorage.getItem('chatkit-host.draft.new')).toBeNull();
  await shown.element.setThreadId('thr_1');
  await until(() => editor.textContent === 'And then');
});

test('what could not be sent comes back to its own thread, with its files, whatever is shown meanwhile', async () => {
  let refuse = (_: Response): void => {};
  const thread = (id: string): Response => Response.json({ id, title: id, items: { data: [], has_more: false } });
  const server = new ScriptedServer()
    .on('threads.get_by_id', thread('thr_1'), thread('thr_2'), thread('thr_1'))
    .on('/upload', Response.json({ type: 'file', id: 'f1', name: 'a.txt', mime_type: 'text/plain' }))
    .on('threads.add_user_message', () => new Promise<Response>((resolve) => (refuse = resolve)));
  const shown = await show({ api: direct, composer: { attachments }, initialThread: 'thr_1' }, server);
  await until(() => shown.events.some((event) => event.type === 'thread.load.end'));
  await shown.element.setComposerValue({ text: 'For the first', files: [file('a.txt', 'text/plain')] });
  await until(() => !button(composer(shown), 'Send').disabled);
  button(composer(shown), 'Send').click();
  await until(() => server.of('threads.add_user_message').length === 1);
  await shown.element.openThread('thr_2');
  await shown.element.setComposerValue({ text: 'For the second' });
  refuse(new Response('', { status: 503 }));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const editor = find(composer(shown), '.editor');
  expect([editor.textContent, composer(shown).querySelectorAll('.upload').length]).toEqual(['For the second', 0]);
  await shown.element.openThread('thr_1');
  await until(() => editor.textContent === 'For the first');
  expect(composer(shown).querySelectorAll('.upload')).toHaveLength(1);
});

describe('files', () => {
  test('go on while another thread is shown', async () => {
    let answer = (_: Response): void => {};
    const server = answered()
      .on('/upload', () => new Promise<Response>((resolve) => (answer = resolve)))
      .on('threads.get_by_id', Response.json({ id: 'thr_2', title: '', items: { data: [], has_more: false } }));
    const shown = await show({ api: direct, composer: { attachments } }, server);
    await shown.element.setComposerValue({ files: [file('a.txt', 'text/plain')] });
    await until(() => server.of('/upload').length === 1);
    await shown.element.setThreadId('thr_2');
    await until(() => !composer(shown).querySelector('.upload'));
    answer(Response.json({ type: 'file', id: 'f1', name: 'a.txt', mime_type: 'text/plain' }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(composer(shown).querySelector('.upload')).toBeNull();
    await shown.element.setThreadId(null);
    await until(() => composer(shown).querySelector('.upload') && !composer(shown).querySelector('.upload .spinner'));
    expect(button(composer(shown), 'Send').disabled).toBe(false);
  });

  test('go to the server in one step and with the message', async () => {
    const server = answered().on('/upload', Response.json({ type: 'file', id: 'f1', name: 'a.txt', mime_type: 'text/plain' }));
    const shown = await show({ api: direct, composer: { attachments } }, server);
    await shown.element.setComposerValue({ text: 'With a file', files: [file('a.txt', 'text/plain')] });
    await until(() => !button(composer(shown), 'Send').disabled);
    button(composer(shown), 'Send').click();
    await until(() => sent(shown));
    expect(sent(shown)).toMatchObject({ content: [{ text: 'With a file' }], attachments: ['f1'] });
  });

  test('go in two steps where the server says so', async () => {
    const uploads: RequestInit[] = [];
    const server = answered()
      .on('attachments.create', Response.json({ type: 'image', id: 'i1', name: 'a.png', mime_type: 'image/png', preview_url: 'data:image/png;base64,', upload_descriptor: { url: 'http://files.invalid/put', method: 'PUT', headers: { 'X-Signature': 's' } } }))
      .on('/put', (_, init) => {
        uploads.push(init);
        return new Response(null, { status: 204 });
      });
    const shown = await show({ api: { uploadStrategy: { type: 'two_phase' } }, composer: { attachments } }, server);
    await shown.element.setComposerValue({ files: [file('a.png', 'image/png')] });
    await until(() => !button(composer(shown), 'Send').disabled);
    expect(server.of('attachments.create')[0]?.params).toEqual({ name: 'a.png', size: 4, mime_type: 'image/png' });
    expect(uploads[0]?.method).toBe('PUT');
    expect(uploads[0]?.body).toBeInstanceOf(File);
    expect(new Headers(uploads[0]?.headers).get('X-Signature')).toBe('s');
  });

  test.each([
    [file('b.png', 'image/png', 11), 'b.png is larger than 10 B.'],
    [file('b.zip', 'application/zip'), 'b.zip is not a kind of file that is accepted here.'],
  ])('too large or of another kind are refused with the reason', async (wrong, reason) => {
    const shown = await show({ api: direct, composer: { attachments } }, answered());
    await shown.element.setComposerValue({ files: [wrong] });
    await until(() => composer(shown).querySelector('.problem'));
    expect(find(composer(shown), '.problem').innerText.trim()).toBe(reason);
    expect(shown.server.of('/upload')).toHaveLength(0);
  });

  test('that were removed are forgotten by the server; a failed one can be tried again', async () => {
    const ok = Response.json({ type: 'file', id: 'f1', name: 'a.txt', mime_type: 'text/plain' });
    const server = answered().on('/upload', Response.json({}, { status: 500 }), ok).on('attachments.delete', Response.json({}));
    const shown = await show({ api: direct, composer: { attachments } }, server);
    await shown.element.setComposerValue({ files: [file('a.txt', 'text/plain')] });
    await until(() => composer(shown).querySelector('.upload.failed'));
    button(composer(shown), 'Try again').click();
    await until(() => !composer(shown).querySelector('.upload.failed, .spinner'));
    button(composer(shown), 'Remove a.txt').click();
    await until(() => server.of('attachments.delete').length === 1);
    expect(server.of('attachments.delete')[0]?.params).toEqual({ attachment_id: 'f1' });
    expect(composer(shown).querySelector('.upload')).toBeNull();
  });

  test('that are on their way are called back when they are removed', async () => {
    let signal: AbortSignal | null | undefined;
    const server = answered().on('/upload', (_, init) => new Promise((_, reject) => (signal = init.signal)?.addEventListener('abort', () => reject(signal?.reason))));
    const shown = await show({ api: direct, composer: { attachments } }, server);
    await shown.element.setComposerValue({ text: 'Hi', files: [file('a.txt', 'text/plain')] });
    await until(() => composer(shown).querySelector('[aria-label="Uploading a.txt"]') && signal);
    expect(button(composer(shown), 'Send').disabled).toBe(true);
    button(composer(shown), 'Remove a.txt').click();
    await until(() => !composer(shown).querySelector('.upload'));
    expect(signal?.aborted).toBe(true);
    expect(server.of('attachments.delete')).toHaveLength(0);
    expect(composer(shown).querySelector('.problem')).toBeNull();
    expect(shown.events.filter((event) => event.type === 'error')).toEqual([]);
    await until(() => !button(composer(shown), 'Send').disabled);
  });

  test('are taken from a paste and from a drop anywhere', async () => {
    const server = answered().on('/upload', () => Response.json({ type: 'file', id: `f${Math.random()}`, name: 'x', mime_type: 'text/plain' }));
    const shown = await show({ api: direct, composer: { attachments } }, server);
    const pasted = new DataTransfer();
    pasted.items.add(file('p.txt', 'text/plain'));
    find(composer(shown), '.editor').dispatchEvent(new ClipboardEvent('paste', { clipboardData: pasted, bubbles: true, cancelable: true }));
    await until(() => composer(shown).querySelectorAll('.upload').length === 1);
    const dropped = new DataTransfer();
    dropped.items.add(file('d.txt', 'text/plain'));
    const frame = find(shown.root, '.frame');
    frame.dispatchEvent(new DragEvent('dragover', { dataTransfer: dropped, bubbles: true, cancelable: true }));
    await until(() => shown.root.querySelector('.drop-hint'));
    frame.dispatchEvent(new DragEvent('drop', { dataTransfer: dropped, bubbles: true, cancelable: true }));
    await until(() => composer(shown).querySelectorAll('.upload').length === 2);
    expect(shown.root.querySelector('.drop-hint')).toBeNull();
  });

  test('a very long paste becomes one', async () => {
    const shown = await show({ api: direct, composer: { attachments: { enabled: true } } }, answered());
    const pasted = new DataTransfer();
    pasted.setData('text/plain', 'word '.repeat(2000));
    find(composer(shown), '.editor').dispatchEvent(new ClipboardEvent('paste', { clipboardData: pasted, bubbles: true, cancelable: true }));
    await until(() => composer(shown).querySelector('.upload'));
    expect(find(composer(shown), '.upload .name').textContent).toBe('pasted-text.txt');
    expect(find(composer(shown), '.editor').textContent).toBe('');
  });
});

describe('tools and models', () => {
  const tools = [
    { id: 'search', label: 'Search the web', shortLabel: 'Search', icon: 'globe', placeholderOverride: 'Search for …' },
    { id: 'deep', label: 'Think longer', icon: 'lightbulb', pinned: true, persistent: true },
  ];
  const models = [{ id: 'a', label: 'Fast' }, { id: 'b', label: 'Careful', description: 'Takes longer', default: true }, { id: 'c', label: 'Soon', disabled: true }];

  test('a tool is chosen from the menu, goes with the message, and is let go unless it is persistent', async () => {
    const shown = await show({ composer: { tools, models } }, answered());
    button(composer(shown), 'Add files and tools').click();
    await until(() => composer(shown).querySelector('[role=menuitemradio]'));
    find(composer(shown), '[role=menuitemradio]').click();
    await until(() => find(composer(shown), '.editor').dataset.placeholder === 'Search for …');
    type(shown, 'ocelots');
    await until(() => !button(composer(shown), 'Send').disabled);
    press(find(composer(shown), '.editor'), 'Enter');
    await until(() => sent(shown));
    expect(sent(shown).inference_options).toEqual({ tool_choice: { id: 'search' }, model: 'b' });
    expect(shown.events.filter((event) => event.type === 'tool.change').map((event) => event.detail.toolId)).toEqual(['search', null]);
  });

  test('a model is chosen with the keyboard, and the focus comes back', async () => {
    const shown = await show({ composer: { models } }, answered());
    const opener = find(composer(shown), '[data-opens=model]');
    opener.click();
    await until(() => composer(shown).activeElement?.ariaChecked === 'true');
    press(composer(shown).activeElement as Element, 'ArrowUp');
    expect(composer(shown).activeElement?.textContent?.trim()).toBe('Fast');
    (composer(shown).activeElement as HTMLElement).click();
    await until(() => opener.innerText.trim() === 'Fast');
    expect(composer(shown).activeElement).toBe(opener);
  });

  test('the page chooses and clears', async () => {
    const shown = await show({ composer: { tools, models } }, answered());
    await shown.element.setComposerValue({ text: 'Hi', selectedToolId: 'deep', selectedModelId: 'a' });
    await until(() => !button(composer(shown), 'Send').disabled);
    button(composer(shown), 'Send').click();
    await until(() => sent(shown));
    expect(sent(shown).inference_options).toEqual({ tool_choice: { id: 'deep' }, model: 'a' });
    await shown.element.setComposerValue({ selectedToolId: null });
    expect(shown.events.filter((event) => event.type === 'tool.change').map((event) => event.detail.toolId)).toEqual(['deep', null]);
  });
});

describe('mentions and commands', () => {
  const found = [
    { id: 'e1', title: 'Ada Lovelace', group: 'People', icon: 'user', interactive: true, data: { role: 'author' } },
    { id: 'e2', title: 'Analytical Engine', group: 'Machines' },
  ];

  test('an @ offers entities, arrows move, Enter takes one, Backspace removes it whole', async () => {
    const asked: string[] = [];
    const shown = await show({ entities: { onTagSearch: async (query: string) => (asked.push(query), found) } }, answered());
    const editor = type(shown, 'Ask @a');
    await until(() => composer(shown).querySelectorAll('[role=option]').length === 2);
    expect(asked.at(-1)).toBe('a');
    expect(editor.role).toBe('combobox');
    expect(editor.getAttribute('aria-activedescendant')).toBe('suggestion-0');
    press(editor, 'ArrowDown');
    await until(() => editor.getAttribute('aria-activedescendant') === 'suggestion-1');
    press(editor, 'ArrowUp');
    press(editor, 'Enter');
    await until(() => editor.querySelector('[data-tag]'));
    expect(composer(shown).querySelector('[role=listbox]')).toBeNull();
    document.execCommand('insertText', false, 'please');
    await until(() => !button(composer(shown), 'Send').disabled);
    press(editor, 'Enter');
    await until(() => sent(shown));
    expect(sent(shown).content).toEqual([
      { type: 'input_text', text: 'Ask ' },
      { type: 'input_tag', id: 'e1', text: 'Ada Lovelace', data: { role: 'author' }, group: 'People', interactive: true },
      { type: 'input_text', text: ' please' },
    ]);
  });

  test('what was taken is one letter for Backspace, and offers stand in their groups', async () => {
    const shown = await show({ entities: { onTagSearch: async () => found } }, answered());
    const editor = type(shown, 'Ask @a');
    await until(() => composer(shown).querySelectorAll('[role=option]').length === 2);
    expect([...composer(shown).querySelectorAll('[role=group]')].map((group) => group.ariaLabel)).toEqual(['People', 'Machines']);
    await userEvent.keyboard('{Tab}');
    await until(() => editor.querySelector('[data-tag]'));
    await userEvent.keyboard('{Backspace}');
    expect(editor.textContent).toContain('Ada Lovelace');
    await userEvent.keyboard('{Backspace}');
    expect(editor.querySelector('[data-tag]')).toBeNull();
    expect(editor.textContent?.trim()).toBe('Ask');
  });

  test('Escape closes the offers and keeps the text', async () => {
    const shown = await show({ entities: { onTagSearch: async () => found } });
    const editor = type(shown, '@a');
    await until(() => composer(shown).querySelector('[role=option]'));
    press(editor, 'Escape');
    await until(() => !composer(shown).querySelector('[role=option]'));
    expect(editor.textContent).toBe('@a');
  });

  test('a / at the start offers commands, which may open further ones', async () => {
    const chosen: string[] = [];
    const commands = {
      enabled: true,
      onSearch: async () => [{ id: 'more', label: 'More' }],
      onSelect: async ({ id }: { id: string }) => (chosen.push(id), id === 'more' ? { type: 'menu', commands: [{ id: 'last', label: 'Last' }] } : undefined),
    };
    const shown = await show({ commands });
    const editor = type(shown, '/m');
    await until(() => composer(shown).querySelector('[role=option]')?.textContent?.includes('More'));
    press(editor, 'Enter');
    await until(() => composer(shown).querySelector('[role=option]')?.textContent?.includes('Last'));
    press(editor, 'Enter');
    await until(() => chosen.length === 2);
    await until(() => editor.textContent === '');
    expect(chosen).toEqual(['more', 'last']);
  });
});
