import { render } from 'lit';
import type { Annotation, ImagePolicy, MarkdownOptions } from '../../src/core/contracts.ts';
import { markdownStyles, renderMarkdown } from '../../src/md/markdown.ts';

export const showAll: ImagePolicy = { decide: () => 'show', release: () => {} };

export interface Page {
  host: HTMLElement;
  show(text: string, options?: Partial<MarkdownOptions>): HTMLElement;
  /** The text as a reader sees it. */
  text(): string;
}

/** A place on the test's page where Markdown is rendered again and again. */
export function markdownPage(): Page {
  document.adoptedStyleSheets = [markdownStyles.styleSheet!];
  const host = document.createElement('div');
  document.body.replaceChildren(host);
  return {
    host,
    show(text, options = {}) {
      render(renderMarkdown(text, { streaming: false, locale: 'en', imagePolicy: showAll, onLink: () => false, ...options }), host);
      return host.querySelector<HTMLElement>('.md')!;
    },
    text: () => host.querySelector<HTMLElement>('.md')!.innerText,
  };
}

/** A policy that remembers what was released. */
export function askingPolicy(): ImagePolicy & { released: string[] } {
  const released: string[] = [];
  return { released, decide: (url) => (released.includes(url) ? 'show' : 'ask'), release: (url) => void released.push(url) };
}

export function urlAnnotation(index: number | null, url: string, title = url): Annotation {
  return { source: { type: 'url', url, title }, index };
}

export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Waited in vain for ${what}`);
    await new Promise((next) => setTimeout(next, 10));
  }
}
