import { LitElement, type TemplateResult, css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { ThreadMetadata } from '../core/protocol.ts';
import { icon, iconStyles } from '../icons/icon.ts';
import { controlStyles } from './control-styles.ts';
import { ageOf } from './dates.ts';
import { walkMenu } from './menu.ts';
import { define } from './tag.ts';
import { type Words, english, fill } from './words.ts';

/** What the list needs from the element it stands in. */
export interface HistoryHost {
  list(after: string | null): Promise<{ data: ThreadMetadata[]; has_more: boolean; after?: string | null }>;
  open(threadId: string): void;
  rename(threadId: string, title: string): Promise<void>;
  delete(threadId: string): Promise<void>;
  close(): void;
  /** Tells the page around; the answer is what the reader is to know. */
  failed(error: unknown): string;
}

/** The user's threads, newest first, over the conversation. */
export class History extends LitElement {
  static override styles = [
    controlStyles,
    iconStyles,
    css`
      :host {
        position: absolute;
        inset: 0;
        z-index: 5;
        display: flex;
        background: rgb(0 0 0 / 0.28);
        animation: fade 0.15s ease-out;
      }
      .panel {
        display: flex;
        flex-direction: column;
        inline-size: min(22rem, 100%);
        background: var(--ck-background);
        border-inline-end: 1px solid var(--ck-border);
        box-shadow: var(--ck-shadow);
      }
      .head {
        display: flex;
        align-items: center;
        gap: calc(var(--ck-unit) * 2);
        padding: calc(var(--ck-unit) * 3) calc(var(--ck-unit) * 3) calc(var(--ck-unit) * 2) calc(var(--ck-unit) * 5);
      }
      h2 {
        flex: 1;
        margin: 0;
        font-size: 1em;
        font-weight: 600;
      }
      .search {
        position: relative;
        margin: 0 calc(var(--ck-unit) * 3) calc(var(--ck-unit) * 2);
        color: var(--ck-text-tertiary);
      }
      .search .icon {
        position: absolute;
        inset-inline-start: 10px;
        inset-block-start: calc(50% - 8px);
      }
      .search .field {
        padding-inline-start: 34px;
        color: var(--ck-text);
        font-size: 0.95em;
      }
      .list {
        flex: 1;
        overflow-y: auto;
        overscroll-behavior: contain;
        padding: 0 calc(var(--ck-unit) * 2) calc(var(--ck-unit) * 4);
        scrollbar-width: thin;
      }
      ul {
        list-style: none;
        margin: 0 0 calc(var(--ck-unit) * 2);
        padding: 0;
      }
      li {
        position: relative;
        display: flex;
        align-items: center;
        border-radius: var(--ck-radius-small);
      }
      li:hover,
      li:focus-within,
      li.current {
        background: color-mix(in oklab, var(--ck-text) 6%, transparent);
      }
      .open {
        flex: 1;
        min-inline-size: 0;
        padding: calc(var(--ck-unit) * 2.25) calc(var(--ck-unit) * 3);
        text-align: start;
        font-size: 0.93em;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        border-radius: inherit;
      }
      .more .menu {
        position: absolute;
        inset-inline-end: 4px;
        inset-block-start: 100%;
        z-index: 2;
        min-inline-size: 10rem;
      }
      .state {
        padding: calc(var(--ck-unit) * 6);
        text-align: center;
        color: var(--ck-text-secondary);
        font-size: 0.93em;
      }
      .confirm {
        padding: calc(var(--ck-unit) * 3);
        font-size: 0.93em;
        overflow-wrap: anywhere;
      }
      .confirm div {
        display: flex;
        gap: calc(var(--ck-unit) * 2);
        margin-block-start: calc(var(--ck-unit) * 2);
      }
      form {
        flex: 1;
        padding: 4px;
      }
      @keyframes fade {
        from {
          opacity: 0;
        }
      }
      @media (pointer: coarse) {
        .open {
          min-block-size: 44px;
        }
        .field {
          font-size: 16px;
        }
      }
    `,
  ];
  static override properties = {
    words: { attribute: false },
    host: { attribute: false },
    currentId: { attribute: false },
    canRename: { type: Boolean },
    canDelete: { type: Boolean },
    threads: { state: true },
    nextPage: { state: true },
    isLoading: { state: true },
    query: { state: true },
    menuFor: { state: true },
    renaming: { state: true },
    deleting: { state: true },
    problem: { state: true },
  };

  declare words: Words;
  declare host: HistoryHost;
  declare currentId: string | null;
  declare canRename: boolean;
  declare canDelete: boolean;
  declare private threads: readonly ThreadMetadata[];
  declare private nextPage: string | null;
  declare private isLoading: boolean;
  declare private query: string;
  declare private menuFor: string | null;
  declare private renaming: string | null;
  declare private deleting: string | null;
  declare private problem: string | null;

  constructor() {
    super();
    this.words = english;
    this.currentId = null;
    this.canRename = true;
    this.canDelete = true;
    this.threads = [];
    this.nextPage = null;
    this.isLoading = true;
    this.query = '';
    this.menuFor = null;
    this.renaming = null;
    this.deleting = null;
    this.problem = null;
  }

  override firstUpdated(): void {
    void this.load();
    (this.renderRoot.querySelector('.search input') as HTMLElement).focus();
  }

  private async load(): Promise<void> {
    this.isLoading = true;
    this.problem = null;
    try {
      const page = await this.host.list(this.nextPage);
      this.threads = [...this.threads, ...page.data];
      this.nextPage = page.has_more ? (page.after ?? null) : null;
    } catch (error) {
      this.problem = this.host.failed(error);
    } finally {
      this.isLoading = false;
    }
  }

  override render(): TemplateResult {
    const { words } = this;
    return html`<div class="panel" role="dialog" aria-modal="true" aria-label=${words.history} @keydown=${this.keyDown} @click=${this.clicked}>
      <div class="head">
        <h2>${words.history}</h2>
        <button class="icon-button" aria-label=${words.closeHistory} @click=${() => this.host.close()}>${icon('close', 20)}</button>
      </div>
      <div class="search">
        ${icon('search', 16)}
        <input class="field" type="search" aria-label=${words.searchChats} placeholder=${words.searchChats} @input=${(event: Event) => (this.query = (event.target as HTMLInputElement).value)} />
      </div>
      <div class="list">${this.list()}</div>
    </div>`;
  }

  private list(): TemplateResult {
    const { words } = this;
    const wanted = this.query.trim().toLocaleLowerCase();
    const found = this.threads.filter((thread) => (thread.title ?? words.untitled).toLocaleLowerCase().includes(wanted));
    const groups = Map.groupBy(found, (thread) => ageOf(thread.created_at));
    return html`
      ${[...groups].map(
        ([age, threads]) => html`<div class="group" id="age-${age}">${words[age]}</div>
          <ul aria-labelledby="age-${age}">${repeat(threads, (thread) => thread.id, (thread) => this.row(thread))}</ul>`,
      )}
      ${this.isLoading ? html`<div class="state" role="status"><span class="spinner"></span><span class="visually-hidden">${words.loading}</span></div>` : nothing}
      ${this.problem ? html`<div class="state" role="alert"><p>${this.problem}</p>${this.threads.length === 0 ? html`<button class="button" @click=${this.load}>${icon('retry', 16)} ${words.retry}</button>` : nothing}</div>` : nothing}
      ${!this.isLoading && !this.problem && found.length === 0 ? html`<p class="state">${wanted ? words.noMatches : words.noChats}</p>` : nothing}
      ${!this.isLoading && this.nextPage !== null ? html`<div class="state"><button class="button" @click=${this.load}>${words.loadMore}</button></div>` : nothing}
    `;
  }

  private row(thread: ThreadMetadata): TemplateResult {
    const title = thread.title || this.words.untitled;
    if (this.renaming === thread.id) return this.renameRow(thread, title);
    if (this.deleting === thread.id) return this.deleteRow(thread, title);
    return html`<li class=${thread.id === this.currentId ? 'current' : ''}>
      <button class="open" dir="auto" aria-current=${thread.id === this.currentId ? 'true' : nothing} @click=${() => this.host.open(thread.id)}>${title}</button>
      ${this.canRename || this.canDelete
        ? html`<span class="more">
            <button class="icon-button small" aria-label="${this.words.moreActions}: ${title}" aria-haspopup="menu" aria-expanded=${String(this.menuFor === thread.id)} @click=${() => this.openMenu(thread.id)}>${icon('dots-horizontal', 18)}</button>
            ${this.menuFor === thread.id
              ? html`<div class="menu" role="menu" @keydown=${(event: KeyboardEvent) => walkMenu(event, () => (this.menuFor = null))}>
                  ${this.canRename ? html`<button role="menuitem" @click=${() => this.edit('renaming', thread.id)}>${icon('pencil', 16)} ${this.words.rename}</button>` : nothing}
                  ${this.canDelete ? html`<button role="menuitem" class="danger" @click=${() => this.edit('deleting', thread.id)}>${icon('trash', 16)} ${this.words.delete}</button>` : nothing}
                </div>`
              : nothing}
          </span>`
        : nothing}
    </li>`;
  }

  private renameRow(thread: ThreadMetadata, title: string): TemplateResult {
    const save = (event: Event): void => {
      event.preventDefault();
      const value = (this.renderRoot.querySelector('.rename') as HTMLInputElement).value.trim();
      this.renaming = null;
      if (!value || value === title) return;
      this.threads = this.threads.map((each) => (each.id === thread.id ? { ...each, title: value } : each));
      this.host.rename(thread.id, value).catch((error: unknown) => {
        this.threads = this.threads.map((each) => (each.id === thread.id ? thread : each));
        this.problem = this.host.failed(error);
      });
    };
    return html`<li><form @submit=${save}><input class="field rename" aria-label=${this.words.rename} .value=${title} maxlength="200" @blur=${save} /></form></li>`;
  }

  private deleteRow(thread: ThreadMetadata, title: string): TemplateResult {
    const remove = (): void => {
      const before = this.threads;
      this.deleting = null;
      this.threads = before.filter((each) => each.id !== thread.id);
      this.host.delete(thread.id).catch((error: unknown) => {
        this.threads = before;
        this.problem = this.host.failed(error);
      });
    };
    return html`<li><div class="confirm" role="alertdialog" aria-label=${fill(this.words.confirmDelete, { title })}>
      ${fill(this.words.confirmDelete, { title })}
      <div><button class="button danger" @click=${remove}>${this.words.delete}</button><button class="button" @click=${() => (this.deleting = null)}>${this.words.cancel}</button></div>
    </div></li>`;
  }

  private openMenu(threadId: string): void {
    this.menuFor = this.menuFor === threadId ? null : threadId;
    void this.updateComplete.then(() => (this.renderRoot.querySelector('[role=menuitem]') as HTMLElement | null)?.focus());
  }

  private edit(what: 'renaming' | 'deleting', threadId: string): void {
    this.menuFor = null;
    this[what] = threadId;
    void this.updateComplete.then(() => {
      const field = this.renderRoot.querySelector<HTMLInputElement>('.rename, .confirm .danger');
      field?.focus();
      if (what === 'renaming') field?.select();
    });
  }

  private clicked(event: Event): void {
    if (this.menuFor && !(event.target as Element).closest('.more')) this.menuFor = null;
  }

  private keyDown(event: KeyboardEvent): void {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      if (this.renaming || this.deleting || this.menuFor) this.renaming = this.deleting = this.menuFor = null;
      else this.host.close();
      return;
    }
    event.stopPropagation();
    if (event.key === 'Tab') this.keepFocusInside(event);
  }

  private keepFocusInside(event: KeyboardEvent): void {
    const stops = [...this.renderRoot.querySelectorAll<HTMLElement>('button, input')];
    const active = (this.renderRoot as ShadowRoot).activeElement;
    const edge = event.shiftKey ? stops[0] : stops.at(-1);
    if (active !== edge) return;
    event.preventDefault();
    (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
  }
}

define('chatkit-host-history', History);
