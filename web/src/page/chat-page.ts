import { LitElement, type TemplateResult, html, nothing } from 'lit';
import { classMap } from 'lit/directives/class-map.js';
import type { ChatKitHost } from '../element/chatkit-host.ts';
import { controlStyles } from '../element/control-styles.ts';
import { copyAnswer } from '../element/copying.ts';
import { styling } from '../element/styling.ts';
import { define } from '../element/tag.ts';
import { themeStyles } from '../element/theme.ts';
import { icon, iconStyles } from '../icons/icon.ts';
import { helpDialog, signInDialog } from './dialogs.ts';
import { pageStyles } from './page-styles.ts';
import { type Choice, chooseScheme, chosenScheme, onSystemChange, paintScheme, schemeFor } from './scheme.ts';
import { type Conversation, Refused, Server } from './server.ts';
import { Sidebar, type SidebarHost } from './sidebar.ts';
import { TaskList } from './tasks.ts';

interface Config {
  /** The answers come from the Todo assistant, whose list is shown beside the chat. */
  tasks: boolean;
}

const UNDO_SECONDS = 6;
const SCHEMES: readonly [Choice, string, string][] = [
  ['light', 'Light', 'sun'],
  ['dark', 'Dark', 'moon'],
  ['system', 'As the system', 'system'],
];
const PROMPTS = [
  { label: 'What is on my list today?', prompt: 'What is on my list today?', icon: 'calendar' },
  { label: 'Add a task: buy milk tomorrow', prompt: 'Add a task: buy milk tomorrow', icon: 'plus' },
  { label: 'What should I do first?', prompt: 'Which of my tasks should I do first?', icon: 'star' },
  { label: 'Show everything that is done', prompt: 'Show me the tasks I have completed', icon: 'check-circle' },
];

define('chatkit-host-sidebar', Sidebar);
define('chatkit-host-tasks', TaskList);

/** The whole page: conversations on one side, the chat, the tasks on the other. */
export class ChatPage extends LitElement {
  static override styles = [controlStyles, iconStyles, themeStyles, pageStyles];
  static override properties = {
    scheme: { state: true },
    threadId: { state: true },
    isSidebarShown: { state: true },
    isDrawerOpen: { state: true },
    areTasksShown: { state: true },
    openTasks: { state: true },
    toast: { state: true },
    hiddenIds: { state: true },
    hasSingleKeys: { state: true },
    signInProblem: { state: true },
    isSignInOpen: { state: true },
    heading: { state: true },
  };

  declare private scheme: Choice;
  declare private threadId: string | null;
  declare private isSidebarShown: boolean;
  declare private isDrawerOpen: boolean;
  declare private areTasksShown: boolean;
  declare private openTasks: number;
  declare private toast: { text: string; undo: (() => void) | null } | null;
  declare private hiddenIds: ReadonlySet<string>;
  declare private hasSingleKeys: boolean;
  declare private signInProblem: string | null;
  declare private isSignInOpen: boolean;
  declare private heading: string;

  private readonly config = readConfig();
  private readonly server = new Server(() => this.askToSignIn());
  private toastTimer: ReturnType<typeof setTimeout> | undefined;
  private deleting: { conversation: Conversation; timer: ReturnType<typeof setTimeout> } | null = null;

  constructor() {
    super();
    this.scheme = chosenScheme();
    this.threadId = threadInAddress();
    this.isSidebarShown = remembered('sidebar', true);
    this.isDrawerOpen = false;
    this.areTasksShown = remembered('tasks', innerWidth >= 1200) && innerWidth >= 900;
    this.openTasks = 0;
    this.toast = null;
    this.hiddenIds = new Set();
    this.hasSingleKeys = remembered('keys', true);
    this.signInProblem = null;
    this.isSignInOpen = false;
    this.heading = '';
  }

  // Life

  override connectedCallback(): void {
    super.connectedCallback();
    paintScheme(this.scheme);
    onSystemChange(() => this.setScheme(this.scheme));
    addEventListener('popstate', () => void this.open(threadInAddress(), false));
    addEventListener('pagehide', () => this.finishDeleting());
    addEventListener('keydown', (event: KeyboardEvent) => this.keyDown(event));
  }

