import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { Annotation, Source } from '../core/contracts.ts';
import { icon } from '../icons/icon.ts';
import type { Environment } from './environment.ts';
import { showBeside } from './floating.ts';
import { allowedLink, followLink } from './links.ts';
import { fill } from './words.ts';

/** The sources that share one footnote mark. */
export interface Citation {
  readonly number: number;
  readonly index: number;
  readonly sources: readonly Source[];
}

/** Numbers the annotations in the order of their places in the text; the same place is the same number. */
export function citationsOf(annotations: readonly Annotation[]): Citation[] {
  const places = new Map<number, Source[]>();
  for (const { index, source } of annotations) {
    if (typeof index !== 'number' || !source) continue;
    places.set(index, [...(places.get(index) ?? []), source]);
  }
  return [...places]
    .sort(([a], [b]) => a - b)
    .map(([index, sources], order) => ({ number: order + 1, index, sources }));
}

// Punctuation that no keyboard types: it does not disturb the marks of emphasis beside it.
const OPEN = '\u2e28';
const CLOSE = '\u2e29';
const mark = /\u2e28(\d+)\u2e29/;

/** Characters that a mark must not split: links, code, formulas. */
const whole = /\]\([^)\n]*\)|`[^`\n]+`|\$[^$\n]+\$|https?:\/\/[^\s)]+|\*\*|__|~~/g;

/** What makes a line a list item, a heading, a quote or a table row. */
const blockMark = /^(?:\s*(?:[-*+]|\d+[.)]|#{1,6}|>)\s+)*(?:\[[ xX]\]\s+)?(?:\s*\|)?/;

/** The text with a mark at each citation's place, moved to where it does not change the Markdown around it. */
export function withMarks(text: string, citations: readonly Citation[]): string {
  const fences = fencesOf(text);
  let marked = text;
  const places = citations.map((citation) => ({ citation, at: placeOf(text, unitOffset(text, citation.index), fences) }));
  for (const { citation, at } of places.toReversed()) {
    const before = text.slice(0, at);
    const fenced = fences.some(([, end]) => end === at);
    const gap = fenced ? '\n\n' : /(?:https?:\/\/|www\.)\S+$/.test(before) ? ' ' : '';
    marked = `${marked.slice(0, at)}${gap}${OPEN}${citation.number}${CLOSE}${fenced ? '\n' : ''}${marked.slice(at)}`;
  }
  return marked;
}

/** Offsets count characters as Python does; strings here count UTF-16 units. */
function unitOffset(text: string, characters: number): number {
  let units = Math.min(characters, text.length);
  if (/[\ud800-\udbff]/.test(text)) {
    units = 0;
    for (let left = characters; left > 0 && units < text.length; left -= 1) units += text.codePointAt(units)! > 0xffff ? 2 : 1;
  }
  return units;
}

function placeOf(text: string, wanted: number, fences: readonly [number, number][]): number {
  let at = wanted;
  while (at > 0 && /\s/.test(text[at - 1]!)) at -= 1;
  const fence = fences.find(([start, end]) => at > start && at <= end);
  if (fence) return fence[1];
  const lineStart = text.lastIndexOf('\n', at - 1) + 1;
  const lineEnd = (text.indexOf('\n', at) + 1 || text.length + 1) - 1;
  const line = text.slice(lineStart, lineEnd);
  if (/^[\s|:=-]*[=-][\s|:=-]*$/.test(line) && lineStart > 0) return placeOf(text, lineStart, fences);
  at = Math.max(at, lineStart + blockMark.exec(line)![0].length);
  for (const found of line.matchAll(whole)) {
    const start = lineStart + found.index;
    const end = start + found[0].length;
    if (at > start && at < end) at = end;
  }
  if (/^\s*\|.*\|\s*$/.test(text.slice(lineStart, at))) return text.lastIndexOf('|', at);
  return at;
}

/** Where the fenced blocks of a text start and end. */
function fencesOf(text: string): [start: number, end: number][] {
  const found: [number, number][] = [];
  let open: { start: number; mark: string } | undefined;
  let at = 0;
  for (const line of text.split('\n')) {
    const fence = /^[\s>]*(?:[-*+] |\d+[.)] )?\s*(`{3,}|~{3,})(.*)$/.exec(line);
    if (fence && !open) open = { start: at, mark: fence[1]! };
    else if (fence && open && fence[1]!.startsWith(open.mark) && fence[2]!.trim() === '') {
      found.push([open.start, at + line.length]);
      open = undefined;
    }
    at += line.length + 1;
  }
  if (open) found.push([open.start, text.length]);
  return found;
}

