import { LitElement, type TemplateResult, html, nothing } from 'lit';
import { classMap } from 'lit/directives/class-map.js';
import { RequestError } from '../core/client.ts';
import { Controller } from '../core/controller.ts';
import type { Attachment, MessageContent } from '../core/protocol.ts';
import type { Hooks } from '../core/shown-thread.ts';
import { icon, iconStyles } from '../icons/icon.ts';
import { markdownStyles } from '../md/markdown.ts';
import type { ChatElement } from './chat-element.ts';
import { Composer } from './composer.ts';
import { controlStyles } from './control-styles.ts';
import { Editing } from './editing.ts';
import { answerText, exchangesOf } from './exchanges.ts';
import { FileDrop } from './file-drop.ts';
import { openQuestion, renderFoot } from './foot.ts';
import { renderHeader } from './header.ts';
import { HistoryPanel } from './history-panel.ts';
import { hostStyles } from './host-styles.ts';
import { type Options, checkOptions } from './options.ts';
import { Readiness } from './readiness.ts';
import { Reading } from './reading.ts';
import { Rows } from './rows.ts';
import { Sending } from './sending.ts';
import { renderStartScreen } from './start-screen.ts';
import { styling } from './styling.ts';
import { Surroundings } from './surroundings.ts';
import { define } from './tag.ts';
import { loadFonts, schemeOf, themeStyles, variablesOf } from './theme.ts';
import { transcriptStyles } from './transcript-styles.ts';
import { type Words, directionOf, english, loadWords } from './words.ts';

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

define('chatkit-host-composer', Composer);

/** The chat. Options and methods in, events out; see docs/frontend.md. */
export class ChatKitHost extends LitElement implements ChatElement {
  static override styles = [controlStyles, iconStyles, themeStyles, markdownStyles, transcriptStyles, hostStyles];

  // What its parts see of it: `ChatElement`

  options: Options | null = null;
  controller: Controller | null = null;
  words: Words = english;
  readonly reading = new Reading(this);
  readonly editing = new Editing(this);
  readonly rows = new Rows(this);
  readonly sending = new Sending(this);

  private readonly readiness = new Readiness(() => this.emit('chatkit.ready'));
  private readonly historyPanel = new HistoryPanel(this);
  private readonly fileDrop = new FileDrop(this);
  private wordsLocale = '';
  private announcement = '';
  private isFrameWaiting = false;

  constructor() {
    super();
    new Surroundings(this);
  }

  get chat(): Controller {
    if (!this.controller) throw new RequestError('no_options', 'Call setOptions first.');
    return this.controller;
  }

  get locale(): string {
    return this.options?.locale ?? navigator.language ?? 'en';
  }

  get composer(): Composer | null {
    return this.renderRoot.querySelector('chatkit-host-composer');
  }

  emit(type: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }

  report(error: unknown): void {
    this.emit('chatkit.error', { error: error instanceof Error ? error : new Error('Something went wrong.') });
  }

