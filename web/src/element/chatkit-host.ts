import { LitElement, type PropertyValues, type TemplateResult, html, nothing } from 'lit';
import { classMap } from 'lit/directives/class-map.js';
import { RequestError } from '../core/client.ts';
import type { Action, FormState, FormValue, ImagePolicy, RenderWidget } from '../core/contracts.ts';
import { Controller } from '../core/controller.ts';
import { failureOf } from '../core/failures.ts';
import type { Attachment, MessageContent, Notice, StructuredInputItem } from '../core/protocol.ts';
import type { Hooks } from '../core/shown-thread.ts';
import { icon, iconStyles } from '../icons/icon.ts';
import { markdownStyles, renderMarkdown } from '../md/markdown.ts';
import { openLightbox } from '../md/lightbox.ts';
import { upload } from './attachments.ts';
import { Backlog } from './backlog.ts';
import { Composer, type ComposerHost, type Draft } from './composer.ts';
import { controlStyles } from './control-styles.ts';
import { copyAnswer } from './copying.ts';
import { sentenceFor } from './errors.ts';
import { answerText, exchangesOf } from './exchanges.ts';
import type { HistoryHost } from './history.ts';
import { hostStyles } from './host-styles.ts';
import { type Options, checkOptions } from './options.ts';
import { Scrolling } from './scrolling.ts';
import { styling } from './styling.ts';
import { define } from './tag.ts';
import { loadFonts, schemeOf, themeStyles, variablesOf } from './theme.ts';
import { type Transcript, renderExchanges } from './transcript.ts';
import { transcriptStyles } from './transcript-styles.ts';
import { type Words, directionOf, english, fill, loadWords } from './words.ts';

export interface MessageParams {
  text?: string;
  content?: MessageContent[];
  reply?: string;
  attachments?: Attachment[];
  newThread?: boolean;
  toolChoice?: { id: string };
  model?: string;
}
export interface ComposerValue {
  text?: string;
  content?: MessageContent[];
  reply?: string;
  attachments?: Attachment[];
  files?: File[];
  selectedToolId?: string | null;
  selectedModelId?: string;
}

const READY_WAIT = 250;
const SCROLL_BUTTON = 40;

define('chatkit-host-composer', Composer);

/** The chat. Options and methods in, events out; see docs/frontend.md. */
export class ChatKitHost extends LitElement {
  static override styles = [controlStyles, iconStyles, themeStyles, markdownStyles, transcriptStyles, hostStyles];

  private options: Options | null = null;
  private controller: Controller | null = null;
  private words: Words = english;
  private wordsLocale = '';
  private isHistoryOpen = false;
  private announcement = '';
  private isAwayFromEnd = false;
  private isSentHere = false;
  private isDragging = false;
  private copiedKey: string | null = null;
  private editing: Transcript['editing'] = null;
  private drawnVersions: Controller['versions'] = [];
  private drewEdit = false;
  private epoch = 0;
  private scrolling: Scrolling | null = null;
  private readonly backlog = new Backlog(() => void this.showMore());
  private renderWidget: RenderWidget | null = null;
  private isLoadingWidgets = false;
  private isFrameWaiting = false;
  private isReady = false;
  private markReady: () => void = () => {};
  private readonly whenReady = new Promise<void>((resolve) => (this.markReady = resolve));
  private hasReadyListener: () => void = () => {};
  private readonly whenListenedTo = new Promise<void>((resolve) => (this.hasReadyListener = resolve));
  private readonly opened = new Map<string, boolean>();
  private readonly forms = new Map<string, Map<string, FormValue>>();
  private readonly releasedImages = new Set<string>();
  private outside = new AbortController();
  private refreshedAt = 0;

  // Methods of the ChatKit element

  /** Replaces all options. The thread, the draft and the place in the thread stay. */
  setOptions(options: unknown): void {
    try {
      this.options = checkOptions(options);
    } catch (error) {
      this.report(error);
      throw error;
    }
    const { theme, initialThread = null } = this.options;
    loadFonts(theme);
    void this.useLocale();
    this.epoch += 1;
    if (!this.controller) {
      this.controller = new Controller(this.connection(), this.hooks());
      void this.controller.introduce();
      if (initialThread !== null) this.openThread(initialThread).catch(() => {});
    }
    this.requestUpdate();
    void this.updateComplete.then(() => this.becomeReady());
  }

  async focusComposer(): Promise<void> {
    await this.whenReady;
    this.composer?.focus();
  }

