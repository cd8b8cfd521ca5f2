/** What a chat does: load, send, stop, retry, reconnect, tools and actions. No DOM; whoever shows it is told of changes. */
import type { Action } from './contracts.ts';
import { Client, type ClientOptions, type EventStream, RequestError } from './client.ts';
import {
  type Attachment,
  type ClientToolCall,
  type Item,
  type JsonRecord,
  type MessageContent,
  type MessageInput,
  type Page,
  type ServerEvent,
  type StructuredSubmission,
  type Thread,
  type ThreadMetadata,
  type Versions,
  isRecord,
  isText,
} from './protocol.ts';
import { isItem, normalisedItems } from './items.ts';
import { EMPTY_THREAD, type Failure, type ThreadView, applyEvent, closeTurn, reconcile } from './thread.ts';

export type Phase = 'idle' | 'sending' | 'streaming' | 'reconnecting' | 'stopping' | 'tool';

export interface Hooks {
  changed(): void;
  error(error: Error): void;
  responseStarted(): void;
  responseEnded(): void;
  threadChanged(threadId: string | null): void;
  loadStarted(threadId: string): void;
  loadEnded(threadId: string): void;
  effect(name: string, data: JsonRecord): void;
  log(name: string, data: JsonRecord): void;
  clientTool(call: { name: string; params: JsonRecord }): Promise<unknown> | null;
}

interface Run {
  readonly abort: AbortController;
  turnId: string | null;
  lastEventId: string;
  /** Events up to this number were shown to the user before: their effects are not to happen again. */
  replayedTo: number;
  stopAsked: boolean;
  /** The server has the request: from here on closing the connection loses nothing that was written. */
  isSent: boolean;
  /** Gives this connection up, not the answer. */
  connection: AbortController;
  /** When the stop no longer waits for the server. */
  deadline?: ReturnType<typeof setTimeout>;
}

const PAGE = 50;
const RECONNECT_SECONDS = 300;
const STOP_SECONDS = 5;

export class Controller {
  view: ThreadView = EMPTY_THREAD;
  threadId: string | null = null;
  phase: Phase = 'idle';
  isLoading = false;
  /** Where older items of the thread go on; null when all are here. */
  olderAfter: string | null = null;
  isLoadingOlder = false;
  feedback: ReadonlyMap<string, 'positive' | 'negative'> = new Map();
  /** Where the thread has other versions, with a server that keeps them. */
  versions: readonly Versions[] = [];
  /** The version of an edited message that nothing was answered to: the earlier one is shown again. */
  unanswered: string | null = null;
  readonly client: Client;

  private run: Run | null = null;
  private loads = 0;
  private listings = 0;
  private pendingIds = 0;
  private wake: (() => void) | null = null;
  private introduced: Promise<void> | null = null;
  private readonly handledCalls = new Set<string>();

  constructor(
    options: ClientOptions,
    private readonly hooks: Hooks,
  ) {
    this.client = new Client(options);
  }

