/** What a chat does: send, stop, retry, reconnect, tools and actions. No DOM; whoever shows it is told of changes. */
import type { Action } from './contracts.ts';
import { RequestError } from './client.ts';
import { asError } from './failures.ts';
import { isItem, normalisedItems } from './items.ts';
import { type Attachment, type ClientToolCall, type Item, type JsonRecord, type MessageContent, type MessageInput, type Page, type ServerEvent, type StructuredSubmission, isRecord, isText } from './protocol.ts';
import { Pauses, Run, type RunHost } from './run.ts';
import { PAGE, ShownThread } from './shown-thread.ts';
import { type ThreadView, closeTurn, reconcile } from './thread.ts';

export type Phase = 'idle' | 'sending' | 'streaming' | 'reconnecting' | 'stopping' | 'tool';

export class Controller extends ShownThread {
  phase: Phase = 'idle';

  private run: Run | null = null;
  private pendingIds = 0;
  private introduced: Promise<void> | null = null;
  private readonly pauses = new Pauses();
  private readonly handledCalls = new Set<string>();

  override get isBusy(): boolean {
    return this.phase !== 'idle';
  }

  /** Learns what the server can do before the first message asks for it. */
  introduce(): Promise<void> {
    this.introduced ??= this.client.extensions
      ? Promise.resolve()
      : this.client.ask('threads.list', { limit: 1, order: 'desc' }, AbortSignal.timeout(3000)).then(
          () => {},
          () => {},
        );
    return this.introduced;
  }

  // Sending

  /**
   * Resolves when the answer has ended; `accepted` is called when the server has the message.
   * Rejects when the message did not reach it: nothing was sent.
   */
  async send(given: MessageInput, attachments: readonly Attachment[] = [], accepted = (): void => {}): Promise<void> {
    this.requireIdle();
    const input = { ...given, content: given.content.map(complete) };
    const pending: Item = {
      type: 'user_message',
      id: `pending_${++this.pendingIds}`,
      content: input.content,
      attachments: [...attachments],
      quoted_text: input.quoted_text,
      inference_options: input.inference_options,
      created_at: new Date().toISOString(),
    };
    const { threadId } = this;
    this.view = { ...this.view, failure: null, notices: [], entries: [...this.view.entries, { item: pending, open: false, pending: true }] };
    const [type, params] =
      threadId === null ? ['threads.create', { input }] : ['threads.add_user_message', { thread_id: threadId, input }];
    try {
      await this.answer(type as string, params as unknown as JsonRecord, accepted);
    } catch (error) {
      if (this.threadId === threadId) {
        this.view = { ...this.view, entries: this.view.entries.filter((entry) => entry.item.id !== pending.id) };
        this.hooks.changed();
        // Somebody was quicker, in another tab: what is being written there is shown here too.
        if (error instanceof RequestError && error.code === 'turn_running') this.refresh().catch(() => {});
      }
      throw error;
    }
  }

  /** Answers again from a message of the user; what came after it goes. */
  async retry(itemId: string): Promise<void> {
    this.requireIdle();
    const at = this.view.entries.findIndex((entry) => entry.item.id === itemId);
    if (at < 0 || this.threadId === null) return;
    await this.answerInstead('threads.retry_after_item', { thread_id: this.threadId, item_id: itemId }, this.view.entries.slice(0, at + 1));
  }

  /** Another message in the place of one that was sent, and of all that came after it. Rejects as `send` does. */
  async edit(itemId: string, given: MessageInput): Promise<void> {
    this.requireIdle();
    const at = this.view.entries.findIndex((entry) => entry.item.id === itemId);
    const item = this.view.entries[at]?.item;
    if (item?.type !== 'user_message' || this.threadId === null) return;
    const input = { ...given, content: given.content.map(complete) };
    const pending: Item = { ...item, id: `pending_${++this.pendingIds}`, content: input.content, created_at: new Date().toISOString() };
    const params = { thread_id: this.threadId, item_id: itemId, input: input as unknown as JsonRecord };
    await this.answerInstead('threads.edit_message', params, [...this.view.entries.slice(0, at), { item: pending, open: false, pending: true }]);
  }

