import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { WidgetNode } from '../core/contracts.ts';
import { icon } from '../icons/icon.ts';
import { actionOf, perform } from './actions.ts';
import { optionsOf } from './choices.ts';
import { fieldPayload } from './fields-of-form.ts';
import { accessibleName } from './forms.ts';
import { local } from './local.ts';
import { pickerClass, pickerFace } from './picker.ts';
import { closePopup, popupOf, rememberOpen, togglePopup } from './popup.ts';
import { fieldId, labelId } from './scope.ts';
import type { Scope } from './scope.ts';

type Options = ReturnType<typeof optionsOf>;

interface Menu {
  open: boolean;
  active: number;
  query: string;
}

/** From this many options on a list can be searched unless the widget says otherwise. */
const MANY = 15;

const closed: Menu = { open: false, active: -1, query: '' };

export function select(node: WidgetNode, scope: Scope): unknown {
  return local(closed, (menu, set) => new SelectView(node, scope, menu, set).draw());
}

/** A button that opens a list of options, after the ARIA pattern of a select-only combobox. */
class SelectView {
  readonly #name: string;
  readonly #id: string;
  readonly #all: Options;
  readonly #shown: Options;
  readonly #value: unknown;

  constructor(
    private readonly node: WidgetNode,
    private readonly scope: Scope,
    private readonly menu: Menu,
    private readonly set: (menu: Menu) => void,
  ) {
    this.#name = String(node.name ?? '');
    this.#id = fieldId(scope, this.#name);
    this.#all = optionsOf(node);
    const words = menu.query.toLocaleLowerCase().split(/\s+/);
    this.#shown = this.#all.filter(({ label, description }) => {
      const text = `${label} ${description ?? ''}`.toLocaleLowerCase();
      return words.every((word) => text.includes(word));
    });
    this.#value = scope.fields.value(this.#name, node.defaultValue);
  }

  draw(): TemplateResult {
    const { node, scope, menu } = this;
    const chosen = this.#all.find(({ value }) => value === this.#value);
    const searchable = typeof node.searchable === 'boolean' ? node.searchable : this.#all.length > MANY;
    const labelled = scope.labelled.has(this.#name);
    const active = this.#shown[menu.active] ? `${this.#id}-option-${menu.active}` : nothing;
    return html`<span class=${node.block === true ? 'w-picker w-block' : 'w-picker'}>
      <button
        type="button"
        role="combobox"
        class="${pickerClass(node)} w-picker-button"
        id=${this.#id}
        aria-haspopup="listbox"
        aria-expanded=${menu.open ? 'true' : 'false'}
        aria-controls=${`${this.#id}-list`}
        aria-activedescendant=${menu.open && !searchable ? active : nothing}
        aria-labelledby=${labelled ? `${labelId(scope, this.#name)} ${this.#id}-value` : nothing}
        aria-label=${labelled ? nothing : `${String(accessibleName(node, scope, node.placeholder))}${chosen ? `: ${chosen.label}` : ''}`}
        ?disabled=${node.disabled === true}
        @pointerdown=${rememberOpen}
        @click=${(event: MouseEvent) => this.#toggle(event.currentTarget as HTMLElement)}
        @keydown=${(event: KeyboardEvent) => this.#buttonKey(event)}
      >${pickerFace(`${this.#id}-value`, chosen?.label, String(node.placeholder ?? scope.words.select), 'chevrons-up-down')}</button>
      ${
        node.clearable === true && chosen && node.disabled !== true
          ? html`<button type="button" class="w-picker-clear" aria-label=${scope.words.clear} @click=${(event: MouseEvent) => this.#choose('', event.currentTarget as HTMLElement)}>${icon('close', 14)}</button>`
          : nothing
      }
      <div class="w-popup w-menu" popover="auto" @toggle=${(event: ToggleEvent) => this.#toggled(event)}>
        ${
          searchable
            ? html`<div class="w-menu-search">${icon('search', 16)}<input
                type="text"
                role="combobox"
                aria-expanded="true"
                aria-controls=${`${this.#id}-list`}
                aria-activedescendant=${active}
                aria-autocomplete="list"
                aria-label=${scope.words.search}
                placeholder=${scope.words.search}
                autocomplete="off"
                .value=${menu.query}
                @input=${(event: InputEvent) => this.set({ ...menu, query: (event.currentTarget as HTMLInputElement).value, active: 0 })}
                @keydown=${(event: KeyboardEvent) => this.#listKey(event, event.currentTarget as HTMLElement)}
              /></div>`
            : nothing
        }
        <div class="w-menu-list" role="listbox" id=${`${this.#id}-list`} aria-label=${String(accessibleName({ ...node, name: this.#name }, { ...scope, labelled: new Set() }, node.placeholder))}>
          ${menu.open ? this.#shown.map((option, index) => this.#option(option, index)) : nothing}
        </div>
        ${menu.open && this.#shown.length === 0 ? html`<div class="w-menu-empty" role="status">${scope.words.noMatches}</div>` : nothing}
      </div>
    </span>`;
  }

  #option({ label, value, description, disabled }: Options[number], index: number): TemplateResult {
    const chosen = value === this.#value;
    return html`<div
      class=${index === this.menu.active ? 'w-option w-active' : 'w-option'}
      role="option"
      id=${`${this.#id}-option-${index}`}
      aria-selected=${chosen ? 'true' : 'false'}
      aria-disabled=${disabled === true ? 'true' : nothing}
      @click=${(event: MouseEvent) => disabled !== true && this.#choose(value, event.currentTarget as HTMLElement)}
      @pointermove=${() => index !== this.menu.active && this.set({ ...this.menu, active: index })}
    ><span class="w-option-text" dir="auto"><span>${label}</span>${description ? html`<span class="w-option-description">${description}</span>` : nothing}</span>${
      chosen ? icon('check', 16) : nothing
    }</div>`;
  }

  #choose(value: string, within: HTMLElement): void {
    this.scope.fields.set(this.#name, value);
    const button = within.closest('.w-picker')!.querySelector<HTMLElement>('.w-picker-button')!;
    closePopup(within);
    this.set(closed);
    if (value !== this.#value) void perform(actionOf(this.node.onChangeAction), button, 'none', this.scope, fieldPayload(this.#name, value));
  }

  #toggle(button: HTMLElement): void {
    togglePopup(button, { stretch: true }, () =>
      this.set({ open: true, active: Math.max(0, this.#all.findIndex(({ value }) => value === this.#value)), query: '' }),
    );
    const popup = popupOf(button);
    popup.querySelector('input')?.focus();
    popup.querySelector('.w-option.w-active')?.scrollIntoView({ block: 'nearest' });
  }

  #toggled(event: ToggleEvent): void {
    if (event.newState === 'closed' && this.menu.open) this.set(closed);
  }

  #buttonKey(event: KeyboardEvent): void {
    const button = event.currentTarget as HTMLElement;
    if (this.menu.open) this.#listKey(event, popupOf(button));
    else if (['ArrowDown', 'ArrowUp'].includes(event.key)) {
      event.preventDefault();
      this.#toggle(button);
    } else if (event.key.length === 1 && /\S/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const found = this.#startingWith(event.key, this.#all.findIndex(({ value }) => value === this.#value));
      if (found >= 0) this.#choose(this.#all[found]!.value, button);
    }
  }

  #listKey(event: KeyboardEvent, within: HTMLElement): void {
    const active = this.#target(event, within instanceof HTMLInputElement);
    if (active !== undefined) {
      event.preventDefault();
      this.set({ ...this.menu, active });
      within.closest('.w-picker')!.querySelector('.w-option.w-active')?.scrollIntoView({ block: 'nearest' });
      return;
    }
    const option = this.#shown[this.menu.active];
    if (event.key === 'Enter' || (event.key === ' ' && !(within instanceof HTMLInputElement))) {
      event.preventDefault();
      if (option && option.disabled !== true) this.#choose(option.value, within);
    } else if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      closePopup(within);
    } else if (event.key === 'Tab') closePopup(within);
  }

  /** The option that a key leads to. */
  #target({ key, ctrlKey, metaKey, altKey }: KeyboardEvent, writing: boolean): number | undefined {
    const last = this.#shown.length - 1;
    if (last < 0) return undefined;
    const { active } = this.menu;
    switch (key) {
      case 'ArrowDown':
        return Math.min(last, active + 1);
      case 'ArrowUp':
        return Math.max(0, active - 1);
      case 'PageDown':
        return Math.min(last, active + 10);
      case 'PageUp':
        return Math.max(0, active - 10);
      case 'Home':
        return writing ? undefined : 0;
      case 'End':
        return writing ? undefined : last;
    }
    const typed = !writing && key.length === 1 && /\S/.test(key) && !ctrlKey && !metaKey && !altKey;
    const found = typed ? this.#startingWith(key, active) : -1;
    return found >= 0 ? found : undefined;
  }

  #startingWith(letter: string, after: number): number {
    const order = this.#shown.map((_, index) => (index + after + 1) % this.#shown.length);
    return (
      order.find((index) => {
        const { label, disabled } = this.#shown[index]!;
        return disabled !== true && label.toLocaleLowerCase().startsWith(letter.toLocaleLowerCase());
      }) ?? -1
    );
  }
}
