import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import type { WidgetNode } from '../core/contracts.ts';
import { lineColor } from './colors.ts';
import { boxStyles, edges, pixels, spacing } from './measures.ts';
import { childrenOf, drawChildren } from './scope.ts';
import type { Scope } from './scope.ts';
import { styled } from './styled.ts';

export function box(node: WidgetNode, scope: Scope): TemplateResult {
  const row = node.type === 'Row' || (node.type === 'Box' && node.direction === 'row');
  return html`<div class=${row ? 'w-row' : 'w-col'} ${styled(boxStyles(node))}>${drawChildren(node, scope)}</div>`;
}

export function spacer(node: WidgetNode): TemplateResult {
  return html`<div class="w-spacer" ${styled({ 'flex-basis': spacing(node.minSize) })}></div>`;
}

export function divider(node: WidgetNode): TemplateResult {
  return html`<hr class=${node.flush === true ? 'w-divider w-flush' : 'w-divider'} ${styled({
    'border-top-width': pixels(node.size),
    'border-top-color': lineColor(node.color),
    'margin-block': spacing(node.spacing),
  })} />`;
}

/** A child that is exchanged for one with another key fades in instead of jumping. */
export function transition(node: WidgetNode, scope: Scope): TemplateResult {
  const child = childrenOf(node)[0];
  const identity = child && (child.key ?? child.id ?? child.type);
  return html`<div class="w-transition">${child ? keyed(identity, html`<div class="w-entering w-col">${scope.draw(child, scope)}</div>`) : nothing}</div>`;
}

export function table(node: WidgetNode, scope: Scope): TemplateResult {
  return html`<div class="w-table-scroll"><table class="w-table"><tbody>${drawChildren(node, scope)}</tbody></table></div>`;
}

export function tableRow(node: WidgetNode, scope: Scope): TemplateResult {
  const header = node.header === true;
  return html`<tr class=${header ? 'w-header' : nothing}>${childrenOf(node).map((cell) => tableCell(cell, header, scope))}</tr>`;
}

const columnWidths: Readonly<Record<string, string>> = { xs: '64px', sm: '96px', md: '144px', lg: '208px', xl: '288px' };

function tableCell(node: WidgetNode, header: boolean, scope: Scope): TemplateResult {
  const width = pixels(node.width) ?? (typeof node.colSize === 'string' && Object.hasOwn(columnWidths, node.colSize) ? columnWidths[node.colSize] : undefined);
  const align = (value: unknown, positions: Readonly<Record<string, string>>) => (typeof value === 'string' ? positions[value] : undefined);
  const styles = styled({
    width,
    'min-width': width,
    'text-align': align(node.align, { start: 'start', center: 'center', end: 'end' }),
    'vertical-align': align(node.vAlign, { start: 'top', center: 'middle', end: 'bottom' }),
    ...edges('padding', node.padding),
  });
  const columns = typeof node.colSpan === 'number' ? node.colSpan : nothing;
  const rows = typeof node.rowSpan === 'number' ? node.rowSpan : nothing;
  const content = node.type === 'Table.Cell' ? drawChildren(node, scope) : scope.draw(node, scope);
  return header
    ? html`<th scope="col" colspan=${columns} rowspan=${rows} ${styles}>${content}</th>`
    : html`<td colspan=${columns} rowspan=${rows} ${styles}>${content}</td>`;
}