  async setThreadId(threadId: string | null): Promise<void> {
    await this.whenReady;
    this.requireIdle();
    await this.openThread(threadId);
  }

  async sendUserMessage(params: MessageParams): Promise<void> {
    await this.whenReady;
    this.requireIdle();
    if (params.newThread) await this.openThread(null);
    const input = {
      content: params.content ?? [{ type: 'input_text' as const, text: params.text ?? '' }],
      attachments: (params.attachments ?? []).map((attachment) => attachment.id),
      quoted_text: params.reply ?? null,
      inference_options: { ...(params.toolChoice ? { tool_choice: params.toolChoice } : {}), ...(params.model ? { model: params.model } : {}) },
    };
    await new Promise<void>((accepted, refused) => {
      this.willSend();
      this.chat.send(input, params.attachments ?? [], accepted).then(accepted, refused);
    });
  }

  async setComposerValue(value: ComposerValue): Promise<void> {
    await this.whenReady;
    await this.drawn();
    const content = value.content ?? (value.text === undefined ? undefined : value.text ? [{ type: 'input_text' as const, text: value.text }] : []);
    this.composer?.setValue({
      ...(content ? { content } : {}),
      ...(value.reply === undefined ? {} : { reply: value.reply || null }),
      ...(value.attachments ? { attachments: value.attachments } : {}),
      ...(value.selectedToolId === undefined ? {} : { toolId: value.selectedToolId }),
      ...(value.selectedModelId === undefined ? {} : { modelId: value.selectedModelId }),
    });
    if (value.files) this.composer?.addFiles(value.files);
  }

  async sendCustomAction(action: { type: string; payload?: Record<string, unknown> }, itemId?: string): Promise<void> {
    await this.whenReady;
    this.requireIdle();
    await this.chat.act(action, itemId ?? null);
  }

  async showHistory(): Promise<void> {
    await this.whenReady;
    if (this.isHistoryOpen || this.options?.history?.enabled === false) return;
    await import('./history.ts');
    this.isHistoryOpen = true;
    this.requestUpdate();
    this.emit('chatkit.history.open');
  }

  async hideHistory(): Promise<void> {
    await this.whenReady;
    if (!this.isHistoryOpen) return;
    this.isHistoryOpen = false;
    this.requestUpdate();
    this.emit('chatkit.history.close');
    await this.updateComplete;
    this.composer?.focus();
  }

  async fetchUpdates(): Promise<void> {
    await this.whenReady;
    await this.chat.refresh();
  }

  // Beyond ChatKit

  /** As `setThreadId`, also while an answer is written: with a server that resumes it goes on without us. */
  async openThread(threadId: string | null): Promise<void> {
    this.isSentHere = false;
    this.editing = null;
    this.opened.clear();
    this.scrolling?.toEnd();
    await this.chat.open(threadId);
    await this.drawn();
    this.scrolling?.toEnd();
  }

  /** Until the composer, too, knows which thread is shown: what is put into it next belongs to that one. */
  private async drawn(): Promise<void> {
    this.requestUpdate();
    await this.updateComplete;
    await this.composer?.updateComplete;
  }

  get threadId(): string | null {
    return this.controller?.threadId ?? null;
  }

  get isResponding(): boolean {
    return this.controller?.isBusy ?? false;
  }

  async stopResponse(): Promise<void> {
    await this.controller?.stop();
  }

  /** The text of the newest answer, as Markdown. */
  get lastAnswer(): string {
    const exchanges = exchangesOf(this.controller?.view.entries ?? []);
    return answerText(exchanges.at(-1)?.answers ?? []);
  }

  // Ready

  /** Wrappers may listen only after they have set the options: `chatkit.ready` waits for them, a moment. */
  override addEventListener(type: string, listener: unknown, options?: boolean | AddEventListenerOptions): void {
    super.addEventListener(type, listener as EventListener, options);
    if (type === 'chatkit.ready') this.hasReadyListener();
  }

  private becomeReady(): void {
    if (this.isReady || !this.isConnected) return;
    this.isReady = true;
    this.markReady();
    void Promise.race([this.whenListenedTo, pause(READY_WAIT)])
      .then(() => pause(0))
      .then(() => this.emit('chatkit.ready'));
  }

  // Life

