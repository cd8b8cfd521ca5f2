import { html } from 'lit';
import type { TemplateResult } from 'lit';
import type { WidgetNode } from '../core/contracts.ts';
import { icon } from '../icons/icon.ts';

const variants = new Set(['solid', 'soft', 'outline', 'ghost']);

/** The look of a control that opens a popup. */
export function pickerClass(node: WidgetNode): string {
  const variant = variants.has(String(node.variant)) ? String(node.variant) : 'outline';
  const size = typeof node.size === 'string' ? node.size : 'lg';
  return `w-control w-input-${variant} w-control-${size}${node.pill === true ? ' w-pill' : ''}`;
}

/** What such a control shows: its value, or in a softer colour what is asked for. */
export function pickerFace(id: string, value: string | undefined, placeholder: string, sign: string): TemplateResult {
  return html`<span class=${value === undefined ? 'w-picker-value w-empty' : 'w-picker-value'} id=${id} dir="auto">${value ?? placeholder}</span>${icon(sign, 16)}`;
}
