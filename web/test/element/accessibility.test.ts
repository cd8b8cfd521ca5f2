import axe from 'axe-core';
import { describe, expect, test } from 'vitest';
import { ScriptedServer, stream } from '../core/server.ts';
import { type Shown, button, composer, find, show, type, until } from './chat.ts';

const item = (fields: object): object => ({ type: 'thread.item.done', item: fields });
const EVERYTHING = [
  { type: 'thread.created', thread: { id: 'thr_1', title: 'Everything' } },
  item({ type: 'user_message', id: 'u1', content: [{ type: 'input_text', text: 'Show me everything' }, { type: 'input_tag', id: 'e', text: 'Ada', data: {}, interactive: true }], attachments: [{ type: 'file', id: 'f', name: 'notes.txt', mime_type: 'text/plain' }], quoted_text: 'Quoted' }),
  item({ type: 'workflow', id: 'w1', workflow: { type: 'custom', expanded: true, tasks: [{ type: 'web_search', title_query: 'ocelots', queries: ['ocelot'], sources: [{ type: 'url', url: 'https://a.example/', title: 'A' }] }, { type: 'thought', title: 'Hm', content: 'Well.' }] } }),
  item({ type: 'assistant_message', id: 'a1', content: [{ type: 'output_text', text: '# Title\n\nSome **text** with `code`.\n\n```js\nlet x = 1;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- [x] done', annotations: [{ type: 'annotation', index: 20, source: { type: 'url', url: 'https://a.example/', title: 'A' } }] }] }),
  item({ type: 'widget', id: 'x1', widget: { type: 'Card', children: [{ type: 'Title', value: 'Card' }, { type: 'Text', value: 'Text' }, { type: 'Input', name: 'n', placeholder: 'Name' }, { type: 'Button', label: 'Go', onClickAction: { type: 'go' } }] } }),
  { type: 'notice', level: 'warning', title: 'Limit', message: 'Almost full' },
  { type: 'error', code: 'custom', message: 'The oven is off.', allow_retry: true },
];
const OPTIONS = {
  threadItemActions: { feedback: true, retry: true },
  api: { uploadStrategy: { type: 'direct', uploadUrl: '/upload' } },
  composer: { attachments: { enabled: true }, tools: [{ id: 't', label: 'Tool', icon: 'globe', pinned: true }], models: [{ id: 'm', label: 'Model' }] },
  entities: { onTagSearch: async () => [{ id: 'e', title: 'Ada', group: 'People' }], showComposerMenu: true },
  disclaimer: { text: 'Check **important** facts.' },
  startScreen: { prompts: [{ label: 'Begin', prompt: 'x', icon: 'star' }] },
};

async function complaints(shown: Shown): Promise<string[]> {
  await new Promise((resolve) => setTimeout(resolve, 400));
  // The document around the element belongs to the host page.
  const { violations } = await axe.run(shown.element, { rules: { region: { enabled: false } } });
  return violations.flatMap((each) => each.nodes.map((node) => `${each.id} ${node.target} ${node.failureSummary}`));
}

describe.each(['light', 'dark'])('axe finds nothing, %s', (theme) => {
  test('at the start, with open menus, in the conversation, in the history', async () => {
    const server = new ScriptedServer().on('threads.create', stream(EVERYTHING)).on('threads.list', Response.json({ data: [{ id: 'thr_1', title: 'One', created_at: new Date().toISOString() }], has_more: true, after: 'thr_1' }));
    const shown = await show({ ...OPTIONS, theme }, server);
    document.body.style.setProperty('background', theme === 'dark' ? '#111' : '#fff');
    expect(await complaints(shown)).toEqual([]);
    button(composer(shown), 'Add files and tools').click();
    await until(() => composer(shown).querySelector('.menu'));
    expect(await complaints(shown)).toEqual([]);
    button(composer(shown), 'Add files and tools').click();
    type(shown, '@a');
    await until(() => composer(shown).querySelector('[role=option]'));
    expect(await complaints(shown)).toEqual([]);
    await shown.element.setComposerValue({ text: '' });
    await shown.element.sendUserMessage({ text: 'Hi' });
    await until(() => shown.root.querySelector('.notice.danger') && shown.root.querySelector('input[name=n]'));
    expect(await complaints(shown)).toEqual([]);
    await shown.element.showHistory();
    await until(() => shown.root.querySelector('chatkit-host-history')?.shadowRoot?.querySelector('li'));
    expect(await complaints(shown)).toEqual([]);
  });
});

test('Arabic runs from right to left, and code in it from left to right', async () => {
  const text = 'مرحبا\n\n```js\nlet x = 1;\n```';
  const server = new ScriptedServer().on('threads.create', stream([{ type: 'thread.created', thread: { id: 't' } }, item({ type: 'user_message', id: 'u', content: [{ type: 'input_text', text: 'سؤال' }], attachments: [] }), item({ type: 'workflow', id: 'w', workflow: { type: 'custom', expanded: true, tasks: [{ type: 'thought', title: 'فكرة' }] } }), item({ type: 'assistant_message', id: 'a', content: [{ type: 'output_text', text, annotations: [] }] })]));
  const shown = await show({ locale: 'ar' }, server);
  await until(() => composer(shown).querySelector('.send')?.ariaLabel === 'إرسال');
  await shown.element.sendUserMessage({ text: 'سؤال' });
  await until(() => shown.root.querySelector('.prose pre'));
  const direction = (selector: string): string => getComputedStyle(find(shown.root, selector)).direction;
  expect([direction('.frame'), direction('.prose p'), direction('.prose pre')]).toEqual(['rtl', 'rtl', 'ltr']);
  const [bubble, frame] = ['.bubble', '.column'].map((selector) => find(shown.root, selector).getBoundingClientRect()) as [DOMRect, DOMRect];
  expect(bubble.left - frame.left).toBeLessThan(frame.right - bubble.right);
  const fold = find(shown.root, '.workflow .fold');
  expect(getComputedStyle(find(fold, '.icon')).transform).toBe('matrix(-1, 0, 0, 1, 0, 0)');
  await until(() => getComputedStyle(fold).rotate === '-90deg');
  const [send, editor] = ['.send', '.editor'].map((selector) => find(composer(shown), selector).getBoundingClientRect()) as [DOMRect, DOMRect];
  expect(send.left).toBeLessThan(editor.left);
});

test('an answer is announced once, and not while it is written', async () => {
  const deltas = Array.from({ length: 40 }, (_, at) => ({ type: 'thread.item.updated', item_id: 'a', update: { type: 'assistant_message.content_part.text_delta', content_index: 0, delta: `w${at} ` } }));
  const server = new ScriptedServer().on('threads.create', stream([{ type: 'thread.created', thread: { id: 't' } }, { type: 'thread.item.added', item: { type: 'assistant_message', id: 'a', content: [] } }, ...deltas]));
  const shown = await show({ locale: 'en' }, server);
  const place = find(shown.root, '[aria-live=polite]');
  const told: string[] = [];
  new MutationObserver(() => told.push(place.textContent ?? '')).observe(place, { childList: true, characterData: true, subtree: true });
  await shown.element.sendUserMessage({ text: 'Hi' });
  await until(() => told.some((each) => each.includes('w39')));
  expect(told.length).toBeLessThanOrEqual(2);
  expect(find(shown.root, '[role=log]').ariaLive).toBe('off');
});