  override connectedCallback(): void {
    super.connectedCallback();
    this.outside = new AbortController();
    const { signal } = this.outside;
    addEventListener('offline', () => this.controller?.connectionLost(), { signal });
    addEventListener('online', () => this.controller?.reconnectNow(), { signal });
    document.addEventListener('visibilitychange', () => this.seenAgain(), { signal });
    addEventListener('focus', () => this.seenAgain(), { signal });
    this.addEventListener('keydown', (event: KeyboardEvent) => this.keyDown(event));
    if (this.options) void this.updateComplete.then(() => this.becomeReady());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.outside.abort();
    this.scrolling?.disconnect();
    this.scrolling = null;
    this.backlog.disconnect();
  }

  override updated(changed: PropertyValues): void {
    super.updated(changed);
    const viewport = this.renderRoot.querySelector<HTMLElement>('.viewport');
    const content = this.renderRoot.querySelector<HTMLElement>('.column');
    if (viewport && content && !this.scrolling) {
      this.scrolling = new Scrolling(viewport, content, () => this.followsAnswer, (distance) => this.hasScrolled(distance));
    }
  }

  /** Parts that only some conversations need come when one does. */
  override willUpdate(): void {
    const entries = this.controller?.view.entries ?? [];
    if (!this.isLoadingWidgets && entries.some((entry) => entry.item.type === 'widget')) void this.loadWidgets();
    if (this.controller && this.openQuestion()) void import('./questions.ts');
    this.noticeVersions();
  }

  private noticeVersions(): void {
    if (!this.controller) return;
    const { versions } = this.controller;
    if (versions === this.drawnVersions && this.canEdit === this.drewEdit) return;
    this.drawnVersions = versions;
    this.drewEdit = this.canEdit;
    this.epoch += 1;
  }

  private async loadWidgets(): Promise<void> {
    this.isLoadingWidgets = true;
    try {
      const { renderWidget, widgetStyles } = await import('../widgets/widget.ts');
      const { styleSheet } = widgetStyles;
      const root = this.renderRoot as ShadowRoot;
      if (styleSheet && !root.adoptedStyleSheets.includes(styleSheet)) root.adoptedStyleSheets.push(styleSheet);
      this.renderWidget = renderWidget;
      this.redraw();
    } catch (error) {
      this.isLoadingWidgets = false;
      this.report(error);
    }
  }

  private get followsAnswer(): boolean {
    return this.options?.thread?.autoScroll === true || !this.controller?.isBusy;
  }

  /** Changes come many times a second while text streams: the page is drawn once a frame, and by a timer when hidden. */
  private changed(): void {
    if (this.isFrameWaiting) return;
    this.isFrameWaiting = true;
    const draw = (): void => {
      this.isFrameWaiting = false;
      this.requestUpdate();
    };
    if (document.hidden) setTimeout(draw, 100);
    else requestAnimationFrame(draw);
  }

  /** Another tab may have gone on with this thread. */
  private seenAgain(): void {
    if (document.hidden || !this.controller?.threadId || this.controller.isBusy || Date.now() - this.refreshedAt < 5000) return;
    this.refreshedAt = Date.now();
    this.controller.refresh().catch(() => {});
  }

  private async useLocale(): Promise<void> {
    const { locale } = this;
    if (locale === this.wordsLocale) return;
    this.wordsLocale = locale;
    const words = await loadWords(locale);
    if (locale !== this.wordsLocale) return;
    this.words = words;
    this.epoch += 1;
    this.requestUpdate();
  }

  private get locale(): string {
    return this.options?.locale ?? navigator.language ?? 'en';
  }

  // The controller's world

  private get chat(): Controller {
    if (!this.controller) throw new RequestError('no_options', 'Call setOptions first.');
    return this.controller;
  }

  private connection(): ConstructorParameters<typeof Controller>[0] {
    const element = this;
    return {
      get url() {
        return element.options?.api.url ?? '';
      },
      get locale() {
        return element.locale;
      },
      get hasOwnFetch() {
        return element.options?.api.fetch !== undefined;
      },
      fetch: (input, init) => (this.options?.api.fetch ?? fetch)(input, init),
    };
  }

