/** Server-sent events from any split of the bytes: a character, a line end or a field may be cut in the middle. */

export interface SseMessage {
  data: string;
  /** The last id seen, which stays until another one comes. */
  id: string;
  event: string;
}

export class SseParser {
  private readonly decoder = new TextDecoder('utf-8');
  private rest = '';
  private afterCarriageReturn = false;
  private data: string[] = [];
  private event = '';
  private id = '';
  /** The server has said that the answer is over. */
  isOver = false;

  /** The messages that these bytes complete. Comments count as a sign of life only: an empty list. */
  push(bytes: Uint8Array): SseMessage[] {
    return this.lines(this.decoder.decode(bytes, { stream: true }));
  }

  private lines(text: string): SseMessage[] {
    if (text === '') return [];
    // \r\n cut in two: the \n belongs to the line end that the \r already was.
    if (this.afterCarriageReturn && text.startsWith('\n')) text = text.slice(1);
    this.afterCarriageReturn = text === '' ? false : text.endsWith('\r');
    const parts = (this.rest + text).split(/\r\n|\r|\n/);
    this.rest = parts.pop() ?? '';
    const messages: SseMessage[] = [];
    for (const line of parts) {
      const message = this.line(line);
      if (message) messages.push(message);
    }
    return messages;
  }

  private line(line: string): SseMessage | null {
    if (line === '') return this.dispatch();
    const colon = line.indexOf(':');
    if (line === ': end') this.isOver = true;
    if (colon === 0) return null;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (field === 'data') this.data.push(value);
    else if (field === 'event') this.event = value;
    else if (field === 'id' && !value.includes('\0')) this.id = value;
    return null;
  }

  private dispatch(): SseMessage | null {
    const { data, event } = this;
    this.data = [];
    this.event = '';
    return data.length === 0 ? null : { data: data.join('\n'), id: this.id, event: event || 'message' };
  }
}
