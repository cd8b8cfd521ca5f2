/** What the reader sends: drafts, prompts, and questions once more. */
import type { MessageContent } from '../core/protocol.ts';
import { upload } from './attachments.ts';
import type { ChatElement } from './chat-element.ts';
import type { ComposerHost, Draft } from './composer.ts';

export class Sending {
  constructor(private readonly element: ChatElement) {}

  readonly composerHost: ComposerHost = {
    submit: (draft) => this.submit(draft),
    stop: () => void this.element.controller?.stop(),
    editLast: () => this.element.editing.startLast(),
    upload: (file, signal, progressed) => upload(file, this.element.chat.client, this.element.options?.api.uploadStrategy, signal, progressed),
    forgetAttachment: (id) => this.element.chat.client.ask('attachments.delete', { attachment_id: id }).catch((error: unknown) => this.element.report(error)),
    toolChanged: (toolId) => this.element.emit('chatkit.tool.change', { toolId }),
    failed: (error) => this.element.report(error),
  };

  async prompt(prompt: string | MessageContent[]): Promise<void> {
    const content: MessageContent[] = typeof prompt === 'string' ? [{ type: 'input_text', text: prompt }] : prompt;
    const toolId = this.element.composer?.toolChoice ?? null;
    await this.submit({ content, attachments: [], reply: null, toolId, modelId: null }).catch(() => {});
  }

  async retry(itemId: string): Promise<void> {
    await this.again(this.element.chat.retry(itemId));
  }

  /** After a failure: also of an edited message that nothing was answered to, which is not shown. */
  async tryAgain(questionId: string): Promise<void> {
    const { chat } = this.element;
    if (chat.unanswered === null) return this.retry(questionId);
    await this.again(chat.retryUnanswered());
  }

  private async again(answering: Promise<void>): Promise<void> {
    this.element.reading.willSend();
    await answering.catch(() => {});
  }

  private async submit(draft: Draft): Promise<void> {
    const input = {
      content: draft.content,
      attachments: draft.attachments.map((attachment) => attachment.id),
      quoted_text: draft.reply,
      inference_options: { ...(draft.toolId ? { tool_choice: { id: draft.toolId } } : {}), ...(draft.modelId ? { model: draft.modelId } : {}) },
    };
    const sending = this.element.chat.send(input, draft.attachments);
    this.element.reading.willSend();
    await sending;
  }
}
