// Every widget and every feature of Markdown on one page; `gallery.mjs` serves and photographs it.
import { html, render } from 'lit';
import { markdownStyles, renderMarkdown } from '../../src/md/markdown.ts';
import { FormStore, renderWidget, widgetStyles } from '../../src/widgets/widget.ts';
import { sample } from '../md/sample.ts';
import { fixtures } from './fixtures.ts';

const asked = { decide: (url: string) => (url.startsWith('data:') ? ('show' as const) : ('ask' as const)), release: () => {} };

/** The whole gallery in an element. */
export function showGallery(host: HTMLElement, scheme: 'light' | 'dark', locale = 'en'): void {
  document.adoptedStyleSheets = [markdownStyles.styleSheet!, widgetStyles.styleSheet!];
  const text = renderMarkdown(sample, {
    streaming: false,
    locale,
    imagePolicy: asked,
    onLink: () => false,
    annotations: [{ source: { type: 'url', url: 'https://example.org/tea', title: 'Tea', description: 'All about tea.' }, index: sample.indexOf(' minutes.') + 9 }],
  });
  const widgets = Object.entries(fixtures).map(
    ([name, root]) => html`<section id=${name} aria-label=${name}>
      <h2>${name}</h2>
      ${renderWidget(root, { itemId: name, locale, scheme, busy: false, act: async () => {}, imagePolicy: asked, onLink: () => false, formState: new FormStore() })}
    </section>`,
  );
  render(html`<h1>Gallery</h1><section id="prose" aria-label="Prose"><h2>Prose</h2>${text}</section>${widgets}`, host);
}
