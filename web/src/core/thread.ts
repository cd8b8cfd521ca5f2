/** One thread as it is shown, and the pure function that applies what the server says to it. */
import type { WidgetNode } from './contracts.ts';
import { annotationsOf, asAnnotation, asTask, asThread, isItem, isNode, normalised } from './items.ts';
import { type AssistantContent, type Item, type Notice, type ServerEvent, type ThreadMetadata, type WorkflowItem, isRecord, isText } from './protocol.ts';

/** An item and how far it is. Frozen by convention: a change is a new entry, so views compare by identity. */
export interface Entry {
  item: Item;
  /** More of it is to come. */
  open: boolean;
  /** Sent by the user and not confirmed yet: its id is ours, not the server's. */
  pending?: boolean;
  /** The turn was stopped while this was being written. */
  stopped?: boolean;
  /** Of an image that is being drawn, 0 to 1. */
  progress?: number;
}

export interface Failure {
  code: string;
  message: string | null;
  canRetry: boolean;
  status?: number;
  /** Seconds after which the server may be asked again. */
  retryAfter?: number;
}

export interface ThreadView {
  thread: ThreadMetadata | null;
  entries: readonly Entry[];
  progress: { text: string; icon: string | null } | null;
  notices: readonly Notice[];
  failure: Failure | null;
  canCancel: boolean;
}

export const EMPTY_THREAD: ThreadView = {
  thread: null,
  entries: [],
  progress: null,
  notices: [],
  failure: null,
  canCancel: true,
};

/** Never throws and never mutates: what is unknown or malformed leaves the view as it is. */
export function applyEvent(view: ThreadView, event: ServerEvent): ThreadView {
  switch (event.type) {
    case 'thread.created':
    case 'thread.updated':
      return withThread(view, event.thread);
    case 'thread.item.added':
      return withItem(view, event.item, true);
    case 'thread.item.done':
    case 'thread.item.replaced':
      return withItem(view, event.item, false);
    case 'thread.item.removed':
      return isText(event.item_id) ? withoutItem(view, event.item_id) : view;
    case 'thread.item.updated':
      return isText(event.item_id) && isRecord(event.update) ? withUpdate(view, event.item_id, event.update) : view;
    case 'progress_update':
      return isText(event.text)
        ? { ...view, progress: { text: event.text, icon: isText(event.icon) ? event.icon : null } }
        : view;
    case 'stream_options':
      return isRecord(event.stream_options)
        ? { ...view, canCancel: event.stream_options.allow_cancel !== false }
        : view;
    case 'error':
      return {
        ...view,
        progress: null,
        failure: {
          code: isText(event.code) ? event.code : 'custom',
          message: isText(event.message) ? event.message : null,
          canRetry: event.allow_retry === true,
        },
      };
    case 'notice':
      return isText(event.message) ? { ...view, notices: [...view.notices, asNotice(event)] } : view;
    default:
      return view;
  }
}

/** After a stream has ended, however it ended: nothing spins for ever. */
export function closeTurn(view: ThreadView, options: { stopped: boolean }): ThreadView {
  const entries = view.entries
    .filter((entry) => !(entry.open && isEmptyAnswer(entry.item)))
    .map((entry) => (entry.open ? closed(entry, options.stopped) : entry.pending ? { ...entry, pending: false } : entry));
  const last = entries.at(-1);
  if (options.stopped && last?.item.type === 'assistant_message') entries[entries.length - 1] = { ...last, stopped: true };
  return { ...view, entries, progress: null, canCancel: true };
}

/** The server's items, keeping the entries that did not change so that nothing on the page is touched. */
export function reconcile(view: ThreadView, items: readonly Item[]): ThreadView {
  const known = new Map(view.entries.map((entry) => [entry.item.id, entry]));
  const entries = items.filter(isItem).map((item) => {
    const entry = known.get(item.id);
    if (entry && JSON.stringify(entry.item) === JSON.stringify(item)) return entry.open ? { ...entry, open: false } : entry;
    return { item, open: false };
  });
  return { ...view, entries };
}

function withThread(view: ThreadView, thread: unknown): ThreadView {
  if (!isRecord(thread) || !isText(thread.id)) return view;
  return { ...view, thread: { ...view.thread, ...(asThread(thread) as ThreadMetadata) } };
}

function withItem(view: ThreadView, given: unknown, open: boolean): ThreadView {
  if (!isItem(given)) return view;
  const item = normalised(given);
  const at = positionOf(view, item);
  const progress = item.type === 'end_of_turn' || view.progress === null ? view.progress : null;
  if (at < 0) return { ...view, progress, entries: [...view.entries, { item, open }] };
  return { ...view, progress, entries: view.entries.with(at, { item, open }) };
}

/** Where the item stands, or where the row stands that we showed before the server confirmed it. */
function positionOf(view: ThreadView, item: Item): number {
  const at = view.entries.findIndex((entry) => entry.item.id === item.id);
  if (at >= 0 || item.type !== 'user_message') return at;
  return view.entries.findIndex((entry) => entry.pending);
}

function withoutItem(view: ThreadView, id: string): ThreadView {
  const entries = view.entries.filter((entry) => entry.item.id !== id);
  return entries.length === view.entries.length ? view : { ...view, entries };
}

function withUpdate(view: ThreadView, id: string, update: Record<string, unknown>): ThreadView {
  const at = view.entries.findIndex((entry) => entry.item.id === id);
  const entry = view.entries[at];
  if (!entry) return view;
  const next = updated(entry, update);
  return next === entry ? view : { ...view, progress: null, entries: view.entries.with(at, next) };
}

