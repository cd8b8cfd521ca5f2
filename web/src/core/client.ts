/** Requests to a ChatKit server, and to what ours offers beyond the protocol. Knows nothing about threads on the page. */
import { type SseMessage, SseParser } from './sse.ts';
import { type JsonRecord, isRecord, isText } from './protocol.ts';
import { tellingFetch } from './uploading.ts';

export interface ClientOptions {
  url: string;
  fetch: typeof fetch;
  /** Sent as the only `Accept-Language` of every request. */
  locale: string;
  /** The page brings its own `fetch`, through which every request must go. */
  readonly hasOwnFetch?: boolean;
}

/** A request that was not answered as hoped. `code` is for programs, `message` is the server's sentence, if it sent one. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  constructor(
    readonly code: string,
    message: string,
    /** 0 when no answer came at all. */
    readonly status: number = 0,
    readonly details: { turnId?: string; retryAfter?: number } = {},
  ) {
    super(message);
  }
  /** The server said no, and would say it again. */
  get isFinal(): boolean {
    return this.status >= 400 && this.status < 500 && this.status !== 408 && this.status !== 429;
  }
}

export interface EventStream {
  turnId: string | null;
  threadId: string | null;
  messages: AsyncGenerator<SseMessage, void, void>;
  parser: SseParser;
}

export interface StreamRequest {
  type: string;
  params: JsonRecord;
  signal: AbortSignal;
  /** The same key asks for the same answer again instead of a second one. */
  key: string;
}

const JSON_SECONDS = 30;
/** A stream begins before the answer does: this long without its headers is no slow model but no server. */
const HEADERS_SECONDS = 60;
/** Our server sends a comment at least this often; three missing ones mean that the connection is dead. */
const HEARTBEAT_SECONDS = 15;

export class Client {
  /** The words of `ChatKit-Extensions`; null until an answer was seen. */
  extensions: ReadonlySet<string> | null = null;

  constructor(private readonly options: ClientOptions) {}

  can(extension: string): boolean {
    return this.extensions?.has(extension) ?? false;
  }

  async ask<T = JsonRecord>(type: string, params: JsonRecord, signal?: AbortSignal): Promise<{ answer: T; headers: Headers }> {
    const response = await this.send(this.options.url, { type, params }, {}, withTimeout(signal));
    return { answer: await json<T>(response), headers: response.headers };
  }

