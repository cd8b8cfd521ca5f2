import { LitElement, type PropertyValues, type TemplateResult, html, nothing } from 'lit';
import { classMap } from 'lit/directives/class-map.js';
import { repeat } from 'lit/directives/repeat.js';
import type { Attachment, MessageContent } from '../core/protocol.ts';
import { icon, iconStyles } from '../icons/icon.ts';
import { type Upload, acceptAttribute } from './attachments.ts';
import { composerStyles } from './composer-styles.ts';
import { controlStyles } from './control-styles.ts';
import { Drafts, type Written } from './drafts.ts';
import { Editor } from './editor.ts';
import { walkMenu } from './menu.ts';
import type { Model, Options, Tool } from './options.ts';
import { Suggestions } from './suggestions.ts';
import { Uploads } from './uploads.ts';
import { type Words, english, fill } from './words.ts';

export interface Draft {
  content: MessageContent[];
  attachments: Attachment[];
  reply: string | null;
  toolId: string | null;
  modelId: string | null;
}

/** What the composer needs from the element it stands in. */
export interface ComposerHost {
  /** Rejects when nothing was sent: the draft comes back. */
  submit(draft: Draft): Promise<void>;
  stop(): void;
  /** Opens the last message again; false when there is none that can be edited. */
  editLast(): boolean;
  upload(file: File, signal: AbortSignal, progressed: (share: number) => void): Promise<Attachment>;
  forgetAttachment(id: string): void;
  toolChanged(toolId: string | null): void;
  failed(error: unknown): void;
}

const LONG_PASTE = 8000;

export class Composer extends LitElement {
  static override styles = [controlStyles, iconStyles, composerStyles];
  static override properties = {
    options: { attribute: false },
    words: { attribute: false },
    host: { attribute: false },
    isBusy: { type: Boolean },
    isStopping: { type: Boolean },
    canStop: { type: Boolean },
    lockedBecause: { attribute: false },
    draftKey: { attribute: false },
    isEmpty: { state: true },
    uploads: { state: true },
    reply: { state: true },
    toolId: { state: true },
    modelId: { state: true },
    menu: { state: true },
  };

  declare options: Options;
  declare words: Words;
  declare host: ComposerHost;
  declare isBusy: boolean;
  declare isStopping: boolean;
  declare canStop: boolean;
  declare lockedBecause: string | null;
  /** Whose draft this is: one for every thread, one for the next new one. */
  declare draftKey: string;
  declare private isEmpty: boolean;
  /** The files of the draft that is shown. */
  declare private uploads: Uploads;
  declare private reply: string | null;
  declare private toolId: string | null;
  declare private modelId: string | null;
  declare private menu: 'add' | 'model' | null;

  private editor: Editor | null = null;
  private adoptedBy: string | null = null;
  private readonly drafts = new Drafts(() => this.newUploads());
  private readonly suggestions: Suggestions;

  constructor() {
    super();
    this.words = english;
    this.isBusy = false;
    this.isStopping = false;
    this.canStop = true;
    this.lockedBecause = null;
    this.draftKey = '';
    this.isEmpty = true;
    this.uploads = this.newUploads();
    this.reply = null;
    this.toolId = null;
    this.modelId = null;
    this.menu = null;
    this.suggestions = this.newSuggestions();
  }

  // What the page may do

  override focus(): void {
    this.editor?.focusEnd();
  }

  setValue(value: { content?: readonly MessageContent[]; reply?: string | null; attachments?: readonly Attachment[]; toolId?: string | null; modelId?: string }): void {
    if (value.content) this.editor?.set(value.content);
    if (value.reply !== undefined) this.reply = value.reply;
    if (value.attachments) this.uploads.set(value.attachments);
    if (value.toolId !== undefined) this.selectTool(value.toolId);
    if (value.modelId !== undefined) this.modelId = value.modelId;
    this.edited();
  }

  /** The new thread has got its name: what was written since its first message was sent belongs to it. */
  draftIsOf(threadId: string): void {
    this.adoptedBy = threadId;
  }

