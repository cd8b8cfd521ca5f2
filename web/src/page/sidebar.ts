import { LitElement, type PropertyValues, type TemplateResult, css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { controlStyles } from '../element/control-styles.ts';
import { ageOf } from '../element/dates.ts';
import { walkMenu } from '../element/menu.ts';
import { english } from '../element/words.ts';
import { icon, iconStyles } from '../icons/icon.ts';
import type { Conversation, Found, Server } from './server.ts';

export interface SidebarHost {
  server: Server;
  open(id: string | null): void;
  remove(conversation: Conversation): void;
  failed(error: unknown): void;
}

const SEARCH_DELAY = 120;
const LOOK_AGAIN = 3000;
const UNREAD = 'chatkit-host.unread';

/** The user's conversations, newest first, with a search through everything that was said. */
export class Sidebar extends LitElement {
  static override styles = [
    controlStyles,
    iconStyles,
    css`
      :host {
        display: flex;
        flex-direction: column;
        min-block-size: 0;
        flex: 1;
      }
      .search {
        position: relative;
        margin: 0 12px 10px;
      }
      .search .icon {
        position: absolute;
        inset-inline-start: 11px;
        inset-block-start: calc(50% - 8px);
        color: var(--ck-text-tertiary);
        pointer-events: none;
      }
      .search .field {
        padding: 7px 12px 7px 34px;
        border-color: transparent;
        border-radius: 10px;
        background: color-mix(in oklab, var(--ck-text) 6%, transparent);
        font-size: 0.9em;
      }
      .list {
        flex: 1;
        overflow-y: auto;
        overscroll-behavior: contain;
        padding: 0 8px 12px;
        scrollbar-width: thin;
        scrollbar-color: var(--ck-border-strong) transparent;
      }
      .group {
        padding: 12px 10px 4px;
      }
      ul {
        list-style: none;
        margin: 0;
        padding: 0;
      }
      li {
        position: relative;
        display: flex;
        align-items: center;
        border-radius: 10px;
      }
      li:hover,
      li:focus-within {
        background: color-mix(in oklab, var(--ck-text) 5%, transparent);
      }
      li.current {
        background: color-mix(in oklab, var(--ck-text) 9%, transparent);
      }
      a {
        flex: 1;
        min-inline-size: 0;
        display: block;
        padding: 7px 10px;
        color: inherit;
        text-decoration: none;
        font-size: 0.9em;
        line-height: 1.45;
        border-radius: inherit;
      }
      .title {
        display: block;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .snippet {
        display: -webkit-box;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 2;
        overflow: hidden;
        color: var(--ck-text-secondary);
        font-size: 0.9em;
        overflow-wrap: anywhere;
      }
      mark {
        background: color-mix(in oklab, var(--ck-accent) 20%, transparent);
        color: inherit;
        border-radius: 3px;
      }
      .running {
        flex: none;
        inline-size: 8px;
        block-size: 8px;
        margin-inline-end: 10px;
        border-radius: 50%;
        background: var(--ck-accent);
        animation: breathe 1.4s ease-in-out infinite;
      }
      .unread {
        flex: none;
        inline-size: 8px;
        block-size: 8px;
        margin-inline-end: 10px;
        border-radius: 50%;
        background: var(--ck-accent);
      }
      .more .icon-button {
        opacity: 0;
        margin-inline-end: 2px;
      }
      li:is(:hover, :focus-within) .more .icon-button,
      .more .icon-button[aria-expanded='true'] {
        opacity: 1;
      }
      .more .menu {
        position: absolute;
        inset-inline-end: 2px;
        inset-block-start: calc(100% + 2px);
        z-index: 4;
        min-inline-size: 9.5rem;
      }
      form {
        flex: 1;
        padding: 2px;
      }
      form .field {
        padding: 5px 8px;
        font-size: 0.9em;
      }
      .state {
        margin: 0;
        padding: 28px 16px;
        text-wrap: balance;
        text-align: center;
        color: var(--ck-text-secondary);
        font-size: 0.9em;
      }
      @keyframes breathe {
        50% {
          opacity: 0.35;
        }
      }
      @media (pointer: coarse) {
        a {
          padding-block: 11px;
        }
        .field {
          font-size: 16px !important;
        }
        .more .icon-button {
          opacity: 1;
        }
      }
    `,
  ];
  static override properties = {
    host: { attribute: false },
    currentId: { attribute: false },
    hiddenIds: { attribute: false },
    conversations: { state: true },
    next: { state: true },
    isLoading: { state: true },
    query: { state: true },
    found: { state: true },
    menuFor: { state: true },
    renaming: { state: true },
    unread: { state: true },
  };

  declare host: SidebarHost;
  declare currentId: string | null;
  /** Deleted, and the user may still take it back. */
  declare hiddenIds: ReadonlySet<string>;
  declare private conversations: readonly Conversation[];
  declare private next: string | null;
  declare private isLoading: boolean;
  declare private query: string;
  declare private found: readonly Found[] | null;
  declare private menuFor: string | null;
  declare private renaming: string | null;
  /** Answered while nobody looked. */
  declare private unread: ReadonlySet<string>;
  private lookTimer: ReturnType<typeof setTimeout> | undefined;
  private searching = new AbortController();
  private searchTimer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.currentId = null;
    this.hiddenIds = new Set();
    this.conversations = [];
    this.next = null;
    this.isLoading = true;
    this.query = '';
    this.found = null;
    this.menuFor = null;
    this.renaming = null;
    this.unread = storedUnread();
  }

  override focus(): void {
    (this.renderRoot.querySelector('.search input') as HTMLElement | null)?.focus();
  }

  titleOf(id: string): string | null {
    return this.conversations.find((conversation) => conversation.id === id)?.title ?? null;
  }

  /** The newest page again; what was loaded below it stays. */
  async reload(): Promise<void> {
    try {
      const page = await this.host.server.conversations(null);
      this.noticeAnswers(page.data);
      const fresh = new Set(page.data.map((conversation) => conversation.id));
      const hadMore = this.conversations.length > page.data.length;
      this.conversations = [...page.data, ...(hadMore ? this.conversations.filter((each) => !fresh.has(each.id)) : [])];
      if (!hadMore) this.next = page.has_more ? page.after : null;
    } catch (error) {
      this.host.failed(error);
    } finally {
      this.isLoading = false;
    }
  }

  /** An answer goes on after its reader has left: it is looked for until it is there, and marked when it is. */
  private noticeAnswers(fresh: readonly Conversation[]): void {
    const running = new Set(this.conversations.filter((each) => each.running_turn_id).map((each) => each.id));
    const ended = fresh.filter((each) => running.has(each.id) && !each.running_turn_id && each.id !== this.currentId);
    if (ended.length > 0) this.setUnread([...this.unread, ...ended.map((each) => each.id)]);
    clearTimeout(this.lookTimer);
    const isWaiting = fresh.some((each) => each.running_turn_id && each.id !== this.currentId);
    if (isWaiting) this.lookTimer = setTimeout(() => void this.reload(), LOOK_AGAIN);
  }

  private setUnread(ids: Iterable<string>): void {
    this.unread = new Set(ids);
    try {
      localStorage.setItem(UNREAD, JSON.stringify([...this.unread].slice(-100)));
    } catch {
      // The marks live as long as the page.
    }
  }

  forget(id: string): void {
    this.conversations = this.conversations.filter((each) => each.id !== id);
  }

  private async loadMore(): Promise<void> {
    if (this.isLoading || this.next === null) return;
    this.isLoading = true;
    try {
      const page = await this.host.server.conversations(this.next);
      const known = new Set(this.conversations.map((each) => each.id));
      this.conversations = [...this.conversations, ...page.data.filter((each) => !known.has(each.id))];
      this.next = page.has_more ? page.after : null;
    } catch (error) {
      this.host.failed(error);
    } finally {
      this.isLoading = false;
    }
  }

  private scrolled(event: Event): void {
    const list = event.currentTarget as HTMLElement;
    if (list.scrollHeight - list.scrollTop - list.clientHeight < 300) void this.loadMore();
  }

  private typed(event: Event): void {
    this.query = (event.target as HTMLInputElement).value.trim();
    clearTimeout(this.searchTimer);
    this.searching.abort();
    if (!this.query) {
      this.found = null;
      return;
    }
    this.searching = new AbortController();
    const { signal } = this.searching;
    this.searchTimer = setTimeout(() => {
      this.host.server
        .search(this.query, signal)
        .then((found) => {
          if (!signal.aborted) this.found = found;
        })
        .catch((error: unknown) => signal.aborted || this.host.failed(error));
    }, SEARCH_DELAY);
  }

  override willUpdate(): void {
    if (this.currentId !== null && this.unread.has(this.currentId)) this.setUnread([...this.unread].filter((id) => id !== this.currentId));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.lookTimer);
    clearTimeout(this.searchTimer);
  }

  override updated(changed: PropertyValues): void {
    if (changed.has('renaming') && this.renaming) this.renderRoot.querySelector<HTMLInputElement>('form input')?.select();
  }

  override render(): TemplateResult {
    return html`
      <div class="search">
        ${icon('search', 16)}
        <input class="field" type="search" aria-label="Search conversations" placeholder="Search" @input=${this.typed} @keydown=${this.searchKeys} />
      </div>
      <div class="list" @scroll=${this.scrolled} @click=${this.clicked}>${this.query ? this.results() : this.groups()}</div>
    `;
  }

  private searchKeys(event: KeyboardEvent): void {
    event.stopPropagation();
    if (event.key === 'ArrowDown' || event.key === 'Enter') {
      event.preventDefault();
      const first = this.renderRoot.querySelector<HTMLElement>('.list a');
      if (event.key === 'Enter') first?.click();
      else first?.focus();
    }
  }

  private groups(): TemplateResult {
    const shown = this.conversations.filter((each) => !this.hiddenIds.has(each.id));
    const groups = Map.groupBy(shown, (conversation) => ageOf(conversation.updated_at));
    return html`
      ${[...groups].map(
        ([age, conversations]) => html`<div class="group" id="age-${age}">${english[age]}</div>
          <ul aria-labelledby="age-${age}">${repeat(conversations, (each) => each.id, (each) => this.row(each))}</ul>`,
      )}
      ${this.isLoading ? html`<p class="state" role="status"><span class="spinner"></span><span class="visually-hidden">Loading…</span></p>` : nothing}
      ${!this.isLoading && shown.length === 0 ? html`<p class="state">Your conversations will be listed here.</p>` : nothing}
    `;
  }

  private results(): TemplateResult {
    const wanted = this.query.toLocaleLowerCase();
    const byTitle = this.conversations.filter((each) => !this.hiddenIds.has(each.id) && each.title?.toLocaleLowerCase().includes(wanted));
    const titles = new Set(byTitle.map((each) => each.id));
    const byText = (this.found ?? []).filter((each) => !titles.has(each.conversation_id) && !this.hiddenIds.has(each.conversation_id));
    const once = [...new Map(byText.map((each) => [each.conversation_id, each])).values()];
    if (byTitle.length + once.length === 0) {
      return html`<p class="state" role="status">${this.found ? 'Nothing found. Try fewer or other words.' : 'Searching…'}</p>`;
    }
    return html`<ul aria-label="Results">
      ${byTitle.map((each) => this.row(each))}
      ${once.map(
        (each) => html`<li class=${each.conversation_id === this.currentId ? 'current' : ''}>
          <a href="t/${each.conversation_id}" @click=${(event: MouseEvent) => this.follow(event, each.conversation_id)}>
            <span class="title" dir="auto">${each.title || english.untitled}</span>
            <span class="snippet" dir="auto">${each.snippet.map((part) => (part.hit ? html`<mark>${part.text}</mark>` : part.text))}</span>
          </a>
        </li>`,
      )}
    </ul>`;
  }

  private row(conversation: Conversation): TemplateResult {
    const { id } = conversation;
    const title = conversation.title || conversation.preview || english.untitled;
    if (this.renaming === id) {
      const save = (event: Event): void => this.saveName(event, conversation);
      return html`<li><form @submit=${save}><input class="field" aria-label="New name" .value=${title} maxlength="200" @blur=${save} @keydown=${this.nameKeys} /></form></li>`;
    }
    const isCurrent = id === this.currentId;
    return html`<li class=${isCurrent ? 'current' : ''}>
      <a href="t/${id}" aria-current=${isCurrent ? 'page' : nothing} @click=${(event: MouseEvent) => this.follow(event, id)}><span class="title" dir="auto">${title}</span></a>
      ${conversation.running_turn_id ? html`<span class="running" role="img" aria-label="An answer is being written"></span>` : nothing}
      ${this.unread.has(id) && !conversation.running_turn_id ? html`<span class="unread" role="img" aria-label="New answer"></span>` : nothing}
      <span class="more">
        <button class="icon-button small" aria-label="More actions: ${title}" aria-haspopup="menu" aria-expanded=${String(this.menuFor === id)} @click=${() => this.openMenu(id)}>${icon('dots-horizontal', 18)}</button>
        ${this.menuFor === id
          ? html`<div class="menu" role="menu" aria-label="More actions" @keydown=${(event: KeyboardEvent) => walkMenu(event, () => this.closeMenu())}>
              <button role="menuitem" @click=${() => this.startRenaming(id)}>${icon('pencil', 16)} Rename</button>
              <button role="menuitem" class="danger" @click=${() => this.host.remove(conversation)}>${icon('trash', 16)} Delete</button>
            </div>`
          : nothing}
      </span>
    </li>`;
  }

  private follow(event: MouseEvent, id: string): void {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    this.host.open(id);
  }

  private openMenu(id: string): void {
    this.menuFor = this.menuFor === id ? null : id;
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>('[role=menuitem]')?.focus());
  }

  private closeMenu(): void {
    const button = this.renderRoot.querySelector<HTMLElement>('[aria-expanded=true]');
    this.menuFor = null;
    button?.focus();
  }

  private clicked(event: Event): void {
    if (this.menuFor && !(event.target as Element).closest('.more > .icon-button')) this.menuFor = null;
  }

  private startRenaming(id: string): void {
    this.menuFor = null;
    this.renaming = id;
  }

  private nameKeys(event: KeyboardEvent): void {
    event.stopPropagation();
    if (event.key === 'Escape') this.renaming = null;
  }

  private saveName(event: Event, conversation: Conversation): void {
    event.preventDefault();
    if (this.renaming !== conversation.id) return;
    const title = this.renderRoot.querySelector<HTMLInputElement>('form input')?.value.trim() ?? '';
    this.renaming = null;
    if (!title || title === conversation.title) return;
    const replace = (with_: Conversation): void => {
      this.conversations = this.conversations.map((each) => (each.id === conversation.id ? with_ : each));
    };
    replace({ ...conversation, title });
    this.host.server.rename(conversation.id, title).catch((error: unknown) => {
      replace(conversation);
      this.host.failed(error);
    });
  }
}

function storedUnread(): ReadonlySet<string> {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(UNREAD) ?? '[]');
    return new Set(Array.isArray(stored) ? stored.filter((id) => typeof id === 'string') : []);
  } catch {
    return new Set();
  }
}
