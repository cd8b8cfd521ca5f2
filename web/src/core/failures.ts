/** Errors as a thread shows them, and the other way round. */
import { RequestError } from './client.ts';
import type { Failure } from './thread.ts';

export function failureOf(error: unknown): Failure {
  if (error instanceof RequestError) {
    const { retryAfter } = error.details;
    return { code: error.code, message: error.message || null, canRetry: !error.isFinal, status: error.status, ...(retryAfter ? { retryAfter } : {}) };
  }
  return { code: 'internal', message: null, canRetry: true };
}

export function asError(failure: Failure | null): Error {
  return new RequestError(failure?.code ?? 'custom', failure?.message ?? 'The answer could not be finished.');
}