  addFiles(files: Iterable<File>): void {
    const { attachments } = this.options.composer ?? {};
    if (attachments?.enabled) this.uploads.add(files, attachments);
  }

  get toolChoice(): string | null {
    return this.toolId;
  }

  get isBlank(): boolean {
    return this.editor === null || (this.editor.isEmpty && this.uploads.isEmpty);
  }

  // Life

  override willUpdate(changed: PropertyValues): void {
    if (changed.has('draftKey') && changed.get('draftKey') !== undefined && this.editor) this.changeDraft(changed.get('draftKey') as string);
    if (changed.has('options')) {
      const { tools = [], models = [] } = this.options.composer ?? {};
      if (this.toolId && !tools.some((tool) => tool.id === this.toolId)) this.toolId = null;
      if (this.modelId && !models.some((model) => model.id === this.modelId)) this.modelId = null;
    }
  }

  override firstUpdated(): void {
    const element = this.renderRoot.querySelector('.editor') as HTMLElement;
    this.editor = new Editor(element, this.renderRoot as ShadowRoot);
    this.show(this.drafts.take(this.draftKey));
    this.edited();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.suggestions.close();
  }

  private newUploads(): Uploads {
    const composer = this;
    return new Uploads({
      get words() {
        return composer.words;
      },
      upload: (...given) => composer.host.upload(...given),
      forgetAttachment: (id) => composer.host.forgetAttachment(id),
      failed: (error) => composer.host.failed(error),
      changed: () => composer.requestUpdate(),
    });
  }

  private newSuggestions(): Suggestions {
    const composer = this;
    return new Suggestions({
      get editor() {
        return composer.editor;
      },
      get options() {
        return composer.options;
      },
      edited: () => composer.edited(),
      failed: (error) => composer.host.failed(error),
      changed: () => composer.requestUpdate(),
    });
  }

  private changeDraft(before: string): void {
    if (this.adoptedBy === this.draftKey) {
      this.adoptedBy = null;
      this.drafts.store(before, []);
      this.store();
      return;
    }
    this.drafts.keep(before, this.written());
    this.show(this.drafts.take(this.draftKey));
    this.suggestions.close();
  }

  private written(): Written {
    return { content: this.editor?.content() ?? [], uploads: this.uploads, reply: this.reply };
  }

  private show({ content, uploads, reply }: Written): void {
    this.editor?.set(content);
    this.uploads = uploads;
    this.reply = reply;
    this.isEmpty = this.editor?.isEmpty ?? true;
  }

  private store(): void {
    this.drafts.store(this.draftKey, this.isEmpty ? [] : (this.editor?.content() ?? []));
  }

  // Sending

  private get isSendable(): boolean {
    const { attachments, areOnTheirWay } = this.uploads;
    return (!this.isEmpty || attachments.length > 0) && !areOnTheirWay && !this.isBusy && this.lockedBecause === null;
  }

  private async send(): Promise<void> {
    const { editor, toolId, draftKey } = this;
    if (!editor || !this.isSendable) return;
    const written = this.written();
    const draft: Draft = { content: [...written.content], attachments: written.uploads.attachments, reply: written.reply, toolId, modelId: this.chosenModel()?.id ?? null };
    this.show({ content: [], uploads: this.newUploads(), reply: null });
    const tool = this.tools.find((each) => each.id === toolId);
    if (tool && !tool.persistent) this.selectTool(null);
    this.edited();
    try {
      await this.host.submit(draft);
    } catch {
      // Nothing was sent, and the element has said why: what was written comes back.
      this.giveBack(draftKey, written, toolId);
    }
  }

  private giveBack(key: string, written: Written, toolId: string | null): void {
    if (this.draftKey !== key) this.drafts.giveBack(key, written);
    else if (this.isBlank) {
      this.show(written);
      this.selectTool(toolId);
      this.edited();
    }
  }

  // Files

  private removeFile(upload: Upload): void {
    this.uploads.remove(upload);
    this.focus();
  }

  private pickFiles(): void {
    this.menu = null;
    (this.renderRoot.querySelector('input[type=file]') as HTMLInputElement).click();
  }

  // Tools and models

