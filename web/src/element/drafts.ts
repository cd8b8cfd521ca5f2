/** What was written and not sent yet, for every thread; its text also over a reload. */
import type { MessageContent } from '../core/protocol.ts';
import type { Uploads } from './uploads.ts';

export interface Written {
  content: readonly MessageContent[];
  uploads: Uploads;
  reply: string | null;
}

const PLACE = 'chatkit-host.draft.';

export class Drafts {
  private readonly kept = new Map<string, Written>();

  constructor(private readonly noUploads: () => Uploads) {}

  keep(key: string, written: Written): void {
    this.kept.set(key, written);
  }

  take(key: string): Written {
    const written = this.kept.get(key) ?? { content: stored(key), uploads: this.noUploads(), reply: null };
    this.kept.delete(key);
    return written;
  }

  /** What could not be sent, while its thread is not the one that is shown; something newer stays. */
  giveBack(key: string, written: Written): void {
    const newer = this.kept.get(key);
    if (newer && (newer.content.length > 0 || !newer.uploads.isEmpty)) return;
    this.keep(key, written);
    this.store(key, written.content);
  }

  store(key: string, content: readonly MessageContent[]): void {
    try {
      if (content.length === 0) sessionStorage.removeItem(PLACE + key);
      else sessionStorage.setItem(PLACE + key, JSON.stringify(content));
    } catch {
      // Storage is full or not allowed here: the draft lives as long as the page.
    }
  }
}

function stored(key: string): MessageContent[] {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE + key) ?? '[]') as MessageContent[];
  } catch {
    return [];
  }
}
