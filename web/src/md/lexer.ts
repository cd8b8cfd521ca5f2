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

/** Signs in one paragraph from which on it is read as plain text: emphasis costs their number squared. */
const MOST_SIGNS = 500;
/** Quotes and lists inside each other from which on they are read as plain text. */
const DEEPEST = 40;

export function isCrowded(paragraph: string): boolean {
  return paragraph.length > MOST_SIGNS && (paragraph.match(/[*_~[<$\\]/g)?.length ?? 0) > MOST_SIGNS;
}

class BoundedLexer extends Lexer {
  override inlineTokens(source: string, tokens: Token[] = []): Token[] {
    if (!isCrowded(source)) return super.inlineTokens(source, tokens);
    tokens.push(plain(source));
    return tokens;
  }
}

function plain(text: string): Tokens.Text {
  return { type: 'text', raw: text, text, escaped: false };
}

function plainParagraph(text: string): Tokens.Paragraph {
  return { type: 'paragraph', raw: text, text, tokens: [plain(text)] };
}

function isDeep(token: Token, left = DEEPEST): boolean {
  if (left === 0) return true;
  const { items = [], tokens = [] } = token as { items?: Token[]; tokens?: Token[] };
  return [...items, ...(token.type === 'blockquote' || token.type === 'list_item' ? tokens : [])].some((inner) => isDeep(inner, left - 1));
}

/**
 * The blocks of a text, and whether it defines link references, which reach backwards. A text made to exhaust
 * the reader, or written by a model that repeats itself, comes back as plain text.
 */
export function blockTokens(text: string): { tokens: Token[]; references: boolean } {
  try {
    const tokens = new BoundedLexer(defaults).lex(text);
    return {
      tokens: tokens.map((token) => (isDeep(token) ? plainParagraph(token.raw) : token)),
      references: Object.keys(tokens.links).length > 0,
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { tokens: [plainParagraph(text)], references: false };
  }
}

export function inlineTokens(text: string): Token[] {
  return new BoundedLexer(defaults).inlineTokens(text);
}
