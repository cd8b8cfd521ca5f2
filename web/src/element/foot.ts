/** What stands below the thread: what the reader should know now, the composer or what takes its place, and the disclaimer. */
import { type TemplateResult, html, nothing } from 'lit';
import { classMap } from 'lit/directives/class-map.js';
import type { Controller } from '../core/controller.ts';
import type { StructuredInputItem } from '../core/protocol.ts';
import { icon } from '../icons/icon.ts';
import { renderMarkdown } from '../md/markdown.ts';
import type { ChatElement } from './chat-element.ts';
import { sentenceFor } from './errors.ts';
import type { Options } from './options.ts';

export function renderFoot(element: ChatElement, options: Options): TemplateResult {
  return html`<div class="foot">
    <div class="column">${notices(element)} ${failure(element)} ${connectionNotice(element)} ${input(element, options)} ${disclaimer(element, options)}</div>
  </div>`;
}

/** The question of the assistant that is to be answered now, in place of a message. */
export function openQuestion(chat: Controller): StructuredInputItem | null {
  const item = chat.view.entries.findLast((entry) => entry.item.type === 'structured_input')?.item;
  return item?.type === 'structured_input' && item.status === 'pending' && !chat.isBusy ? item : null;
}

function notices(element: ChatElement): unknown {
  const { chat, words } = element;
  return chat.view.notices.map(
    (notice, at) => html`<div class="notice ${notice.level}" role="status">
      ${icon(notice.level === 'info' ? 'info' : 'warning', 18)}
      <div>
        ${notice.title ? html`<strong>${notice.title}</strong>` : nothing}
        ${markdown(notice.message, element)}
      </div>
      <button class="icon-button small" aria-label=${words.dismiss} @click=${() => chat.dismissNotice(at)}>${icon('close', 16)}</button>
    </div>`,
  );
}

function failure({ chat, words, locale, sending }: ChatElement): TemplateResult | typeof nothing {
  const { failure, entries } = chat.view;
  if (!failure || chat.isBusy) return nothing;
  const question = entries.findLast((entry) => entry.item.type === 'user_message' && !entry.item.id.startsWith('pending_'))?.item.id;
  const canLoad = entries.length === 0 && chat.threadId !== null;
  const again = canLoad ? () => void chat.load(chat.threadId as string).catch(() => {}) : question && entries.length > 0 ? () => void sending.tryAgain(question) : null;
  return html`<div class="notice danger" role="alert">
    ${icon('alert', 18)}
    <div>${sentenceFor(failure, words, locale)}</div>
    ${failure.canRetry && again ? html`<button class="button" @click=${again}>${icon('retry', 16)} ${words.retry}</button>` : nothing}
    <button class="icon-button small" aria-label=${words.dismiss} @click=${() => chat.dismissFailure()}>${icon('close', 16)}</button>
  </div>`;
}

function connectionNotice({ chat, words }: ChatElement): TemplateResult | typeof nothing {
  if (chat.phase !== 'reconnecting') return nothing;
  return html`<div class="notice info" role="status"><span class="spinner"></span><div>${words.reconnecting}</div></div>`;
}

function input({ chat, words, sending }: ChatElement, options: Options): TemplateResult {
  const { status } = chat.view.thread ?? {};
  if (status?.type === 'closed') return html`<p class="closed" role="status">${icon('lock', 18)} ${status.reason || words.closed}</p>`;
  const question = openQuestion(chat);
  return html`${question
      ? html`<chatkit-host-questions .item=${question} .words=${words} .isBusy=${chat.isBusy} .submit=${(submission: Parameters<Controller['submitStructuredInput']>[1]) => void chat.submitStructuredInput(question.id, submission).catch(() => {})}></chatkit-host-questions>`
      : nothing}
    <chatkit-host-composer
      ?hidden=${question !== null}
      .options=${options}
      .words=${words}
      .host=${sending.composerHost}
      .isBusy=${chat.isBusy}
      .isStopping=${chat.phase === 'stopping'}
      .canStop=${chat.view.canCancel && chat.phase !== 'tool'}
      .lockedBecause=${status?.type === 'locked' ? status.reason || words.locked : null}
      .draftKey=${chat.threadId ?? 'new'}
    ></chatkit-host-composer>`;
}

function disclaimer(element: ChatElement, { disclaimer }: Options): TemplateResult | typeof nothing {
  if (!disclaimer?.text) return nothing;
  return html`<div class=${classMap({ disclaimer: true, strong: disclaimer.highContrast === true })}>${markdown(disclaimer.text, element)}</div>`;
}

function markdown(text: string, { locale, rows }: ChatElement): unknown {
  return renderMarkdown(text, { streaming: false, locale, imagePolicy: rows.imagePolicy, onLink: rows.followLink });
}