  private get tools(): readonly Tool[] {
    return this.options.composer?.tools ?? [];
  }

  private selectTool(toolId: string | null): void {
    this.menu = null;
    if (this.toolId === toolId) return;
    this.toolId = toolId;
    this.host.toolChanged(toolId);
  }

  private chosenModel(): Model | undefined {
    const models = this.options.composer?.models ?? [];
    return models.find((model) => model.id === this.modelId) ?? models.find((model) => model.default) ?? models.find((model) => !model.disabled);
  }

  // Events

  private mention(): void {
    this.menu = null;
    this.focus();
    this.editor?.insertText(this.isEmpty ? '@' : ' @');
    this.edited();
  }

  private edited(): void {
    this.isEmpty = this.editor?.isEmpty ?? true;
    // A line break that stays behind when everything is deleted would hide the placeholder.
    if (this.editor?.element.textContent === '' && this.isEmpty) this.editor.element.replaceChildren();
    this.store();
    this.suggestions.search();
  }

  private keyDown(event: KeyboardEvent): void {
    // The page around us must not take these keys for its own shortcuts; Escape it may hear.
    if (event.key !== 'Escape') event.stopPropagation();
    if (event.isComposing || event.keyCode === 229) return;
    if (this.suggestions.takesKey(event)) return;
    if (event.key === 'Enter' && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      if (this.isSendable) void this.send();
    }
    const isPlain = !event.shiftKey && !event.altKey && !event.ctrlKey && !event.metaKey;
    if (event.key === 'ArrowUp' && isPlain && this.isBlank && !this.isBusy && this.host.editLast()) event.preventDefault();
  }

  private paste(event: ClipboardEvent): void {
    const data = event.clipboardData;
    if (!data) return;
    event.preventDefault();
    const isOpen = this.options.composer?.attachments?.enabled === true;
    if (isOpen && data.files.length > 0) {
      this.addFiles(data.files);
      return;
    }
    const text = data.getData('text/plain').replaceAll('\r\n', '\n');
    if (isOpen && text.length > LONG_PASTE) this.addFiles([new File([text], 'pasted-text.txt', { type: 'text/plain' })]);
    else if (text) document.execCommand('insertText', false, text) || this.editor?.insertText(text);
    this.edited();
  }

  private toggleMenu(menu: 'add' | 'model'): void {
    this.menu = this.menu === menu ? null : menu;
    if (!this.menu) return;
    void this.updateComplete.then(() => {
      const items = this.renderRoot.querySelectorAll<HTMLElement>('[role^=menuitem]:not(:disabled)');
      ([...items].find((item) => item.ariaChecked === 'true') ?? items[0])?.focus();
    });
    const close = (event: Event): void => {
      if (event.composedPath().some((node) => node instanceof Element && node.matches('.menu, [aria-haspopup=menu]') && this.renderRoot.contains(node))) return;
      this.menu = null;
      removeEventListener('pointerdown', close, true);
    };
    addEventListener('pointerdown', close, true);
  }

  private closeMenu(menu: 'add' | 'model'): void {
    this.menu = null;
    (this.renderRoot.querySelector(`[data-opens=${menu}]`) as HTMLElement | null)?.focus();
  }

  // Looks

