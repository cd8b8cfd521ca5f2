import { describe, expect, test } from 'vitest';
import type { Item, ServerEvent } from '../../src/core/protocol.ts';
import { EMPTY_THREAD, type ThreadView, applyEvent, closeTurn, reconcile } from '../../src/core/thread.ts';
import { randomFrom } from './random.ts';

const apply = (events: object[], view: ThreadView = EMPTY_THREAD): ThreadView =>
  events.reduce<ThreadView>((state, event) => applyEvent(state, event as ServerEvent), view);
const answer = (id: string, text = ''): Item => ({ type: 'assistant_message', id, content: [{ type: 'output_text', text, annotations: [] }] });
const question = (id: string, text = 'Hi'): Item => ({ type: 'user_message', id, content: [{ type: 'input_text', text }], attachments: [] });
const update = (id: string, change: object): object => ({ type: 'thread.item.updated', item_id: id, update: change });
const items = (view: ThreadView): Item[] => view.entries.map((entry) => entry.item);

test('an answer grows by its deltas and ends as the server says', () => {
  const view = apply([
    { type: 'thread.created', thread: { id: 't', items: { data: [] } } },
    { type: 'thread.item.done', item: question('u') },
    { type: 'thread.item.added', item: { type: 'assistant_message', id: 'a', content: [] } },
    update('a', { type: 'assistant_message.content_part.added', content_index: 0, content: { type: 'output_text', text: '', annotations: [] } }),
    update('a', { type: 'assistant_message.content_part.text_delta', content_index: 0, delta: 'Hel' }),
    update('a', { type: 'assistant_message.content_part.text_delta', content_index: 0, delta: 'lo' }),
  ]);
  expect(items(view)).toEqual([question('u'), answer('a', 'Hello')]);
  expect(view.entries.map((entry) => entry.open)).toEqual([false, true]);
  const done = apply([{ type: 'thread.item.done', item: answer('a', 'Hello!') }], view);
  expect(items(done)[1]).toEqual(answer('a', 'Hello!'));
  expect(done.entries[0]).toBe(view.entries[0]);
});

test('the row that was shown at once becomes the one the server confirms', () => {
  const view = { ...EMPTY_THREAD, entries: [{ item: question('pending_1'), open: false, pending: true }] };
  expect(apply([{ type: 'thread.item.done', item: question('u') }], view).entries).toEqual([{ item: question('u'), open: false }]);
});

test('annotations stay when a finished part comes without them', () => {
  const annotation = { type: 'annotation', source: { type: 'url', url: 'https://a.example', title: 'A' }, index: 3 };
  const view = apply([
    { type: 'thread.item.added', item: answer('a', 'Text') },
    update('a', { type: 'assistant_message.content_part.annotation_added', content_index: 0, annotation_index: 0, annotation }),
    update('a', { type: 'assistant_message.content_part.done', content_index: 0, content: { type: 'output_text', text: 'Text.', annotations: [] } }),
  ]);
  expect(items(view)[0]).toMatchObject({ content: [{ text: 'Text.', annotations: [annotation] }] });
});

test('tasks of a workflow are added and changed in place', () => {
  const view = apply([
    { type: 'thread.item.added', item: { type: 'workflow', id: 'w', workflow: { type: 'reasoning', tasks: [] } } },
    update('w', { type: 'workflow.task.added', task_index: 0, task: { type: 'thought', content: 'a' } }),
    update('w', { type: 'workflow.task.updated', task_index: 0, task: { type: 'thought', content: 'ab' } }),
    update('w', { type: 'workflow.task.added', task_index: 9, task: { type: 'thought', content: 'too far' } }),
  ]);
  expect(items(view)[0]).toMatchObject({ workflow: { tasks: [{ content: 'ab' }] } });
});

