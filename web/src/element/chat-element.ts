/** The element as its own parts see it: what they know of it, and what they may ask of it. */
import type { LitElement } from 'lit';
import type { Controller } from '../core/controller.ts';
import type { Composer } from './composer.ts';
import type { Editing } from './editing.ts';
import type { Options } from './options.ts';
import type { Reading } from './reading.ts';
import type { Rows } from './rows.ts';
import type { Sending } from './sending.ts';
import type { Words } from './words.ts';

export interface ChatElement extends LitElement {
  /** Null until the page has set them. */
  readonly options: Options | null;
  /** Null as long as the options are. */
  readonly controller: Controller | null;
  /** The controller, for what happens only after the options were set. */
  readonly chat: Controller;
  readonly words: Words;
  readonly locale: string;
  readonly composer: Composer | null;
  readonly reading: Reading;
  readonly editing: Editing;
  readonly rows: Rows;
  readonly sending: Sending;
  openThread(threadId: string | null): Promise<void>;
  showHistory(): Promise<void>;
  emit(type: string, detail?: unknown): void;
  report(error: unknown): void;
  /** For screen readers, from the next update on. */
  announce(text: string): void;
}