  override render(): TemplateResult {
    const { uploads, suggestions } = this;
    const { composer = {}, entities } = this.options;
    const tool = this.tools.find((each) => each.id === this.toolId);
    const hasMenus = entities?.onTagSearch !== undefined || this.options.commands?.enabled === true;
    const isLocked = this.lockedBecause !== null;
    const isSlim = this.tools.length === 0 && !composer.models?.length && !composer.attachments?.enabled && !(hasMenus && entities?.showComposerMenu);
    const placeholder = this.lockedBecause ?? tool?.placeholderOverride ?? composer.placeholder ?? this.words.placeholder;
    return html`
      ${uploads.problem ? html`<p class="problem" role="alert">${icon('alert', 16)} ${uploads.problem}</p>` : nothing}
      <div class=${classMap({ box: true, locked: isLocked, slim: isSlim })} @click=${this.focusEditor}>
        ${suggestions.render(this.words)}
        ${this.reply ? this.quote(this.reply) : nothing}
        ${!uploads.isEmpty ? html`<ul class="uploads">${repeat(uploads.all, (upload) => upload.key, (upload) => this.upload(upload))}</ul>` : nothing}
        <div
          class=${classMap({ editor: true, empty: this.isEmpty })}
          role=${hasMenus ? 'combobox' : 'textbox'}
          aria-label=${placeholder}
          aria-multiline=${hasMenus ? nothing : 'true'}
          aria-expanded=${hasMenus ? String(suggestions.areOpen) : nothing}
          aria-haspopup=${hasMenus ? 'listbox' : nothing}
          aria-controls=${hasMenus ? 'suggestions' : nothing}
          aria-activedescendant=${suggestions.activeId ?? nothing}
          aria-disabled=${isLocked ? 'true' : nothing}
          contenteditable=${isLocked ? 'false' : 'plaintext-only'}
          data-placeholder=${placeholder}
          dir="auto"
          enterkeyhint="send"
          tabindex=${isLocked ? nothing : '0'}
          @input=${this.edited}
          @keydown=${this.keyDown}
          @keyup=${stop}
          @keypress=${stop}
          @paste=${this.paste}
          @blur=${() => suggestions.close()}
        ></div>
        <div class="bar">
          ${this.addButton()} ${this.toolButtons(tool)}
          <span class="room"></span>
          ${this.modelButton()} ${this.sendButton()}
        </div>
      </div>
      <input type="file" hidden multiple aria-hidden="true" tabindex="-1" accept=${acceptAttribute(composer.attachments ?? { enabled: false })} @change=${this.picked} />
    `;
  }

  private focusEditor(event: Event): void {
    if (event.target === event.currentTarget || (event.target as Element).matches('.bar, .room')) this.focus();
  }

  private picked(event: Event): void {
    const input = event.target as HTMLInputElement;
    this.addFiles([...(input.files ?? [])]);
    input.value = '';
    this.focus();
  }

  private quote(text: string): TemplateResult {
    return html`<div class="quote">
      <blockquote aria-label=${this.words.quote}>${text}</blockquote>
      <button class="icon-button small" aria-label=${this.words.removeQuote} @click=${() => (this.reply = null)}>${icon('close', 16)}</button>
    </div>`;
  }

  private upload(upload: Upload): TemplateResult {
    const isBusy = !upload.attachment && !upload.failed;
    return html`<li class=${classMap({ upload: true, failed: upload.failed, picture: upload.preview !== null })}>
      ${upload.preview ? html`<img src=${upload.preview} alt="" />` : html`<span class="file">${icon('document', 20)}</span>`}
      ${upload.preview ? nothing : html`<span class="name">${upload.name}</span>`}
      ${isBusy ? this.progress(upload) : nothing}
      ${upload.failed && upload.file ? html`<button class="icon-button small" aria-label=${this.words.retry} @click=${() => this.uploads.retry(upload)}>${icon('retry', 16)}</button>` : nothing}
      <button class="icon-button small remove" aria-label=${fill(this.words.removeFile, { name: upload.name })} @click=${() => this.removeFile(upload)}>${icon('close', 14)}</button>
    </li>`;
  }

  private progress({ name, progress }: Upload): TemplateResult {
    const label = fill(this.words.uploading, { name });
    return progress === null
      ? html`<span class="spinner" role="status" aria-label=${label}></span>`
      : html`<progress max="1" .value=${progress} aria-label=${label}></progress>`;
  }