  async stream(request: StreamRequest): Promise<EventStream> {
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    if (this.can('resume')) headers['ChatKit-Resume'] = '1';
    if (this.can('idempotency')) headers['Idempotency-Key'] = request.key;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new DOMException('No headers came.', 'TimeoutError')), HEADERS_SECONDS * 1000);
    try {
      const response = await this.send(this.options.url, { type: request.type, params: request.params }, headers, AbortSignal.any([request.signal, late.signal]));
      return this.reading(response, request.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The events of a turn past a cursor, then those to come. */
  async follow(turnId: string, after: string, signal: AbortSignal): Promise<EventStream> {
    const address = this.beside(`api/turns/${encodeURIComponent(turnId)}/events?after=${encodeURIComponent(after)}`);
    const response = await this.request(address, { headers: { Accept: 'text/event-stream' }, signal });
    return { ...this.reading(response, signal), turnId };
  }

  async turn(turnId: string, signal?: AbortSignal): Promise<{ status: string; last_event: number }> {
    const response = await this.request(this.beside(`api/turns/${encodeURIComponent(turnId)}`), { signal: withTimeout(signal) });
    return json(response);
  }

  async cancel(turnId: string): Promise<void> {
    const address = this.beside(`api/turns/${encodeURIComponent(turnId)}/cancel`);
    await this.request(address, { method: 'POST', signal: AbortSignal.timeout(10_000) });
  }

  /**
   * A file to wherever the server wants it, with the page's own `fetch`, if it has one, so that its credentials come along.
   * Only without one can be told how much of it has gone.
   */
  async upload(address: string, file: File, method: 'POST' | 'PUT', headers: Record<string, string>, signal: AbortSignal, progressed: (share: number) => void): Promise<unknown> {
    let body: BodyInit = file;
    if (method === 'POST') {
      body = new FormData();
      body.append('file', file, file.name);
    }
    const send = this.options.hasOwnFetch ? this.options.fetch : tellingFetch(progressed);
    const response = await this.request(address, { method, headers, body, signal }, send);
    return response.json().catch(() => null);
  }

  /** An address of our server that stands beside the ChatKit one. */
  private beside(path: string): string {
    const [address = ''] = this.options.url.split(/[?#]/);
    return address.replace(/[^/]*$/, '') + path;
  }

  private reading(response: Response, signal: AbortSignal): EventStream {
    const parser = new SseParser();
    return {
      parser,
      turnId: response.headers.get('ChatKit-Turn'),
      threadId: response.headers.get('ChatKit-Thread'),
      messages: read(response, signal, parser, this.can('heartbeat') ? HEARTBEAT_SECONDS * 3 : 0),
    };
  }

  /** Only an answer to this tells that a server has no extensions: others may be those of a proxy or of a place for files. */
  private async send(url: string, body: JsonRecord, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    const response = await this.request(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal,
    });
    if (!response.headers.has('ChatKit-Extensions')) this.extensions = new Set();
    return response;
  }

  private async request(url: string, init: RequestInit, send = this.options.fetch): Promise<Response> {
    const headers = { 'Accept-Language': this.options.locale, ...(init.headers as Record<string, string>) };
    let response: Response;
    try {
      response = await send(url, { ...init, headers });
    } catch (error) {
      if (init.signal?.aborted && (init.signal.reason as Error)?.name !== 'TimeoutError') throw error;
      const isLate = (init.signal?.reason as Error)?.name === 'TimeoutError';
      throw new RequestError(isLate ? 'timeout' : 'network', isLate ? 'The server did not answer in time.' : 'The server could not be reached.');
    }
    const announced = response.headers.get('ChatKit-Extensions');
    if (announced !== null) this.extensions = new Set(announced.split(',').map((word) => word.trim()));
    if (!response.ok) throw await refusal(response);
    return response;
  }
}

async function* read(response: Response, signal: AbortSignal, parser: SseParser, silence: number): AsyncGenerator<SseMessage, void, void> {
  if (!response.body) return;
  const reader = response.body.getReader();
  let isWhole = false;
  try {
    for (;;) {
      const { done, value } = await withinSilence(reader.read(), silence);
      isWhole = done;
      if (done) return;
      yield* parser.push(value);
    }
  } catch (error) {
    if (signal.aborted || error instanceof RequestError) throw error;
    throw new RequestError('network', 'The connection was lost.');
  } finally {
    if (!isWhole) reader.cancel().catch(() => {});
  }
}

function withinSilence<T>(reading: Promise<T>, seconds: number): Promise<T> {
  if (seconds === 0) return reading;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new RequestError('network', 'The connection went silent.')), seconds * 1000);
    reading.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function withTimeout(signal?: AbortSignal | null): AbortSignal {
  const timeout = AbortSignal.timeout(JSON_SECONDS * 1000);
  return signal ? AbortSignal.any([signal, timeout]) : timeout;
}

async function json<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch {
    throw new RequestError('unreadable', 'The answer of the server could not be read.', response.status);
  }
}

async function refusal(response: Response): Promise<RequestError> {
  const body: unknown = await response.json().catch(() => null);
  const error = isRecord(body) && isRecord(body.error) ? body.error : {};
  const seconds = Number(response.headers.get('Retry-After'));
  return new RequestError(
    isText(error.code) ? error.code : `http_${response.status}`,
    isText(error.message) ? error.message : '',
    response.status,
    {
      ...(isText(error.turn_id) ? { turnId: error.turn_id } : {}),
      ...(seconds > 0 ? { retryAfter: seconds } : {}),
    },
  );
}
