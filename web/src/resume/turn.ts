/** One answer of the server, read to its end over as many connections as that takes. */
import { END, EventSplitter, retryOf, sequenceOf } from './events.ts';
import { backoff, inTime, isOffline, lose, pause, whenOnline } from './network.ts';

/** Asks the server about the turn; `path` follows the turn's own address. */
export type Ask = (path: string, init: RequestInit) => Promise<Response>;

export interface Patience {
  /** Failed attempts in a row before something is given up; without a network it is not. */
  attempts: number;
  /** Seconds without a sign of life before a connection is taken for dead; 0: never. */
  silence: number;
}

/** How a response ended: with the answer, properly but without a word, or not properly. */
type Ending = 'over' | 'closed' | 'broken';

const FIRST_PAUSE = 500;
const GONE = {
  type: 'error',
  code: 'custom',
  message: 'The rest of this answer can no longer be fetched. Reload the conversation to see it.',
  allow_retry: true,
};

/** The server said no, and would say it again. */
class Refused extends Error {}

/** `ChatKit-Extensions`, which our server sends with everything, and nothing between it and the browser does. */
export function extensionsOf(response: Response): string[] {
  return (response.headers.get('ChatKit-Extensions') || '').split(/\s*,\s*/);
}

/** Asks until the server has heard it. */
export async function cancel(ask: Ask, patience: Patience): Promise<void> {
  const { signal } = new AbortController();
  for (let attempt = 1; attempt <= patience.attempts || isOffline(); attempt++) {
    try {
      // Kept alive: the page may be left in the next moment.
      await request(ask, '/cancel', { method: 'POST', keepalive: true }, patience, new AbortController());
      return;
    } catch (error) {
      if (error instanceof Refused) return;
    }
    if (await pause(backoff(attempt, FIRST_PAUSE), signal)) attempt = 0;
  }
}

export class Turn {
  /** The sequence number of the newest event that was passed on. */
  private last = 0;
  /** Since something was last read. */
  private attempt = 0;
  private firstPause = FIRST_PAUSE;
  private isOver = false;
  private controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  private readonly waiting = new AbortController();
  // A connection from before may be dead and never say so.
  private readonly forget = whenOnline(() => lose(this.connection));

  constructor(
    private readonly ask: Ask,
    private readonly patience: Patience,
    /** On which the first response comes. */
    private connection: AbortController,
  ) {}

  body(first: Response): ReadableStream<Uint8Array> {
    const events = this.events(first);
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.controller = controller;
      },
      pull: async (controller) => {
        const { done, value } = await events.next();
        if (this.isOver) return;
        if (value) controller.enqueue(value);
        if (!done) return;
        this.end(false);
        controller.close();
      },
      // Whoever stops reading does not thereby stop the answer.
      cancel: () => this.end(),
    });
  }

  /** The stream breaks off as that of an aborted `fetch`; the answer goes on. */
  leave(reason: unknown): boolean {
    if (this.isOver) return false;
    this.end();
    this.controller?.error(reason);
    return true;
  }

  private end(isEarly = true): void {
    this.isOver = true;
    if (isEarly) this.connection.abort();
    this.waiting.abort();
    this.forget();
  }

  private async *events(first: Response): AsyncGenerator<Uint8Array, void, void> {
    const encoder = new TextEncoder();
    let response = first;
    let hadEnded = false;
    try {
      for (;;) {
        const ending = yield* this.read(response, encoder);
        if (ending === 'over' || (ending === 'closed' && hadEnded)) return;
        [response, hadEnded] = await this.comeBack(ending === 'closed');
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      yield encoder.encode(`data: ${JSON.stringify(GONE)}\n\n`);
    } finally {
      this.forget();
    }
  }

  private async *read(response: Response, encoder: TextEncoder): AsyncGenerator<Uint8Array, Ending, void> {
    const splitter = new EventSplitter();
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const read = (): ReturnType<typeof reader.read> => inTime(this.patience.silence, this.connection, reader.read());
    try {
      for (;;) {
        const { done, value } = await read();
        if (done) return splitter.rest === '' ? 'closed' : 'broken';
        const events = splitter.push(value);
        const text = events.filter((event) => this.isNew(event)).join('');
        if (text) yield encoder.encode(text);
        if (!events.includes(END)) continue;
        // The connection has to end as well, to be of use again, but nobody waits for it.
        read().catch(() => {});
        return 'over';
      }
    } catch {
      return 'broken';
    }
  }

  private isNew(event: string): boolean {
    const retry = retryOf(event);
    if (retry !== null) {
      // From a server that is about to stop: it is too early to come back at once.
      this.firstPause = retry;
      this.attempt ||= 1;
      return false;
    }
    this.attempt = 0;
    const sequence = sequenceOf(event);
    if (sequence === null) return true;
    if (sequence <= this.last) return false;
    this.last = sequence;
    return true;
  }

  /**
   * A response that goes on after the last event, and whether the turn had ended before it was asked for: only then is its proper end,
   * without a word, the turn's end. A server that closes a stream may also be about to stop, and some proxies end a response properly
   * that broke off.
   */
  private async comeBack(isWhole: boolean): Promise<[Response, boolean]> {
    let problem: unknown = new TypeError('The server ends its answers too early.');
    for (; this.attempt <= this.patience.attempts || isOffline(); this.attempt++) {
      if (!isWhole || this.attempt > 0) await this.pause();
      try {
        const hasEnded = isWhole && (await this.hasEnded());
        const response = await this.request(`/events?after=${this.last}`);
        this.attempt += 1; // until something is read from it
        return [response, hasEnded];
      } catch (error) {
        problem = error;
        if (this.isOver || error instanceof Refused) break;
      }
    }
    throw problem;
  }

  private async hasEnded(): Promise<boolean> {
    const response = await this.request('');
    const { finished_at } = await inTime(this.patience.silence, this.connection, response.json());
    return finished_at !== null;
  }

  private async pause(): Promise<void> {
    if (await pause(backoff(this.attempt, this.firstPause), this.waiting.signal)) this.attempt = 0;
  }

  private request(path: string): Promise<Response> {
    this.connection = new AbortController();
    if (this.isOver) this.connection.abort();
    return request(this.ask, path, {}, this.patience, this.connection);
  }
}

async function request(ask: Ask, path: string, init: RequestInit, patience: Patience, connection: AbortController): Promise<Response> {
  const response = await inTime(patience.silence, connection, ask(path, { ...init, signal: connection.signal }));
  const isTheServers = extensionsOf(response).includes('resume');
  if (isTheServers && response.ok) return response;
  connection.abort();
  const { status } = response;
  // What another one than our server says, a proxy or a hotel, is said for the moment only.
  if (isTheServers && status < 500 && status !== 408 && status !== 429) throw new Refused();
  throw new TypeError(`The answer could not be followed: status ${status}.`);
}