  private hooks(): Hooks {
    return {
      changed: () => this.changed(),
      error: (error) => this.report(error),
      responseStarted: () => {
        this.announcement = this.words.generating;
        this.emit('chatkit.response.start');
      },
      responseEnded: () => {
        const view = this.controller?.view;
        const isStopped = view?.entries.at(-1)?.stopped === true;
        this.announcement = view?.failure ? '' : isStopped ? this.words.stopped : this.lastAnswer.slice(0, 2000) || this.words.answerReady;
        this.emit('chatkit.response.end');
      },
      threadChanged: (threadId) => {
        if (threadId !== null && this.chat.isBusy) this.composer?.draftIsOf(threadId);
        this.emit('chatkit.thread.change', { threadId });
      },
      loadStarted: (threadId) => {
        this.backlog.begin();
        this.emit('chatkit.thread.load.start', { threadId });
      },
      loadEnded: (threadId) => {
        this.emit('chatkit.thread.load.end', { threadId });
        void this.updateComplete.then(() => this.scrolling?.toEnd());
      },
      effect: (name, data) => this.emit('chatkit.effect', { name, data }),
      log: (name, data) => this.emit('chatkit.log', { name, data }),
      clientTool: (call) => {
        const { options } = this;
        return options?.onClientTool ? Promise.resolve(options.onClientTool(call)) : null;
      },
    };
  }

  private emit(type: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }

  private report(error: unknown): void {
    this.emit('chatkit.error', { error: error instanceof Error ? error : new Error('Something went wrong.') });
  }

  private requireIdle(): void {
    if (this.chat.isBusy || this.chat.isLoading) throw new RequestError('busy', this.words.errorBusy);
  }

  // Sending

  private get composer(): Composer | null {
    return this.renderRoot.querySelector('chatkit-host-composer');
  }

  private willSend(): void {
    this.isSentHere = true;
    this.requestUpdate();
    void this.updateComplete.then(() => pause(0)).then(() => this.scrolling?.toEnd('smooth'));
  }

  private readonly composerHost: ComposerHost = {
    submit: (draft) => this.submit(draft),
    stop: () => void this.controller?.stop(),
    editLast: () => this.editLast(),
    upload: (file, signal, progressed) => upload(file, this.chat.client, this.options?.api.uploadStrategy, signal, progressed),
    forgetAttachment: (id) => this.chat.client.ask('attachments.delete', { attachment_id: id }).catch((error: unknown) => this.report(error)),
    toolChanged: (toolId) => this.emit('chatkit.tool.change', { toolId }),
    failed: (error) => this.report(error),
  };

  private async submit(draft: Draft): Promise<void> {
    const input = {
      content: draft.content,
      attachments: draft.attachments.map((attachment) => attachment.id),
      quoted_text: draft.reply,
      inference_options: { ...(draft.toolId ? { tool_choice: { id: draft.toolId } } : {}), ...(draft.modelId ? { model: draft.modelId } : {}) },
    };
    const sending = this.chat.send(input, draft.attachments);
    this.willSend();
    await sending;
  }

  private async prompt(prompt: string | MessageContent[]): Promise<void> {
    const content: MessageContent[] = typeof prompt === 'string' ? [{ type: 'input_text', text: prompt }] : prompt;
    const toolId = this.composer?.toolChoice ?? null;
    await this.submit({ content, attachments: [], reply: null, toolId, modelId: null }).catch(() => {});
  }

  private async runAction(itemId: string, action: Action): Promise<void> {
    const item = this.chat.view.entries.find((entry) => entry.item.id === itemId)?.item;
    if (action.handler === 'client') {
      try {
        await this.options?.widgets?.onAction?.({ type: action.type, ...(action.payload ? { payload: action.payload } : {}) }, { id: itemId, widget: item?.type === 'widget' ? item.widget : null });
      } catch (error) {
        this.report(error);
        throw error;
      }
      return;
    }
    try {
      await this.chat.act(action, itemId);
    } catch (error) {
      // A stream's failure was reported where it happened; the answer of a plain request was not.
      if (action.streaming === false) this.report(error);
      throw error;
    }
  }

  // What people do with the transcript

  private transcript(): Transcript {
    const { options, words, chat } = this;
    return {
      words,
      locale: this.locale,
      scheme: schemeOf(options?.theme),
      canRate: options?.threadItemActions?.feedback === true,
      canRetry: options?.threadItemActions?.retry === true,
      canEdit: this.canEdit,
      editing: this.editing,
      versions: chat.versions,
      isBusy: chat.isBusy,
      epoch: this.epoch,
      progress: chat.view.progress,
      imagePolicy: this.imagePolicy,
      renderWidget: this.renderWidget,
      copiedKey: this.copiedKey,
      opened: this.opened,
      feedbackOf: (itemId) => chat.feedback.get(itemId),
      formState: (itemId) => this.formState(itemId),
      act: (itemId, action) => this.runAction(itemId, action),
      onLink: (url) => this.followLink(url),
      onEntity: (entity) => options?.entities?.onClick?.(entity),
      onToggle: (key, isOpen) => {
        this.opened.set(key, isOpen);
        this.redraw();
      },
      onCopy: (key, text, article) => void this.copy(key, text, article),
      onRate: (ids, kind) => {
        void chat.sendFeedback(ids, kind);
        this.redraw();
      },
      onRetry: (itemId) => void this.retry(itemId),
      onEdit: (itemId) => void this.startEditing(itemId),
      onEdited: (content) => void this.finishEditing(content),
      onEditCancelled: () => void this.cancelEditing(),
      onVersion: (versionId) => void this.chooseVersion(versionId),
      onZoom: (event, url, name) => openLightbox(event.currentTarget as HTMLElement, url, name, words.dismiss),
    };
  }

