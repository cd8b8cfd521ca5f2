import type { MarkdownOptions } from '../core/contracts.ts';
import type { Citation } from './citations.ts';
import type { Words } from './words.ts';

/** What the templates of one text read while they are built and when they are used. */
export interface Environment {
  options: MarkdownOptions;
  words: Words;
  citations: readonly Citation[];
}
