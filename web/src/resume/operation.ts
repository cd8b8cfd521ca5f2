/** A request of the ChatKit protocol, recognised in what a `fetch` is given. */

export interface Operation {
  url: string;
  body: string;
  headers: Headers;
  /** Whether the answer is a stream of events. */
  isStreaming: boolean;
  signal: AbortSignal | null | undefined;
  /** How it is to be sent, apart from all of the above: credentials, mode and the like. */
  init: RequestInit;
}

const STREAMING = [
  'threads.create',
  'threads.add_user_message',
  'threads.add_client_tool_output',
  'threads.add_structured_input',
  'threads.retry_after_item',
  'threads.custom_action',
];
const ANY = /^(threads|items|attachments|input)\.\w+$/;

export async function operationOf(input: RequestInfo | URL, given: RequestInit): Promise<Operation | null> {
  const request = input instanceof Request ? input : null;
  const { method = request?.method, headers = request?.headers, signal = request?.signal, body = null, ...init } = given;
  const hasJson = request !== null && /json/.test(request.headers.get('Content-Type') || '');
  if (method?.toUpperCase() !== 'POST' || (typeof body !== 'string' && (body !== null || !hasJson))) return null;
  const text = body === null ? await (request as Request).clone().text() : body;
  const type = typeOf(text);
  if (!ANY.test(type)) return null;
  return {
    url: addressOf(input),
    body: text,
    headers: new Headers(headers),
    isStreaming: STREAMING.includes(type),
    signal,
    init: { ...(request && waysOf(request)), ...init },
  };
}

/** In full: relative ones count from where the page says. */
export function addressOf(input: RequestInfo | URL): string {
  const address = input instanceof Request ? input.url : String(input);
  return new URL(address, globalThis.document?.baseURI || globalThis.location?.href).href;
}

function typeOf(body: string): string {
  try {
    return String(JSON.parse(body).type);
  } catch {
    return '';
  }
}

function waysOf({ cache, credentials, mode, redirect, referrer, referrerPolicy }: Request): RequestInit {
  return { cache, credentials, mode, redirect, referrer, referrerPolicy };
}
