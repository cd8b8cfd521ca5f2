import { LitElement, type TemplateResult, css, html } from 'lit';
import type { MessageContent } from '../core/protocol.ts';
import { controlStyles } from './control-styles.ts';
import { Editor } from './editor.ts';
import { define } from './tag.ts';
import { type Words, english } from './words.ts';

/** A message that was sent, while it is written anew. */
export class MessageEditor extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
        inline-size: min(100%, 40rem);
      }
      .box {
        border: 1px solid var(--ck-border-strong);
        border-radius: min(var(--ck-radius-large), 22px);
        background: var(--ck-bubble);
      }
      .box:has(.editor:focus-visible) {
        border-color: color-mix(in oklab, var(--ck-focus) 70%, var(--ck-border));
        box-shadow: 0 0 0 3px color-mix(in oklab, var(--ck-focus) 16%, transparent);
      }
      .editor {
        max-block-size: min(20em, 50vh);
        padding: calc(var(--ck-unit) * 3) calc(var(--ck-unit) * 4.5) 0;
        overflow-y: auto;
        line-height: 1.5;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
        text-align: start;
        outline: none;
      }
      .tag {
        padding: 0.05em 0.35em;
        border-radius: 6px;
        background: color-mix(in oklab, var(--ck-accent) 13%, transparent);
        color: var(--ck-accent-text);
        font-weight: 550;
      }
      .bar {
        display: flex;
        justify-content: end;
        gap: calc(var(--ck-unit) * 2);
        padding: calc(var(--ck-unit) * 2.5);
      }
      @media (pointer: coarse) {
        .editor {
          font-size: max(16px, 1em);
        }
      }
    `,
  ];
  static override properties = {
    content: { attribute: false },
    words: { attribute: false },
    canBeEmpty: { type: Boolean },
    isEmpty: { state: true },
  };

  declare content: readonly MessageContent[];
  declare words: Words;
  /** Files alone are a message too. */
  declare canBeEmpty: boolean;
  declare save: (content: MessageContent[]) => void;
  declare cancel: () => void;
  declare private isEmpty: boolean;
  private editor: Editor | null = null;

  constructor() {
    super();
    this.content = [];
    this.words = english;
    this.canBeEmpty = false;
    this.isEmpty = false;
  }

  override firstUpdated(): void {
    this.editor = new Editor(this.renderRoot.querySelector('.editor') as HTMLElement, this.renderRoot as ShadowRoot);
    this.editor.set(this.content);
    this.edited();
    this.editor.focusEnd();
  }

  override focus(): void {
    this.editor?.focusEnd();
  }

  private edited(): void {
    this.isEmpty = this.editor?.isEmpty ?? true;
  }

  private send(): void {
    if (this.editor && (!this.isEmpty || this.canBeEmpty)) this.save(this.editor.content());
  }

  private keyDown(event: KeyboardEvent): void {
    // Neither the page's shortcuts nor the answer that Escape would stop are meant.
    event.stopPropagation();
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === 'Escape') {
      event.preventDefault();
      this.cancel();
    } else if (event.key === 'Enter' && !event.shiftKey && !event.altKey && event.composedPath()[0] === this.editor?.element) {
      event.preventDefault();
      this.send();
    }
  }

  private paste(event: ClipboardEvent): void {
    event.preventDefault();
    const text = event.clipboardData?.getData('text/plain').replaceAll('\r\n', '\n');
    if (text) document.execCommand('insertText', false, text) || this.editor?.insertText(text);
    this.edited();
  }

  override render(): TemplateResult {
    const { words } = this;
    return html`<div class="box" @keydown=${this.keyDown} @keyup=${stop} @keypress=${stop}>
      <div
        class="editor"
        role="textbox"
        aria-label=${words.editMessage}
        aria-multiline="true"
        contenteditable="plaintext-only"
        dir="auto"
        enterkeyhint="send"
        tabindex="0"
        @input=${this.edited}
        @paste=${this.paste}
      ></div>
      <div class="bar">
        <button class="button" @click=${() => this.cancel()}>${words.cancel}</button>
        <button class="button primary" ?disabled=${this.isEmpty && !this.canBeEmpty} @click=${this.send}>${words.save}</button>
      </div>
    </div>`;
  }
}

function stop(event: Event): void {
  event.stopPropagation();
}

define('chatkit-host-message-editor', MessageEditor);