describe('widgets', () => {
  const root = { type: 'Card', children: [{ type: 'Text', id: 'x', value: 'a' }, { type: 'Row', children: [{ type: 'Text', id: 'y', value: '1' }] }] };
  const shown = apply([{ type: 'thread.item.added', item: { type: 'widget', id: 'w', widget: root } }]);
  const widget = (view: ThreadView): any => (view.entries[0]?.item as any).widget;

  test('a text grows by its component id and the rest stays the same object', () => {
    const next = widget(apply([update('w', { type: 'widget.streaming_text.value_delta', component_id: 'y', delta: '2', done: true })], shown));
    expect(next.children[1].children[0]).toMatchObject({ value: '12', streaming: false });
    expect(next.children[0]).toBe(root.children[0]);
  });

  test('a component and the root are replaced', () => {
    const changed = apply([update('w', { type: 'widget.component.updated', component_id: 'x', component: { type: 'Badge', label: 'n' } })], shown);
    expect(widget(changed).children[0]).toEqual({ type: 'Badge', label: 'n' });
    expect(widget(apply([update('w', { type: 'widget.root.updated', widget: { type: 'Basic' } })], shown))).toEqual({ type: 'Basic' });
  });
});

test('items are removed and replaced; an image shows its progress', () => {
  const view = apply([
    { type: 'thread.item.added', item: { type: 'generated_image', id: 'i' } },
    update('i', { type: 'generated_image.updated', image: { id: 'p', url: 'https://a.example/p.png' }, progress: 0.4 }),
    { type: 'thread.item.done', item: question('u') },
    { type: 'thread.item.replaced', item: question('u', 'New') },
    { type: 'thread.item.removed', item_id: 'nobody' },
  ]);
  expect(view.entries[0]).toMatchObject({ progress: 0.4, item: { image: { url: 'https://a.example/p.png' } } });
  expect(items(view)[1]).toEqual(question('u', 'New'));
  expect(apply([{ type: 'thread.item.removed', item_id: 'i' }], view).entries).toHaveLength(1);
});

test('progress, notices, errors and stream options reach the view', () => {
  const view = apply([
    { type: 'progress_update', text: 'Looking', icon: 'search' },
    { type: 'stream_options', stream_options: { allow_cancel: false } },
    { type: 'notice', level: 'odd', message: 'M' },
  ]);
  expect(view).toMatchObject({ progress: { text: 'Looking', icon: 'search' }, canCancel: false, notices: [{ level: 'info', message: 'M' }] });
  expect(apply([{ type: 'error', code: 'x', message: 'No', allow_retry: true }], view)).toMatchObject({
    progress: null,
    failure: { code: 'x', message: 'No', canRetry: true },
  });
});

test('a thread event does not empty the items', () => {
  const view = apply([{ type: 'thread.item.done', item: question('u') }, { type: 'thread.updated', thread: { id: 't', title: 'T', items: { data: [] } } }]);
  expect(view.thread).toEqual({ id: 't', title: 'T' });
  expect(view.entries).toHaveLength(1);
});

test('the end of a turn leaves nothing open and takes empty answers away', () => {
  const view = closeTurn(
    apply([
      { type: 'thread.item.added', item: answer('a', 'Half') },
      { type: 'thread.item.added', item: answer('b') },
      { type: 'thread.item.added', item: { type: 'workflow', id: 'w', workflow: { type: 'custom', tasks: [{ type: 'custom', status_indicator: 'loading' }] } } },
    ]),
    { stopped: true },
  );
  expect(view.entries.map((entry) => [entry.item.id, entry.open, entry.stopped])).toEqual([['a', false, true], ['w', false, true]]);
  expect(items(view)[1]).toMatchObject({ workflow: { tasks: [{ status_indicator: 'none' }] } });
});

test('reconciling keeps the entries that did not change', () => {
  const view = apply([{ type: 'thread.item.done', item: question('u') }, { type: 'thread.item.done', item: answer('a', 'old') }]);
  const next = reconcile(view, [question('u'), answer('a', 'new')]);
  expect(next.entries[0]).toBe(view.entries[0]);
  expect(items(next)[1]).toEqual(answer('a', 'new'));
});