  private async answerInstead(type: string, params: JsonRecord, entries: ThreadView['entries']): Promise<void> {
    const { view: before, threadId } = this;
    this.view = { ...before, failure: null, notices: [], entries };
    try {
      await this.answer(type, params);
    } catch (error) {
      if (this.threadId !== threadId) throw error;
      this.view = { ...before, failure: this.view.failure };
      this.hooks.changed();
      if (error instanceof RequestError && error.code === 'turn_running') this.refresh().catch(() => {});
      throw error;
    }
  }

  /** Asks once more for the answer to an edited message that had none. */
  async retryUnanswered(): Promise<void> {
    const { unanswered } = this;
    if (unanswered === null) return;
    await this.chooseVersion(unanswered);
    const question = this.view.entries.findLast(({ item }) => item.type === 'user_message')?.item.id;
    if (question) await this.retry(question);
  }

  async submitStructuredInput(itemId: string, input: StructuredSubmission): Promise<void> {
    this.requireIdle();
    await this.answer('threads.add_structured_input', { thread_id: this.threadId, item_id: itemId, input: input as unknown as JsonRecord });
  }

  async act(action: Action, itemId: string | null): Promise<void> {
    const { type, payload } = action;
    const params = { thread_id: this.threadId, item_id: itemId, action: { type, payload: payload ?? null } };
    if (action.streaming === false) {
      const { answer } = await this.client.ask('threads.sync_custom_action', params);
      if (isItem(answer.updated_item)) this.apply({ type: 'thread.item.replaced', item: answer.updated_item });
      return;
    }
    this.requireIdle();
    if (this.threadId === null) throw new RequestError('no_thread', 'There is no conversation yet to send the action to.');
    await this.answer('threads.custom_action', params);
  }

  async sendFeedback(itemIds: string[], kind: 'positive' | 'negative'): Promise<void> {
    const before = this.feedback;
    this.feedback = new Map([...before, ...itemIds.map((id) => [id, kind] as const)]);
    this.hooks.changed();
    try {
      await this.client.ask('items.feedback', { thread_id: this.threadId, item_ids: itemIds, kind });
    } catch (error) {
      this.feedback = before;
      this.report(error);
      this.hooks.changed();
    }
  }

  async stop(): Promise<void> {
    await this.run?.stop();
  }

  dismissFailure(): void {
    this.view = { ...this.view, failure: null };
    this.hooks.changed();
  }

  dismissNotice(index: number): void {
    this.view = { ...this.view, notices: this.view.notices.filter((_, at) => at !== index) };
    this.hooks.changed();
  }

  connectionLost(): void {
    if (this.phase === 'streaming') this.run?.connectionLost();
  }

  /** The network is said to be back: no reason to wait for the next attempt. */
  reconnectNow(): void {
    this.pauses.end();
  }

  /** Leaves the stream without stopping the answer, where the server lets it go on. */
  override detach(): void {
    this.forgetLoad();
    const { run } = this;
    this.phase = 'idle';
    if (!run) return;
    this.run = null;
    run.leave();
    this.hooks.responseEnded();
  }

  // One answer

  private async answer(type: string, params: JsonRecord, accepted = (): void => {}): Promise<void> {
    const run = this.begin();
    const isInstead = type === 'threads.edit_message' || type === 'threads.retry_after_item';
    await this.introduce();
    await this.show(run, () =>
      run.ask(type, params, () => {
        accepted();
        if (isInstead) void this.refreshVersions();
      }),
    );
    if (isInstead) await this.settle(run.turnId);
    await this.runClientTools();
  }

