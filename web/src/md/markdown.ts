import { html, noChange } from 'lit';
import type { TemplateResult } from 'lit';
import { Directive, directive } from 'lit/directive.js';
import type { MarkdownOptions } from '../core/contracts.ts';
import { StreamedBlocks } from './blocks.ts';
import type { Block } from './blocks.ts';
import { citationsOf, withMarks } from './citations.ts';
import type { Environment } from './environment.ts';
import { blockTemplate } from './tokens.ts';
import { wordsFor } from './words.ts';

export { markdownStyles } from './styles.ts';
export { CITATION_PRESS, citationsOf, sourceTitle } from './citations.ts';

/**
 * Markdown as a template, made for text that grows: rendered again and again at the same place, only the
 * blocks that changed are read and drawn. No HTML text is ever built.
 */
export function renderMarkdown(text: string, options: MarkdownOptions): TemplateResult {
  return html`<div class="md">${growingText(text, options)}</div>`;
}

class GrowingText extends Directive {
  #blocks = new StreamedBlocks();
  #environment: Environment | undefined;
  #annotated = '';

  render(text: string, options: MarkdownOptions): unknown {
    const environment = this.#current(options);
    const marked = environment.citations.length > 0 ? withMarks(text, environment.citations) : text;
    return this.#blocks.read(marked, options.streaming).map((block) => blockView(block, environment));
  }

  /**
   * The environment stays the same object while nothing that is drawn from it changes; handlers read the
   * latest options from it.
   */
  #current(options: MarkdownOptions): Environment {
    const before = this.#environment;
    const annotated = options.annotations?.length ? JSON.stringify(options.annotations) : '';
    const words = wordsFor(options.locale);
    if (before && before.words === words && before.options.imagePolicy === options.imagePolicy && this.#annotated === annotated) {
      before.options = options;
      return before;
    }
    this.#annotated = annotated;
    this.#environment = { options, words, citations: annotated ? citationsOf(options.annotations!) : [] };
    return this.#environment;
  }
}
const growingText = directive(GrowingText);

class BlockView extends Directive {
  #block: Block | undefined;
  #environment: Environment | undefined;

  render(block: Block, environment: Environment): unknown {
    if (block === this.#block && environment === this.#environment) return noChange;
    this.#block = block;
    this.#environment = environment;
    return blockTemplate(block.token, block.open, environment);
  }
}
const blockView = directive(BlockView);
