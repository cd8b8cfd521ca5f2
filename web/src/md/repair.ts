import type { Token, Tokens } from 'marked';
import { blockTokens, inlineTokens, isCrowded } from './lexer.ts';

/**
 * Completes the end of a text that is still being written, so that half of a mark is never shown: open
 * emphasis and code spans are closed, marks that have only begun are held back. `tokens` are the blocks of
 * the unfinished end; the answer shares all but the last of them.
 */
export function repair(tokens: readonly Token[]): Token[] {
  const last = tokens.at(-1);
  if (!last) return [];
  return [...tokens.slice(0, -1), ...repairedBlock(last)];
}

function repairedBlock(token: Token): Token[] {
  switch (token.type) {
    case 'paragraph':
    case 'text':
      return repairedParagraph(token as Tokens.Paragraph);
    case 'heading':
      return repairedHeading(token as Tokens.Heading);
    case 'hr':
      return token.raw.endsWith('\n') ? [token] : [];
    case 'code':
      return [repairedCode(token as Tokens.Code)];
    case 'blockquote':
      return [{ ...token, tokens: repair(token.tokens ?? []) }];
    case 'list':
      return repairedList(token as Tokens.List);
    case 'table':
      return [repairedTable(token as Tokens.Table)];
    default:
      return [token];
  }
}

/** A last line that holds only the beginning of a mark: of a fence, a list item, a heading, a rule. */
const begunLine = /(?:^|\n)[ \t]*(?:`{1,3}|~{1,3}|[-+*_=]{1,3}|#{1,6}|\d{1,9}[.)]?|[>|]|\$\$?|\\)[ \t]*$/;

function repairedParagraph(token: Tokens.Paragraph | Tokens.Text): Token[] {
  const table = begunTable(token.text);
  if (table !== undefined) return repair(blockTokens(table).tokens);
  const text = repairedInline(token.text.replace(begunLine, ''));
  if (text.trim() === '' && token.type === 'paragraph') return [];
  return [withText(token, text)];
}

/** An underline of one or two signs is more often the beginning of a list or a rule than of a heading. */
function repairedHeading(token: Tokens.Heading): Token[] {
  const underlined = !/^ {0,3}#/.test(token.raw);
  if (underlined && !token.raw.endsWith('\n')) return [withText({ ...token, type: 'paragraph' }, repairedInline(token.text))];
  if (token.text === '') return [];
  return [withText(token, repairedInline(token.text))];
}

function withText<T extends Token>(token: T, text: string): T {
  const leading = (token as { tokens?: Token[] }).tokens?.filter(({ type }) => type === 'checkbox').slice(0, 1) ?? [];
  const body = leading.length > 0 && text.startsWith(leading[0]!.raw) ? text.slice(leading[0]!.raw.length) : text;
  return { ...token, text, tokens: [...leading, ...inlineTokens(body)] };
}

function repairedCode(token: Tokens.Code): Tokens.Code {
  if (isClosedFence(token.raw)) return token;
  const fence = token.raw.match(/^ {0,3}([`~])/)?.[1];
  return fence ? { ...token, text: token.text.replace(new RegExp(`(?:^|\\n)[ >]*\\${fence}{1,2}$`), '') } : token;
}

