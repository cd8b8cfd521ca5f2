/**
 * A `fetch` for ChatKit's `api.fetch` option: answers survive a lost connection, a stop stops the server, and no message is sent twice.
 * To a server that does not announce `resume` it is `fetch`.
 */
import { backoff, inTime, isLeaving, isOffline, pause } from './network.ts';
import { type Operation, addressOf, operationOf } from './operation.ts';
import { type Ask, Turn, cancel, extensionsOf } from './turn.ts';

export interface ResumableOptions {
  /** Asked before each request to the chat server, for headers such as a token that changes. */
  headers?: () => HeadersInit | Promise<HeadersInit>;
  /** Where the server's turns are; without it `api/turns/` beside the ChatKit address. */
  turns?: string;
  /** What sends the requests, in place of the browser's `fetch`. */
  fetch?: typeof fetch;
  /** Failed attempts in a row before a message or an answer is given up: 30, which take two minutes. */
  attempts?: number;
  /** Seconds without a sign of life before a connection is taken for dead: 45, three heartbeats of the server. */
  silence?: number;
}

const FIRST_PAUSE = 500;
/** How long a message that is stopped before it was acknowledged is waited for, to stop its answer. */
const STOP_PATIENCE = 30_000;

export function resumable(options: ResumableOptions = {}): typeof fetch {
  const { fetch: plain = (input, init) => fetch(input, init), attempts = 30, silence = 45 } = options;
  const patience = { attempts, silence };
  let origin = '';
  let extensions: string[] = [];
  /** The last message that was given up without an answer. It may have arrived: sent again, it is still the same one. */
  let lost: { body: string; key: string } | null = null;

  return async (input, init = {}) => {
    const operation = await operationOf(input, init);
    if (operation) origin = new URL(operation.url).origin;
    if (operation?.isStreaming) return stream(operation);
    // Files may go elsewhere, where the headers for the server are not to be seen.
    const isForServer = options.headers !== undefined && new URL(addressOf(input)).origin === origin;
    const given = init.headers || (input instanceof Request ? input.headers : {});
    const response = await plain(input, isForServer ? { ...init, headers: await headersFor(given) } : init);
    if (operation) extensions = extensionsOf(response);
    return response;
  };

  async function headersFor(given: HeadersInit): Promise<Headers> {
    const headers = new Headers(given);
    new Headers(await options.headers?.()).forEach((value, name) => headers.set(name, value));
    return headers;
  }

  function stream(operation: Operation): Promise<Response> {
    const { signal, body } = operation;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const key = lost?.body === body ? lost.key : randomKey();
    const connection = { current: new AbortController() };
    return new Promise((resolve, reject) => {
      const breakOff = (): void => connection.current.abort(signal?.reason);
      // Before there are headers nobody knows which turn to stop: they are waited for.
      let onAbort = (): unknown => (isLeaving() ? breakOff() : setTimeout(breakOff, STOP_PATIENCE));
      signal?.addEventListener('abort', () => {
        reject(signal.reason);
        onAbort();
      });
      send(operation, key, connection).then(
        (response) => {
          lost = null;
          const id = response.headers.get('ChatKit-Turn');
          const isTurn = id && response.ok && response.body && extensions.includes('resume');
          onAbort = breakOff;
          if (isTurn) {
            const ask = asking(operation, id);
            const turn = new Turn(ask, patience, connection.current);
            onAbort = () => {
              if (turn.leave(signal?.reason) && !isLeaving()) void cancel(ask, patience);
            };
            resolve(withBody(response, turn.body(response)));
          }
          if (signal?.aborted) onAbort();
          resolve(response);
        },
        (error) => {
          if (!signal?.aborted) lost = { body, key };
          reject(error);
        },
      );
    });
  }

  /** Repeats what got no answer, if the server is one that knows a repeated message by its key. */
  async function send({ url, body, headers, init, signal }: Operation, key: string, connection: { current: AbortController }): Promise<Response> {
    const named = new Headers(headers);
    named.set('ChatKit-Resume', '1');
    if (!named.has('Idempotency-Key')) named.set('Idempotency-Key', key);
    const never = new AbortController();
    const wait = (attempt: number): Promise<boolean> => pause(backoff(attempt, FIRST_PAUSE), signal || never.signal);
    for (let attempt = 1; ; attempt++) {
      const isKnown = extensions.includes('idempotency');
      const isLast = attempt > attempts && !isOffline();
      let problem: unknown;
      connection.current = new AbortController();
      try {
        const asked = plain(url, { ...init, method: 'POST', body, headers: await headersFor(named), signal: connection.current.signal });
        const response = await inTime(isKnown ? silence : 0, connection.current, asked);
        const isAProxys = isKnown && [502, 503, 504].includes(response.status) && !extensionsOf(response).includes('idempotency');
        if (!isAProxys) extensions = extensionsOf(response);
        if (!isAProxys || isLast) return response;
      } catch (error) {
        problem = error;
        if (isLast) throw error;
      }
      if (await wait(attempt)) attempt = 0;
      if (signal?.aborted || !(isKnown || (await introduce(url, headers, init, wait)))) throw problem;
    }
  }

  /** Whether the server, of which nothing was heard so far, is one that knows repeated messages. Asked for some seconds at most. */
  async function introduce(url: string, headers: Headers, init: RequestInit, wait: (attempt: number) => Promise<boolean>): Promise<boolean> {
    const kept = new Headers(headers);
    kept.delete('Content-Type');
    for (let attempt = 1; attempt < 5; attempt++) {
      try {
        extensions = extensionsOf(await plain(url, { ...init, headers: await headersFor(kept) }));
        return extensions.includes('idempotency');
      } catch {
        await wait(attempt);
      }
    }
    return false;
  }

  function asking({ url, headers, init }: Operation, id: string): Ask {
    const turns = addressOf(options.turns || new URL('api/turns', url)).replace(/\/$/, '');
    const kept = new Headers(headers);
    kept.delete('Content-Type');
    return async (path, more) => plain(`${turns}/${encodeURIComponent(id)}${path}`, { ...init, ...more, headers: await headersFor(kept) });
  }
}

/** As `fetch` answers, whose responses also tell where they come from. */
function withBody(response: Response, body: ReadableStream<Uint8Array>): Response {
  const { status, statusText, headers, url, redirected, type } = response;
  return Object.defineProperties(new Response(body, { status, statusText, headers }), {
    url: { value: url },
    redirected: { value: redirected },
    type: { value: type },
  });
}

/** Not `crypto.randomUUID`, which pages without TLS do not have. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
