import { describe, expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import type { ChatKitHost } from '../../src/element/chatkit-host.ts';
import { ScriptedServer, stream } from '../core/server.ts';
import { button, composer, find, press, show, type, until } from './chat.ts';

const created = { type: 'thread.created', thread: { id: 'thr_1', title: 'T' } };
const question = (text = 'Hi'): object => ({ type: 'thread.item.done', item: { type: 'user_message', id: 'u1', content: [{ type: 'input_text', text }], attachments: [] } });
const said = (text: string, id = 'a1', annotations: object[] = []): object => ({ type: 'thread.item.done', item: { type: 'assistant_message', id, content: [{ type: 'output_text', text, annotations }] } });
const page = (...items: object[]): Response => Response.json({ id: 'thr_1', title: 'T', items: { data: items, has_more: false } });
const answering = (...events: object[]): ScriptedServer => new ScriptedServer().on('threads.create', stream([created, question(), ...events]));
const transcript = (root: ShadowRoot): string => [...root.querySelectorAll('.prose')].map((each) => (each as HTMLElement).innerText.trim()).join('|');

describe('ready', () => {
  test('waits for a listener that comes after the options', async () => {
    document.body.replaceChildren();
    const element = document.createElement('chatkit-host') as ChatKitHost;
    document.body.append(element);
    element.setOptions({ api: { url: '/chatkit', fetch: new ScriptedServer().fetch } });
    await element.updateComplete;
    await new Promise((resolve) => setTimeout(resolve, 30));
    let count = 0;
    element.addEventListener('chatkit.ready', () => (count += 1));
    await until(() => count > 0, 'ready');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(count).toBe(1);
  });

  test('methods called before the options are carried out after them', async () => {
    document.body.replaceChildren();
    const element = document.createElement('chatkit-host') as ChatKitHost;
    document.body.append(element);
    const server = answering(said('Early'));
    const sending = element.sendUserMessage({ text: 'Hi' });
    element.setOptions({ api: { url: '/chatkit', fetch: server.fetch } });
    await sending;
    expect(server.of('threads.create')).toHaveLength(1);
  });
});

describe('options', () => {
  test.each([
    [undefined, /needs an object/],
    [{}, /`api` is missing/],
    [{ api: { url: '' } }, /`api.url`/],
    [{ api: { getClientSecret: () => {} } }, /hosted by OpenAI/],
    [{ api: { url: '/x' }, theme: 'blue' }, /`theme`/],
    [{ api: { url: '/x' }, composer: { attachments: { enabled: true } } }, /uploadStrategy/],
  ])('%j is refused with a reason', (options, reason) => {
    const element = document.createElement('chatkit-host') as ChatKitHost;
    let told: Error | undefined;
    element.addEventListener('chatkit.error', (event: CustomEvent) => (told = event.detail.error));
    expect(() => element.setOptions(options)).toThrow(reason);
    expect(told).toBeInstanceOf(Error);
  });

  test('new ones replace all, and thread, draft and answers stay', async () => {
    const shown = await show({ header: { title: { text: 'Mine' } }, theme: 'dark' }, answering(said('Hello')));
    await shown.element.sendUserMessage({ text: 'Hi' });
    await until(() => transcript(shown.root) === 'Hello');
    type(shown, 'a draft');
    shown.element.setOptions({ api: { url: '/chatkit', fetch: shown.server.fetch } });
    await shown.element.updateComplete;
    expect(find(shown.root, '.header h2').textContent?.trim()).toBe('T');
    expect(find(shown.root, '.frame').style.colorScheme).toBe('light');
    expect(find(composer(shown), '.editor').textContent).toBe('a draft');
    expect(shown.element.threadId).toBe('thr_1');
  });

  test('a theme becomes variables, and a wrong accent is ignored', async () => {
    const { root } = await show({ theme: { colorScheme: 'dark', radius: 'sharp', density: 'compact', typography: { baseSize: 18 }, color: { accent: { primary: '#ffee00', level: 1 }, grayscale: { hue: 200, tint: 4 } } } });
    const style = getComputedStyle(find(root, '.frame'));
    expect(style.getPropertyValue('--ck-radius-large')).toBe('0px');
    expect(style.fontSize).toBe('18px');
    expect(style.getPropertyValue('--ck-on-accent')).toBe('black');
    expect(style.getPropertyValue('--ck-hue')).toBe('200');
    const other = await show({ theme: { color: { accent: { primary: 'nonsense', level: 1 } } } });
    expect(find(other.root, '.frame').style.getPropertyValue('--ck-accent')).toBe('');
  });

  test('the first thread is loaded once, and its events come in order', async () => {
    const server = new ScriptedServer().on('threads.get_by_id', page((question() as any).item, (said('Old') as any).item));
    const shown = await show({ initialThread: 'thr_1' }, server);
    await until(() => transcript(shown.root) === 'Old');
    shown.element.setOptions({ api: { url: '/chatkit', fetch: server.fetch }, initialThread: 'thr_2' });
    await shown.element.updateComplete;
    expect(server.of('threads.get_by_id')).toHaveLength(1);
    expect(shown.events.map((event) => event.type).filter((each) => each !== 'ready')).toEqual(['thread.change', 'thread.load.start', 'thread.load.end']);
  });

  test('the language is the only one that is asked for', async () => {
    const shown = await show({ locale: 'fr-CA' }, answering(said('Oui')));
    await shown.element.sendUserMessage({ text: 'Hi' });
    expect(shown.server.asked.map((asked) => asked.headers.get('accept-language'))).toEqual(shown.server.asked.map(() => 'fr-CA'));
  });
});

describe('methods', () => {
  test('events of an answer come in the documented order', async () => {
    const shown = await show({}, answering({ type: 'client_effect', name: 'glow', data: { a: 1 } }, said('Hello')));
    await shown.element.sendUserMessage({ text: 'Hi', toolChoice: { id: 't' }, model: 'm', reply: 'quoted' });
    await until(() => shown.events.at(-1)?.type === 'response.end');
    expect(shown.events.map((event) => event.type)).toEqual(['ready', 'response.start', 'thread.change', 'effect', 'response.end']);
    expect(shown.server.of('threads.create')[0]?.params.input).toEqual({
      content: [{ type: 'input_text', text: 'Hi' }],
      attachments: [],
      quoted_text: 'quoted',
      inference_options: { tool_choice: { id: 't' }, model: 'm' },
    });
  });

  test('sending is refused while an answer is written, and when the server refuses', async () => {
    const busy = new ScriptedServer().on('threads.create', (_, init) => stream([created, question()], { end: 'open', signal: init.signal as AbortSignal }));
    const shown = await show({}, busy);
    await shown.element.sendUserMessage({ text: 'Hi' });
    await expect(shown.element.sendUserMessage({ text: 'Two' })).rejects.toThrow(/still being written/);
    await expect(shown.element.setThreadId('x')).rejects.toThrow(/still being written/);
    await shown.element.stopResponse();
    const refusing = await show({}, new ScriptedServer().on('threads.create', Response.json({ error: { code: 'forbidden', message: 'No.' } }, { status: 403 })));
    await expect(refusing.element.sendUserMessage({ text: 'Hi' })).rejects.toThrow('No.');
    expect(refusing.events.filter((event) => event.type === 'error').map((event) => event.detail.error.message)).toEqual(['No.']);
  });

  test('history opens, lists, renames, deletes and closes', async () => {
    const threads = [{ id: 'thr_1', title: 'One', created_at: new Date().toISOString() }, { id: 'thr_2', title: null, created_at: '2020-01-01T00:00:00' }];
    const server = new ScriptedServer()
      .on('threads.list', Response.json({ data: threads, has_more: false }))
      .on('threads.update', Response.json({ id: 'thr_1' }))
      .on('threads.delete', Response.json({}))
      .on('threads.get_by_id', page());
    const shown = await show({}, server);
    await shown.element.showHistory();
    const panel = (): ShadowRoot => find(shown.root, 'chatkit-host-history').shadowRoot as ShadowRoot;
    await until(() => panel().querySelectorAll('li').length === 2);
    expect([...panel().querySelectorAll('.group')].map((each) => each.textContent)).toEqual(['Today', 'Older']);
    button(panel(), 'More actions: One').click();
    await until(() => panel().querySelector('[role=menuitem]'));
    (panel().querySelector('[role=menuitem]') as HTMLElement).click();
    await until(() => panel().querySelector('.rename'));
    find<HTMLInputElement>(panel(), '.rename').value = 'Renamed';
    find<HTMLFormElement>(panel(), 'form').requestSubmit();
    await until(() => server.of('threads.update').length === 1);
    expect(server.of('threads.update')[0]?.params).toEqual({ thread_id: 'thr_1', title: 'Renamed' });
    button(panel(), 'More actions: New conversation').click();
    await until(() => panel().querySelectorAll('[role=menuitem]').length === 2);
    (panel().querySelectorAll('[role=menuitem]')[1] as HTMLElement).click();
    await until(() => panel().querySelector('.confirm'));
    button(panel(), 'Delete').click();
    await until(() => server.of('threads.delete').length === 1);
    press(find(panel(), '.panel'), 'Escape');
    await until(() => !shown.root.querySelector('chatkit-host-history'));
    expect(shown.events.filter((event) => event.type.startsWith('history')).map((event) => event.type)).toEqual(['history.open', 'history.close']);
  });

  test('fetchUpdates changes what changed and nothing else', async () => {
    const items = (text: string): Response => page((question() as any).item, (said('Same', 'a0') as any).item, (said(text) as any).item);
    const shown = await show({ initialThread: 'thr_1' }, new ScriptedServer().on('threads.get_by_id', items('Old'), items('New')));
    await until(() => transcript(shown.root) === 'Same|Old');
    const kept = find(shown.root, '.prose');
    await shown.element.fetchUpdates();
    await until(() => transcript(shown.root) === 'Same|New');
    expect(find(shown.root, '.prose')).toBe(kept);
  });

  test('an action of the page reaches the server with its item', async () => {
    const server = new ScriptedServer().on('threads.get_by_id', page()).on('threads.custom_action', stream([said('Done')]));
    const shown = await show({ initialThread: 'thr_1' }, server);
    await until(() => shown.events.some((event) => event.type === 'thread.load.end'));
    await shown.element.sendCustomAction({ type: 'go', payload: { n: 1 } }, 'w1');
    expect(server.of('threads.custom_action')[0]?.params).toEqual({ thread_id: 'thr_1', item_id: 'w1', action: { type: 'go', payload: { n: 1 } } });
  });
});

describe('items', () => {
  test('a widget’s button acts once, is busy meanwhile, and a client action goes to the page', async () => {
    const widget = {
      type: 'widget',
      id: 'w1',
      widget: { type: 'Card', children: [
        { type: 'Button', label: 'Server', onClickAction: { type: 'go', payload: { a: 1 } } },
        { type: 'Button', label: 'Client', onClickAction: { type: 'here', handler: 'client' } },
      ] },
    };
    const heard: unknown[] = [];
    const server = answering({ type: 'thread.item.done', item: widget }).on('threads.custom_action', async () => {
      await new Promise((resolve) => setTimeout(resolve, 80));
      return stream([said('Acted', 'a9')]);
    });
    const shown = await show({ widgets: { onAction: async (action: unknown, item: { id: string }) => heard.push([action, item.id]) } }, server);
    await shown.element.sendUserMessage({ text: 'Hi' });
    await until(() => [...shown.root.querySelectorAll('button')].some((each) => each.textContent?.includes('Server')));
    await until(() => !shown.element.isResponding);
    const press = [...shown.root.querySelectorAll('button')].find((each) => each.textContent?.includes('Server')) as HTMLButtonElement;
    press.click();
    press.click();
    await until(() => transcript(shown.root) === 'Acted');
    expect(server.of('threads.custom_action').map((asked) => asked.params)).toEqual([{ thread_id: 'thr_1', item_id: 'w1', action: { type: 'go', payload: { a: 1 } } }]);
    await until(() => !shown.element.isResponding);
    ([...shown.root.querySelectorAll('button')].find((each) => each.textContent?.includes('Client')) as HTMLButtonElement).click();
    await until(() => heard.length === 1);
    expect(heard).toEqual([[{ type: 'here' }, 'w1']]);
  });

  test('a client tool is asked and its result is sent back', async () => {
    const call = { type: 'thread.item.done', item: { type: 'client_tool_call', id: 'c1', call_id: 'k', name: 'pick', arguments: { n: 1 }, status: 'pending' } };
    const server = answering(call).on('threads.add_client_tool_output', stream([said('Thanks')]));
    const shown = await show({ onClientTool: ({ name, params }: { name: string; params: object }) => ({ name, params }) }, server);
    await shown.element.sendUserMessage({ text: 'Hi' });
    await until(() => transcript(shown.root) === 'Thanks');
    expect(server.of('threads.add_client_tool_output')[0]?.params).toEqual({ thread_id: 'thr_1', result: { name: 'pick', params: { n: 1 } } });
  });

  test('structured input takes the composer’s place and sends every answer', async () => {
    const item = { type: 'structured_input', id: 's1', status: 'pending', inputs: [
      { type: 'multiple_choice', id: 'size', question: 'Size?', options: [{ value: 'S' }, { value: 'M' }] },
      { type: 'freeform', id: 'notes', question: 'Notes?' },
    ] };
    const server = answering({ type: 'thread.item.done', item }).on('threads.add_structured_input', stream([said('Got it')]));
    const shown = await show({}, server);
    await shown.element.sendUserMessage({ text: 'Hi' });
    await until(() => shown.root.querySelector('chatkit-host-questions')?.shadowRoot?.querySelector('legend'));
    const form = find(shown.root, 'chatkit-host-questions').shadowRoot as ShadowRoot;
    expect(find(shown.root, 'chatkit-host-composer').hidden).toBe(true);
    (form.querySelectorAll('input[type=radio]')[1] as HTMLInputElement).click();
    await until(() => !button(form, 'Next').disabled);
    button(form, 'Next').click();
    await until(() => find(form, 'legend').textContent === 'Notes?');
    button(form, 'Skip').click();
    await until(() => transcript(shown.root) === 'Got it');
    expect(server.of('threads.add_structured_input')[0]?.params).toEqual({
      thread_id: 'thr_1',
      item_id: 's1',
      input: { status: 'answered', answers: { size: { values: ['M'], skipped: false }, notes: { values: [], skipped: true } } },
    });
  });

  test('a workflow tells what is done, folds when it is, and stays as the reader left it', async () => {
    const workflow = (change: object): object => ({ type: 'workflow', id: 'w1', workflow: { type: 'reasoning', tasks: [{ type: 'thought', title: 'Weighing', content: 'Hm' }], expanded: false, ...change } });
    const shown = await show({}, answering({ type: 'thread.item.done', item: workflow({ summary: { duration: 72 } }) }, said('So')));
    await shown.element.sendUserMessage({ text: 'Hi' });
    await until(() => shown.root.querySelector('details.workflow'));
    const details = find<HTMLDetailsElement>(shown.root, 'details.workflow');
    expect(details.open).toBe(false);
    expect(find(details, 'summary').innerText.trim()).toBe('Thought for 1 min 12 sec');
    find(details, 'summary').click();
    await until(() => details.open);
    shown.element.setOptions({ api: { url: '/chatkit', fetch: shown.server.fetch }, locale: 'en' });
    await shown.element.updateComplete;
    expect(details.open).toBe(true);
    find(details, 'summary').focus();
    await userEvent.keyboard('{Enter}');
    await until(() => !details.open);
    await userEvent.keyboard(' ');
    await until(() => details.open);
    expect(find(details, '.task').innerText).toContain('Hm');
  });

  test('sources are numbered in the text and listed once below it', async () => {
    const source = (url: string): object => ({ type: 'annotation', index: 4, source: { type: 'url', url, title: url } });
    const shown = await show({}, answering(said('Text.', 'a1', [source('https://a.example/'), source('https://a.example/'), source('https://b.example/')])));
    await shown.element.sendUserMessage({ text: 'Hi' });
    await until(() => shown.root.querySelector('.sources'));
    expect(find(shown.root, '.sources .count').textContent).toBe('2');
    expect([...shown.root.querySelectorAll<HTMLAnchorElement>('.sources a')].map((link) => [link.href, link.rel])).toEqual([
      ['https://a.example/', 'noopener noreferrer'],
      ['https://b.example/', 'noopener noreferrer'],
    ]);
  });

  test('a closed thread has a banner, a locked one a composer that says why', async () => {
    const withStatus = (status: object): ScriptedServer => answering({ type: 'thread.updated', thread: { id: 'thr_1', status } });
    const closed = await show({}, withStatus({ type: 'closed', reason: 'All done' }));
    await closed.element.sendUserMessage({ text: 'Hi' });
    await until(() => closed.root.querySelector('.closed')?.textContent?.includes('All done'));
    expect(closed.root.querySelector('chatkit-host-composer')).toBeNull();
    const locked = await show({}, withStatus({ type: 'locked', reason: 'In review' }));
    await locked.element.sendUserMessage({ text: 'Hi' });
    await until(() => find(composer(locked), '.editor').dataset.placeholder === 'In review');
    expect(find(composer(locked), '.editor').contentEditable).toBe('false');
  });

  test('a deep link is told to the page, an image from elsewhere is not asked for', async () => {
    const shown = await show({}, answering(said('[open](chatkit-link://invoice?id=7) ![x](https://evil.invalid/x.png)')));
    await shown.element.sendUserMessage({ text: 'Hi' });
    await until(() => shown.root.querySelector('.prose a'));
    find(shown.root, '.prose a').click();
    await until(() => shown.events.some((event) => event.type === 'deeplink'));
    expect(shown.events.find((event) => event.type === 'deeplink')?.detail).toEqual({ name: 'invoice', data: { id: '7' } });
    expect(shown.root.querySelector('.prose img')).toBeNull();
    expect(performance.getEntriesByName('https://evil.invalid/x.png')).toEqual([]);
  });

  test('text of a model is never markup', async () => {
    const shown = await show({}, answering(said('<img src=x onerror="window.hacked=1"> <script>window.hacked=1</script> [x](javascript:window.hacked=1)')));
    await shown.element.sendUserMessage({ text: '<img src=x onerror="window.hacked=1">' });
    await until(() => transcript(shown.root).includes('script'));
    expect(shown.root.querySelector('.prose img, .prose script, .bubble img')).toBeNull();
    expect([...shown.root.querySelectorAll<HTMLAnchorElement>('.prose a')].filter((link) => link.href.startsWith('javascript'))).toEqual([]);
    expect((window as { hacked?: number }).hacked).toBeUndefined();
  });

  test('unknown items and events are left out without an error', async () => {
    const shown = await show({}, answering({ type: 'thread.item.done', item: { type: 'hologram', id: 'h1' } }, { type: 'thread.sparkled' }, said('Still here')));
    await shown.element.sendUserMessage({ text: 'Hi' });
    await until(() => transcript(shown.root) === 'Still here');
    expect(shown.events.filter((event) => event.type === 'error')).toEqual([]);
  });

  test('notices and errors say what to do', async () => {
    const server = answering({ type: 'notice', level: 'warning', title: 'Limit', message: 'Almost **full**' }, { type: 'error', code: 'custom', message: 'The oven is off.', allow_retry: true }).on('threads.retry_after_item', stream([said('Now it works')]));
    const shown = await show({}, server);
    await shown.element.sendUserMessage({ text: 'Hi' });
    await until(() => shown.root.querySelector('.notice.danger'));
    expect(find(shown.root, '.notice.warning strong').textContent).toBe('Limit');
    expect(find(shown.root, '.notice.danger').innerText).toContain('The oven is off.');
    button(find(shown.root, '.notice.danger'), 'Try again').click();
    await until(() => transcript(shown.root) === 'Now it works');
    expect(shown.root.querySelectorAll('article.question')).toHaveLength(1);
    expect(shown.root.querySelector('.notice.danger')).toBeNull();
  });

  test('a selection in what is finished survives what is written after it', async () => {
    let say = (_: object[]): void => {};
    const more = new Promise<object[]>((resolve) => (say = resolve));
    const opened = { type: 'thread.item.added', item: { type: 'assistant_message', id: 'a1', content: [{ type: 'output_text', text: 'First paragraph.\n\nSecond', annotations: [] }] } };
    const shown = await show({}, new ScriptedServer().on('threads.create', stream([created, question(), opened], { until: more })));
    await shown.element.sendUserMessage({ text: 'Hi' });
    await until(() => shown.root.querySelectorAll('.prose p').length === 2);
    const selection = (shown.root as unknown as { getSelection(): Selection }).getSelection();
    selection.selectAllChildren(find(shown.root, '.prose p'));
    say(Array.from({ length: 50 }, (_, at) => ({ type: 'thread.item.updated', item_id: 'a1', update: { type: 'assistant_message.content_part.text_delta', content_index: 0, delta: ` w${at}` } })));
    await until(() => transcript(shown.root).includes('w49'));
    expect(selection.toString().trim()).toBe('First paragraph.');
  });

  test('a picture that is drawn keeps its place, shows what is there, opens large, and Escape leads back to it', async () => {
    const dot = 'data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==';
    let say = (_: object[]): void => {};
    const more = new Promise<object[]>((resolve) => (say = resolve));
    const server = new ScriptedServer().on('threads.create', stream([created, question(), { type: 'thread.item.added', item: { type: 'generated_image', id: 'i1' } }, { type: 'thread.item.updated', item_id: 'i1', update: { type: 'generated_image.updated', image: { id: 'p1', url: `${dot}#part` }, progress: 0.4 } }], { until: more }));
    const shown = await show({}, server);
    await shown.element.sendUserMessage({ text: 'Hi' });
    await until(() => shown.root.querySelector('.drawing img'));
    const drawing = find(shown.root, '.drawing');
    const { width, height } = drawing.getBoundingClientRect();
    expect(drawing.classList).toContain('open');
    expect(find<HTMLProgressElement>(drawing, 'progress').value).toBe(0.4);
    say([{ type: 'thread.item.done', item: { type: 'generated_image', id: 'i1', image: { id: 'p2', url: dot } } }]);
    await until(() => !drawing.classList.contains('open'));
    expect([drawing.getBoundingClientRect().width, drawing.getBoundingClientRect().height]).toEqual([width, height]);
    expect(drawing.querySelector('progress')).toBeNull();
    find(drawing, 'button').focus();
    await userEvent.keyboard('{Enter}');
    await until(() => shown.root.querySelector('dialog.lightbox'));
    expect(find<HTMLDialogElement>(shown.root, 'dialog').open).toBe(true);
    await userEvent.keyboard('{Escape}');
    await until(() => !shown.root.querySelector('dialog'));
    expect(shown.root.activeElement).toBe(find(drawing, 'button'));
  });

  const manyItems = Array.from({ length: 2000 }, (_, at) => (at % 2 ? (said(`Answer **${at}** with some words`, `a${at}`) as any).item : { ...(question(`Question ${at}`) as any).item, id: `u${at}` }));

  test('a thread of two thousand rows shows its end at once and the rest when there is time', async () => {
    const { element, root } = await show({}, new ScriptedServer().on('threads.get_by_id', page(...manyItems)));
    const questions = (): NodeListOf<HTMLElement> => root.querySelectorAll('article.question');
    const viewport = find(root, '.viewport');
    await element.setThreadId('thr_1');
    await until(() => questions().length > 0);
    expect(questions().length).toBeLessThan(100);
    expect(find(root, '.exchange.last').innerText).toContain('Question 1998');
    expect(viewport.scrollHeight - viewport.clientHeight - viewport.scrollTop).toBeLessThanOrEqual(2);
    await until(() => questions().length === 1000);
    expect(questions()[0]?.textContent).toContain('Question 0');
    expect(viewport.scrollHeight - viewport.clientHeight - viewport.scrollTop).toBeLessThanOrEqual(2);
  });

  test('whoever reads further up stays there while earlier rows are drawn', async () => {
    const { element, root } = await show({}, new ScriptedServer().on('threads.get_by_id', page(...manyItems)));
    const viewport = find(root, '.viewport');
    await element.setThreadId('thr_1');
    await until(() => root.querySelectorAll('article.question').length > 0);
    viewport.dispatchEvent(new WheelEvent('wheel', { deltaY: -500 }));
    viewport.scrollTop -= 500;
    await new Promise((resolve) => setTimeout(resolve, 100));
    const read = [...root.querySelectorAll<HTMLElement>('.exchange')].find((each) => each.getBoundingClientRect().top > viewport.getBoundingClientRect().top) as HTMLElement;
    const { top } = read.getBoundingClientRect();
    await until(() => root.querySelectorAll('article.question').length === 1000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(Math.abs(read.getBoundingClientRect().top - top)).toBeLessThanOrEqual(2);
    viewport.scrollTop = 0;
    await until(() => viewport.scrollTop === 0 && (root.querySelector('.exchange') as HTMLElement).getBoundingClientRect().top >= viewport.getBoundingClientRect().top);
    expect(find(root, '.exchange').textContent).toContain('Question 0');
  });
});
