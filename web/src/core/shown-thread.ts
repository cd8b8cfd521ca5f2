/** The thread that is shown: which one it is, what of it is here, and its versions. Whoever asks for answers in it extends it. */
import { Client, type ClientOptions, RequestError } from './client.ts';
import { failureOf } from './failures.ts';
import { normalisedItems } from './items.ts';
import { type Item, type JsonRecord, type Page, type ServerEvent, type Thread, type ThreadMetadata, type Versions, isRecord, isText } from './protocol.ts';
import { EMPTY_THREAD, type ThreadView, applyEvent, reconcile } from './thread.ts';

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

export const PAGE = 50;

export abstract class ShownThread {
  view: ThreadView = EMPTY_THREAD;
  threadId: string | null = null;
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

  private loads = 0;
  private listings = 0;

  constructor(
    options: ClientOptions,
    protected readonly hooks: Hooks,
  ) {
    this.client = new Client(options);
  }

  /** An answer is being written, or asked for. */
  abstract get isBusy(): boolean;
  /** Leaves the answer that is being written. */
  abstract detach(): void;
  /** Shows an answer that was asked for elsewhere. */
  protected abstract attach(turnId: string): Promise<void>;

  // Loading

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

  /** What is being loaded is not shown any more. */
  protected forgetLoad(): void {
    this.loads += 1;
    this.isLoading = false;
  }

  // All threads

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
  protected async refreshVersions(): Promise<void> {
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
  protected async settle(turnId: string | null): Promise<void> {
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

  // State

  protected requireIdle(): void {
    if (this.isLoading) throw new RequestError('busy', 'The conversation is still being loaded.');
    if (this.isBusy) throw new RequestError('busy', 'An answer is still being written.');
  }

  protected apply(event: ServerEvent): void {
    const before = this.view;
    this.view = applyEvent(before, event);
    if (event.type === 'thread.created' && this.view.thread && this.threadId !== this.view.thread.id) {
      this.threadId = this.view.thread.id;
      this.hooks.threadChanged(this.threadId);
    }
    if (this.view !== before) this.hooks.changed();
  }

  protected fail(error: unknown): void {
    this.view = { ...this.view, failure: failureOf(error) };
    this.report(error);
    this.hooks.changed();
  }

  protected report(error: unknown): void {
    this.hooks.error(error instanceof Error ? error : new Error('Something went wrong.'));
  }
}

function isVersions(value: unknown): value is Versions {
  return isRecord(value) && Array.isArray(value.versions) && value.versions.every(isText) && isText(value.chosen);
}
