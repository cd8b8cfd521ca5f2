import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { WidgetNode } from '../core/contracts.ts';
import { icon } from '../icons/icon.ts';
import { actionOf, mustWait, perform } from './actions.ts';
import type { Scope } from './scope.ts';
import { iconSize } from './text.ts';

interface Look {
  color: string;
  variant: string;
}

function look({ style, color, variant }: WidgetNode): Look {
  const named = (value: unknown) => (typeof value === 'string' ? value : undefined);
  if (named(color) || named(variant)) return { color: named(color) ?? 'secondary', variant: named(variant) ?? 'solid' };
  return style === 'primary' ? { color: 'primary', variant: 'solid' } : { color: 'secondary', variant: 'outline' };
}

export function button(node: WidgetNode, scope: Scope): TemplateResult {
  const { color, variant } = look(node);
  const label = typeof node.label === 'string' ? node.label : '';
  const size = typeof node.size === 'string' ? node.size : 'lg';
  const drawn = (name: unknown) => (typeof name === 'string' ? icon(name, iconSize(node.iconSize, controlIcon(size))) : nothing);
  const submits = node.submit === true && scope.insideForm;
  const action = submits ? scope.submitAction : actionOf(node.onClickAction);
  const press = (event: MouseEvent) => {
    if (!submits) void perform(action, event.currentTarget as HTMLElement, 'self', scope);
  };
  const shape = ['pill', 'uniform', 'block'].filter((name) => node[name] === true).map((name) => `w-${name}`).join(' ');
  const iconOnly = label === '' ? ' w-uniform' : '';
  return html`<button
    class="w-control w-button w-tone-${color} w-button-${variant} w-control-${size} ${shape}${iconOnly}"
    type=${submits ? 'submit' : 'button'}
    ?disabled=${node.disabled === true}
    aria-disabled=${mustWait(action, scope) ? 'true' : nothing}
    aria-label=${label === '' ? String(node.iconStart ?? node.iconEnd ?? '').replaceAll('-', ' ') : nothing}
    @click=${press}
  >${drawn(node.iconStart)}${label === '' ? nothing : html`<span class="w-button-label">${label}</span>`}${drawn(node.iconEnd)}</button>`;
}

export function controlIcon(size: string): number {
  return /^[23]xs$|^xs$/.test(size) ? 14 : /xl$/.test(size) ? 20 : 16;
}