  private redraw(): void {
    this.epoch += 1;
    this.requestUpdate();
  }

  private readonly imagePolicy: ImagePolicy = {
    decide: (address) => {
      const url = URL.parse(address, document.baseURI);
      if (!url) return 'block';
      if (url.protocol === 'data:' || url.protocol === 'blob:' || url.origin === location.origin) return 'show';
      const allowed = this.controller?.view.thread?.allowed_image_domains ?? [];
      const isAllowed = allowed.some((domain) => url.hostname === domain || url.hostname.endsWith(`.${domain}`));
      return isAllowed || this.releasedImages.has(address) ? 'show' : 'ask';
    },
    release: (address) => {
      this.releasedImages.add(address);
      this.redraw();
    },
  };

  private formState(itemId: string): FormState {
    let values = this.forms.get(itemId);
    if (!values) this.forms.set(itemId, (values = new Map()));
    return values;
  }

  private followLink(url: string): boolean {
    if (!url.startsWith('chatkit-link:')) return false;
    const parsed = URL.parse(url);
    const name = parsed ? parsed.hostname || parsed.pathname.replace(/^\/+/, '') : '';
    this.emit('chatkit.deeplink', { name, data: Object.fromEntries(parsed?.searchParams ?? []) });
    return true;
  }

  private async copy(key: string, text: string, article: HTMLElement | null): Promise<void> {
    if (!(await copyAnswer(text, article))) return;
    this.copiedKey = key;
    this.announcement = this.words.copied;
    this.redraw();
    await pause(1800);
    if (this.copiedKey !== key) return;
    this.copiedKey = null;
    this.redraw();
  }

  private async tryAgain(questionId: string): Promise<void> {
    if (this.chat.unanswered === null) return this.retry(questionId);
    const retrying = this.chat.retryUnanswered();
    this.willSend();
    await retrying.catch(() => {});
  }

  private async retry(itemId: string): Promise<void> {
    const retrying = this.chat.retry(itemId);
    this.willSend();
    await retrying.catch(() => {});
  }

  // Editing, and going back to what was there before

  private get canEdit(): boolean {
    const { client, view } = this.chat;
    return client.can('edit') && this.options?.threadItemActions?.edit !== false && (view.thread?.status?.type ?? 'active') === 'active';
  }

  private editLast(): boolean {
    const last = this.chat.view.entries.findLast(({ item }) => item.type === 'user_message');
    if (!last || last.pending || !this.canEdit || this.chat.isBusy || this.chat.isLoading) return false;
    void this.startEditing(last.item.id);
    return true;
  }

  private async startEditing(itemId: string): Promise<void> {
    const item = this.chat.view.entries.find((entry) => entry.item.id === itemId)?.item;
    if (item?.type === 'user_message') await this.editMessage(itemId, item.content);
  }

  private async editMessage(itemId: string, content: readonly MessageContent[]): Promise<void> {
    await import('./message-editor.ts');
    this.editing = { itemId, content };
    this.redraw();
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>('chatkit-host-message-editor')?.scrollIntoView({ block: 'nearest' });
  }

  private async cancelEditing(): Promise<void> {
    const { editing } = this;
    this.editing = null;
    this.redraw();
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(`[data-edit="${CSS.escape(editing?.itemId ?? '')}"]`)?.focus();
  }