  protected override async attach(turnId: string): Promise<void> {
    if (this.isBusy) return;
    const run = this.begin();
    try {
      await this.show(run, () => run.join(turnId));
      await this.settle(turnId);
    } catch {
      // Already reported. The thread as it was loaded stays on the page.
    }
  }

  private begin(): Run {
    const run = new Run(this.runHost);
    this.run = run;
    this.unanswered = null;
    this.setPhase('sending');
    this.hooks.responseStarted();
    return run;
  }

  /** Until the answer has ended. Rejects when the server did not get to know of it. */
  private async show(run: Run, follow: () => Promise<void>): Promise<void> {
    try {
      await follow();
    } catch (error) {
      if (run.isAborted || (run.isLeft && run.isSent)) return;
      if (run.isLeft) this.report(error);
      else this.fail(error);
      if (!run.isSent) throw error;
    } finally {
      if (!run.isLeft) {
        this.run = null;
        this.view = closeTurn(this.view, { stopped: run.stopAsked });
        this.phase = 'idle';
        this.hooks.responseEnded();
        this.hooks.changed();
      }
    }
  }

  private readonly runHost: RunHost = {
    client: this.client,
    pauses: this.pauses,
    setPhase: (phase) => this.setPhase(phase),
    receive: (event, isReplay) => this.receive(event, isReplay),
    reloadItems: async (run) => {
      const { answer } = await this.client.ask<Page<Item>>('items.list', { thread_id: this.threadId, limit: PAGE, order: 'desc' });
      if (!run.isLeft) this.view = reconcile(this.view, normalisedItems(answer.data).reverse());
    },
    report: (error) => this.report(error),
    log: (name, data) => this.hooks.log(name, data),
  };

  private receive(event: ServerEvent, isReplay: boolean): void {
    if (event.type === 'client_effect') {
      if (!isReplay && isText(event.name)) this.hooks.effect(event.name, isRecord(event.data) ? event.data : {});
      return;
    }
    this.apply(event);
    if (event.type === 'error') this.hooks.error(asError(this.view.failure));
  }

  // Tools of the page

  private async runClientTools(): Promise<void> {
    const call = this.view.entries
      .map((entry) => entry.item)
      .findLast((item): item is ClientToolCall => item.type === 'client_tool_call' && item.status === 'pending');
    if (!call || this.handledCalls.has(call.id) || this.isBusy || this.threadId === null) return;
    this.handledCalls.add(call.id);
    const { threadId } = this;
    let result: unknown;
    this.setPhase('tool');
    try {
      const answering = this.hooks.clientTool({ name: call.name, params: call.arguments });
      if (!answering) throw new RequestError('no_client_tool', `This page has no tool "${call.name}".`);
      result = (await answering) ?? {};
    } catch (error) {
      if (threadId === this.threadId) this.fail(error);
      return;
    } finally {
      if (this.phase === 'tool' && threadId === this.threadId) this.setPhase('idle');
    }
    const params = { thread_id: threadId, result };
    if (threadId !== this.threadId || this.isLoading) void this.answerUnseen(params);
    else if (!this.isBusy) await this.answer('threads.add_client_tool_output', params);
  }

  /** What a tool came to after its thread was left: the answer is there when the reader comes back. */
  private async answerUnseen(params: JsonRecord): Promise<void> {
    const unseen = async (): Promise<void> => {};
    const run = new Run({ ...this.runHost, pauses: new Pauses(), setPhase: unseen, receive: unseen, reloadItems: unseen });
    try {
      await run.ask('threads.add_client_tool_output', params, unseen);
      if (params.thread_id === this.threadId) await this.refresh();
    } catch (error) {
      this.report(error);
    }
  }

  private setPhase(phase: Phase): void {
    if (this.phase === phase) return;
    this.phase = phase;
    this.hooks.changed();
  }
}

/** Pages may leave out what a tag carries; servers insist on it. */
function complete(part: MessageContent): MessageContent {
  return part.type === 'input_tag' ? { ...part, data: part.data ?? {} } : part;
}
