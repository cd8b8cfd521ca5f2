/** What was said, as templates. Everything comes in through `Transcript`; nothing is kept here. */
import { type TemplateResult, html, nothing } from 'lit';
import { classMap } from 'lit/directives/class-map.js';
import { guard } from 'lit/directives/guard.js';
import { repeat } from 'lit/directives/repeat.js';
import type { FormState, ImagePolicy, RenderWidget, Source, WidgetContext } from '../core/contracts.ts';
import type { Attachment, MessageContent, Task, UserMessage, Versions, WorkflowItem } from '../core/protocol.ts';
import type { Entry } from '../core/thread.ts';
import { icon } from '../icons/icon.ts';
import { renderMarkdown } from '../md/markdown.ts';
import { type Exchange, answerText, sourcesOf, userText } from './exchanges.ts';
import { heightOf } from './skeleton.ts';
import { styling } from './styling.ts';
import { type Words, fill } from './words.ts';

export interface Transcript {
  words: Words;
  locale: string;
  scheme: 'light' | 'dark';
  canRetry: boolean;
  canRate: boolean;
  canEdit: boolean;
  /** The message that is being written anew. */
  editing: { itemId: string; content: readonly MessageContent[] } | null;
  versions: readonly Versions[];
  isBusy: boolean;
  /** Changes when something outside the entries changes how they look. */
  epoch: number;
  progress: { text: string; icon: string | null } | null;
  imagePolicy: ImagePolicy;
  /** Null until the widgets' code, which most conversations never need, has arrived. */
  renderWidget: RenderWidget | null;
  copiedKey: string | null;
  /** What the reader opened or closed by hand. */
  opened: ReadonlyMap<string, boolean>;
  feedbackOf(itemId: string): 'positive' | 'negative' | undefined;
  formState(itemId: string): FormState;
  act(itemId: string, ...call: Parameters<WidgetContext['act']>): Promise<void>;
  onLink(url: string): boolean;
  onEntity(source: { id: string; title: string; data?: Record<string, unknown> }): void;
  onToggle(key: string, isOpen: boolean): void;
  onCopy(key: string, text: string, element: HTMLElement | null): void;
  onRate(itemIds: string[], kind: 'positive' | 'negative'): void;
  onRetry(itemId: string): void;
  onEdit(itemId: string): void;
  onEdited(content: MessageContent[]): void;
  onEditCancelled(): void;
  onVersion(versionId: string): void;
  onZoom(event: Event, url: string, name: string): void;
}

export function renderExchanges(exchanges: readonly Exchange[], transcript: Transcript): unknown {
  const last = exchanges.at(-1);
  return repeat(
    exchanges,
    (exchange) => exchange.key,
    (exchange) => {
      const isLive = exchange === last && transcript.isBusy;
      return guard([exchange.question, ...exchange.answers, transcript.epoch, isLive, isLive && transcript.progress, exchange === last], () =>
        renderExchange(exchange, transcript, isLive, exchange === last),
      );
    },
  );
}

function renderExchange(exchange: Exchange, transcript: Transcript, isLive: boolean, isLast: boolean): TemplateResult {
  const { words } = transcript;
  const isSilent = exchange.answers.every((entry) => !entry.open || isEmptyMessage(entry));
  return html`<section class=${classMap({ exchange: true, last: isLast })}>
    ${exchange.question ? question(exchange.question, isLast && !isLive && exchange.answers.length === 0, transcript) : nothing}
    ${exchange.answers.length > 0 || isLive
      ? html`<article class="answer" aria-label=${words.assistantSaid} aria-busy=${String(isLive)}>
          ${repeat(
            exchange.answers,
            (entry) => entry.item.id,
            (entry) => html`<div class="item">${answer(entry, transcript)}</div>`,
          )}
          ${isLive && (isSilent || transcript.progress) ? waiting(transcript) : nothing}
          ${exchange.answers.some((entry) => entry.stopped) ? html`<p class="stopped">${icon('stop', 14)} ${words.stopped}</p>` : nothing}
          ${isLive ? nothing : footer(exchange, isLast, transcript)}
        </article>`
      : nothing}
  </section>`;
}

function isEmptyMessage({ item }: Entry): boolean {
  return item.type === 'assistant_message' && item.content.every((part) => part.text === '');
}

function waiting({ progress, words }: Transcript): TemplateResult {
  if (!progress) return html`<div class="waiting"><span class="pulse"></span><span class="visually-hidden">${words.generating}</span></div>`;
  return html`<div class="waiting">${progress.icon ? icon(progress.icon, 18) : html`<span class="pulse"></span>`}<span class="shimmer">${progress.text}</span></div>`;
}

// The user's side

