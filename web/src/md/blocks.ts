import type { Token } from 'marked';
import { blockTokens } from './lexer.ts';
import { repair } from './repair.ts';

/** One block of a text. The same object as before means that nothing in it has changed. */
export interface Block {
  readonly raw: string;
  readonly token: Token;
  /** More of it may still arrive. */
  readonly open: boolean;
}

/**
 * The blocks of a text that grows. While it streams only its end is read again: a block is settled when
 * two more have begun behind it, because the next line can still change the one before, never the one
 * before that. The whole text is read once more when it is finished, for references that reach backwards.
 */
export class StreamedBlocks {
  #text = '';
  #streaming = false;
  #settledText = '';
  #settled: Block[] = [];
  #blocks: readonly Block[] = [];

  read(text: string, streaming: boolean): readonly Block[] {
    if (text === this.#text && streaming === this.#streaming) return this.#blocks;
    const grown = streaming && text.startsWith(this.#settledText);
    if (!grown) {
      this.#settledText = '';
      this.#settled = [];
    }
    this.#text = text;
    this.#streaming = streaming;
    this.#blocks = streaming ? this.#readEnd(text) : this.#readWhole(text);
    return this.#blocks;
  }

  #readEnd(text: string): readonly Block[] {
    const { tokens } = blockTokens(text.slice(this.#settledText.length));
    const solid = tokens.flatMap((token, index) => (token.type === 'space' ? [] : [index]));
    for (const token of tokens.splice(0, solid.at(-2) ?? 0)) {
      this.#settledText += token.raw;
      if (token.type !== 'space') this.#settled.push(this.#kept(this.#settled.length, token, false));
    }
    const end = repair(tokens).filter(({ type }) => type !== 'space');
    const first = this.#settled.length;
    return [...this.#settled, ...end.map((token, index) => this.#kept(first + index, token, index === end.length - 1))];
  }

  #readWhole(text: string): readonly Block[] {
    const { tokens, references } = blockTokens(text);
    return tokens
      .filter(({ type }) => type !== 'space' && type !== 'def')
      .map((token, index) =>
        references && token.raw.includes('[') ? { raw: token.raw, token, open: false } : this.#kept(index, token, false),
      );
  }

  /** The block that stood at this place, when it is the same. An open one is repaired and differs from its raw text. */
  #kept(index: number, token: Token, open: boolean): Block {
    const before = this.#blocks[index];
    const same = before && !before.open && !open && before.raw === token.raw && before.token.type === token.type;
    return same ? before : { raw: token.raw, token, open };
  }
}
