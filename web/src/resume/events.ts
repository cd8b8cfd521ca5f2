/** Whole events out of bytes that were cut anywhere, each as the text it came in. The server ends its lines with \n alone. */
export class EventSplitter {
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  /** The beginning of an event whose end has not come yet. */
  rest = '';

  push(bytes: Uint8Array): string[] {
    const parts = (this.rest + this.decoder.decode(bytes, { stream: true })).split('\n\n');
    this.rest = parts.pop() as string;
    return parts.map((part) => `${part}\n\n`);
  }
}

/** The comment after the last event of an answer. */
export const END = ': end\n\n';

/** Where in its turn an event stands, from `id: turn_...:17`; null for comments. */
export function sequenceOf(event: string): number | null {
  const found = /^id: ?\S*:(\d+)$/m.exec(event);
  return found && Number(found[1]);
}

/** The milliseconds of a `retry:` line. */
export function retryOf(event: string): number | null {
  const found = /^retry: ?(\d+)$/m.exec(event);
  return found && Number(found[1]);
}
