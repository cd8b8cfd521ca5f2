import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { Token, Tokens } from 'marked';
import { icon } from '../icons/icon.ts';
import { textWithCitations, withoutMarks } from './citations.ts';
import { codeBlock } from './code-block.ts';
import { decoded } from './entities.ts';
import type { Environment } from './environment.ts';
import { textImage } from './image.ts';
import { formula } from './lazy.ts';
import type { FormulaToken } from './lexer.ts';
import { allowedLink, followLink } from './links.ts';
import { isClosedFence } from './repair.ts';
import { scrollable } from './scrollable.ts';

/** A block as a template. `open`: more of it may arrive. Text goes in as text only; there is no HTML to clean. */
export function blockTemplate(token: Token, open: boolean, environment: Environment): unknown {
  switch (token.type) {
    case 'paragraph':
      return html`<p dir="auto">${inline(token.tokens ?? [], environment)}</p>`;
    case 'text':
      return inline(token.tokens ?? [token], environment);
    case 'heading':
      return heading((token as Tokens.Heading).depth, inline(token.tokens ?? [], environment));
    case 'code':
      return code(token as Tokens.Code, open, environment);
    case 'formula':
      return displayFormula(token.text, environment);
    case 'blockquote':
      return html`<blockquote dir="auto">${blocks(token.tokens ?? [], open, environment)}</blockquote>`;
    case 'list':
      return list(token as Tokens.List, open, environment);
    case 'table':
      return table(token as Tokens.Table, environment);
    case 'hr':
      return html`<hr />`;
    case 'html':
      return html`<p class="md-raw" dir="auto">${textWithCitations(token.raw.trim(), environment)}</p>`;
    case 'checkbox':
      return tick(token as Tokens.Checkbox, environment);
    case 'space':
    case 'def':
      return nothing;
    default:
      return inline([token], environment);
  }
}

function blocks(tokens: readonly Token[], open: boolean, environment: Environment): unknown[] {
  return tokens.map((token, index) => blockTemplate(token, open && index === tokens.length - 1, environment));
}

/** Two levels lower than written: above an answer stand the title of the page and that of the turn. */
function heading(depth: number, content: unknown): TemplateResult {
  switch (depth) {
    case 1:
      return html`<h3 class="md-h1" dir="auto">${content}</h3>`;
    case 2:
      return html`<h4 class="md-h2" dir="auto">${content}</h4>`;
    case 3:
      return html`<h5 class="md-h3" dir="auto">${content}</h5>`;
    default:
      return html`<h6 class="md-h4" dir="auto">${content}</h6>`;
  }
}

function list(token: Tokens.List, open: boolean, environment: Environment): TemplateResult {
  const items = token.items.map(
    (item, index) =>
      html`<li class=${item.task ? 'md-task' : nothing}>${blocks(item.tokens, open && index === token.items.length - 1, environment)}</li>`,
  );
  const spaced = token.loose ? 'md-loose' : nothing;
  return token.ordered
    ? html`<ol class=${spaced} dir="auto" start=${token.start === 1 ? nothing : token.start}>${items}</ol>`
    : html`<ul class=${spaced} dir="auto">${items}</ul>`;
}

function code({ text, lang, raw }: Tokens.Code, open: boolean, environment: Environment): TemplateResult {
  const named = !open || raw.includes('\n');
  return codeBlock(withoutMarks(text), named ? (lang ?? '') : undefined, !open || isClosedFence(raw), environment);
}

function tick({ checked }: Tokens.Checkbox, { words }: Environment): TemplateResult {
  return html`<span class=${checked ? 'md-tick md-checked' : 'md-tick'} role="img" aria-label=${checked ? words.taskDone : words.taskOpen}>${
    checked ? icon('check', 12) : nothing
  }</span>`;
}

function table(token: Tokens.Table, environment: Environment): TemplateResult {
  const cell = ({ tokens }: Tokens.TableCell, column: number, header: boolean) => {
    const side = token.align[column] ? `md-align-${token.align[column]}` : nothing;
    const content = inline(tokens, environment);
    return header ? html`<th class=${side} scope="col">${content}</th>` : html`<td class=${side}>${content}</td>`;
  };
  return html`<div class="md-table" role="group" aria-label=${environment.words.table} ${scrollable()}>
    <table dir="auto">
      <thead><tr>${token.header.map((header, column) => cell(header, column, true))}</tr></thead>
      <tbody>${token.rows.map((row) => html`<tr>${row.map((data, column) => cell(data, column, false))}</tr>`)}</tbody>
    </table>
  </div>`;
}

function displayFormula(source: string, { words }: Environment): TemplateResult {
  return html`<span class="md-formula md-display" dir="ltr" role="group" aria-label=${words.formula} ${scrollable()}><span>${formula(withoutMarks(source), true)}</span></span>`;
}

function inline(tokens: readonly Token[], environment: Environment): unknown {
  // One piece of plain text is by far the most common content: it needs no list of parts.
  return tokens.length === 1 ? inlineToken(tokens[0]!, environment) : tokens.map((token) => inlineToken(token, environment));
}

function inlineToken(token: Token, environment: Environment): unknown {
  switch (token.type) {
    case 'text':
      return token.tokens ? inline(token.tokens, environment) : textWithCitations(decoded(token.text), environment);
    case 'strong':
      return html`<strong>${inline(token.tokens ?? [], environment)}</strong>`;
    case 'em':
      return html`<em>${inline(token.tokens ?? [], environment)}</em>`;
    case 'del':
      return html`<del>${inline(token.tokens ?? [], environment)}</del>`;
    case 'codespan':
      return html`<code dir="ltr">${withoutMarks(token.text)}</code>`;
    case 'br':
      return html`<br />`;
    case 'escape':
      return token.text;
    case 'link':
      return link(token as Tokens.Link, environment);
    case 'image':
      return textImage(decoded(token.href), decoded(withoutMarks(token.text)), environment.options.imagePolicy, environment.options.locale);
    case 'html':
      return /^<br\s*\/?>$/i.test(token.raw) ? html`<br />` : textWithCitations(token.raw, environment);
    case 'formula': {
      const { text, display } = token as FormulaToken;
      return display ? displayFormula(text, environment) : html`<span class="md-formula" dir="ltr">${formula(withoutMarks(text), false)}</span>`;
    }
    case 'checkbox':
      return tick(token as Tokens.Checkbox, environment);
    default:
      return textWithCitations(token.raw, environment);
  }
}

function link(token: Tokens.Link, environment: Environment): unknown {
  const written = token.autolink ? token.href : decoded(token.href);
  const address = allowedLink(withoutMarks(written));
  const content = inline(token.tokens, environment);
  if (!address) return content;
  const title = token.title ? decoded(token.title) : nothing;
  const press = (event: MouseEvent) => followLink(event, address, environment.options.onLink);
  return html`<a href=${address} title=${title} target="_blank" rel="noopener noreferrer" @click=${press}>${content}</a>`;
}
