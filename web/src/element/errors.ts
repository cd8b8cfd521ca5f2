import type { Failure } from '../core/thread.ts';
import { type Words, fill } from './words.ts';

/** What went wrong and what to do about it. The server's own sentence is for the user too, and knows more. */
export function sentenceFor(failure: Failure, words: Words, locale: string): string {
  const { retryAfter } = failure;
  if (!retryAfter) return reasonOf(failure, words);
  const [value, unit] = retryAfter < 90 ? [Math.ceil(retryAfter), 'second'] : [Math.ceil(retryAfter / 60), 'minute'];
  const time = new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(value);
  return `${reasonOf(failure, words)} ${fill(words.tryIn, { time })}`;
}

function reasonOf(failure: Failure, words: Words): string {
  if (failure.code === 'network') return words.errorNetwork;
  if (failure.code === 'timeout') return words.errorTimeout;
  if (failure.code === 'no_client_tool') return words.errorTool;
  const { status = 0 } = failure;
  if (status === 401) return words.errorUnauthorized;
  if (status === 404) return words.errorNotFound;
  if (failure.message) return failure.message;
  if (status === 403) return words.errorForbidden;
  if (status === 409) return words.errorBusy;
  if (status === 413) return words.errorTooLarge;
  if (status === 429) return words.errorRate;
  return status >= 500 ? words.errorServer : words.errorAnswer;
}