  announce(text: string): void {
    this.announcement = text;
  }

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
    if (!this.controller) {
      this.controller = new Controller(this.connection(), this.hooks());
      void this.controller.introduce();
      if (initialThread !== null) this.openThread(initialThread).catch(() => {});
    }
    this.rows.redraw();
    void this.updateComplete.then(() => this.becomeReady());
  }

  async focusComposer(): Promise<void> {
    await this.readiness.whenReached;
    this.composer?.focus();
  }

  async setThreadId(threadId: string | null): Promise<void> {
    await this.readiness.whenReached;
    this.requireIdle();
    await this.openThread(threadId);
  }

  async sendUserMessage(params: MessageParams): Promise<void> {
    await this.readiness.whenReached;
    this.requireIdle();
    if (params.newThread) await this.openThread(null);
    const input = {
      content: params.content ?? [{ type: 'input_text' as const, text: params.text ?? '' }],
      attachments: (params.attachments ?? []).map((attachment) => attachment.id),
      quoted_text: params.reply ?? null,
      inference_options: { ...(params.toolChoice ? { tool_choice: params.toolChoice } : {}), ...(params.model ? { model: params.model } : {}) },
    };
    await new Promise<void>((accepted, refused) => {
      this.reading.willSend();
      this.chat.send(input, params.attachments ?? [], accepted).then(accepted, refused);
    });
  }

  async setComposerValue(value: ComposerValue): Promise<void> {
    await this.readiness.whenReached;
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
    await this.readiness.whenReached;
    this.requireIdle();
    await this.chat.act(action, itemId ?? null);
  }

  async showHistory(): Promise<void> {
    await this.readiness.whenReached;
    await this.historyPanel.show();
  }

  async hideHistory(): Promise<void> {
    await this.readiness.whenReached;
    await this.historyPanel.hide();
  }

  async fetchUpdates(): Promise<void> {
    await this.readiness.whenReached;
    await this.chat.refresh();
  }

  // Beyond ChatKit

  /** As `setThreadId`, also while an answer is written: with a server that resumes it goes on without us. */
  async openThread(threadId: string | null): Promise<void> {
    this.reading.isSentHere = false;
    this.editing.current = null;
    this.rows.begin();
    this.reading.toEnd();
    await this.chat.open(threadId);
    await this.drawn();
    this.reading.toEnd();
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

  // Life

  /** Wrappers may listen only after they have set the options: `chatkit.ready` waits for them, a moment. */
  override addEventListener(type: string, listener: unknown, options?: boolean | AddEventListenerOptions): void {
    super.addEventListener(type, listener as EventListener, options);
    if (type === 'chatkit.ready') this.readiness.hasListener();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener('keydown', (event: KeyboardEvent) => this.keyDown(event));
    if (this.options) void this.updateComplete.then(() => this.becomeReady());
  }

  private becomeReady(): void {
    if (this.isConnected) this.readiness.reach();
  }

  /** Only some conversations have questions: their code comes when one does. */
  override willUpdate(): void {
    if (this.controller && openQuestion(this.controller)) void import('./questions.ts');
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

  private async useLocale(): Promise<void> {
    const { locale } = this;
    if (locale === this.wordsLocale) return;
    this.wordsLocale = locale;
    const words = await loadWords(locale);
    if (locale !== this.wordsLocale) return;
    this.words = words;
    this.rows.redraw();
  }

  private keyDown(event: KeyboardEvent): void {
    if (event.key === 'Escape' && this.controller?.isBusy && !event.defaultPrevented) {
      event.preventDefault();
      void this.controller.stop();
    }
  }

  // The controller's world

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
        this.announce(this.words.generating);
        this.emit('chatkit.response.start');
      },
      responseEnded: () => {
        const view = this.controller?.view;
        const isStopped = view?.entries.at(-1)?.stopped === true;
        this.announce(view?.failure ? '' : isStopped ? this.words.stopped : this.lastAnswer.slice(0, 2000) || this.words.answerReady);
        this.emit('chatkit.response.end');
      },
      threadChanged: (threadId) => {
        if (threadId !== null && this.chat.isBusy) this.composer?.draftIsOf(threadId);
        this.emit('chatkit.thread.change', { threadId });
      },
      loadStarted: (threadId) => {
        this.reading.begin();
        this.emit('chatkit.thread.load.start', { threadId });
      },
      loadEnded: (threadId) => {
        this.emit('chatkit.thread.load.end', { threadId });
        void this.updateComplete.then(() => this.reading.toEnd());
      },
      effect: (name, data) => this.emit('chatkit.effect', { name, data }),
      log: (name, data) => this.emit('chatkit.log', { name, data }),
      clientTool: (call) => {
        const { options } = this;
        return options?.onClientTool ? Promise.resolve(options.onClientTool(call)) : null;
      },
    };
  }

  private requireIdle(): void {
    if (this.chat.isBusy || this.chat.isLoading) throw new RequestError('busy', this.words.errorBusy);
  }

  // Looks

  override render(): TemplateResult | typeof nothing {
    const { options, controller, words, reading } = this;
    if (!options || !controller) return nothing;
    const { view } = controller;
    const scheme = schemeOf(options.theme);
    const exchanges = reading.drawn(exchangesOf(view.entries));
    const isEmpty = view.entries.length === 0 && !controller.isBusy && !controller.isLoading && controller.threadId === null;
    return html`<div
      class=${classMap({ frame: true, [scheme]: true, empty: isEmpty })}
      role="region"
      aria-label=${options.frameTitle ?? words.chat}
      dir=${directionOf(this.locale)}
      lang=${this.locale}
      ${styling({ 'color-scheme': scheme, ...variablesOf(options.theme) })}
      @dragover=${this.fileDrop.over}
      @dragleave=${this.fileDrop.leave}
      @drop=${this.fileDrop.drop}
    >
      ${renderHeader(this, options)}
      <div class="body">
        <div class="viewport" tabindex="0" role="log" aria-live="off" aria-label=${view.thread?.title || words.chat} aria-busy=${String(controller.isLoading)}>
          <div class=${classMap({ column: true, 'sent-here': reading.isSentHere, busy: controller.isBusy })}>
            ${isEmpty ? renderStartScreen(this, options) : nothing}
            ${controller.isLoading && view.entries.length === 0 ? html`<div class="loading" role="status"><span class="spinner"></span><span class="visually-hidden">${words.loading}</span></div>` : nothing}
            ${reading.hasOlder ? html`<div class="older"><button class="button" ?disabled=${controller.isLoadingOlder} @click=${() => reading.showOlder()}>${words.loadOlder}</button></div>` : nothing}
            ${this.rows.render(exchanges)}
          </div>
        </div>
        ${reading.isAwayFromEnd ? html`<button class=${classMap({ 'to-end': true, fresh: controller.isBusy })} aria-label=${words.scrollDown} title=${words.scrollDown} @click=${() => reading.toEnd('smooth')}>${icon('arrow-down', 18)}</button>` : nothing}
      </div>
      ${renderFoot(this, options)}
      ${this.historyPanel.render()}
      ${this.fileDrop.isNear ? html`<div class="drop-hint">${icon('upload', 28)} ${words.dropFiles}</div>` : nothing}
      <div class="visually-hidden" aria-live="polite" data-announcement>${this.announcement}</div>
    </div>`;
  }
}
