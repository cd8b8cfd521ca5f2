/** The rows of a thread as people see them: a question and everything that was answered to it. */
import type { Annotation, Source } from '../core/contracts.ts';
import type { Item, UserMessage } from '../core/protocol.ts';
import type { Entry } from '../core/thread.ts';

export interface Exchange {
  key: string;
  question: Entry | null;
  answers: readonly Entry[];
  /** Of all that was answered, shown or not. */
  answerIds: readonly string[];
}

const SHOWN = new Set(['user_message', 'assistant_message', 'widget', 'generated_image', 'structured_input', 'task', 'workflow']);

export function exchangesOf(entries: readonly Entry[]): Exchange[] {
  const exchanges: { key: string; question: Entry | null; answers: Entry[]; answerIds: string[] }[] = [];
  for (const entry of entries) {
    const { id, type } = entry.item;
    const last = exchanges.at(-1);
    if (type !== 'user_message') last?.answerIds.push(id);
    if (!SHOWN.has(type)) continue;
    if (type === 'user_message') exchanges.push({ key: id, question: entry, answers: [], answerIds: [] });
    else if (last) last.answers.push(entry);
    else exchanges.push({ key: id, question: null, answers: [entry], answerIds: [id] });
  }
  return exchanges;
}

export function userText(message: UserMessage): string {
  return message.content.map((part) => (part.type === 'input_tag' ? `@${part.text}` : part.text)).join('');
}

/** An answer as Markdown, for the clipboard and for whoever listens. */
export function answerText(answers: readonly Entry[]): string {
  return answers
    .map(({ item }) => textOf(item))
    .filter((text) => text !== '')
    .join('\n\n');
}

function textOf(item: Item): string {
  if (item.type === 'assistant_message') return item.content.map((part) => part.text).join('\n\n');
  return item.type === 'widget' ? (item.copy_text ?? '') : '';
}

/** Every source once, in the order in which they are named. */
export function sourcesOf(answers: readonly Entry[]): Source[] {
  const sources = new Map<string, Source>();
  for (const { item } of answers) {
    if (item.type !== 'assistant_message') continue;
    const annotations: Annotation[] = item.content.flatMap((part) => part.annotations);
    for (const { source } of annotations) sources.set(keyOf(source), sources.get(keyOf(source)) ?? source);
  }
  return [...sources.values()];
}

function keyOf(source: Source): string {
  if (source.type === 'url') return `url ${source.url}`;
  return source.type === 'file' ? `file ${source.filename}` : `entity ${source.id}`;
}