/** Plain text in which the marks have become links to their sources. */
export function textWithCitations(text: string, environment: Environment): unknown {
  if (!text.includes(OPEN)) return text;
  const pieces: unknown[] = text.split(mark);
  for (let at = 1; at < pieces.length; at += 2) {
    const citation = environment.citations.find(({ number }) => number === Number(pieces[at]));
    pieces[at] = citation ? citationMark(citation, environment) : '';
  }
  return pieces;
}

export function withoutMarks(text: string): string {
  return text.includes(OPEN) ? text.replace(new RegExp(mark, 'g'), '') : text;
}

export function sourceTitle(source: Source): string {
  const fallback = source.type === 'url' ? source.url : source.type === 'file' ? source.filename : (source.label ?? source.id);
  return source.title || fallback;
}

function citationMark(citation: Citation, environment: Environment): TemplateResult {
  const { words, options } = environment;
  const label = `${fill(words.source, { number: citation.number })}: ${citation.sources.map(sourceTitle).join(', ')}`;
  const address = linkOf(citation.sources[0]!);
  const press = (event: MouseEvent) => followLink(event, address!, options.onLink);
  return html`<span class="md-cite" @pointerenter=${show} @focusin=${show} @pointerleave=${hideSoon} @focusout=${hideSoon} @keydown=${escape}
    >${
      address
        ? html`<a class="md-cite-mark" href=${address} target="_blank" rel="noopener noreferrer" aria-label=${label} @click=${press}>${citation.number}</a>`
        : html`<button class="md-cite-mark" type="button" aria-label=${label} @click=${(event: MouseEvent) => pressEntity(event, citation)}>${inlineLabel(citation)}</button>`
    }<span class="md-cite-card" popover="manual" dir="auto">${citation.sources.map((source) => card(source, environment))}</span></span
  >`;
}

/** The name of the event that a press on the mark of an interactive entity sends; its detail is the source. */
export const CITATION_PRESS = 'citation-press';

function pressEntity(event: MouseEvent, { sources }: Citation): void {
  const source = sources.find((one) => one.type === 'entity' && one.interactive === true);
  if (source) event.currentTarget!.dispatchEvent(new CustomEvent(CITATION_PRESS, { bubbles: true, composed: true, detail: source }));
}

/** An entity stands in the text with its label or its icon, everything else with its number. */
function inlineLabel({ sources: [source], number }: Citation): unknown {
  if (source?.type !== 'entity') return number;
  return source.inline_label || (source.icon ? icon(source.icon, 12) : number);
}

function card(source: Source, { options }: Environment): TemplateResult {
  const address = linkOf(source);
  const from = source.type === 'url' ? (source.attribution ?? URL.parse(source.url)?.host) : source.type === 'file' ? source.filename : source.label;
  const title = html`<span class="md-cite-title">${sourceTitle(source)}</span>`;
  return html`<span class="md-cite-source"
    >${
      address
        ? html`<a href=${address} target="_blank" rel="noopener noreferrer" tabindex="-1" @click=${(event: MouseEvent) => followLink(event, address, options.onLink)}>${title}</a>`
        : title
    }${from && from !== sourceTitle(source) ? html`<span class="md-cite-from">${from}</span>` : nothing}${
      source.description ? html`<span class="md-cite-text">${source.description}</span>` : nothing
    }</span
  >`;
}

function linkOf(source: Source): string | undefined {
  return source.type === 'url' ? allowedLink(source.url) : undefined;
}

const hiding = new WeakMap<Element, ReturnType<typeof setTimeout>>();

function show(event: Event): void {
  const host = event.currentTarget as HTMLElement;
  clearTimeout(hiding.get(host));
  showBeside(host.querySelector<HTMLElement>('[popover]')!, host, { side: 'top', align: 'center' });
}

/** A moment later, so that the pointer can travel from the mark to the card. */
function hideSoon(event: Event): void {
  const host = event.currentTarget as HTMLElement;
  clearTimeout(hiding.get(host));
  hiding.set(
    host,
    setTimeout(() => {
      if (!host.matches(':hover, :focus-within')) hide(host);
    }, 150),
  );
}

function escape(event: KeyboardEvent): void {
  const host = event.currentTarget as HTMLElement;
  if (event.key !== 'Escape' || !host.querySelector(':popover-open')) return;
  event.stopPropagation();
  hide(host);
}

function hide(host: HTMLElement): void {
  const popover = host.querySelector<HTMLElement>('[popover]');
  if (popover?.isConnected && popover.matches(':popover-open')) popover.hidePopover();
}
