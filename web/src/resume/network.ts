/** What the browser knows of its network and of its page. Outside a page, where nobody tells, the network is there and the page stays. */

const target: Partial<EventTarget> = globalThis;
let leaving = false;
for (const [event, is] of [['pagehide', true], ['pageshow', false]] as const) {
  target.addEventListener?.(event, () => (leaving = is), { capture: true });
}

/** The page is being left: what it aborts now is not the user's stop. */
export function isLeaving(): boolean {
  return leaving;
}

/** Nothing can be reached, as far as the browser knows. */
export function isOffline(): boolean {
  return globalThis.navigator?.onLine === false;
}

/** Calls back whenever the network comes back; returns how to end that. */
export function whenOnline(callback: () => void): () => void {
  target.addEventListener?.('online', callback);
  return () => target.removeEventListener?.('online', callback);
}

/** True: the network came back before the time was over. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (isBack: boolean): void => {
      clearTimeout(timer);
      forget();
      signal.removeEventListener('abort', over);
      resolve(isBack);
    };
    const over = (): void => end(false);
    const timer = setTimeout(over, milliseconds);
    const forget = whenOnline(() => end(true));
    signal.addEventListener('abort', over);
    if (signal.aborted) over();
  });
}

/** Longer with each attempt, up to five seconds, and never the same for all the clients of a server that was restarted. */
export function backoff(attempt: number, first: number): number {
  return Math.min(5000, first * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
}

/** Ends a connection that is not to be trusted any more. An `AbortError` would look like the user's stop. */
export function lose(connection: AbortController): void {
  connection.abort(new TypeError('The connection was lost.'));
}

/** Gives up what takes longer, as if `connection`, on which it hangs, were lost. 0 seconds: as long as it takes. */
export async function inTime<T>(seconds: number, connection: AbortController, work: Promise<T>): Promise<T> {
  const timer = seconds > 0 ? setTimeout(() => lose(connection), seconds * 1000) : undefined;
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
