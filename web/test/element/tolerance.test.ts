import { expect, test } from 'vitest';
import { randomFrom } from '../core/random.ts';
import { ScriptedServer } from '../core/server.ts';
import { find, show } from './chat.ts';

const random = randomFrom(2026);
const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
const odd = (): unknown => pick<unknown>([null, undefined, '', 'text', 0, -1, 3.5, true, [], {}, [null], ['text'], [{}], [[]], { type: 'x' }, { type: 'url' }, { length: 3 }]);
const often = (usual: unknown): unknown => (random() < 0.6 ? usual : odd());

const source = (): unknown => often(pick([{ type: 'url', url: often('https://a.example/'), title: often('A') }, { type: 'file', filename: often('a.pdf') }, { type: 'entity', id: often('e'), title: often('E'), interactive: odd() }]));
const annotations = (): unknown => often([{ type: 'annotation', index: often(2), source: source() }, odd()]);
const task = (): unknown => often({ type: often('web_search'), title: often('Title'), icon: often('search'), content: often('Some *text*'), title_query: often('query'), queries: often(['one', odd()]), sources: often([source(), source()]), status_indicator: often('loading') });
const widget = (depth = 0): unknown => often({ type: often(pick(['Card', 'Text', 'Row', 'Chart', 'Select', 'Image', 'ListView', 'Form', 'Table'])), value: odd(), children: depth < 3 ? often([widget(depth + 1), widget(depth + 1)]) : odd(), data: odd(), series: odd(), options: odd(), src: odd(), size: odd(), confirm: odd(), status: odd() });
const fields: Record<string, () => object> = {
  user_message: () => ({ content: often([{ type: 'input_text', text: often('Hi') }, { type: 'input_tag', id: often('t'), text: often('Tag'), interactive: odd() }, odd()]), attachments: often([{ type: often('image'), id: 'f', name: often('n'), preview_url: often('/x.png') }]), quoted_text: odd() }),
  assistant_message: () => ({ content: often([{ type: 'output_text', text: often('An *answer*'), annotations: annotations() }, odd()]) }),
  workflow: () => ({ workflow: often({ type: often('custom'), tasks: often([task(), task()]), summary: often({ title: odd(), duration: odd(), icon: odd() }), expanded: odd() }) }),
  task: () => ({ task: task() }),
  widget: () => ({ widget: widget(), copy_text: odd() }),
  generated_image: () => ({ image: often({ id: 'i', url: often('/x.png') }) }),
  structured_input: () => ({ status: often(pick(['pending', 'answered'])), inputs: often([{ type: often('multiple_choice'), id: often('q'), question: often('Q?'), options: often([{ value: 'S' }, odd()]), multiple: odd(), answer: often({ values: often(['S']), skipped: odd() }) }]) }),
  client_tool_call: () => ({ status: odd(), name: odd(), arguments: odd() }),
  hologram: () => ({}),
};

test('whatever a server sends is shown or left out, and the chat goes on', async () => {
  const server = new ScriptedServer();
  const wrong: string[] = [];
  const noted = (event: ErrorEvent | PromiseRejectionEvent): void => {
    event.preventDefault();
    wrong.push(event instanceof ErrorEvent ? String(event.message) : String(event.reason?.stack ?? event.reason));
  };
  addEventListener('error', noted);
  addEventListener('unhandledrejection', noted);
  const shown = await show({ threadItemActions: { feedback: true, retry: true } }, server);
  for (let round = 0; round < 400 && wrong.length === 0; round += 1) {
    const items = Array.from({ length: 6 }, (_, at) => {
      const type = pick(Object.keys(fields));
      return { type, id: `i${round}_${at}`, ...(fields[type] as () => object)() };
    });
    const last = { type: 'assistant_message', id: `last${round}`, content: [{ type: 'output_text', text: `Round ${round}`, annotations: [] }] };
    const replies = (server as unknown as { replies: Map<string, Response[]> }).replies;
    replies.set('threads.get_by_id', [Response.json({ id: `t${round}`, title: odd(), status: odd(), allowed_image_domains: odd(), items: { data: [...items, last], has_more: false } })]);
    await shown.element.setThreadId(`t${round}`).catch((error: unknown) => wrong.push(`${error} ${JSON.stringify(items)}`));
    await shown.element.updateComplete.catch((error: unknown) => wrong.push(`${(error as Error).stack} ${JSON.stringify(items)}`));
    await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
    if (!find(shown.root, '.column').textContent?.includes(`Round ${round}`)) wrong.push(`nothing shown of ${JSON.stringify(items)}`);
  }
  removeEventListener('error', noted);
  removeEventListener('unhandledrejection', noted);
  expect(wrong.map((each) => each.slice(0, 1500))).toEqual([]);
}, 120_000);
