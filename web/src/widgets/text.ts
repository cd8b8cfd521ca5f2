import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { WidgetNode } from '../core/contracts.ts';
import { icon } from '../icons/icon.ts';
import { renderMarkdown } from '../md/markdown.ts';
import { textColor } from './colors.ts';
import { pixels, textAlign } from './measures.ts';
import type { Scope } from './scope.ts';
import { styled } from './styled.ts';
import type { Styles } from './styled.ts';
import { editableText } from './text-fields.ts';

const weights: Readonly<Record<string, string>> = { normal: '400', medium: '500', semibold: '600', bold: '700' };

/** The style that titles, texts, captions and labels share. */
export function textStyles(node: WidgetNode): Styles {
  const lines = typeof node.maxLines === 'number' && node.maxLines > 0 ? String(node.maxLines) : undefined;
  return {
    color: textColor(node.color),
    'font-weight': typeof node.weight === 'string' ? weights[node.weight] : undefined,
    'text-align': textAlign(node.textAlign),
    '-webkit-line-clamp': node.truncate === true ? undefined : lines,
  };
}

export function textClass(kind: string, node: WidgetNode, fallback: string): string {
  const size = typeof node.size === 'string' ? node.size : fallback;
  const clamped = node.truncate === true ? ' w-truncated' : typeof node.maxLines === 'number' ? ' w-clamped' : '';
  return `w-${kind} w-${kind}-${size}${clamped}`;
}

const said = (value: unknown) => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');

export function title(node: WidgetNode): TemplateResult {
  return html`<div class=${textClass('title', node, 'md')} role="heading" aria-level="3" dir="auto" ${styled(textStyles(node))}>${said(node.value)}</div>`;
}

export function caption(node: WidgetNode): TemplateResult {
  return html`<span class=${textClass('caption', node, 'md')} dir="auto" ${styled(textStyles(node))}>${said(node.value)}</span>`;
}

export function text(node: WidgetNode, scope: Scope): TemplateResult {
  const minimum = typeof node.minLines === 'number' ? `calc(${node.minLines} * 1lh)` : undefined;
  const styles: Styles = {
    ...textStyles(node),
    width: pixels(node.width),
    'min-height': minimum,
    'font-style': node.italic === true ? 'italic' : undefined,
    'text-decoration-line': node.lineThrough === true ? 'line-through' : undefined,
  };
  if (typeof node.editable === 'object' && node.editable !== null) return editableText(node, styles, scope);
  const streaming = node.streaming === true ? ' w-streaming' : '';
  return html`<span class=${textClass('text', node, 'md') + streaming} dir="auto" aria-busy=${streaming ? 'true' : nothing} ${styled(styles)}>${said(node.value)}</span>`;
}

export function markdown(node: WidgetNode, { context }: Scope): TemplateResult {
  const { locale, imagePolicy, onLink } = context;
  return renderMarkdown(said(node.value), { streaming: node.streaming === true, locale, imagePolicy, onLink });
}

export function badge(node: WidgetNode): TemplateResult {
  const { color = 'secondary', variant = 'soft', size = 'sm', pill } = node;
  return html`<span class="w-badge w-tone-${color} w-badge-${variant} w-badge-${size} ${pill === true ? 'w-pill' : ''}" dir="auto">${said(node.label)}</span>`;
}

const iconSizes: Readonly<Record<string, number>> = { xs: 12, sm: 14, md: 18, lg: 20, xl: 24, '2xl': 32, '3xl': 40 };

export function iconSize(size: unknown, fallback: number): number {
  return typeof size === 'string' && Object.hasOwn(iconSizes, size) ? iconSizes[size]! : fallback;
}

export function iconNode(node: WidgetNode): TemplateResult {
  return html`<span class="w-icon-box" ${styled({ color: textColor(node.color) })}>${icon(said(node.name), iconSize(node.size, 18))}</span>`;
}
