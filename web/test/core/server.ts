/** A ChatKit server inside a `fetch`: it answers from a script and remembers what it was asked. */
export interface Asked {
  path: string;
  type: string;
  params: any;
  headers: Headers;
}
type Reply = Response | ((asked: Asked, init: RequestInit) => Response | Promise<Response>);

export class ScriptedServer {
  readonly asked: Asked[] = [];
  private readonly replies = new Map<string, Reply[]>();

  constructor(private readonly extensions = '') {}

  /** The next answer to an operation, or to an address; the last one repeats. */
  on(operation: string, ...replies: Reply[]): this {
    this.replies.set(operation, [...(this.replies.get(operation) ?? []), ...replies]);
    return this;
  }

  readonly fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    init.signal?.throwIfAborted();
    const path = String(input);
    const body = typeof init.body === 'string' ? JSON.parse(init.body) : {};
    const asked = { path, type: body.type ?? '', params: body.params, headers: new Headers(init.headers) };
    this.asked.push(asked);
    const operation = [...this.replies.keys()].find((name) => name === body.type || (!body.type && path.includes(name)));
    const waiting = this.replies.get(operation ?? '') ?? [];
    const reply = waiting.length > 1 ? waiting.shift() : waiting[0];
    let response = typeof reply === 'function' ? await reply(asked, init) : (reply ?? Response.json({ data: [], has_more: false }));
    response = response.bodyUsed ? response : response.clone();
    if (this.extensions) response.headers.set('ChatKit-Extensions', this.extensions);
    return response;
  };

  of(operation: string): Asked[] {
    return this.asked.filter((asked) => asked.type === operation || (!asked.type && asked.path.includes(operation)));
  }
}

/** A stream of events; with a turn it says in the end that the answer is over, as our server does. `cut` ends it as a lost connection
 * does, `early` without a word, `open` leaves it open until it is aborted, `until` brings its last events later. */
export function stream(events: object[], options: { turn?: string; end?: 'close' | 'cut' | 'early' | 'open'; from?: number; signal?: AbortSignal; until?: Promise<object[]> } = {}): Response {
  const encoder = new TextEncoder();
  let sent = options.from ?? 1;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      options.signal?.addEventListener('abort', () => {
        try {
          controller.error(new DOMException('Aborted', 'AbortError'));
        } catch {
          // it has ended
        }
      });
      const say = (event: object): void => {
        const id = options.turn ? `id: ${options.turn}:${sent++}\n` : '';
        controller.enqueue(encoder.encode(`${id}data: ${JSON.stringify(event)}\n\n`));
      };
      events.forEach(say);
      const close = (): void => {
        if (options.turn && options.end !== 'early') controller.enqueue(encoder.encode(': end\n\n'));
        controller.close();
      };
      void options.until?.then((last) => {
        last.forEach(say);
        close();
      });
      // Later than the events: an error at once would take them back.
      if (options.end === 'cut') setTimeout(() => controller.error(new TypeError('network error')), 20);
      else if (options.end !== 'open' && !options.until) close();
    },
  });
  return new Response(body, { headers: { 'Content-Type': 'text/event-stream', ...(options.turn ? { 'ChatKit-Turn': options.turn } : {}) } });
}
