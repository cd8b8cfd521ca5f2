/** The text of a message while it is written: plain text with tags in it that behave as one letter each. */
import type { MessageContent } from '../core/protocol.ts';

type Tag = Extract<MessageContent, { type: 'input_tag' }>;

export interface Trigger {
  kind: '@' | '/';
  query: string;
  range: Range;
}

export class Editor {
  private readonly tags = new WeakMap<Element, Tag>();

  constructor(
    readonly element: HTMLElement,
    private readonly root: DocumentOrShadowRoot,
  ) {}

  get isEmpty(): boolean {
    return this.element.textContent?.trim() === '' && !this.element.querySelector('[data-tag]');
  }

  content(): MessageContent[] {
    const parts: MessageContent[] = [];
    const say = (text: string): void => {
      const last = parts.at(-1);
      if (last?.type === 'input_text') last.text += text;
      else if (text) parts.push({ type: 'input_text', text });
    };
    const walk = (node: Node): void => {
      if (node instanceof Text) say(node.data.replaceAll('\u00a0', ' '));
      else if (node instanceof HTMLBRElement) say('\n');
      else if (node instanceof HTMLElement) {
        const tag = this.tags.get(node);
        if (tag) parts.push(tag);
        else {
          if (node !== this.element && node instanceof HTMLDivElement && parts.length > 0) say('\n');
          node.childNodes.forEach(walk);
        }
      }
    };
    walk(this.element);
    const first = parts[0];
    const last = parts.at(-1);
    if (first?.type === 'input_text') first.text = first.text.trimStart();
    if (last?.type === 'input_text') last.text = last.text.trimEnd();
    return parts.filter((part) => part.type === 'input_tag' || part.text !== '');
  }

  set(content: readonly MessageContent[]): void {
    this.element.replaceChildren(...content.map((part) => (part.type === 'input_tag' ? this.chip(part) : new Text(part.text))));
  }

  /** Where the caret stands after `@word` or, at the start of the text, `/word`. */
  trigger(): Trigger | null {
    const caret = this.caret();
    if (!caret || !(caret.startContainer instanceof Text) || !caret.collapsed) return null;
    const before = caret.startContainer.data.slice(0, caret.startOffset);
    const found = /(?:^|[\s(])@([^\s@]{0,40})$/.exec(before) ?? (this.startsAt(caret.startContainer) ? /^\/(\S{0,40})$/.exec(before) : null);
    if (!found) return null;
    const query = found[1] ?? '';
    const range = document.createRange();
    range.setStart(caret.startContainer, caret.startOffset - query.length - 1);
    range.setEnd(caret.startContainer, caret.startOffset);
    return { kind: before[before.length - query.length - 1] as '@' | '/', query, range };
  }

  insertTag(tag: Tag, at: Range | null): void {
    const range = at ?? this.caret() ?? this.end();
    range.deleteContents();
    const space = new Text('\u00a0');
    range.insertNode(space);
    range.insertNode(this.chip(tag));
    this.placeCaret(space, 1);
  }

  insertText(text: string): void {
    const range = this.caret() ?? this.end();
    range.deleteContents();
    const node = new Text(text);
    range.insertNode(node);
    this.placeCaret(node, text.length);
  }

  focusEnd(): void {
    this.element.focus();
    const selection = this.selection();
    selection?.selectAllChildren(this.element);
    selection?.collapseToEnd();
  }

  private startsAt(node: Text): boolean {
    return node.parentNode === this.element && !node.previousSibling;
  }

  private end(): Range {
    const range = document.createRange();
    range.selectNodeContents(this.element);
    range.collapse(false);
    return range;
  }

  private caret(): Range | null {
    const selection = this.selection();
    if (!selection || selection.rangeCount === 0) return null;
    const range = selection.getRangeAt(0);
    return this.element.contains(range.startContainer) ? range.cloneRange() : null;
  }

  private placeCaret(node: Text, offset: number): void {
    this.element.focus();
    this.selection()?.collapse(node, offset);
  }

  /** Each browser has its own way into a shadow root. */
  private selection(): Selection | null {
    const root = this.root as DocumentOrShadowRoot & { getSelection?: () => Selection | null };
    return root.getSelection?.() ?? document.getSelection();
  }

  private chip(tag: Tag): HTMLElement {
    const chip = document.createElement('span');
    chip.className = 'tag';
    chip.contentEditable = 'false';
    chip.dataset.tag = tag.id;
    chip.textContent = tag.text;
    this.tags.set(chip, tag);
    return chip;
  }
}
