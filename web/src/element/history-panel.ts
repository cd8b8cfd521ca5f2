/** The list of threads over the conversation: opened and closed here, drawn by `history.ts`, which comes when it is first asked for. */
import { type TemplateResult, html, nothing } from 'lit';
import { failureOf } from '../core/failures.ts';
import type { ChatElement } from './chat-element.ts';
import { sentenceFor } from './errors.ts';
import type { HistoryHost } from './history.ts';

export class HistoryPanel {
  private isOpen = false;

  constructor(private readonly element: ChatElement) {}

  async show(): Promise<void> {
    const { element } = this;
    if (this.isOpen || element.options?.history?.enabled === false) return;
    await import('./history.ts');
    this.isOpen = true;
    element.requestUpdate();
    element.emit('chatkit.history.open');
  }

  async hide(): Promise<void> {
    const { element } = this;
    if (!this.isOpen) return;
    this.isOpen = false;
    element.requestUpdate();
    element.emit('chatkit.history.close');
    await element.updateComplete;
    element.composer?.focus();
  }

  render(): TemplateResult | typeof nothing {
    if (!this.isOpen) return nothing;
    const { words, options, chat } = this.element;
    return html`<chatkit-host-history
      .words=${words}
      .host=${this.host}
      .currentId=${chat.threadId}
      .canRename=${options?.history?.showRename !== false}
      .canDelete=${options?.history?.showDelete !== false}
      @click=${(event: Event) => event.target === event.currentTarget && event.composedPath()[0] === event.currentTarget && void this.hide()}
    ></chatkit-host-history>`;
  }

  private readonly host: HistoryHost = {
    list: (after) => this.element.chat.listThreads(after),
    open: (threadId) => {
      void this.hide();
      this.element.openThread(threadId).catch(() => {});
    },
    rename: (threadId, title) => this.element.chat.rename(threadId, title),
    delete: (threadId) => this.element.chat.deleteThread(threadId),
    close: () => void this.hide(),
    failed: (error) => {
      const { words, locale } = this.element;
      this.element.report(error);
      return sentenceFor(failureOf(error), words, locale);
    },
  };
}
