/** An element on a page of its own, with a server inside its `fetch`. */
import '../../src/element/chatkit.ts';
import type { ChatKitHost } from '../../src/element/chatkit-host.ts';
import { ScriptedServer } from '../core/server.ts';

export interface Shown {
  element: ChatKitHost;
  server: ScriptedServer;
  root: ShadowRoot;
  events: { type: string; detail: any }[];
}

const TYPES = ['ready', 'error', 'response.start', 'response.end', 'thread.change', 'thread.load.start', 'thread.load.end', 'history.open', 'history.close', 'effect', 'deeplink', 'tool.change', 'log'];

export async function show(options: object = {}, server = new ScriptedServer()): Promise<Shown> {
  document.body.replaceChildren();
  sessionStorage.clear();
  const element = document.createElement('chatkit-host') as ChatKitHost;
  element.style.setProperty('height', '600px');
  const events: Shown['events'] = [];
  for (const type of TYPES) element.addEventListener(`chatkit.${type}`, (event: CustomEvent) => events.push({ type, detail: event.detail }));
  const api = { url: 'http://test.invalid/chatkit', domainKey: 'local', fetch: server.fetch, ...(options as { api?: object }).api };
  element.setOptions({ locale: 'en', ...options, api });
  document.body.append(element);
  await until(() => events.some((event) => event.type === 'ready'));
  return { element, server, root: element.shadowRoot as ShadowRoot, events };
}

export async function until(condition: () => unknown, what = 'it'): Promise<void> {
  const end = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export function find<T extends Element = HTMLElement>(root: ParentNode, selector: string): T {
  const [first, ...rest] = selector.split(' >>> ');
  let found = root.querySelector<T>(first as string);
  for (const part of rest) found = found?.shadowRoot?.querySelector<T>(part) ?? null;
  if (!found) throw new Error(`There is no ${selector}`);
  return found;
}

export function button(root: ParentNode, name: string): HTMLButtonElement {
  const found = [...root.querySelectorAll('button')].find((each) => (each.ariaLabel ?? each.textContent?.trim()) === name);
  if (!found) throw new Error(`There is no button ${name}`);
  return found;
}

export function composer(shown: Shown): ShadowRoot {
  return find(shown.root, 'chatkit-host-composer').shadowRoot as ShadowRoot;
}

export function type(shown: Shown, text: string): HTMLElement {
  const editor = find(composer(shown), '.editor');
  editor.focus();
  document.execCommand('insertText', false, text);
  return editor;
}

export function press(target: EventTarget, key: string, more: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, composed: true, cancelable: true, ...more });
  target.dispatchEvent(event);
  return event;
}
