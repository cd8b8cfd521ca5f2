import { html, noChange, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { AsyncDirective } from 'lit/async-directive.js';
import { directive } from 'lit/directive.js';
import type { ElementPart } from 'lit/directive.js';
import { live } from 'lit/directives/live.js';
import type { WidgetNode } from '../core/contracts.ts';
import { accessibleName, errorPlace, forgetError } from './forms.ts';
import { fieldId, labelId } from './scope.ts';
import type { Scope } from './scope.ts';
import { styled } from './styled.ts';
import type { Styles } from './styled.ts';
import { textClass } from './text.ts';

const string = (value: unknown) => (typeof value === 'string' ? value : undefined);
const optional = (value: unknown) => string(value) ?? nothing;

const inputTypes = new Set(['number', 'email', 'text', 'password', 'tel', 'url']);

export function input(node: WidgetNode, scope: Scope): TemplateResult {
  const type = inputTypes.has(String(node.inputType)) ? String(node.inputType) : 'text';
  return field(html`<input
    class=${controlClass(node)}
    type=${type}
    inputmode=${type === 'number' ? 'decimal' : nothing}
    id=${fieldId(scope, String(node.name))}
    name=${String(node.name)}
    placeholder=${optional(node.placeholder)}
    pattern=${optional(node.pattern)}
    autocomplete=${node.allowAutofillExtensions === true ? nothing : 'off'}
    ?data-1p-ignore=${node.allowAutofillExtensions !== true}
    ?required=${node.required === true}
    ?disabled=${node.disabled === true}
    aria-labelledby=${labelling(node, scope)}
    aria-label=${accessibleName(node, scope, node.placeholder)}
    dir="auto"
    .value=${live(String(scope.fields.value(String(node.name), node.defaultValue) ?? ''))}
    @input=${keep(node, scope)}
    @focus=${node.autoSelect === true ? selectAll : nothing}
    ${autoFocus(node.autoFocus === true)}
  />`);
}

export function textarea(node: WidgetNode, scope: Scope): TemplateResult {
  const rows = typeof node.rows === 'number' ? node.rows : 3;
  const grows = node.autoResize === true;
  return field(html`<textarea
    class="${controlClass(node)} w-textarea${grows ? ' w-grows' : ''}"
    id=${fieldId(scope, String(node.name))}
    name=${String(node.name)}
    rows=${rows}
    placeholder=${optional(node.placeholder)}
    ?required=${node.required === true}
    ?disabled=${node.disabled === true}
    aria-labelledby=${labelling(node, scope)}
    aria-label=${accessibleName(node, scope, node.placeholder)}
    dir="auto"
    .value=${live(String(scope.fields.value(String(node.name), node.defaultValue) ?? ''))}
    @input=${keep(node, scope)}
    @focus=${node.autoSelect === true ? selectAll : nothing}
    ${styled({ '--rows': String(rows), '--most-rows': typeof node.maxRows === 'number' ? String(node.maxRows) : undefined })}
    ${autoFocus(node.autoFocus === true)}
  ></textarea>`);
}

/** Text that can be changed in its place: a field that looks like the text it holds. */
export function editableText(node: WidgetNode, styles: Styles, scope: Scope): TemplateResult {
  const editable = node.editable as Record<string, unknown>;
  const name = string(editable.name) ?? '';
  const named = { ...node, name };
  const autofill = editable.allowAutofillExtensions === true;
  return field(html`<input
    class="${textClass('text', node, 'md')} w-editable"
    id=${fieldId(scope, name)}
    name=${name}
    placeholder=${optional(editable.placeholder)}
    pattern=${optional(editable.pattern)}
    autocomplete=${string(editable.autoComplete) ?? (autofill ? nothing : 'off')}
    ?data-1p-ignore=${!autofill}
    ?required=${editable.required === true}
    aria-labelledby=${labelling(named, scope)}
    aria-label=${accessibleName(named, scope, editable.placeholder)}
    dir="auto"
    .value=${live(String(scope.fields.value(name, node.value) ?? ''))}
    @input=${keep(named, scope)}
    @focus=${editable.autoSelect === true ? selectAll : nothing}
    ${styled(styles)}
    ${autoFocus(editable.autoFocus === true)}
  />`);
}

function field(control: TemplateResult): TemplateResult {
  return html`<span class="w-field">${control}${errorPlace()}</span>`;
}

function labelling(node: WidgetNode, scope: Scope): string | typeof nothing {
  const name = String(node.name ?? '');
  return scope.labelled.has(name) ? labelId(scope, name) : nothing;
}

function controlClass(node: WidgetNode): string {
  const gutter = typeof node.gutterSize === 'string' ? ` w-gutter-${node.gutterSize}` : '';
  return `w-control w-input w-input-${node.variant === 'soft' ? 'soft' : 'outline'} w-control-${string(node.size) ?? 'lg'}${gutter}${node.pill === true ? ' w-pill' : ''}`;
}

function keep(node: WidgetNode, scope: Scope): (event: Event) => void {
  return (event) => {
    const control = event.currentTarget as HTMLInputElement;
    scope.fields.set(String(node.name), control.value);
    forgetError(control);
  };
}

function selectAll(event: Event): void {
  (event.currentTarget as HTMLInputElement).select();
}

/** Takes the focus once, when the field appears, but never from somebody who is writing. */
class AutoFocus extends AsyncDirective {
  #done = false;

  render(_wanted: boolean): unknown {
    return noChange;
  }

  override update(part: ElementPart, [wanted]: [boolean]): unknown {
    if (!this.#done && wanted) queueMicrotask(() => takeFocus(part.element as HTMLElement));
    this.#done = true;
    return noChange;
  }
}
const autoFocus = directive(AutoFocus);

function takeFocus(element: HTMLElement): void {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  const writing = active instanceof HTMLElement && ((active as HTMLInputElement).value || active.isContentEditable);
  if (element.isConnected && !writing) element.focus({ preventScroll: true });
}
