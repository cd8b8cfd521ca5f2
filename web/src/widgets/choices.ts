import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import type { WidgetNode } from '../core/contracts.ts';
import { icon } from '../icons/icon.ts';
import { actionOf, perform } from './actions.ts';
import { fieldPayload } from './fields-of-form.ts';
import { accessibleName, errorPlace, forgetError } from './forms.ts';
import { fieldId, labelId } from './scope.ts';
import type { Scope } from './scope.ts';
import { styled } from './styled.ts';
import { textClass, textStyles } from './text.ts';

export function checkbox(node: WidgetNode, scope: Scope): TemplateResult {
  const name = String(node.name ?? '');
  const label = typeof node.label === 'string' ? node.label : '';
  const change = (event: Event) => {
    const control = event.currentTarget as HTMLInputElement;
    scope.fields.set(name, control.checked);
    forgetError(control);
    void perform(actionOf(node.onChangeAction), control, 'none', scope, fieldPayload(name, control.checked));
  };
  return html`<span class="w-field"><label class="w-choice"
    ><span class="w-box"><input
      type="checkbox"
      id=${fieldId(scope, name)}
      name=${name}
      ?required=${node.required === true}
      ?disabled=${node.disabled === true}
      aria-label=${label === '' ? accessibleName(node, scope) : nothing}
      aria-labelledby=${label === '' && scope.labelled.has(name) ? labelId(scope, name) : nothing}
      .checked=${live(scope.fields.value(name, node.defaultChecked === true) === true)}
      @change=${change}
    />${icon('check', 12)}</span>${label === '' ? nothing : html`<span class="w-choice-label" dir="auto">${label}</span>`}</label>${errorPlace()}</span>`;
}

interface Option {
  label: string;
  value: string;
  disabled?: boolean;
  description?: string;
}

/** The options of a choice that have a value; a missing label is the value. */
export function optionsOf(node: WidgetNode): Option[] {
  const options = Array.isArray(node.options) ? (node.options as Partial<Option>[]) : [];
  return options
    .filter((option): option is Option => typeof option?.value === 'string')
    .map((option) => ({ ...option, label: typeof option.label === 'string' ? option.label : option.value }));
}

export function radioGroup(node: WidgetNode, scope: Scope): TemplateResult {
  const name = String(node.name ?? '');
  const id = fieldId(scope, name);
  const value = scope.fields.value(name, node.defaultValue);
  const change = (event: Event) => {
    const control = event.currentTarget as HTMLInputElement;
    scope.fields.set(name, control.value);
    forgetError(control);
    void perform(actionOf(node.onChangeAction), control, 'none', scope, fieldPayload(name, control.value));
  };
  const options = optionsOf(node).map(
    (option, index) => html`<label class="w-choice"
      ><span class="w-box w-round"><input
        type="radio"
        id=${`${id}-${index}`}
        name=${id}
        value=${option.value}
        ?required=${node.required === true}
        ?disabled=${node.disabled === true || option.disabled === true}
        .checked=${live(option.value === value)}
        @change=${change}
      /></span><span class="w-choice-label" dir="auto">${option.label}</span></label>`,
  );
  return html`<div class="w-field"><div
    class=${node.direction === 'row' ? 'w-choices w-row' : 'w-choices w-col'}
    role="radiogroup"
    aria-required=${node.required === true ? 'true' : nothing}
    aria-labelledby=${!node.ariaLabel && scope.labelled.has(name) ? labelId(scope, name) : nothing}
    aria-label=${node.ariaLabel ? String(node.ariaLabel) : accessibleName(node, scope)}
  >${options}</div>${errorPlace()}</div>`;
}

export function label(node: WidgetNode, scope: Scope): TemplateResult {
  const name = String(node.fieldName ?? '');
  return html`<label class=${textClass('label', node, 'sm')} id=${labelId(scope, name)} for=${fieldId(scope, name)} dir="auto" ${styled(textStyles(node))}>${String(node.value ?? '')}</label>`;
}
