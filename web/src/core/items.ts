/** What a server sends, as the views may rely on it: every list is a list and every text a text, whatever was left out or is odd. */
import type { Annotation, Source, WidgetNode } from './contracts.ts';
import { type AssistantContent, type Attachment, type Item, type JsonRecord, type MessageContent, type StructuredAnswer, type StructuredInput, type Task, type ThreadMetadata, isRecord, isText } from './protocol.ts';

export function isItem(value: unknown): value is Item {
  return isRecord(value) && isText(value.id) && isText(value.type);
}

export function isNode(value: unknown): value is WidgetNode {
  return isRecord(value) && isText(value.type);
}

export function normalisedItems(items: unknown): Item[] {
  return Array.isArray(items) ? items.filter(isItem).map(normalised) : [];
}

export function normalised(item: Item): Item {
  switch (item.type) {
    case 'user_message':
      return { ...withTexts(item, 'quoted_text'), content: records(item.content).flatMap(asSaid), attachments: records(item.attachments).flatMap(asAttachment) };
    case 'assistant_message':
      return { ...item, content: records(item.content).map(asContent) };
    case 'workflow': {
      const workflow: JsonRecord = isRecord(item.workflow) ? item.workflow : {};
      const summary = isRecord(workflow.summary) ? withTexts(workflow.summary, 'title', 'icon') : null;
      if (summary && typeof summary.duration !== 'number') delete summary.duration;
      return { ...item, workflow: { ...workflow, type: isText(workflow.type) ? workflow.type : 'custom', tasks: records(workflow.tasks).map(asTask), summary } };
    }
    case 'task':
      return { ...item, task: asTask(isRecord(item.task) ? item.task : {}) };
    case 'structured_input':
      return { ...item, inputs: records(item.inputs).flatMap(asInput) };
    case 'widget':
      return { ...withTexts(item, 'copy_text'), widget: isNode(item.widget) ? item.widget : { type: 'Basic' } };
    case 'generated_image':
      return { ...item, image: isRecord(item.image) && isText(item.image.url) ? item.image : null };
    case 'client_tool_call':
      return { ...item, name: isText(item.name) ? item.name : '', arguments: isRecord(item.arguments) ? item.arguments : {} };
    default:
      return item;
  }
}

export function asThread(given: JsonRecord): Partial<ThreadMetadata> {
  // `items` of a thread event is an empty page, not the truth about the items.
  const { items: _, ...thread } = withTexts(given, 'title');
  if ('status' in thread && !(isRecord(thread.status) && isText(thread.status.type))) delete thread.status;
  if ('allowed_image_domains' in thread) thread.allowed_image_domains = texts(thread.allowed_image_domains);
  return thread;
}

export function asTask(given: JsonRecord): Task {
  const task = withTexts(given, 'title', 'icon', 'content', 'title_query');
  return {
    ...task,
    type: isText(task.type) ? task.type : 'custom',
    ...('queries' in task ? { queries: texts(task.queries) } : {}),
    ...('sources' in task ? { sources: records(task.sources).flatMap(asSource) } : {}),
  } as Task;
}

export function annotationsOf(given: unknown): Annotation[] {
  return records(given).flatMap(asAnnotation);
}

export function asAnnotation(given: JsonRecord): Annotation[] {
  const [source] = isRecord(given.source) ? asSource(given.source) : [];
  return source ? [{ ...given, source, index: typeof given.index === 'number' ? given.index : null }] : [];
}

function asSource(given: JsonRecord): Source[] {
  const source = withTexts(given, 'title', 'attribution', 'description', 'timestamp', 'group', 'icon', 'label', 'inline_label');
  const name = { url: 'url', file: 'filename', entity: 'id' }[String(source.type)];
  return name && isText(source[name]) ? [source as unknown as Source] : [];
}

function asContent(given: JsonRecord): AssistantContent {
  return { type: 'output_text', text: isText(given.text) ? given.text : '', annotations: annotationsOf(given.annotations) };
}

function asSaid(part: JsonRecord): MessageContent[] {
  if (!isText(part.text)) return [];
  if (part.type !== 'input_tag') return [{ type: 'input_text', text: part.text }];
  return isText(part.id) ? [{ ...withTexts(part, 'group'), data: isRecord(part.data) ? part.data : {} } as unknown as MessageContent] : [];
}

function asAttachment(given: JsonRecord): Attachment[] {
  if (!isText(given.id)) return [];
  const attachment = withTexts(given, 'preview_url', 'upload_url');
  return [{ ...attachment, type: given.type === 'image' ? 'image' : 'file', name: isText(given.name) ? given.name : '', mime_type: isText(given.mime_type) ? given.mime_type : '' } as Attachment];
}

function asInput(given: JsonRecord): StructuredInput[] {
  if (!isText(given.id)) return [];
  const input = withTexts(given, 'description');
  return [{
    ...input,
    type: isText(given.type) ? given.type : 'freeform',
    question: isText(given.question) ? given.question : '',
    options: records(given.options).filter((option): option is { value: string } => isText(option.value)),
    answer: isRecord(given.answer) ? asAnswer(given.answer) : null,
  } as StructuredInput];
}

function asAnswer(given: JsonRecord): StructuredAnswer {
  return { values: texts(given.values), skipped: given.skipped === true };
}

/** A copy in which these fields are texts, or null, or not there. */
function withTexts<T extends object>(given: T, ...names: string[]): T & JsonRecord {
  const copy = { ...given } as unknown as JsonRecord;
  for (const name of names) if (name in copy && copy[name] !== null && !isText(copy[name])) delete copy[name];
  return copy as T & JsonRecord;
}

function texts(given: unknown): string[] {
  return Array.isArray(given) ? given.filter(isText) : [];
}

function records(given: unknown): JsonRecord[] {
  return Array.isArray(given) ? given.filter(isRecord) : [];
}