  override firstUpdated(): void {
    const { chat } = this;
    chat.addEventListener('chatkit.thread.change', (event: CustomEvent<{ threadId: string | null }>) => this.threadChanged(event.detail.threadId));
    chat.addEventListener('chatkit.response.start', () => setTimeout(() => void this.sidebar.reload(), 400));
    chat.addEventListener('chatkit.response.end', () => void this.refresh());
    chat.addEventListener('chatkit.thread.load.end', () => this.showTitle());
    this.configure(this.threadId);
    void this.refresh();
  }

  private get chat(): ChatKitHost {
    return this.renderRoot.querySelector('chatkit-host') as ChatKitHost;
  }

  private get sidebar(): Sidebar {
    return this.renderRoot.querySelector('chatkit-host-sidebar') as Sidebar;
  }

  private get tasks(): TaskList | null {
    return this.renderRoot.querySelector('chatkit-host-tasks');
  }

  private configure(initialThread: string | null): void {
    this.chat.setOptions({
      api: { url: new URL('chatkit', document.baseURI).href, fetch: this.server.fetch },
      initialThread,
      locale: 'en', // as the page around it
      theme: { colorScheme: schemeFor(this.scheme) },
      header: { enabled: false },
      history: { enabled: false },
      thread: { autoScroll: true },
      threadItemActions: { feedback: true, retry: true },
      startScreen: this.config.tasks ? { greeting: 'What would you like to get done?', prompts: PROMPTS } : {},
      composer: { placeholder: this.config.tasks ? 'Ask, plan, or add a task' : 'Write a message' },
      frameTitle: 'Conversation',
    });
  }

  private async refresh(): Promise<void> {
    await Promise.all([this.sidebar.reload(), this.config.tasks ? this.tasks?.reload() : undefined]);
    this.showTitle();
  }

  private showTitle(): void {
    const title = this.threadId ? (this.sidebar.titleOf(this.threadId) ?? '') : '';
    this.heading = title;
    document.title = title ? `${title} · Chat` : 'Chat';
  }

  // Conversations and their addresses

  private async open(threadId: string | null, push = true): Promise<void> {
    this.isDrawerOpen = false;
    if (push && threadId !== this.threadId) history.pushState(null, '', addressOf(threadId));
    this.threadId = threadId;
    this.showTitle();
    try {
      await this.chat.openThread(threadId);
    } catch {
      // The chat says what went wrong.
    }
    if (matchMedia('(pointer: fine)').matches && !this.isSignInOpen) await this.chat.focusComposer();
  }

  private threadChanged(threadId: string | null): void {
    if (threadId === this.threadId) return;
    this.threadId = threadId;
    history.pushState(null, '', addressOf(threadId));
    void this.sidebar.reload().then(() => this.showTitle());
  }

  private readonly sidebarHost: SidebarHost = {
    server: this.server,
    open: (id) => void this.open(id),
    remove: (conversation) => this.removeConversation(conversation),
    failed: (error) => this.failed(error),
  };

  /** The conversation is gone from the list at once, and from the server when nobody took it back. */
  private removeConversation(conversation: Conversation): void {
    this.finishDeleting();
    this.hiddenIds = new Set([...this.hiddenIds, conversation.id]);
    const timer = setTimeout(() => this.finishDeleting(), UNDO_SECONDS * 1000);
    this.deleting = { conversation, timer };
    this.say('Conversation deleted', () => this.undoDeleting());
    if (conversation.id === this.threadId) void this.open(null);
  }

  private undoDeleting(): void {
    if (!this.deleting) return;
    const { conversation, timer } = this.deleting;
    clearTimeout(timer);
    this.deleting = null;
    this.unhide(conversation.id);
    this.toast = null;
  }

  private finishDeleting(): void {
    if (!this.deleting) return;
    const { conversation, timer } = this.deleting;
    clearTimeout(timer);
    this.deleting = null;
    this.server.delete(conversation.id).then(
      () => this.sidebar.forget(conversation.id),
      (error: unknown) => {
        this.unhide(conversation.id);
        this.failed(error);
      },
    );
  }

  private unhide(id: string): void {
    this.hiddenIds = new Set([...this.hiddenIds].filter((each) => each !== id));
  }

  // Messages to the user

