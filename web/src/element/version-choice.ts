/** Going back to what was there before: the switch that was pressed keeps the focus, and its place under the pointer. */
import type { ChatElement } from './chat-element.ts';
import { fill } from './words.ts';

export async function chooseVersion(element: ChatElement, versionId: string): Promise<void> {
  const { chat, renderRoot } = element;
  if (chat.isBusy || chat.isLoading) return;
  const from = renderRoot.querySelector<HTMLElement>('.versions:focus-within');
  const to = (renderRoot as ShadowRoot).activeElement?.getAttribute('data-to') ?? 'next';
  const place = chat.versions.find(({ versions }) => versions.includes(versionId))?.versions[0] ?? '';
  const top = from?.getBoundingClientRect().top;
  try {
    await chat.chooseVersion(versionId);
  } catch {
    return; // The chat has said why.
  }
  const chosen = chat.versions.find(({ versions }) => versions.includes(versionId));
  if (chosen) element.announce(fill(element.words.version, { number: chosen.versions.indexOf(versionId) + 1, count: chosen.versions.length }));
  element.requestUpdate();
  await element.updateComplete;
  const here = renderRoot.querySelector<HTMLElement>(`[data-versions="${CSS.escape(place)}"]`);
  if (!here || !from) return;
  here.querySelector<HTMLElement>(`[data-to=${to}]`)?.focus({ preventScroll: true });
  const viewport = renderRoot.querySelector('.viewport');
  if (viewport && top !== undefined) viewport.scrollTop += here.getBoundingClientRect().top - top;
}
