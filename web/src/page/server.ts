/** What the page asks its server beside the chat itself. */

export interface Conversation {
  id: string;
  title: string | null;
  created_at: string;
  updated_at: string;
  preview: string | null;
  running_turn_id: string | null;
}
export interface ConversationPage {
  data: Conversation[];
  has_more: boolean;
  after: string | null;
}
export interface Found {
  conversation_id: string;
  title: string | null;
  message_id: string;
  snippet: { text: string; hit: boolean }[];
}
export interface Task {
  id: string;
  title: string;
  description: string | null;
  completed: boolean;
  priority: string;
  due_date: string | null;
}

export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const TOKEN = 'chatkit-host.token';

export class Server {
  private token: string | null = stored();

  constructor(private readonly onUnauthorized: () => void) {}

  get isSignedIn(): boolean {
    return this.token !== null;
  }

  /** Kept for this tab, or on this device when asked to. */
  signIn(token: string, keep: boolean): void {
    this.token = token;
    try {
      localStorage.removeItem(TOKEN);
      (keep ? localStorage : sessionStorage).setItem(TOKEN, token);
    } catch {
      // The token lives as long as the page.
    }
  }

  signOut(): void {
    this.token = null;
    try {
      localStorage.removeItem(TOKEN);
      sessionStorage.removeItem(TOKEN);
    } catch {
      // There was nothing stored.
    }
  }

  /** `fetch` with the user's token, for the chat element too. */
  readonly fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    if (this.token) headers.set('Authorization', `Bearer ${this.token}`);
    const response = await fetch(input, { ...init, headers });
    if (response.status === 401) this.onUnauthorized();
    return response;
  };

  conversations(after: string | null): Promise<ConversationPage> {
    return this.get(`api/conversations?limit=50${after ? `&after=${encodeURIComponent(after)}` : ''}`);
  }

  async search(words: string, signal: AbortSignal): Promise<Found[]> {
    return (await this.get<{ data: Found[] }>(`api/conversations/search?limit=30&q=${encodeURIComponent(words)}`, signal)).data;
  }

  rename(id: string, title: string): Promise<Conversation> {
    return this.send('PATCH', `api/conversations/${encodeURIComponent(id)}`, { title });
  }

  /** `keepalive`: also when the page is being closed. */
  async delete(id: string): Promise<void> {
    const response = await this.fetch(`api/conversations/${encodeURIComponent(id)}`, { method: 'DELETE', keepalive: true });
    if (!response.ok && response.status !== 404) throw new Refused(response.status, 'The conversation could not be deleted.');
  }

  async tasks(): Promise<Task[]> {
    return (await this.get<{ data: Task[] }>('api/tasks?limit=100')).data;
  }

  changeTask(id: string, change: Partial<Task>): Promise<Task> {
    return this.send('PATCH', `api/tasks/${encodeURIComponent(id)}`, change);
  }

  private async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.read(await this.fetch(path, signal ? { signal } : {}));
  }

  private async send<T>(method: string, path: string, body: object): Promise<T> {
    return this.read(await this.fetch(path, { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }));
  }

  private async read<T>(response: Response): Promise<T> {
    const body = (await response.json().catch(() => null)) as { error?: { message?: string } } | null;
    if (!response.ok) throw new Refused(response.status, body?.error?.message ?? `The server answered ${response.status}.`);
    return body as T;
  }
}

function stored(): string | null {
  try {
    return sessionStorage.getItem(TOKEN) ?? localStorage.getItem(TOKEN);
  } catch {
    return null;
  }
}