  private say(text: string, undo: (() => void) | null = null): void {
    clearTimeout(this.toastTimer);
    this.toast = { text, undo };
    this.toastTimer = setTimeout(() => (this.toast = null), UNDO_SECONDS * 1000);
  }

  private failed(error: unknown): void {
    if (error instanceof Refused && error.status === 401) return;
    this.say(error instanceof Refused ? error.message : 'The server cannot be reached right now.');
  }

  // Signing in

  private askToSignIn(): void {
    if (this.isSignInOpen) return;
    this.signInProblem = this.server.isSignedIn ? 'This token is not valid, or no longer valid.' : null;
    this.isSignInOpen = true;
    void this.updateComplete.then(() => (this.renderRoot.querySelector('.sign-in') as HTMLDialogElement | null)?.showModal());
  }

  private async signIn(token: string, keep: boolean): Promise<void> {
    this.server.signIn(token, keep);
    try {
      await this.server.conversations(null);
    } catch (error) {
      this.server.signOut();
      this.signInProblem = error instanceof Refused && error.status === 401 ? 'The server does not accept this token.' : 'The server cannot be reached right now.';
      return;
    }
    // First the conversation, then the dialog goes: nothing changes under somebody who writes already.
    await this.open(this.threadId, false);
    this.isSignInOpen = false;
    await this.refresh();
  }

  private signOut(): void {
    this.server.signOut();
    location.assign(document.baseURI);
  }

  // Looks and keys

  private setScheme(choice: Choice): void {
    this.scheme = choice;
    chooseScheme(choice);
    paintScheme(choice);
    this.configure(null);
  }

  private nextScheme(): void {
    const at = SCHEMES.findIndex(([choice]) => choice === this.scheme);
    this.setScheme((SCHEMES[(at + 1) % SCHEMES.length] as (typeof SCHEMES)[number])[0]);
  }

  private toggleSidebar(): void {
    if (isNarrow()) this.isDrawerOpen = !this.isDrawerOpen;
    else remember('sidebar', (this.isSidebarShown = !this.isSidebarShown));
  }

  private toggleTasks(): void {
    if (!this.config.tasks) return;
    remember('tasks', (this.areTasksShown = !this.areTasksShown));
  }

  private closeDrawers(): void {
    this.isDrawerOpen = false;
    if (isNarrow()) this.areTasksShown = false;
  }

  private showHelp(): void {
    (this.renderRoot.querySelector('.help') as HTMLDialogElement).showModal();
  }

  private keyDown(event: KeyboardEvent): void {
    if (event.key === 'Escape' && isNarrow()) this.closeDrawers();
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !this.hasSingleKeys || isTyping(event)) return;
    if (this.renderRoot.querySelector('dialog[open]')) return;
    const actions: Record<string, () => unknown> = {
      n: () => this.open(null),
      '/': () => this.chat.focusComposer(),
      f: () => this.search(),
      s: () => this.toggleSidebar(),
      t: () => this.toggleTasks(),
      c: () => this.copyLast(),
      '?': () => this.showHelp(),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    void action();
  }

  private async search(): Promise<void> {
    if (isNarrow()) this.isDrawerOpen = true;
    else this.isSidebarShown = true;
    await this.updateComplete;
    this.sidebar.focus();
  }

  private async copyLast(): Promise<void> {
    const text = this.chat.lastAnswer;
    if (text && (await copyAnswer(text, null))) this.say('Answer copied');
  }

