import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { Action, WidgetNode } from '../core/contracts.ts';
import { actionOf, perform } from './actions.ts';
import type { Loading } from './actions.ts';
import { Fields } from './fields-of-form.ts';
import { boxStyles } from './measures.ts';
import { drawChildren } from './scope.ts';
import type { Scope } from './scope.ts';
import { styled } from './styled.ts';

/** The same scope for the nodes inside a form. */
export function formScope(node: WidgetNode, submitAction: Action | undefined, scope: Scope): Scope {
  return { ...scope, insideForm: true, submitAction, fields: new Fields(scope.formKeys.get(node)!, node, scope.context.formState) };
}

/** The handler of a form: its fields are checked, the first bad one gets the focus, and only then it is sent. */
export function submission(automatic: Loading, scope: Scope): (event: SubmitEvent) => void {
  return (event) => {
    event.preventDefault();
    event.stopPropagation();
    const form = event.currentTarget as HTMLFormElement;
    const source = event.submitter ?? form;
    if (isComplete(form, scope)) void perform(scope.submitAction, source, source === form ? 'container' : automatic, scope);
  };
}

export function form(node: WidgetNode, scope: Scope): TemplateResult {
  const inner = formScope(node, actionOf(node.onSubmitAction), scope);
  const submit = submission('self', inner);
  return html`<form class=${node.direction === 'row' ? 'w-form w-row' : 'w-form w-col'} novalidate ${styled(boxStyles(node))} @submit=${submit}>${drawChildren(node, inner)}</form>`;
}

type Control = HTMLInputElement | HTMLTextAreaElement;

function isComplete(form: HTMLFormElement, { words }: Scope): boolean {
  const controls = [...form.elements].filter((element): element is Control => element.matches('input, textarea'));
  const bad = controls.filter((control) => !control.disabled && !control.validity.valid);
  for (const control of bad) {
    tell(control, control.validity.valueMissing ? words.required : control.validationMessage || words.invalid);
  }
  bad[0]?.focus();
  return bad.length === 0;
}

function tell(control: Control, message: string): void {
  const field = control.closest<HTMLElement>('.w-field')!;
  const place = field.querySelector<HTMLElement>('.w-field-error')!;
  place.textContent = message;
  place.id = `${control.id}-error`;
  control.setAttribute('aria-invalid', 'true');
  control.setAttribute('aria-describedby', place.id);
}

/** What a field says when it cannot be sent as it is; filled by the check, emptied by the next change. */
export function errorPlace(): TemplateResult {
  return html`<span class="w-field-error" role="alert"></span>`;
}

export function forgetError(control: Element): void {
  const field = control.closest('.w-field');
  for (const bad of field?.querySelectorAll('[aria-invalid]') ?? []) {
    bad.removeAttribute('aria-invalid');
    bad.removeAttribute('aria-describedby');
  }
  field?.querySelector('.w-field-error')?.replaceChildren();
}

/** The name a control without a visible label is read out by. */
export function accessibleName(node: WidgetNode, scope: Scope, ...names: unknown[]): string | typeof nothing {
  if (typeof node.name === 'string' && scope.labelled.has(node.name)) return nothing;
  const given = names.find((name) => typeof name === 'string' && name !== '') as string | undefined;
  return given ?? String(node.name ?? '').replaceAll(/[._-]+/g, ' ');
}