/** Whether the raw text of a code block is complete; indented code has no end mark and never is. */
export function isClosedFence(raw: string): boolean {
  const fence = raw.match(/^ {0,3}(`{3,}|~{3,})/)?.[1];
  return fence !== undefined && new RegExp(`\\n {0,3}${fence}[${fence[0]}]*[ \\t]*\\n*$`).test(raw);
}

function repairedList(token: Tokens.List): Token[] {
  const items = [...token.items];
  const item = items.pop();
  if (!item) return [];
  // A sign alone may yet become a rule or emphasis.
  if (/^\s*(?:[-*+]|\d{1,9}[.)])$/.test(item.raw)) return items.length > 0 ? [{ ...token, items }] : [];
  // `- [` is the beginning of a task, not a text.
  const begunTask = !item.task && /^\[(?:[ xX]\]?)?$/.test(item.text);
  items.push(begunTask ? { ...item, text: '', tokens: [] } : { ...item, tokens: repair(item.tokens) });
  return [{ ...token, items }];
}

function repairedTable(token: Tokens.Table): Token {
  const rows = [...token.rows];
  const row = rows.pop();
  if (!row) return token;
  const end = row.findLastIndex((cell) => cell.text !== '');
  if (end < 0) return { ...token, rows };
  rows.push(row.map((cell, index) => (index === end ? withText(cell as unknown as Token, repairedInline(cell.text)) as unknown as Tokens.TableCell : cell)));
  return { ...token, rows };
}

/** A table shows as one from its first row on: the line of dashes is supplied until it has arrived. */
function begunTable(text: string): string | undefined {
  const found = /(^|\n)([ \t]*\|[^\n]*)(\n[ \t]*[|:][-:| \t]*)?\n?$/.exec(text);
  const header = found?.[2]?.trim();
  if (!found || !header || header === '|') return undefined;
  const whole = header.endsWith('|') ? header : `${header} |`;
  const columns = whole.slice(1, -1).split(/(?<!\\)\|/).length;
  return `${text.slice(0, found.index)}${found[1]}${whole}\n|${' --- |'.repeat(columns)}\n`;
}

interface Opening {
  mark: string;
  count: number;
  at: number;
}

/** Longest formula and link text that is held back while its end has not arrived. */
const HELD_BACK = 400;

export function repairedInline(text: string): string {
  if (isCrowded(text)) return text;
  const openings: Opening[] = [];
  const brackets: number[] = [];
  let at = 0;
  while (at < text.length) {
    const sign = text[at]!;
    if (sign === '\\') {
      const mark = text[at + 1];
      if (mark === undefined) return closed(text.slice(0, at), openings);
      if (mark === '(' || mark === '[') {
        const end = text.indexOf(mark === '(' ? '\\)' : '\\]', at + 2);
        if (end < 0 && text.length - at < HELD_BACK) return closed(text.slice(0, at), openings);
        at = end < 0 ? at + 2 : end + 2;
        continue;
      }
      at += 2;
    } else if (sign === '`') {
      const count = run(text, at);
      const end = spanEnd(text, at + count, count);
      if (end === undefined) return closed(withOpenSpan(text, at, count), openings);
      at = end;
    } else if (sign === '$') {
      const end = formulaEnd(text, at);
      if (end === undefined) return closed(text.slice(0, at), openings);
      at = end;
    } else if (sign === '*' || sign === '_' || sign === '~') {
      const count = run(text, at);
      delimiter(text, at, count, openings);
      at += count;
    } else if (sign === '[') {
      brackets.push(at);
      at += 1;
    } else if (sign === ']') {
      const start = brackets.pop();
      const after = text[at + 1];
      if (start !== undefined && after === '(') {
        const end = destinationEnd(text, at + 1);
        if (end === undefined) return closed(withoutLink(text.slice(0, at), start, openings), openings);
        at = end;
      } else if (start !== undefined && after === undefined && !text.slice(start, at).includes('\n')) {
        return closed(withoutLink(text.slice(0, at), start, openings), openings);
      } else at += 1;
    } else if (sign === '<' && /^<(?:\/?[a-z][^<>\s]{0,80}|!-{0,2})?$/i.test(text.slice(at))) {
      return closed(text.slice(0, at), openings);
    } else at += 1;
  }
  const open = brackets.at(-1);
  if (open !== undefined && text.length - open < HELD_BACK && !/\w/.test(text[open - 1] ?? '')) {
    return closed(withoutLink(text, open, openings), openings);
  }
  return closed(text.replace(/(^|[^\\])!$/, '$1'), openings);
}

function run(text: string, at: number): number {
  let end = at;
  while (text[end] === text[at]) end += 1;
  return end - at;
}

/** Where the code span ends that `count` backticks opened. */
function spanEnd(text: string, from: number, count: number): number | undefined {
  for (let at = text.indexOf('`', from); at >= 0; at = text.indexOf('`', at)) {
    const found = run(text, at);
    at += found;
    if (found === count) return at;
  }
  return undefined;
}

function withOpenSpan(text: string, at: number, count: number): string {
  const content = text.slice(at + count).replace(/`+$/, '');
  if (content.trim() === '') return text.slice(0, at);
  return `${text.slice(0, at + count)}${content}${'`'.repeat(count)}`;
}

/** Where the formula ends, the place behind the sign where it is none, nothing where it is still open. */
function formulaEnd(text: string, at: number): number | undefined {
  const display = text[at + 1] === '$';
  const start = at + (display ? 2 : 1);
  const end = text.indexOf(display ? '$$' : '$', start);
  if (end >= 0) return end + (display ? 2 : 1);
  const begun = display ? text.length - at < HELD_BACK : /^\$(?:[\\{(|a-zA-Z][^\n]{0,60})?$/.test(text.slice(at));
  return begun ? undefined : start;
}

/** Where a link's destination in parentheses ends. */
function destinationEnd(text: string, from: number): number | undefined {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '(') depth += 1;
    else if (text[at] === ')' && --depth === 0) return at + 1;
    else if (text[at] === '\n') return at;
  }
  return undefined;
}

/** The text with an unfinished link shown as its label, an unfinished image not at all. */
function withoutLink(text: string, start: number, openings: readonly Opening[]): string {
  if (text[start - 1] === '!') return text.slice(0, start - 1);
  for (const opening of openings) if (opening.at > start) opening.at -= 1;
  return text.slice(0, start) + text.slice(start + 1);
}

const space = /^\s?$/u;
const punctuation = /[\p{P}\p{S}]/u;

/** CommonMark's rule for what a run of `*`, `_` or `~` may open and close. */
function delimiter(text: string, at: number, count: number, openings: Opening[]): void {
  const mark = text[at]!;
  const before = text[at - 1] ?? '';
  const after = text[at + count] ?? '';
  const left = !space.test(after) && (!punctuation.test(after) || space.test(before) || punctuation.test(before));
  const right = !space.test(before) && (!punctuation.test(before) || space.test(after) || punctuation.test(after));
  const opens = left && (mark !== '_' || !right || punctuation.test(before));
  const closes = right && (mark !== '_' || !left || punctuation.test(after));
  let rest = count;
  while (closes && rest > 0) {
    const found = openings.findLastIndex((opening) => opening.mark === mark);
    if (found < 0) break;
    openings.length = found + 1;
    const opening = openings[found]!;
    const matched = Math.min(rest, opening.count);
    rest -= matched;
    opening.count -= matched;
    if (opening.count === 0) openings.pop();
  }
  // Between letters a single star is more often a product than emphasis.
  if (mark === '*' && count === 1 && closes && after !== '') return;
  // At the very end a run is either half of a closing mark or the beginning of an opening one.
  if (rest > 0 && (opens || after === '')) openings.push({ mark, count: rest, at: at + count - rest });
}

/** The text with its open emphasis closed; an opening mark with nothing behind it is held back. */
function closed(text: string, openings: readonly Opening[]): string {
  let body = text.trimEnd();
  let end = '';
  for (const { mark, count, at } of openings.toReversed()) {
    if (at >= body.length) continue;
    const rest = body.slice(at + count);
    if (rest.trim() === '') body = body.slice(0, at).trimEnd();
    else end += mark.repeat(count);
  }
  return body + end;
}