  override render(): TemplateResult {
    const scheme = schemeFor(this.scheme);
    const [, schemeName, schemeIcon] = SCHEMES.find(([choice]) => choice === this.scheme) as (typeof SCHEMES)[number];
    const hasTasks = this.config.tasks && this.areTasksShown;
    return html`<div class=${classMap({ page: true, 'with-sidebar': this.isSidebarShown, drawer: this.isDrawerOpen, 'with-tasks': hasTasks })} ${styling({ 'color-scheme': scheme })}>
      <nav class="sidebar" aria-label="Conversations">
        <div class="top">
          <span class="brand"><span class="logo">${icon('message', 17)}</span> Chat</span>
          <button class="icon-button" aria-label="Hide the conversations" title="Hide the conversations" @click=${this.toggleSidebar}>${icon('sidebar-left', 20)}</button>
        </div>
        <a class="new" href=${document.baseURI} @click=${this.startNew}>${icon('compose', 18)} New conversation</a>
        <chatkit-host-sidebar .host=${this.sidebarHost} .currentId=${this.threadId} .hiddenIds=${this.hiddenIds}></chatkit-host-sidebar>
        <div class="bottom">
          <button class="icon-button" aria-label="Colours: ${schemeName}" title="Colours: ${schemeName}" @click=${this.nextScheme}>${icon(schemeIcon, 19)}</button>
          <button class="icon-button" aria-label="Keyboard help" title="Keyboard help" @click=${this.showHelp}>${icon('keyboard', 19)}</button>
          ${this.server.isSignedIn ? html`<button class="icon-button" aria-label="Sign out" title="Sign out" @click=${this.signOut}>${icon('sign-out', 19)}</button>` : nothing}
        </div>
      </nav>
      <div class="veil" @click=${this.closeDrawers}></div>
      <main>
        <div class="bar">
          <button class="icon-button show-sidebar" aria-label="Show the conversations" title="Show the conversations" aria-expanded=${String(this.isDrawerOpen)} @click=${this.toggleSidebar}>${icon('sidebar-left', 20)}</button>
          <h1 class="title" dir="auto">${this.heading || html`<span class="visually-hidden">Chat</span>`}</h1>
          <button class="icon-button show-new" aria-label="New conversation" title="New conversation" @click=${() => this.open(null)}>${icon('compose', 20)}</button>
          ${this.config.tasks
            ? html`<button class="icon-button with-count" aria-label="Tasks, ${this.openTasks} open" title="Tasks" aria-pressed=${String(hasTasks)} @click=${this.toggleTasks}>
                ${icon('list-todo', 20)}${this.openTasks > 0 ? html`<span class="bubble" aria-hidden="true">${this.openTasks}</span>` : nothing}
              </button>`
            : nothing}
        </div>
        <chatkit-host></chatkit-host>
      </main>
      ${this.config.tasks
        ? html`<aside class="tasks" aria-label="Tasks" ?hidden=${!hasTasks}>
            <div class="top"><h2>Tasks</h2><button class="icon-button" aria-label="Hide the tasks" @click=${this.toggleTasks}>${icon('close', 20)}</button></div>
            <chatkit-host-tasks .server=${this.server} .failed=${(error: unknown) => this.failed(error)} @counted=${(event: CustomEvent<number>) => (this.openTasks = event.detail)}></chatkit-host-tasks>
          </aside>`
        : nothing}
      <div class="toast-place" role="status">
        ${this.toast ? html`<div class="toast">${this.toast.text}${this.toast.undo ? html`<button @click=${this.toast.undo}>Undo</button>` : nothing}</div>` : nothing}
      </div>
      ${this.isSignInOpen ? signInDialog(this.signInProblem, (token, keep) => void this.signIn(token, keep)) : nothing}
      ${helpDialog(this.hasSingleKeys, (isOn) => remember('keys', (this.hasSingleKeys = isOn)))}
    </div>`;
  }

  private startNew(event: MouseEvent): void {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    void this.open(null);
  }
}

function readConfig(): Config {
  const text = document.getElementById('config')?.textContent ?? '{}';
  return { tasks: true, ...(JSON.parse(text) as Partial<Config>) };
}

function threadInAddress(): string | null {
  const root = new URL(document.baseURI).pathname;
  const found = /^t\/([^/]+)$/.exec(location.pathname.slice(root.length));
  return found ? decodeURIComponent(found[1] as string) : null;
}

function addressOf(threadId: string | null): string {
  return new URL(threadId ? `t/${encodeURIComponent(threadId)}` : '.', document.baseURI).href;
}

function isNarrow(): boolean {
  return innerWidth < 860;
}

function isTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'));
}

function remembered(name: string, usual: boolean): boolean {
  try {
    const stored = localStorage.getItem(`chatkit-host.${name}`);
    return stored === null ? usual : stored === 'true';
  } catch {
    return usual;
  }
}

function remember(name: string, value: boolean): void {
  try {
    localStorage.setItem(`chatkit-host.${name}`, String(value));
  } catch {
    // It lives as long as the page.
  }
}