  get isBusy(): boolean {
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

  // Threads

  /** Shows another thread, or the start of a new one. What is being written goes on where the server allows it. */
  async open(threadId: string | null): Promise<void> {
    this.detach();
    this.threadId = threadId;
    this.view = EMPTY_THREAD;
    this.olderAfter = null;
    this.feedback = new Map();
    this.versions = [];
    this.unanswered = null;
    this.hooks.threadChanged(threadId);
    this.hooks.changed();
    if (threadId !== null) await this.load(threadId);
  }

  async load(threadId: string): Promise<void> {
    const load = ++this.loads;
    this.isLoading = true;
    this.hooks.loadStarted(threadId);
    this.hooks.changed();
    try {
      const running = await this.fetchThread(threadId, load);
      if (running && load === this.loads) void this.attach(running);
    } catch (error) {
      if (load !== this.loads) return;
      this.fail(error);
      throw error;
    } finally {
      if (load === this.loads) {
        this.isLoading = false;
        this.hooks.loadEnded(threadId);
        this.hooks.changed();
      }
    }
  }

  /** What changed on the server, without touching what did not. */
  async refresh(): Promise<void> {
    const { threadId } = this;
    if (threadId === null || this.isBusy) return;
    const running = await this.fetchThread(threadId, this.loads);
    this.hooks.changed();
    if (running && !this.isBusy && threadId === this.threadId) void this.attach(running);
  }

  async loadOlder(): Promise<void> {
    const { threadId, olderAfter } = this;
    if (threadId === null || olderAfter === null || this.isLoadingOlder) return;
    this.isLoadingOlder = true;
    this.hooks.changed();
    try {
      const { answer } = await this.client.ask<Page<Item>>('items.list', { thread_id: threadId, limit: PAGE, order: 'desc', after: olderAfter });
      if (threadId !== this.threadId) return;
      const known = new Set(this.view.entries.map((entry) => entry.item.id));
      const older = normalisedItems(answer.data).reverse().filter((item) => !known.has(item.id));
      this.view = { ...this.view, entries: [...older.map((item) => ({ item, open: false })), ...this.view.entries] };
      this.olderAfter = answer.has_more && isText(answer.after) && answer.after !== olderAfter ? answer.after : null;
    } catch (error) {
      this.report(error);
    } finally {
      this.isLoadingOlder = false;
      this.hooks.changed();
    }
  }

  private async fetchThread(threadId: string, load: number): Promise<string | null> {
    const listing = this.client.can('versions') ? this.listVersions(threadId) : null;
    const { answer, headers } = await this.client.ask<Thread>('threads.get_by_id', { thread_id: threadId });
    const versions = await (listing ?? this.listVersions(threadId));
    let page = isRecord(answer.items) ? (answer.items as Page<Item>) : { data: [], has_more: false };
    let items = normalisedItems(page.data);
    let olderAfter: string | null = null;
    if (page.has_more) {
      // The first page is the oldest one; people want the newest.
      ({ answer: page } = await this.client.ask<Page<Item>>('items.list', { thread_id: threadId, limit: PAGE, order: 'desc' }));
      items = normalisedItems(page.data).reverse();
      olderAfter = page.has_more && isText(page.after) ? page.after : null;
    }
    if (load !== this.loads || threadId !== this.threadId || this.isBusy) return null;
    const before = this.view.entries.findIndex((entry) => entry.item.id === items[0]?.id);
    const kept = olderAfter !== null && before > 0 ? this.view.entries.slice(0, before) : [];
    const view = applyEvent(this.view, { type: 'thread.updated', thread: answer });
    const fresh = reconcile(view, items);
    this.view = { ...fresh, entries: [...kept, ...fresh.entries] };
    if (kept.length === 0) this.olderAfter = olderAfter;
    this.showVersions(versions);
    return this.client.can('resume') ? headers.get('ChatKit-Running-Turn') : null;
  }

  async listThreads(after: string | null): Promise<Page<ThreadMetadata>> {
    const { answer } = await this.client.ask<Page<ThreadMetadata>>('threads.list', { limit: 20, order: 'desc', after });
    return answer;
  }

  async rename(threadId: string, title: string): Promise<void> {
    const { answer } = await this.client.ask<Thread>('threads.update', { thread_id: threadId, title });
    if (threadId === this.threadId) this.apply({ type: 'thread.updated', thread: { ...answer, title } });
    this.hooks.changed();
  }

  async deleteThread(threadId: string): Promise<void> {
    await this.client.ask('threads.delete', { thread_id: threadId });
    if (threadId === this.threadId) await this.open(null);
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

  // Versions

  /** Shows another version of what follows its place. */
  async chooseVersion(versionId: string): Promise<void> {
    this.requireIdle();
    const { threadId } = this;
    if (threadId === null) return;
    const load = ++this.loads;
    this.isLoading = true;
    this.unanswered = null;
    this.view = { ...this.view, failure: null };
    this.hooks.changed();
    try {
      await this.client.ask('threads.choose_version', { thread_id: threadId, version_id: versionId });
      await this.fetchThread(threadId, load);
    } catch (error) {
      if (load === this.loads) this.fail(error);
      throw error;
    } finally {
      if (load === this.loads) {
        this.isLoading = false;
        this.hooks.changed();
      }
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

  private async listVersions(threadId: string): Promise<readonly Versions[]> {
    if (!this.client.can('versions')) return [];
    try {
      const { answer } = await this.client.ask<{ data: Versions[] }>('threads.list_versions', { thread_id: threadId });
      return Array.isArray(answer.data) ? answer.data.filter(isVersions) : [];
    } catch (error) {
      this.hooks.log('versions.failed', { code: error instanceof RequestError ? error.code : 'internal' });
      return this.versions;
    }
  }

  /** While the answer is written, so that nothing moves when it ends. */
  private async refreshVersions(): Promise<void> {
    const { threadId } = this;
    const listing = ++this.listings;
    if (threadId === null) return;
    const versions = await this.listVersions(threadId);
    if (listing !== this.listings || threadId !== this.threadId) return;
    this.showVersions(versions);
    this.hooks.changed();
  }

  private showVersions(versions: readonly Versions[]): void {
    if (JSON.stringify(versions) !== JSON.stringify(this.versions)) this.versions = versions;
  }

  /**
   * What the server shows of an answer that took another one's place. Words that were read stay; where there were none, what was there
   * before is back.
   */
  private async settle(turnId: string | null): Promise<void> {
    const { threadId, loads } = this;
    if (!this.client.can('versions') || threadId === null || turnId === null || this.isBusy) return;
    this.listings += 1;
    const hasWords = this.view.entries.findLast(({ item }) => item.type !== 'end_of_turn')?.item.type !== 'user_message';
    let versions = await this.listVersions(threadId);
    const fork = versions.find((each) => each.versions.includes(turnId));
    try {
      if (!hasWords) await this.fetchThread(threadId, loads);
      else if (fork && fork.chosen !== turnId) {
        await this.client.ask('threads.choose_version', { thread_id: threadId, version_id: turnId });
        versions = await this.listVersions(threadId);
      }
    } catch (error) {
      this.hooks.log('versions.failed', { code: error instanceof RequestError ? error.code : 'internal' });
    }
    if (loads !== this.loads || this.isBusy) return;
    if (!hasWords && fork && fork.chosen !== turnId) this.unanswered = turnId;
    this.showVersions(versions);
    this.hooks.changed();
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

  /** Stops the answer. With a server that says so the stop is confirmed; elsewhere closing the connection is the stop. */
  async stop(): Promise<void> {
    const { run } = this;
    if (!run || run.stopAsked) return;
    run.stopAsked = true;
    this.setPhase('stopping');
    if (!this.client.can('cancel')) {
      run.abort.abort();
      return;
    }
    run.deadline = setTimeout(() => run.abort.abort(), STOP_SECONDS * 1000);
    if (run.turnId) await this.cancel(run);
  }

  private async cancel(run: Run): Promise<void> {
    try {
      await this.client.cancel(run.turnId as string);
    } catch (error) {
      this.report(error);
      run.abort.abort();
    }
  }

  dismissFailure(): void {
    this.view = { ...this.view, failure: null };
    this.hooks.changed();
  }

  dismissNotice(index: number): void {
    this.view = { ...this.view, notices: this.view.notices.filter((_, at) => at !== index) };
    this.hooks.changed();
  }

  /** The network is said to be gone: an open connection would be silent for a long time before it breaks. */
  connectionLost(): void {
    if (this.phase === 'streaming' && this.run?.turnId && this.client.can('resume')) this.run.connection.abort();
  }

  /** The network is said to be back: no reason to wait for the next attempt. */
  reconnectNow(): void {
    this.wake?.();
  }

  /** Leaves the stream without stopping the answer, where the server lets it go on. */
  detach(): void {
    this.loads += 1;
    this.isLoading = false;
    const { run } = this;
    if (!run) return;
    this.run = null;
    this.phase = 'idle';
    clearTimeout(run.deadline);
    if (run.isSent || run.turnId) run.abort.abort();
    this.hooks.responseEnded();
  }

  // One answer

  private async answer(type: string, params: JsonRecord, accepted = (): void => {}): Promise<void> {
    const run = this.begin();
    const key = randomKey();
    const isInstead = type === 'threads.edit_message' || type === 'threads.retry_after_item';
    await this.introduce();
    await this.follow(run, async () => {
      const stream = await this.openStream(run, type, params, key);
      accepted();
      if (isInstead) void this.refreshVersions();
      return stream;
    });
    if (isInstead) await this.settle(run.turnId);
    await this.runClientTools();
  }

  /** A stream that was opened elsewhere: before a reload, or in another tab. */
  private async attach(turnId: string): Promise<void> {
    if (this.isBusy) return;
    const run = this.begin();
    run.turnId = turnId;
    try {
      await this.follow(run, async () => {
        const { last_event } = await this.client.turn(turnId, run.abort.signal);
        run.replayedTo = last_event;
        return this.client.follow(turnId, '0', connect(run));
      });
      await this.settle(turnId);
    } catch {
      // Already reported. The thread as it was loaded stays on the page.
    }
  }

  private begin(): Run {
    const run: Run = { abort: new AbortController(), connection: new AbortController(), turnId: null, lastEventId: '', replayedTo: 0, stopAsked: false, isSent: false };
    this.run = run;
    this.unanswered = null;
    this.setPhase('sending');
    this.hooks.responseStarted();
    return run;
  }

  private async follow(run: Run, openStream: () => Promise<EventStream>): Promise<void> {
    try {
      let stream: EventStream | null = await openStream();
      run.isSent = true;
      if (this.run !== run) run.abort.abort();
      run.turnId = stream.turnId ?? run.turnId;
      if (run.stopAsked && run.turnId) void this.cancel(run);
      while (stream && this.run === run) {
        if (!run.stopAsked) this.setPhase('streaming');
        stream = (await this.consume(run, stream)) ? null : await this.reattach(run);
      }
    } catch (error) {
      if (run.abort.signal.aborted || (this.run !== run && run.isSent)) return;
      if (this.run === run) this.fail(error);
      else this.report(error);
      if (!run.isSent) throw error;
    } finally {
      if (this.run === run) {
        this.run = null;
        clearTimeout(run.deadline);
        this.view = closeTurn(this.view, { stopped: run.stopAsked });
        this.phase = 'idle';
        this.hooks.responseEnded();
        this.hooks.changed();
      }
    }
  }

  /** Our server knows a repeated request by its key; any other might answer twice, so it is asked once. */
  private async openStream(run: Run, type: string, params: JsonRecord, key: string): Promise<EventStream> {
    const end = Date.now() + RECONNECT_SECONDS * 1000;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.client.stream({ type, params, key, signal: connect(run) });
      } catch (error) {
        const isLost = error instanceof RequestError && error.code === 'network' && this.client.can('idempotency');
        if (!isLost || run.stopAsked || Date.now() > end) throw error;
        if (this.run === run) this.setPhase('reconnecting');
        await this.pause(run, attempt);
      }
    }
  }

  /** True when the answer has ended, false when the connection did before it. */
  private async consume(run: Run, stream: EventStream): Promise<boolean> {
    const canResume = this.client.can('resume') && run.turnId !== null;
    let received = 0;
    try {
      for await (const message of stream.messages) {
        if (this.run !== run) return true;
        received += 1;
        if (message.id) run.lastEventId = message.id;
        this.receive(run, message.data);
      }
    } catch (error) {
      const isLost = error instanceof RequestError || run.connection.signal.aborted;
      if (canResume && !run.abort.signal.aborted && isLost) return false;
      throw error;
    }
    if (!canResume || run.stopAsked) return true;
    return received > 0 ? !this.view.entries.some((entry) => entry.open) : this.hasEnded(run);
  }

  /** A stream in which nothing came may have ended before its answer. */
  private async hasEnded(run: Run): Promise<boolean> {
    try {
      const { status } = await this.client.turn(run.turnId as string, run.abort.signal);
      return status !== 'running' && status !== 'queued';
    } catch (error) {
      if (error instanceof RequestError && !error.isFinal) return false;
      throw error;
    }
  }

  private receive(run: Run, data: string): void {
    let event: unknown;
    try {
      event = JSON.parse(data);
    } catch {
      this.hooks.log('stream.unreadable', { length: data.length });
      return;
    }
    if (!isRecord(event) || !isText(event.type)) return;
    const isReplay = run.replayedTo > 0 && Number(run.lastEventId.split(':').at(-1)) <= run.replayedTo;
    if (event.type === 'client_effect') {
      if (!isReplay && isText(event.name)) this.hooks.effect(event.name, isRecord(event.data) ? event.data : {});
      return;
    }
    this.apply(event as ServerEvent);
    if (event.type === 'error') this.hooks.error(asError(this.view.failure));
  }

  private apply(event: ServerEvent): void {
    const before = this.view;
    this.view = applyEvent(before, event);
    if (event.type === 'thread.created' && this.view.thread && this.threadId !== this.view.thread.id) {
      this.threadId = this.view.thread.id;
      this.hooks.threadChanged(this.threadId);
    }
    if (this.view !== before) this.hooks.changed();
  }

  private async reattach(run: Run): Promise<EventStream | null> {
    this.setPhase('reconnecting');
    this.hooks.log('stream.reconnect', { turn: run.turnId });
    const end = Date.now() + RECONNECT_SECONDS * 1000;
    for (let attempt = 0; ; attempt++) {
      await this.pause(run, attempt);
      if (this.run !== run) return null;
      try {
        return await this.client.follow(run.turnId as string, run.lastEventId || '0', connect(run));
      } catch (error) {
        if (run.abort.signal.aborted) throw error;
        if (error instanceof RequestError && (error.status === 410 || error.status === 404)) return this.reloadInstead(run);
        if (!(error instanceof RequestError) || error.isFinal || Date.now() > end) throw error;
      }
    }
  }

  /** The log of the turn is gone, its items are not. */
  private async reloadInstead(run: Run): Promise<null> {
    const { answer } = await this.client.ask<Page<Item>>('items.list', { thread_id: this.threadId, limit: PAGE, order: 'desc' });
    if (this.run === run) this.view = reconcile(this.view, normalisedItems(answer.data).reverse());
    return null;
  }

  /** At once the first time, then 0.5, 1, 2, 4, 5 ... seconds; shorter when the network is said to be back. */
  private pause(run: Run, attempt: number): Promise<void> {
    const seconds = attempt === 0 ? 0.1 : Math.min(5, 2 ** (attempt - 2));
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        run.abort.signal.removeEventListener('abort', finish);
        this.wake = null;
        resolve();
      };
      const timer = setTimeout(finish, seconds * 1000);
      run.abort.signal.addEventListener('abort', finish, { once: true });
      this.wake = finish;
    });
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
    if (threadId !== this.threadId || this.isBusy) return;
    await this.answer('threads.add_client_tool_output', { thread_id: threadId, result });
  }