function question({ item, pending }: Entry, isUnanswered: boolean, transcript: Transcript): TemplateResult {
  const message = item as UserMessage;
  const { words } = transcript;
  const hasText = message.content.length > 0;
  return html`<article class=${classMap({ question: true, pending: pending === true })} aria-label=${words.youSaid}>
    ${message.attachments.length > 0 ? html`<div class="attachments">${message.attachments.map((each) => attachment(each, transcript))}</div>` : nothing}
    ${message.quoted_text ? html`<blockquote class="quoted" aria-label=${words.quote}>${message.quoted_text}</blockquote>` : nothing}
    ${transcript.editing?.itemId === item.id
      ? html`<chatkit-host-message-editor
          .content=${transcript.editing.content}
          .words=${words}
          .canBeEmpty=${message.attachments.length > 0}
          .save=${transcript.onEdited}
          .cancel=${transcript.onEditCancelled}
        ></chatkit-host-message-editor>`
      : html`<div class="said">
          ${pending ? nothing : html`<div class="actions">${questionActions(message, hasText, isUnanswered, transcript)}</div>`}
          ${hasText ? html`<div class="bubble" dir="auto" tabindex="-1">${message.content.map((part) => said(part, transcript))}</div>` : nothing}
        </div>`}
    ${versionSwitches([item.id], transcript)}
  </article>`;
}

function questionActions(message: UserMessage, hasText: boolean, isUnanswered: boolean, transcript: Transcript): unknown {
  const { words, canEdit, canRetry } = transcript;
  return html`
    ${canRetry && isUnanswered ? html`<button class="icon-button small when-idle" aria-label=${words.retry} title=${words.retry} @click=${() => transcript.onRetry(message.id)}>${icon('retry', 17)}</button>` : nothing}
    ${canEdit ? html`<button class="icon-button small when-idle" data-edit=${message.id} aria-label=${words.edit} title=${words.edit} @click=${() => transcript.onEdit(message.id)}>${icon('pencil', 16)}</button>` : nothing}
    ${hasText ? copyButton(message.id, userText(message), transcript) : nothing}
  `;
}

/** `< 2/3 >`, for each place at these items where the thread has versions; null stands for an answer that is not kept yet. */
function versionSwitches(itemIds: readonly (string | null)[], transcript: Transcript): unknown {
  return transcript.versions.filter(({ item_id }) => itemIds.includes(item_id)).map((each) => versionSwitch(each, transcript));
}

function versionSwitch({ versions, chosen }: Versions, { words, onVersion }: Transcript): TemplateResult {
  const at = versions.indexOf(chosen);
  const go = (to: number): void => {
    const version = versions[to];
    if (version) onVersion(version);
  };
  const keyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    event.preventDefault();
    event.stopPropagation();
    const isForward = (event.key === 'ArrowRight') === (getComputedStyle(event.currentTarget as Element).direction === 'ltr');
    go(at + (isForward ? 1 : -1));
  };
  return html`<div class="versions" role="group" data-versions=${versions[0]} aria-label=${fill(words.version, { number: at + 1, count: versions.length })} @keydown=${keyDown}>
    <button class="icon-button small" data-to="previous" aria-label=${words.previousVersion} title=${words.previousVersion} aria-disabled=${String(at === 0)} @click=${() => go(at - 1)}>${icon('chevron-left', 16)}</button>
    <span aria-hidden="true">${at + 1}/${versions.length}</span>
    <button class="icon-button small" data-to="next" aria-label=${words.nextVersion} title=${words.nextVersion} aria-disabled=${String(at === versions.length - 1)} @click=${() => go(at + 1)}>${icon('chevron-right', 16)}</button>
  </div>`;
}

function said(part: MessageContent, transcript: Transcript): unknown {
  if (part.type !== 'input_tag') return part.text;
  const open = (): void => transcript.onEntity({ id: part.id, title: part.text, ...(part.data ? { data: part.data } : {}) });
  return part.interactive ? html`<button class="tag" @click=${open}>${part.text}</button>` : html`<span class="tag">${part.text}</span>`;
}

function attachment(file: Attachment, transcript: Transcript): TemplateResult {
  if (file.type === 'image' && file.preview_url) {
    const url = file.preview_url;
    return html`<button class="picture" aria-label=${file.name} @click=${(event: Event) => transcript.onZoom(event, url, file.name)}><img src=${url} alt="" loading="lazy" referrerpolicy="no-referrer" /></button>`;
  }
  return html`<span class="file">${icon('document', 20)}<span>${file.name}</span></span>`;
}

// The assistant's side

