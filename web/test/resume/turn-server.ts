/** A server with one turn inside a `fetch`: it answers as ours does, with what goes wrong on the way as the test says. */
export const URL_OF_CHAT = 'https://chat.example/host/chatkit?tenant=1';
export const TURN = 'turn_0a1b';
const EXTENSIONS = 'turn-id, heartbeat, resume, cancel, idempotency';

export interface Asked {
  method: string;
  url: string;
  headers: Headers;
  body: BodyInit | null | undefined;
  init: RequestInit;
}
export type Fault = (response: Response) => Response | Promise<Response>;

const encoder = new TextEncoder();

export class TurnServer {
  readonly asked: Asked[] = [];
  /** How the events of the turn are numbered: some are not for ChatKit's clients. */
  readonly events: string[];
  /** What becomes of each stream and each state, in the order in which they are asked for. */
  readonly faults: (Fault | null)[] = [];
  isRunning = false;
  /** Whether its streams tell that the answer is over; older servers of ours do not. */
  tellsTheEnd = true;

  constructor(data: string[], sequences = data.map((_, index) => index + 1)) {
    this.events = data.map((each, index) => `id: ${TURN}:${sequences[index]}\ndata: ${each}\n\n`);
  }

  get text(): string {
    return this.events.join('') + this.end;
  }

  private get end(): string {
    return this.tellsTheEnd ? ': end\n\n' : '';
  }

  readonly fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const request = { method: init.method ?? 'GET', url: String(input), headers: new Headers(init.headers), body: init.body, init };
    init.signal?.throwIfAborted();
    this.asked.push(request);
    const response = this.answer(request);
    const isTurn = request.method === 'GET' ? request.url !== URL_OF_CHAT : request.url === URL_OF_CHAT;
    const fault = isTurn ? this.faults.shift() : null;
    return abortable(fault ? await fault(response) : response, init.signal);
  };

  of(method: string, ending: string): Asked[] {
    return this.asked.filter((asked) => asked.method === method && asked.url.includes(ending));
  }

  private answer({ method, url }: Asked): Response {
    const headers = { 'ChatKit-Extensions': EXTENSIONS, 'ChatKit-Turn': TURN };
    const { pathname, searchParams } = new URL(url);
    if (method === 'GET' && url === URL_OF_CHAT) return new Response(null, { status: 405, headers });
    if (pathname.endsWith('/cancel')) return Response.json({ id: TURN }, { headers });
    if (pathname.endsWith(TURN)) return Response.json({ finished_at: this.isRunning ? null : '2026-01-01T00:00:00Z' }, { headers });
    const after = Number(searchParams.get('after') ?? 0);
    const events = this.events.filter((event) => Number(/:(\d+)\n/.exec(event)?.[1]) > after);
    return new Response(events.join('') + this.end, { headers: { ...headers, 'Content-Type': 'text/event-stream' } });
  }
}

/** The connection breaks, properly or not, after so many bytes. */
export function cutAt(bytes: number, how: 'broken' | 'closed' | 'silent' = 'broken'): Fault {
  return async (response) => {
    const whole = new Uint8Array(await response.arrayBuffer());
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        if (bytes > 0) controller.enqueue(whole.slice(0, bytes));
        if (how === 'closed') controller.close();
      },
      // Asked for more: an error at once would take back what was sent before it.
      pull(controller) {
        if (how === 'broken') controller.error(new TypeError('network error'));
      },
    }, { highWaterMark: 0 });
    return new Response(body, response);
  };
}

export const unreachable: Fault = () => {
  throw new TypeError('Failed to fetch');
};

export function refused(status: number, extensions = EXTENSIONS): Fault {
  return () => Response.json({ error: { code: 'no' } }, { status, headers: { 'ChatKit-Extensions': extensions } });
}

export const withoutExtensions: Fault = (response) => {
  response.headers.delete('ChatKit-Extensions');
  return response;
};

export function followedBy(text: string): Fault {
  return async (response) => new Response(concatenated(new Uint8Array(await response.arrayBuffer()), encoder.encode(text)), response);
}

function concatenated(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function abortable(response: Response, signal?: AbortSignal | null): Response {
  if (!signal || !response.body) return response;
  const reader = response.body.getReader();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      signal.addEventListener('abort', () => controller.error(signal.reason));
    },
    async pull(controller) {
      const { done, value } = await reader.read();
      if (signal.aborted) return;
      if (done) controller.close();
      else controller.enqueue(value);
    },
  }, { highWaterMark: 0 });
  const { status, headers } = response;
  return new Response(body, { status, headers });
}
