import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { WidgetNode } from '../core/contracts.ts';
import { icon } from '../icons/icon.ts';
import { allowedImage } from '../md/links.ts';
import { fill } from '../md/words.ts';
import { actionOf, mustWait, perform } from './actions.ts';
import { formScope, submission } from './forms.ts';
import { local } from './local.ts';
import { background, borders, edges, placement, spacing } from './measures.ts';
import { childrenOf, drawChildren, nodesOf } from './scope.ts';
import type { Scope } from './scope.ts';
import { styled } from './styled.ts';

function status(value: unknown, { context }: Scope): TemplateResult | typeof nothing {
  const given = value as { text?: unknown; icon?: unknown; favicon?: unknown; frame?: unknown } | undefined;
  if (typeof given?.text !== 'string') return nothing;
  const favicon = typeof given.favicon === 'string' ? allowedImage(given.favicon) : undefined;
  const sign =
    favicon && context.imagePolicy.decide(favicon) === 'show'
      ? html`<img class=${given.frame === true ? 'w-favicon w-frame' : 'w-favicon'} src=${favicon} alt="" width="16" height="16" referrerpolicy="no-referrer" />`
      : given.favicon !== undefined
        ? icon('globe', 16)
        : typeof given.icon === 'string'
          ? icon(given.icon, 16)
          : nothing;
  return html`<div class="w-status">${sign}<span dir="auto">${given.text}</span></div>`;
}

function looks(node: WidgetNode): Record<string, string | undefined> {
  return { 'color-scheme': node.theme === 'light' || node.theme === 'dark' ? node.theme : undefined, ...background(node.background) };
}

const cardSizes = new Set(['sm', 'md', 'lg', 'full']);

export function card(node: WidgetNode, scope: Scope): TemplateResult {
  const confirm = actionOf((node.confirm as { action?: unknown } | undefined)?.action);
  const inner = node.asForm === true ? formScope(node, confirm, scope) : scope;
  const size = cardSizes.has(String(node.size)) ? String(node.size) : 'md';
  const styles = styled({ ...looks(node), ...borders(node.border) });
  const content = html`${status(node.status, scope)}${node.collapsed === true ? collapsedBody(node, inner) : cardBody(node, inner)}`;
  return node.asForm === true
    ? html`<form class="w-card w-card-${size}" novalidate ${styles} @submit=${submission('container', inner)}>${content}</form>`
    : html`<div class="w-card w-card-${size}" ${styles}>${content}</div>`;
}

function cardBody(node: WidgetNode, scope: Scope): TemplateResult {
  return html`<div class="w-card-body w-col" ${styled(edges('padding', node.padding))}>${drawChildren(node, scope)}</div>${cardFooter(node, scope)}`;
}

/** A card whose work is done is one line that can be opened again. */
function collapsedBody(node: WidgetNode, scope: Scope): unknown {
  const heading = [...nodesOf(node)].find(({ type, value }) => (type === 'Title' || type === 'Text') && typeof value === 'string');
  return local(false, (open, set) => html`<button type="button" class="w-card-toggle" aria-expanded=${open ? 'true' : 'false'} @click=${() => set(!open)}
    ><span dir="auto">${String(heading?.value ?? '…')}</span>${icon(open ? 'chevron-up' : 'chevron-down', 18)}</button>${open ? cardBody(node, scope) : nothing}`);
}

function cardFooter(node: WidgetNode, scope: Scope): TemplateResult | typeof nothing {
  const confirm = footerButton(node.confirm, 'primary', node.asForm === true, scope);
  const cancel = footerButton(node.cancel, 'secondary', false, scope);
  return confirm === nothing && cancel === nothing ? nothing : html`<div class="w-card-footer">${cancel}${confirm}</div>`;
}

function footerButton(given: unknown, color: 'primary' | 'secondary', submits: boolean, scope: Scope): TemplateResult | typeof nothing {
  const { label, action: declared } = (given ?? {}) as { label?: unknown; action?: unknown };
  if (typeof label !== 'string') return nothing;
  const action = actionOf(declared);
  const press = (event: MouseEvent) => {
    if (!submits) void perform(action, event.currentTarget as HTMLElement, 'container', scope);
  };
  return html`<button
    type=${submits ? 'submit' : 'button'}
    class="w-control w-button w-tone-${color} w-button-${color === 'primary' ? 'solid' : 'outline'} w-control-lg"
    aria-disabled=${mustWait(action, scope) ? 'true' : nothing}
    @click=${press}
  ><span class="w-button-label">${label}</span></button>`;
}

export function basic(node: WidgetNode, scope: Scope): TemplateResult {
  return html`<div class=${node.direction === 'row' ? 'w-basic w-row' : 'w-basic w-col'} ${styled({
    ...looks(node),
    gap: spacing(node.gap),
    'align-items': placement(node.align),
    'justify-content': placement(node.justify),
    ...edges('padding', node.padding),
  })}>${drawChildren(node, scope)}</div>`;
}

/** How many rows `limit: auto` shows. */
const SOME = 5;

export function listView(node: WidgetNode, scope: Scope): TemplateResult {
  const limit = node.limit === 'auto' ? SOME : typeof node.limit === 'number' && node.limit > 0 ? node.limit : undefined;
  return html`<div class="w-card w-card-md" ${styled(looks(node))}>${status(node.status, scope)}${local(false, (all, set) => {
    const items = childrenOf(node);
    // One hidden row would take as much room as the button that hides it.
    const shown = all || limit === undefined || items.length <= limit + 1 ? items.length : limit;
    return html`<ul class="w-rows">${drawChildren({ ...node, children: items.slice(0, shown) }, scope)}</ul>${
      shown < items.length
        ? html`<button type="button" class="w-show-more" @click=${() => set(true)}>${fill(scope.words.showMore, { count: items.length - shown })}${icon('chevron-down', 16)}</button>`
        : nothing
    }`;
  })}</div>`;
}

export function listViewItem(node: WidgetNode, scope: Scope): TemplateResult {
  const action = actionOf(node.onClickAction);
  const styles = styled({ gap: spacing(node.gap), 'align-items': placement(node.align) });
  if (!action) return html`<li class="w-row-item"><div class="w-row-content" ${styles}>${drawChildren(node, scope)}</div></li>`;
  const press = (event: MouseEvent) => void perform(action, event.currentTarget as HTMLElement, 'self', scope);
  // The button lies under the row's content, so that a row may hold controls of its own.
  return html`<li class="w-row-item w-pressable"><button type="button" class="w-row-press" aria-label=${rowName(node)} aria-disabled=${mustWait(action, scope) ? 'true' : nothing} @click=${press}></button><div class="w-row-content" ${styles}>${drawChildren(node, scope)}</div></li>`;
}

function rowName(node: WidgetNode): string {
  const texts = [...nodesOf(node)].map(({ value, label }) => value ?? label).filter((said) => typeof said === 'string');
  return texts.join(', ') || '…';
}