  private addButton(): TemplateResult | typeof nothing {
    const { composer = {}, entities } = this.options;
    const canAttach = composer.attachments?.enabled === true;
    const canMention = entities?.onTagSearch !== undefined && entities.showComposerMenu === true;
    const tools = this.tools.filter((tool) => !tool.pinned);
    if (this.lockedBecause !== null || (!canAttach && !canMention && tools.length === 0)) return nothing;
    return html`<div class="anchor">
      <button class="icon-button" data-opens="add" aria-label=${this.words.add} aria-haspopup="menu" aria-expanded=${String(this.menu === 'add')} @click=${() => this.toggleMenu('add')}>
        ${icon('plus', 20)}
      </button>
      ${this.menu === 'add'
        ? html`<div class="menu" role="menu" aria-label=${this.words.add} @keydown=${(event: KeyboardEvent) => walkMenu(event, () => this.closeMenu('add'))}>
            ${canAttach ? html`<button role="menuitem" @click=${this.pickFiles}>${icon('paperclip', 18)} ${this.words.attach}</button>` : nothing}
            ${canMention ? html`<button role="menuitem" @click=${this.mention}>${icon('at-sign', 18)} ${this.words.mention}</button>` : nothing}
            ${tools.length > 0 && (canAttach || canMention) ? html`<hr />` : nothing}
            ${tools.map(
              (tool) => html`<button role="menuitemradio" aria-checked=${String(tool.id === this.toolId)} @click=${() => this.chooseTool(tool)}>
                ${icon(tool.icon ?? 'tool', 18)} ${tool.label} ${tool.id === this.toolId ? html`<span class="mark">${icon('check', 16)}</span>` : nothing}
              </button>`,
            )}
          </div>`
        : nothing}
    </div>`;
  }

  private chooseTool(tool: Tool): void {
    this.selectTool(this.toolId === tool.id ? null : tool.id);
    this.focus();
  }

  private toolButtons(chosen: Tool | undefined): TemplateResult[] {
    if (this.lockedBecause !== null) return [];
    const shown = this.tools.filter((tool) => tool.pinned || tool === chosen);
    return shown.map(
      (tool) => html`<button
        class=${classMap({ chip: true, on: tool === chosen })}
        aria-pressed=${String(tool === chosen)}
        title=${tool === chosen ? fill(this.words.clearTool, { name: tool.label }) : tool.label}
        @click=${() => this.chooseTool(tool)}
      >
        ${icon(tool.icon ?? 'tool', 16)}<span>${tool.shortLabel ?? tool.label}</span>${tool === chosen ? icon('close', 14) : nothing}
      </button>`,
    );
  }

  private modelButton(): TemplateResult | typeof nothing {
    const models = this.options.composer?.models ?? [];
    const chosen = this.chosenModel();
    if (models.length === 0 || this.lockedBecause !== null) return nothing;
    return html`<div class="anchor end">
      <button class="chip quiet" data-opens="model" aria-label="${this.words.model}: ${chosen?.label ?? ''}" aria-haspopup="menu" aria-expanded=${String(this.menu === 'model')} @click=${() => this.toggleMenu('model')}>
        <span>${chosen?.label}</span>${icon('chevron-down', 16)}
      </button>
      ${this.menu === 'model'
        ? html`<div class="menu" role="menu" aria-label=${this.words.model} @keydown=${(event: KeyboardEvent) => walkMenu(event, () => this.closeMenu('model'))}>
            ${models.map(
              (model) => html`<button role="menuitemradio" aria-checked=${String(model === chosen)} ?disabled=${model.disabled} @click=${() => this.chooseModel(model)}>
                <span class="two-lines"><span>${model.label}</span>${model.description ? html`<small>${model.description}</small>` : nothing}</span>
                ${model === chosen ? html`<span class="mark">${icon('check', 16)}</span>` : nothing}
              </button>`,
            )}
          </div>`
        : nothing}
    </div>`;
  }

  private chooseModel(model: Model): void {
    this.modelId = model.id;
    this.closeMenu('model');
  }

  private sendButton(): TemplateResult {
    if (this.isBusy) {
      return html`<button class="send stop" aria-label=${this.words.stop} title=${this.words.stop} ?disabled=${this.isStopping || !this.canStop} @click=${() => this.host.stop()}>
        ${icon('stop', 18)}
      </button>`;
    }
    return html`<button class="send" aria-label=${this.words.send} title=${this.words.send} ?disabled=${!this.isSendable} @click=${this.send}>${icon('arrow-up', 20)}</button>`;
  }
}

function stop(event: Event): void {
  event.stopPropagation();
}
