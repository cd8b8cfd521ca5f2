/** A message of the user that is written anew, in the place where it stands. */
import type { MessageContent } from '../core/protocol.ts';
import type { ChatElement } from './chat-element.ts';
import type { Transcript } from './transcript.ts';

export class Editing {
  current: Transcript['editing'] = null;

  constructor(private readonly element: ChatElement) {}

  get isAllowed(): boolean {
    const { chat, options } = this.element;
    return chat.client.can('edit') && options?.threadItemActions?.edit !== false && (chat.view.thread?.status?.type ?? 'active') === 'active';
  }

  /** Opens the last message again; false when there is none that can be edited. */
  startLast(): boolean {
    const { chat } = this.element;
    const last = chat.view.entries.findLast(({ item }) => item.type === 'user_message');
    if (!last || last.pending || !this.isAllowed || chat.isBusy || chat.isLoading) return false;
    void this.start(last.item.id);
    return true;
  }

  async start(itemId: string): Promise<void> {
    const item = this.element.chat.view.entries.find((entry) => entry.item.id === itemId)?.item;
    if (item?.type === 'user_message') await this.open(itemId, item.content);
  }

  async cancel(): Promise<void> {
    const { current, element } = this;
    this.current = null;
    element.rows.redraw();
    await element.updateComplete;
    element.renderRoot.querySelector<HTMLElement>(`[data-edit="${CSS.escape(current?.itemId ?? '')}"]`)?.focus();
  }

  async finish(content: MessageContent[]): Promise<void> {
    const { current, element } = this;
    const { chat } = element;
    const message = chat.view.entries.find((entry) => entry.item.id === current?.itemId)?.item;
    if (!current || message?.type !== 'user_message' || chat.isBusy || chat.isLoading) return;
    this.current = null;
    const answering = chat.edit(message.id, {
      content,
      attachments: message.attachments.map((attachment) => attachment.id),
      quoted_text: message.quoted_text ?? null,
      inference_options: message.inference_options ?? {},
    });
    element.reading.willSend();
    element.rows.redraw();
    if (matchMedia('(pointer: fine)').matches) element.composer?.focus();
    try {
      await answering;
    } catch {
      // The message did not reach the server, and the element has said why: what was written comes back.
      if (!this.current && chat.view.entries.some((entry) => entry.item.id === message.id)) await this.open(message.id, content);
    }
  }

  private async open(itemId: string, content: readonly MessageContent[]): Promise<void> {
    const { element } = this;
    await import('./message-editor.ts');
    this.current = { itemId, content };
    element.rows.redraw();
    await element.updateComplete;
    element.renderRoot.querySelector<HTMLElement>('chatkit-host-message-editor')?.scrollIntoView({ block: 'nearest' });
  }
}