function answer(entry: Entry, transcript: Transcript): unknown {
  const { item } = entry;
  switch (item.type) {
    case 'assistant_message':
      return item.content.map((part) => html`<div class="prose">${renderMarkdown(part.text, {
        streaming: entry.open,
        locale: transcript.locale,
        annotations: part.annotations,
        imagePolicy: transcript.imagePolicy,
        onLink: transcript.onLink,
      })}</div>`);
    case 'workflow':
      return workflow(entry, item, transcript);
    case 'task':
      return html`<div class="tasks alone">${task(item.task, false, transcript)}</div>`;
    case 'widget':
      if (!transcript.renderWidget) return html`<div class="skeleton card" ${styling({ 'block-size': `${heightOf(item.widget)}px` })}></div>`;
      return transcript.renderWidget(item.widget, {
        itemId: item.id,
        locale: transcript.locale,
        scheme: transcript.scheme,
        busy: transcript.isBusy,
        act: (...call) => transcript.act(item.id, ...call),
        imagePolicy: transcript.imagePolicy,
        onLink: transcript.onLink,
        formState: transcript.formState(item.id),
      });
    case 'generated_image':
      return generatedImage(entry, transcript);
    case 'structured_input':
      return item.status === 'pending' ? nothing : html`<dl class="answered">${item.inputs.map(
        (input) => html`<dt dir="auto">${input.question}</dt>
          <dd dir="auto">${input.answer && !input.answer.skipped ? input.answer.values.join(', ') : transcript.words.answerSkipped}</dd>`,
      )}</dl>`;
    default:
      return nothing;
  }
}

function workflow(entry: Entry, item: WorkflowItem, transcript: Transcript): TemplateResult {
  const { words } = transcript;
  const { tasks, summary, expanded } = item.workflow;
  const isReasoning = item.workflow.type === 'reasoning';
  const isOpen = transcript.opened.get(item.id) ?? expanded === true;
  const current = tasks.findLast((each) => each.title)?.title;
  let title: string;
  if (summary?.title) title = summary.title;
  else if (typeof summary?.duration === 'number') title = fill(words.thought, { time: duration(summary.duration, transcript.locale) });
  else if (entry.open) title = current ?? (isReasoning ? words.thinking : words.working);
  else title = (tasks.length === 1 ? current : undefined) ?? words.workDone;
  const name = summary?.icon ?? (isReasoning ? 'lightbulb' : tasks.length === 1 ? taskIcon(tasks[0] as Task) : 'check-circle');
  return html`<details class="workflow" .open=${isOpen} @toggle=${(event: Event) => toggled(event, item.id, isOpen, transcript)}>
    <summary>
      <span class="sign">${entry.open ? html`<span class="spinner"></span>` : icon(name, 18)}</span>
      <span class=${classMap({ shimmer: entry.open })}>${title}</span>
      <span class="fold">${icon('chevron-right', 16)}</span>
    </summary>
    <div class="tasks">${tasks.map((each) => task(each, entry.open, transcript, each.title === title))}</div>
  </details>`;
}

function toggled(event: Event, key: string, wasOpen: boolean, transcript: Transcript): void {
  const { open } = event.currentTarget as HTMLDetailsElement;
  if (open !== wasOpen) transcript.onToggle(key, open);
}

/** `isNamedAbove`: the line that was opened says the title already. */
function task(item: Task, isLive: boolean, transcript: Transcript, isNamedAbove = false): TemplateResult {
  const isLoading = isLive && item.status_indicator === 'loading';
  const title = isNamedAbove ? null : (item.title ?? (item.title_query ? fill(transcript.words.searched, { query: item.title_query }) : null));
  return html`<div class="task">
    <span class="sign">${isNamedAbove ? nothing : isLoading ? html`<span class="spinner"></span>` : icon(taskIcon(item), 16)}</span>
    <div class="task-body">
      ${title ? html`<div class=${classMap({ 'task-title': true, shimmer: isLoading })} dir="auto">${title}</div>` : nothing}
      ${item.content ? html`<div class="prose small">${renderMarkdown(item.content, { streaming: isLive, locale: transcript.locale, imagePolicy: transcript.imagePolicy, onLink: transcript.onLink })}</div>` : nothing}
      ${item.queries?.length ? html`<div class="queries">${item.queries.map((query) => html`<span class="query" dir="auto">${icon('search', 14)} ${query}</span>`)}</div>` : nothing}
      ${item.sources?.length ? html`<div class="source-list">${item.sources.map((each) => source(each, transcript))}</div>` : nothing}
    </div>
  </div>`;
}

function taskIcon(item: Task): string {
  if (item.icon) return item.icon;
  if (item.type === 'web_search') return 'globe';
  if (item.type === 'thought') return 'lightbulb';
  if (item.type === 'file') return 'document';
  if (item.type === 'image') return 'images';
  return item.status_indicator === 'complete' ? 'check-circle' : 'dot';
}

function duration(seconds: number, locale: string): string {
  const parts: [number, string][] = seconds >= 60 ? [[Math.floor(seconds / 60), 'minute'], [Math.round(seconds % 60), 'second']] : [[Math.round(seconds), 'second']];
  return parts
    .filter(([count], at) => count > 0 || at === parts.length - 1)
    .map(([count, unit]) => new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(count))
    .join(' ');
}