  // State

  private requireIdle(): void {
    if (this.isLoading) throw new RequestError('busy', 'The conversation is still being loaded.');
    if (this.isBusy) throw new RequestError('busy', 'An answer is still being written.');
  }

  private setPhase(phase: Phase): void {
    if (this.phase === phase) return;
    this.phase = phase;
    this.hooks.changed();
  }

  private fail(error: unknown): void {
    this.view = { ...this.view, failure: failureOf(error) };
    this.report(error);
    this.hooks.changed();
  }

  private report(error: unknown): void {
    this.hooks.error(error instanceof Error ? error : new Error('Something went wrong.'));
  }
}

function isVersions(value: unknown): value is Versions {
  return isRecord(value) && Array.isArray(value.versions) && value.versions.every(isText) && isText(value.chosen);
}

/** Pages may leave out what a tag carries; servers insist on it. */
function complete(part: MessageContent): MessageContent {
  return part.type === 'input_tag' ? { ...part, data: part.data ?? {} } : part;
}

/** A new connection for the run, which ends with it or on its own. */
function connect(run: Run): AbortSignal {
  run.connection = new AbortController();
  return AbortSignal.any([run.abort.signal, run.connection.signal]);
}

export function failureOf(error: unknown): Failure {
  if (error instanceof RequestError) {
    const { retryAfter } = error.details;
    return { code: error.code, message: error.message || null, canRetry: !error.isFinal, status: error.status, ...(retryAfter ? { retryAfter } : {}) };
  }
  return { code: 'internal', message: null, canRetry: true };
}

function asError(failure: Failure | null): Error {
  return new RequestError(failure?.code ?? 'custom', failure?.message ?? 'The answer could not be finished.');
}

/** Not `crypto.randomUUID`, which pages without TLS do not have. */
function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