  private async finishEditing(content: MessageContent[]): Promise<void> {
    const { editing } = this;
    const message = this.chat.view.entries.find((entry) => entry.item.id === editing?.itemId)?.item;
    if (!editing || message?.type !== 'user_message' || this.chat.isBusy || this.chat.isLoading) return;
    this.editing = null;
    const answering = this.chat.edit(message.id, {
      content,
      attachments: message.attachments.map((attachment) => attachment.id),
      quoted_text: message.quoted_text ?? null,
      inference_options: message.inference_options ?? {},
    });
    this.willSend();
    this.redraw();
    if (matchMedia('(pointer: fine)').matches) this.composer?.focus();
    try {
      await answering;
    } catch {
      // The message did not reach the server, and the element has said why: what was written comes back.
      if (!this.editing && this.chat.view.entries.some((entry) => entry.item.id === message.id)) await this.editMessage(message.id, content);
    }
  }

  private async chooseVersion(versionId: string): Promise<void> {
    if (this.chat.isBusy || this.chat.isLoading) return;
    const from = this.renderRoot.querySelector<HTMLElement>('.versions:focus-within');
    const to = (this.renderRoot as ShadowRoot).activeElement?.getAttribute('data-to') ?? 'next';
    const place = this.chat.versions.find(({ versions }) => versions.includes(versionId))?.versions[0] ?? '';
    const top = from?.getBoundingClientRect().top;
    try {
      await this.chat.chooseVersion(versionId);
    } catch {
      return; // The chat has said why.
    }
    const chosen = this.chat.versions.find(({ versions }) => versions.includes(versionId));
    if (chosen) this.announcement = fill(this.words.version, { number: chosen.versions.indexOf(versionId) + 1, count: chosen.versions.length });
    this.requestUpdate();
    await this.updateComplete;
    const here = this.renderRoot.querySelector<HTMLElement>(`[data-versions="${CSS.escape(place)}"]`);
    if (!here || !from) return;
    here.querySelector<HTMLElement>(`[data-to=${to}]`)?.focus({ preventScroll: true });
    const viewport = this.renderRoot.querySelector('.viewport');
    if (viewport && top !== undefined) viewport.scrollTop += here.getBoundingClientRect().top - top;
  }

  /** Earlier messages: those that are here already, then those that the server has. */
  private async showOlder(): Promise<void> {
    if (!this.backlog.isWhole) return this.showMore();
    await this.scrolling?.keeping(async () => {
      await this.chat.loadOlder();
      this.requestUpdate();
      await this.updateComplete;
    });
  }

  private async showMore(): Promise<void> {
    this.backlog.drawMore(exchangesOf(this.chat.view.entries));
    await this.scrolling?.keeping(() => {
      this.requestUpdate();
      return this.updateComplete;
    });
  }

  private hasScrolled(distance: number): void {
    const viewport = this.renderRoot.querySelector('.viewport');
    if (viewport && viewport.scrollTop < 200 && this.hasOlder && !this.controller?.isLoadingOlder && viewport.scrollHeight > viewport.clientHeight) void this.showOlder();
    // Room that is kept free for the answer is not content that waits below.
    const isAway = distance > SCROLL_BUTTON && this.endIsBelow();
    if (isAway === this.isAwayFromEnd) return;
    this.isAwayFromEnd = isAway;
    this.requestUpdate();
  }

  private get hasOlder(): boolean {
    return !this.backlog.isWhole || typeof this.controller?.olderAfter === 'string';
  }

  private endIsBelow(): boolean {
    const viewport = this.renderRoot.querySelector('.viewport');
    const last = this.renderRoot.querySelector('.exchange.last')?.lastElementChild;
    if (!viewport || !last) return false;
    return last.getBoundingClientRect().bottom > viewport.getBoundingClientRect().bottom + 8;
  }

  private keyDown(event: KeyboardEvent): void {
    if (event.key === 'Escape' && this.controller?.isBusy && !event.defaultPrevented) {
      event.preventDefault();
      void this.controller.stop();
    }
  }

  // Files dropped anywhere