function updated(entry: Entry, update: Record<string, unknown>): Entry {
  const { item } = entry;
  switch (item.type) {
    case 'assistant_message':
      return withContent(entry, item.content, update);
    case 'workflow':
      return withTask(entry, item, update);
    case 'widget': {
      const widget = updatedWidget(item.widget, update);
      return widget === item.widget ? entry : { ...entry, item: { ...item, widget } };
    }
    case 'generated_image': {
      if (update.type !== 'generated_image.updated' || !isRecord(update.image) || !isText(update.image.url)) return entry;
      const image = { id: String(update.image.id ?? ''), url: update.image.url };
      const progress = typeof update.progress === 'number' ? update.progress : undefined;
      return { ...entry, item: { ...item, image }, ...(progress === undefined ? {} : { progress }) };
    }
    default:
      return entry;
  }
}

function withContent(entry: Entry, parts: readonly AssistantContent[], update: Record<string, unknown>): Entry {
  const index = update.content_index;
  // A part far beyond the end is a server's mistake, not a reason to fill memory.
  if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index > parts.length) return entry;
  const part = parts[index] ?? { type: 'output_text', text: '', annotations: [] };
  const next = updatedPart(part, update);
  if (!next) return entry;
  const content = [...parts];
  content[index] = next;
  return { ...entry, item: { ...entry.item, content } as Item };
}

function updatedPart(part: AssistantContent, update: Record<string, unknown>): AssistantContent | null {
  switch (update.type) {
    case 'assistant_message.content_part.added':
      return isRecord(update.content) ? asContent(update.content, part) : null;
    case 'assistant_message.content_part.text_delta':
      return isText(update.delta) ? { ...part, text: part.text + update.delta } : null;
    case 'assistant_message.content_part.annotation_added': {
      const [annotation] = isRecord(update.annotation) ? asAnnotation(update.annotation) : [];
      if (!annotation) return null;
      const at = update.annotation_index;
      const annotations = [...part.annotations];
      const place = typeof at === 'number' && at >= 0 && at < annotations.length ? at : annotations.length;
      annotations[place] = annotation;
      return { ...part, annotations };
    }
    case 'assistant_message.content_part.done':
      return isRecord(update.content) ? asContent(update.content, part) : null;
    default:
      return null;
  }
}

/** A finished part may come without the annotations that were streamed before it: those are kept until the item is done. */
function asContent(given: Record<string, unknown>, before: AssistantContent): AssistantContent {
  const annotations = annotationsOf(given.annotations);
  return {
    type: 'output_text',
    text: isText(given.text) ? given.text : before.text,
    annotations: annotations.length > 0 ? annotations : before.annotations,
  };
}

function withTask(entry: Entry, item: WorkflowItem, update: Record<string, unknown>): Entry {
  if (update.type !== 'workflow.task.added' && update.type !== 'workflow.task.updated') return entry;
  const index = update.task_index;
  const { tasks } = item.workflow;
  if (!isRecord(update.task) || typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index > tasks.length) {
    return entry;
  }
  const next = [...tasks];
  next[index] = asTask(update.task);
  return { ...entry, item: { ...item, workflow: { ...item.workflow, tasks: next } } };
}

function updatedWidget(root: WidgetNode, update: Record<string, unknown>): WidgetNode {
  if (update.type === 'widget.root.updated') {
    return isNode(update.widget) ? update.widget : root;
  }
  const id = update.component_id;
  if (!isText(id)) return root;
  if (update.type === 'widget.component.updated') {
    const component = update.component;
    return isNode(component) ? changed(root, id, () => component) : root;
  }
  if (update.type === 'widget.streaming_text.value_delta' && isText(update.delta)) {
    const { delta } = update;
    return changed(root, id, (node) => ({
      ...node,
      value: (isText(node.value) ? node.value : '') + delta,
      streaming: update.done !== true,
    }));
  }
  return root;
}

/** The tree with one node changed; every branch without it stays the same object. */
function changed(node: WidgetNode, id: string, change: (node: WidgetNode) => WidgetNode): WidgetNode {
  if (node.id === id) return change(node);
  const { children } = node;
  if (Array.isArray(children)) {
    const next = children.map((child) => (isNode(child) ? changed(child, id, change) : child));
    return next.some((child, at) => child !== children[at]) ? { ...node, children: next } : node;
  }
  if (!isNode(children)) return node;
  const next = changed(children, id, change);
  return next === children ? node : { ...node, children: next };
}

function asNotice(event: ServerEvent): Notice {
  const level = event.level === 'warning' || event.level === 'danger' ? event.level : 'info';
  return { level, message: String(event.message), title: isText(event.title) ? event.title : null };
}

function closed(entry: Entry, stopped: boolean): Entry {
  const { item } = entry;
  const base = { ...entry, open: false, ...(stopped ? { stopped } : {}) };
  if (item.type !== 'workflow') return base;
  const tasks = item.workflow.tasks.map((task) =>
    task.status_indicator === 'loading' ? { ...task, status_indicator: 'none' as const } : task,
  );
  return { ...base, item: { ...item, workflow: { ...item.workflow, tasks } } };
}

function isEmptyAnswer(item: Item): boolean {
  if (item.type === 'assistant_message') return item.content.every((part) => part.text === '');
  if (item.type === 'generated_image') return !item.image;
  return item.type === 'workflow' && item.workflow.tasks.length === 0;
}