test('ten thousand random orders of events never throw, mutate nothing and end with nothing open', () => {
  const random = randomFrom(20261121);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const odd = (): unknown => pick([null, undefined, 0, -1, 1e9, Number.NaN, '', 'x', [], {}, [null], { type: 7 }, { id: 'a' }, true]);
  const ids = ['a', 'b', 'c', 'w', 'x'];
  const types = ['user_message', 'assistant_message', 'client_tool_call', 'widget', 'generated_image', 'structured_input', 'task', 'workflow', 'end_of_turn', 'hologram'];
  const item = (): unknown => {
    const fields = ['content', 'attachments', 'workflow', 'widget', 'task', 'inputs', 'image', 'status', 'arguments'];
    const known: Record<string, unknown> = {
      content: [{ type: 'output_text', text: 't', annotations: [] }],
      workflow: { type: 'custom', tasks: [{ type: 'thought', content: '' }, odd()] },
      widget: { type: 'Card', children: [{ type: 'Text', id: 'x', value: 1 }, odd()] },
    };
    return {
      id: pick(ids),
      type: pick(types),
      ...Object.fromEntries(fields.filter(() => random() < 0.6).map((name) => [name, random() < 0.6 && known[name] ? known[name] : odd()])),
    };
  };
  const updates = ['assistant_message.content_part.added', 'assistant_message.content_part.text_delta', 'assistant_message.content_part.annotation_added', 'assistant_message.content_part.done', 'widget.streaming_text.value_delta', 'widget.component.updated', 'widget.root.updated', 'workflow.task.added', 'workflow.task.updated', 'generated_image.updated', 'new.kind'];
  const change = (): unknown => ({
    type: pick(updates),
    content_index: random() < 0.7 ? 0 : odd(),
    task_index: random() < 0.7 ? pick([0, 1]) : odd(),
    annotation_index: odd(),
    component_id: pick(ids),
    delta: random() < 0.7 ? 'd' : odd(),
    content: random() < 0.5 ? { text: 'c', annotations: odd() } : odd(),
    annotation: random() < 0.5 ? { source: { type: 'url', url: 'u' } } : odd(),
    task: random() < 0.5 ? { type: 'custom' } : odd(),
    component: random() < 0.5 ? { type: 'Text', id: 'x' } : odd(),
    widget: random() < 0.5 ? { type: 'Basic', children: odd() } : odd(),
    image: random() < 0.5 ? { id: 'i', url: 'u' } : odd(),
    progress: odd(),
  });
  const kinds = ['thread.created', 'thread.updated', 'thread.item.added', 'thread.item.done', 'thread.item.replaced', 'thread.item.removed', 'thread.item.updated', 'thread.item.updated', 'thread.item.updated', 'progress_update', 'stream_options', 'client_effect', 'error', 'notice', 'something.new'];
  const event = (): object => ({
    type: pick(kinds),
    thread: random() < 0.5 ? { id: 't' } : odd(),
    item: random() < 0.9 ? item() : odd(),
    item_id: random() < 0.9 ? pick(ids) : odd(),
    update: random() < 0.9 ? change() : odd(),
    text: odd(),
    stream_options: odd(),
    message: odd(),
  });
  for (let round = 0; round < 10_000; round++) {
    let view: ThreadView = EMPTY_THREAD;
    const length = 1 + Math.floor(random() * 12);
    for (let at = 0; at < length; at++) {
      const frozen = freeze(view);
      view = applyEvent(frozen, event() as ServerEvent);
    }
    const ended = closeTurn(freeze(view), { stopped: random() < 0.5 });
    expect(ended.entries.some((entry) => entry.open)).toBe(false);
    expect(new Set(ended.entries.map((entry) => entry.item.id)).size).toBe(ended.entries.length);
  }
});

/** Any change to what was given would throw. */
function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
}