  private dragOver(event: DragEvent): void {
    if (!this.options?.composer?.attachments?.enabled || !event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    if (this.isDragging) return;
    this.isDragging = true;
    this.requestUpdate();
  }

  private dragLeave(event: DragEvent): void {
    if (event.relatedTarget && this.renderRoot.contains(event.relatedTarget as Node)) return;
    this.isDragging = false;
    this.requestUpdate();
  }

  private drop(event: DragEvent): void {
    if (!this.isDragging) return;
    event.preventDefault();
    this.isDragging = false;
    this.requestUpdate();
    this.composer?.addFiles(event.dataTransfer?.files ?? []);
  }

  // Looks

  override render(): TemplateResult | typeof nothing {
    const { options, controller, words } = this;
    if (!options || !controller) return nothing;
    const { view } = controller;
    const scheme = schemeOf(options.theme);
    const exchanges = this.backlog.drawn(exchangesOf(view.entries));
    const isEmpty = view.entries.length === 0 && !controller.isBusy && !controller.isLoading && controller.threadId === null;
    return html`<div
      class=${classMap({ frame: true, [scheme]: true, empty: isEmpty })}
      role="region"
      aria-label=${options.frameTitle ?? words.chat}
      dir=${directionOf(this.locale)}
      lang=${this.locale}
      ${styling({ 'color-scheme': scheme, ...variablesOf(options.theme) })}
      @dragover=${this.dragOver}
      @dragleave=${this.dragLeave}
      @drop=${this.drop}
    >
      ${options.header?.enabled === false ? nothing : this.header(options)}
      <div class="body">
        <div class="viewport" tabindex="0" role="log" aria-live="off" aria-label=${view.thread?.title || words.chat} aria-busy=${String(controller.isLoading)}>
          <div class=${classMap({ column: true, 'sent-here': this.isSentHere, busy: controller.isBusy })}>
            ${isEmpty ? this.startScreen(options) : nothing}
            ${controller.isLoading && view.entries.length === 0 ? html`<div class="loading" role="status"><span class="spinner"></span><span class="visually-hidden">${words.loading}</span></div>` : nothing}
            ${this.hasOlder ? html`<div class="older"><button class="button" ?disabled=${controller.isLoadingOlder} @click=${this.showOlder}>${words.loadOlder}</button></div>` : nothing}
            ${renderExchanges(exchanges, this.transcript())}
          </div>
        </div>
        ${this.isAwayFromEnd ? html`<button class=${classMap({ 'to-end': true, fresh: controller.isBusy })} aria-label=${words.scrollDown} title=${words.scrollDown} @click=${() => this.scrolling?.toEnd('smooth')}>${icon('arrow-down', 18)}</button>` : nothing}
      </div>
      <div class="foot">
        <div class="column">${this.notices(view.notices)} ${this.failure()} ${this.connectionNotice()} ${this.input(options)} ${this.disclaimer(options)}</div>
      </div>
      ${this.isHistoryOpen ? this.history(options) : nothing}
      ${this.isDragging ? html`<div class="drop-hint">${icon('upload', 28)} ${words.dropFiles}</div>` : nothing}
      <div class="visually-hidden" aria-live="polite" data-announcement>${this.announcement}</div>
    </div>`;
  }

  private header(options: Options): TemplateResult {
    const { header = {}, history } = options;
    const { words } = this;
    const title = header.title?.text ?? this.controller?.view.thread?.title ?? '';
    const custom = (action: NonNullable<typeof header>['leftAction']): TemplateResult | typeof nothing =>
      action ? html`<button class="icon-button" aria-label=${action.icon.replaceAll('-', ' ')} @click=${() => action.onClick()}>${icon(action.icon, 20)}</button>` : nothing;
    return html`<div class="header">
      ${custom(header.leftAction)}
      <div class="title">${title && header.title?.enabled !== false ? html`<h2 dir="auto">${title}</h2>` : nothing}</div>
      ${history?.enabled === false ? nothing : html`<button class="icon-button" aria-label=${words.history} title=${words.history} @click=${() => void this.showHistory()}>${icon('history', 20)}</button>`}
      ${this.controller?.threadId ? html`<button class="icon-button" aria-label=${words.newChat} title=${words.newChat} @click=${this.startNew}>${icon('compose', 20)}</button>` : nothing}
      ${custom(header.rightAction)}
    </div>`;
  }

  private async startNew(): Promise<void> {
    await this.openThread(null);
    this.composer?.focus();
  }

  private startScreen({ startScreen = {} }: Options): TemplateResult {
    return html`<div class="welcome">
      <h2 dir="auto">${startScreen.greeting ?? this.words.greeting}</h2>
      ${startScreen.prompts?.length
        ? html`<ul class="prompts">
            ${startScreen.prompts.map(
              ({ label, prompt, icon: name }) => html`<li><button @click=${() => void this.prompt(prompt)}>${icon(name ?? 'sparkle', 20)}<span dir="auto">${label}</span></button></li>`,
            )}
          </ul>`
        : nothing}
    </div>`;
  }

  private input(options: Options): TemplateResult {
    const { chat, words } = this;
    const { status } = chat.view.thread ?? {};
    if (status?.type === 'closed') return html`<p class="closed" role="status">${icon('lock', 18)} ${status.reason || words.closed}</p>`;
    const question = this.openQuestion();
    return html`${question
        ? html`<chatkit-host-questions .item=${question} .words=${words} .isBusy=${chat.isBusy} .submit=${(submission: Parameters<Controller['submitStructuredInput']>[1]) => void chat.submitStructuredInput(question.id, submission).catch(() => {})}></chatkit-host-questions>`
        : nothing}
      <chatkit-host-composer
        ?hidden=${question !== null}
        .options=${options}
        .words=${words}
        .host=${this.composerHost}
        .isBusy=${chat.isBusy}
        .isStopping=${chat.phase === 'stopping'}
        .canStop=${chat.view.canCancel && chat.phase !== 'tool'}
        .lockedBecause=${status?.type === 'locked' ? status.reason || words.locked : null}
        .draftKey=${chat.threadId ?? 'new'}
      ></chatkit-host-composer>`;
  }

  private openQuestion(): StructuredInputItem | null {
    const item = this.chat.view.entries.findLast((entry) => entry.item.type === 'structured_input')?.item;
    return item?.type === 'structured_input' && item.status === 'pending' && !this.chat.isBusy ? item : null;
  }

  private notices(notices: readonly Notice[]): unknown {
    return notices.map(
      (notice, at) => html`<div class="notice ${notice.level}" role="status">
        ${icon(notice.level === 'info' ? 'info' : 'warning', 18)}
        <div>
          ${notice.title ? html`<strong>${notice.title}</strong>` : nothing}
          ${renderMarkdown(notice.message, { streaming: false, locale: this.locale, imagePolicy: this.imagePolicy, onLink: (url) => this.followLink(url) })}
        </div>
        <button class="icon-button small" aria-label=${this.words.dismiss} @click=${() => this.chat.dismissNotice(at)}>${icon('close', 16)}</button>
      </div>`,
    );
  }

  private failure(): TemplateResult | typeof nothing {
    const { failure, entries } = this.chat.view;
    if (!failure || this.chat.isBusy) return nothing;
    const question = entries.findLast((entry) => entry.item.type === 'user_message' && !entry.item.id.startsWith('pending_'))?.item.id;
    const canLoad = entries.length === 0 && this.chat.threadId !== null;
    const again = canLoad ? () => void this.chat.load(this.chat.threadId as string).catch(() => {}) : question && entries.length > 0 ? () => void this.tryAgain(question) : null;
    return html`<div class="notice danger" role="alert">
      ${icon('alert', 18)}
      <div>${sentenceFor(failure, this.words, this.locale)}</div>
      ${failure.canRetry && again ? html`<button class="button" @click=${again}>${icon('retry', 16)} ${this.words.retry}</button>` : nothing}
      <button class="icon-button small" aria-label=${this.words.dismiss} @click=${() => this.chat.dismissFailure()}>${icon('close', 16)}</button>
    </div>`;
  }

  private connectionNotice(): TemplateResult | typeof nothing {
    if (this.chat.phase !== 'reconnecting') return nothing;
    return html`<div class="notice info" role="status"><span class="spinner"></span><div>${this.words.reconnecting}</div></div>`;
  }

  private disclaimer({ disclaimer }: Options): TemplateResult | typeof nothing {
    if (!disclaimer?.text) return nothing;
    return html`<div class=${classMap({ disclaimer: true, strong: disclaimer.highContrast === true })}>
      ${renderMarkdown(disclaimer.text, { streaming: false, locale: this.locale, imagePolicy: this.imagePolicy, onLink: (url) => this.followLink(url) })}
    </div>`;
  }

  private history(options: Options): TemplateResult {
    return html`<chatkit-host-history
      .words=${this.words}
      .host=${this.historyHost}
      .currentId=${this.threadId}
      .canRename=${options.history?.showRename !== false}
      .canDelete=${options.history?.showDelete !== false}
      @click=${(event: Event) => event.target === event.currentTarget && event.composedPath()[0] === event.currentTarget && void this.hideHistory()}
    ></chatkit-host-history>`;
  }

  private readonly historyHost: HistoryHost = {
    list: (after) => this.chat.listThreads(after),
    open: (threadId) => {
      void this.hideHistory();
      this.openThread(threadId).catch(() => {});
    },
    rename: (threadId, title) => this.chat.rename(threadId, title),
    delete: (threadId) => this.chat.deleteThread(threadId),
    close: () => void this.hideHistory(),
    failed: (error) => {
      this.report(error);
      return sentenceFor(failureOf(error), this.words, this.locale);
    },
  };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
