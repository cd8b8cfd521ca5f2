import type { Action } from '../core/contracts.ts';
import { fill } from '../md/words.ts';
import { mergedPayload } from './fields-of-form.ts';
import type { Scope } from './scope.ts';

export type Loading = 'none' | 'self' | 'container';

/** The name of the event by which a mistake in a widget is told to whoever wants to know. */
export const WIDGET_PROBLEM = 'widget-problem';

/** Controls whose action has been sent and not been answered. */
const pending = new WeakSet<HTMLElement>();

export function actionOf(value: unknown): Action | undefined {
  return typeof value === 'object' && value !== null && typeof (value as Action).type === 'string' ? (value as Action) : undefined;
}

/** Whether an action has to wait for the answer that is being written. */
export function mustWait(action: Action | undefined, scope: Scope): boolean {
  return scope.context.busy && action !== undefined && action.handler !== 'client' && action.streaming !== false;
}

/**
 * Sends the action of a control with the fields around it, once: pressed again before the answer it does
 * nothing. `automatic` is what `loadingBehavior: auto` means for this control; `changed` is the control's
 * own value where it stands in no form.
 */
export async function perform(action: Action | undefined, source: HTMLElement, automatic: Loading, scope: Scope, changed: Record<string, unknown> = {}): Promise<void> {
  if (!action || pending.has(source) || mustWait(action, scope)) return;
  const { payload, collisions } = mergedPayload(action.payload, scope.insideForm ? scope.fields.values() : changed);
  for (const name of collisions) {
    const message = fill(scope.words.nameCollision, { name });
    source.dispatchEvent(new CustomEvent(WIDGET_PROBLEM, { bubbles: true, composed: true, detail: { message, action: action.type } }));
  }
  const loading = action.loadingBehavior && action.loadingBehavior !== 'auto' ? action.loadingBehavior : automatic;
  pending.add(source);
  const done = shown(source, loading, scope.words.working);
  try {
    await scope.context.act({ ...action, payload: payload as Action['payload'] }, source, { loading });
  } catch {
    // Whoever ran the action has told the user; the control only becomes usable again.
  } finally {
    pending.delete(source);
    done();
  }
}

function shown(source: HTMLElement, loading: Loading, working: string): () => void {
  if (loading === 'self') {
    source.setAttribute('aria-busy', 'true');
    const status = document.createElement('span');
    status.className = 'w-spinner';
    status.setAttribute('role', 'status');
    status.setAttribute('aria-label', working);
    source.append(status);
    return () => {
      source.removeAttribute('aria-busy');
      status.remove();
    };
  }
  const container = loading === 'container' ? source.closest<HTMLElement>('.widget') : null;
  if (!container) return () => {};
  container.setAttribute('aria-busy', 'true');
  container.inert = true;
  return () => {
    container.removeAttribute('aria-busy');
    container.inert = false;
    if (source.isConnected && document.activeElement === document.body) source.focus();
  };
}
