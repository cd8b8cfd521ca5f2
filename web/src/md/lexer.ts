import { Lexer, Marked } from 'marked';
import type { Token, TokenizerAndRendererExtension, Tokens } from 'marked';

/** A formula between `$`, `$$`, `\(` or `\[`. */
export interface FormulaToken extends Tokens.Generic {
  type: 'formula';
  raw: string;
  text: string;
  display: boolean;
}

/** `$5 and $6` is money: no space inside the signs, no digit after the closing one. */
const inlineFormula = /^(?:\$\$([^$]+?)\$\$|\$(?!\s|\$)((?:\\[^]|[^\\$\n])*?)(?<!\s)\$(?![\d$])|\\\(([^]+?)\\\)|\\\[([^]+?)\\\])/;
const blockFormula = /^ {0,3}(?:\$\$([^$]+?)\$\$|\\\[([^]+?)\\\])[ \t]*(?:\n|$)/;

const extensions: TokenizerAndRendererExtension[] = [
  {
    name: 'formula',
    level: 'block',
    start: (source) => source.match(/(?:^|\n) {0,3}(?:\$\$|\\\[)/)?.index,
    tokenizer(source): FormulaToken | undefined {
      const found = blockFormula.exec(source);
      const text = found && (found[1] ?? found[2])!.trim();
      return found && text ? { type: 'formula', raw: found[0], text, display: true } : undefined;
    },
  },
  {
    name: 'formula',
    level: 'inline',
    start: (source) => source.match(/\$|\\[([]/)?.index,
    tokenizer(source): FormulaToken | undefined {
      const found = inlineFormula.exec(source);
      if (!found) return undefined;
      const text = (found[1] ?? found[2] ?? found[3] ?? found[4] ?? '').trim();
      return text ? { type: 'formula', raw: found[0], text, display: found[1] !== undefined || found[4] !== undefined } : undefined;
    },
  },
];

const { defaults } = new Marked({ gfm: true, extensions });

/** The blocks of a text, and whether it defines link references, which reach backwards. */
export function blockTokens(text: string): { tokens: Token[]; references: boolean } {
  const tokens = new Lexer(defaults).lex(text);
  return { tokens, references: Object.keys(tokens.links).length > 0 };
}

export function inlineTokens(text: string): Token[] {
  return new Lexer(defaults).inlineTokens(text);
}
