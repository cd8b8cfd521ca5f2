import { type TemplateResult, html, nothing } from 'lit';
import { icon } from '../icons/icon.ts';
import type { ChatElement } from './chat-element.ts';
import type { Options } from './options.ts';

export function renderHeader(element: ChatElement, { header = {}, history }: Options): TemplateResult | typeof nothing {
  if (header.enabled === false) return nothing;
  const { words, chat } = element;
  const title = header.title?.text ?? chat.view.thread?.title ?? '';
  const custom = (action: NonNullable<typeof header>['leftAction']): TemplateResult | typeof nothing =>
    action ? html`<button class="icon-button" aria-label=${action.icon.replaceAll('-', ' ')} @click=${() => action.onClick()}>${icon(action.icon, 20)}</button>` : nothing;
  return html`<div class="header">
    ${custom(header.leftAction)}
    <div class="title">${title && header.title?.enabled !== false ? html`<h2 dir="auto">${title}</h2>` : nothing}</div>
    ${history?.enabled === false ? nothing : html`<button class="icon-button" aria-label=${words.history} title=${words.history} @click=${() => void element.showHistory()}>${icon('history', 20)}</button>`}
    ${chat.threadId ? html`<button class="icon-button" aria-label=${words.newChat} title=${words.newChat} @click=${() => startNew(element)}>${icon('compose', 20)}</button>` : nothing}
    ${custom(header.rightAction)}
  </div>`;
}

async function startNew(element: ChatElement): Promise<void> {
  await element.openThread(null);
  element.composer?.focus();
}