function generatedImage({ item, open, progress }: Entry, { words, onZoom }: Transcript): TemplateResult {
  const url = item.type === 'generated_image' ? item.image?.url : undefined;
  return html`<figure class=${classMap({ drawing: true, open })}>
    ${url ? html`<button aria-label=${words.image} @click=${(event: Event) => onZoom(event, url, words.image)}><img src=${url} alt=${words.image} referrerpolicy="no-referrer" /></button>` : html`<span class="skeleton"></span>`}
    ${open && progress !== undefined ? html`<progress max="1" .value=${progress} aria-label=${words.image}></progress>` : nothing}
  </figure>`;
}

// Below an answer

function footer(exchange: Exchange, isLast: boolean, transcript: Transcript): TemplateResult | typeof nothing {
  const { words, canRate, canRetry } = transcript;
  const text = answerText(exchange.answers);
  const ids = exchange.answers.map((entry) => entry.item.id);
  const rated = ids.map((id) => transcript.feedbackOf(id)).find((kind) => kind !== undefined);
  const sources = sourcesOf(exchange.answers);
  const questionId = exchange.question && !exchange.question.item.id.startsWith('pending_') ? exchange.question.item.id : null;
  if (exchange.answers.length === 0) return nothing;
  return html`
    ${sources.length > 0 ? sourceList(exchange.key, sources, transcript) : nothing}
    <div class="below">
      ${versionSwitches(isLast ? [...exchange.answerIds, null] : exchange.answerIds, transcript)}
      <div class="actions">
      ${text ? copyButton(exchange.key, text, transcript) : nothing}
      ${canRate
        ? html`<button class="icon-button small" aria-label=${words.good} title=${words.good} aria-pressed=${String(rated === 'positive')} @click=${() => transcript.onRate(ids, 'positive')}>${icon('thumbs-up', 17)}</button>
            <button class="icon-button small" aria-label=${words.bad} title=${words.bad} aria-pressed=${String(rated === 'negative')} @click=${() => transcript.onRate(ids, 'negative')}>${icon('thumbs-down', 17)}</button>`
        : nothing}
      ${canRetry && questionId && !transcript.isBusy
        ? html`<button class="icon-button small" aria-label=${words.retry} title=${words.retry} @click=${() => transcript.onRetry(questionId)}>${icon('retry', 17)}</button>`
        : nothing}
      </div>
    </div>
  `;
}

function copyButton(key: string, text: string, { words, copiedKey, onCopy }: Transcript): TemplateResult {
  const isCopied = copiedKey === key;
  const label = isCopied ? words.copied : words.copy;
  const copy = (event: Event): void => onCopy(key, text, (event.currentTarget as Element).closest('article'));
  return html`<button class="icon-button small" aria-label=${label} title=${label} @click=${copy}>${icon(isCopied ? 'check' : 'copy', 17)}</button>`;
}

function sourceList(key: string, sources: readonly Source[], transcript: Transcript): TemplateResult {
  const id = `sources ${key}`;
  const isOpen = transcript.opened.get(id) ?? false;
  return html`<details class="sources" .open=${isOpen} @toggle=${(event: Event) => toggled(event, id, isOpen, transcript)}>
    <summary>${icon('book-open', 16)} ${transcript.words.sources} <span class="count">${sources.length}</span><span class="fold">${icon('chevron-right', 16)}</span></summary>
    <div class="source-list">${sources.map((each) => source(each, transcript))}</div>
  </details>`;
}

function source(item: Source, transcript: Transcript): TemplateResult {
  const title = item.title || (item.type === 'url' ? item.url : item.type === 'file' ? item.filename : item.id);
  if (item.type === 'url' && /^https?:/.test(item.url)) {
    const site = URL.parse(item.url)?.hostname.replace(/^www\./, '');
    const follow = (event: Event): void => {
      if (transcript.onLink(item.url)) event.preventDefault();
    };
    return html`<a class="source" href=${item.url} target="_blank" rel="noopener noreferrer" @click=${follow}>${icon('globe', 16)}<span class="two-lines"><span dir="auto">${title}</span><small>${item.attribution ?? site}</small></span></a>`;
  }
  if (item.type === 'entity' && item.interactive) {
    return html`<button class="source" @click=${() => transcript.onEntity({ id: item.id, title, ...(item.data ? { data: item.data } : {}) })}>${icon(item.icon ?? 'cube', 16)}<span dir="auto">${title}</span></button>`;
  }
  return html`<span class="source">${icon(item.type === 'file' ? 'document' : ((item as { icon?: string }).icon ?? 'cube'), 16)}<span dir="auto">${title}</span></span>`;
}

