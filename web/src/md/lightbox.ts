import { html, render } from 'lit';
import { icon } from '../icons/icon.ts';

/** Shows an image large, over the page. Escape, the button and a click beside it close; the focus returns by itself. */
export function openLightbox(from: HTMLElement, source: string, alt: string, close: string): void {
  const root = from.getRootNode();
  const dialog = document.createElement('dialog');
  dialog.className = 'lightbox';
  dialog.setAttribute('aria-label', alt);
  render(
    html`<button type="button" class="lightbox-close" aria-label=${close} @click=${() => dialog.close()}>${icon('close', 22)}</button
      ><img src=${source} alt=${alt} referrerpolicy="no-referrer" />`,
    dialog,
  );
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener('close', () => {
    dialog.remove();
    from.focus();
  });
  (root instanceof ShadowRoot ? root : document.body).append(dialog);
  dialog.showModal();
}
