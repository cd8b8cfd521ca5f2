import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { WidgetNode } from '../core/contracts.ts';
import { icon } from '../icons/icon.ts';
import type { Placement } from '../md/floating.ts';
import { actionOf, perform } from './actions.ts';
import { addDays, addMonths, dayOf, firstWeekday, formatDay, today, weeksOf, within } from './calendar.ts';
import type { Day } from './calendar.ts';
import { fieldPayload } from './fields-of-form.ts';
import { accessibleName } from './forms.ts';
import { local } from './local.ts';
import { pickerClass, pickerFace } from './picker.ts';
import { closePopup, escapePopup, popupOf, rememberOpen, togglePopup } from './popup.ts';
import { fieldId, labelId } from './scope.ts';
import type { Scope } from './scope.ts';

interface Sheet {
  open: boolean;
  /** The day that the keys move; its month is shown. */
  day: Day;
}

export function datePicker(node: WidgetNode, scope: Scope): unknown {
  return local<Sheet>({ open: false, day: today() }, (sheet, set) => new DatePickerView(node, scope, sheet, set).draw());
}

/** A button that opens a month, after the ARIA pattern of a date picker dialog. */
class DatePickerView {
  readonly #name: string;
  readonly #id: string;
  readonly #value: Day | undefined;
  readonly #earliest: Day | undefined;
  readonly #latest: Day | undefined;

  constructor(
    private readonly node: WidgetNode,
    private readonly scope: Scope,
    private readonly sheet: Sheet,
    private readonly set: (sheet: Sheet) => void,
  ) {
    this.#name = String(node.name ?? '');
    this.#id = fieldId(scope, this.#name);
    this.#value = dayOf(scope.fields.value(this.#name, node.defaultValue));
    this.#earliest = dayOf(node.min);
    this.#latest = dayOf(node.max);
  }

  draw(): TemplateResult {
    const { node, scope, sheet } = this;
    const { locale } = scope.context;
    const shown = this.#value && formatDay(this.#value, locale, { dateStyle: 'medium' });
    const labelled = scope.labelled.has(this.#name);
    return html`<span class=${node.block === true ? 'w-picker w-block' : 'w-picker'}>
      <button
        type="button"
        class="${pickerClass(node)} w-picker-button"
        id=${this.#id}
        aria-haspopup="dialog"
        aria-expanded=${sheet.open ? 'true' : 'false'}
        aria-labelledby=${labelled ? `${labelId(scope, this.#name)} ${this.#id}-value` : nothing}
        aria-label=${labelled ? nothing : `${String(accessibleName(node, scope, node.placeholder))}${shown ? `: ${shown}` : ''}`}
        ?disabled=${node.disabled === true}
        @pointerdown=${rememberOpen}
        @click=${(event: MouseEvent) => this.#toggle(event.currentTarget as HTMLElement)}
        @keydown=${(event: KeyboardEvent) => this.#buttonKey(event)}
      >${pickerFace(`${this.#id}-value`, shown, String(node.placeholder ?? scope.words.chooseDate), 'calendar')}</button>
      ${
        node.clearable === true && this.#value && node.disabled !== true
          ? html`<button type="button" class="w-picker-clear" aria-label=${scope.words.clear} @click=${(event: MouseEvent) => this.#choose('', event.currentTarget as HTMLElement)}>${icon('close', 14)}</button>`
          : nothing
      }
      <div class="w-popup w-sheet" popover="auto" role="dialog" aria-label=${scope.words.calendar} @keydown=${escapePopup} @toggle=${(event: ToggleEvent) => this.#toggled(event)}>${
        sheet.open ? this.#month() : nothing
      }</div>
    </span>`;
  }

  #month(): TemplateResult {
    const { scope, sheet } = this;
    const { locale } = scope.context;
    const weeks = weeksOf(sheet.day, firstWeekday(locale));
    const now = today();
    return html`<div class="w-month">
      <div class="w-month-head">
        <button type="button" class="w-month-move" aria-label=${scope.words.previousMonth} @click=${() => this.#move(addMonths(sheet.day, -1))}>${icon('chevron-left', 18)}</button>
        <div class="w-month-name" aria-live="polite">${formatDay(sheet.day, locale, { month: 'long', year: 'numeric' })}</div>
        <button type="button" class="w-month-move" aria-label=${scope.words.nextMonth} @click=${() => this.#move(addMonths(sheet.day, 1))}>${icon('chevron-right', 18)}</button>
      </div>
      <table role="grid" aria-label=${formatDay(sheet.day, locale, { month: 'long', year: 'numeric' })} @keydown=${(event: KeyboardEvent) => this.#gridKey(event)}>
        <thead><tr>${weeks[0]!.map((day) => html`<th scope="col" abbr=${formatDay(day, locale, { weekday: 'long' })}>${formatDay(day, locale, { weekday: 'narrow' })}</th>`)}</tr></thead>
        <tbody>${weeks.map((week) => html`<tr>${week.map((day) => this.#day(day, now))}</tr>`)}</tbody>
      </table>
    </div>`;
  }

  #day(day: Day, now: Day): TemplateResult {
    const { scope, sheet } = this;
    const outside = day.slice(0, 7) !== sheet.day.slice(0, 7);
    const looks = ['w-day', outside ? 'w-outside' : '', day === now ? 'w-now' : ''].join(' ');
    return html`<td role="gridcell" aria-selected=${day === this.#value ? 'true' : 'false'}><button
      type="button"
      class=${looks}
      data-day=${day}
      tabindex=${day === sheet.day ? '0' : '-1'}
      aria-label=${formatDay(day, scope.context.locale, { dateStyle: 'full' })}
      aria-current=${day === now ? 'date' : nothing}
      ?disabled=${!within(day, this.#earliest, this.#latest)}
      @click=${(event: MouseEvent) => this.#choose(day, event.currentTarget as HTMLElement)}
    >${Number(day.slice(8))}</button></td>`;
  }

  #placement(): Placement {
    const { side, align } = this.node as { side?: Placement['side']; align?: Placement['align'] };
    return { side: side ?? 'bottom', align: align ?? 'start' };
  }

  #choose(value: Day | '', within: HTMLElement): void {
    this.scope.fields.set(this.#name, value);
    const button = within.closest('.w-picker')!.querySelector<HTMLElement>('.w-picker-button')!;
    closePopup(within);
    this.set({ ...this.sheet, open: false });
    if (value !== (this.#value ?? '')) void perform(actionOf(this.node.onChangeAction), button, 'none', this.scope, fieldPayload(this.#name, value));
  }

  #toggle(button: HTMLElement): void {
    togglePopup(button, this.#placement(), () => this.set({ open: true, day: this.#near(this.#value ?? today()) }));
    focusDay(popupOf(button));
  }

  #toggled(event: ToggleEvent): void {
    if (event.newState === 'closed' && this.sheet.open) this.set({ ...this.sheet, open: false });
  }

  /** Moves to a day, or to the nearest one that can be chosen. */
  #move(day: Day): void {
    this.set({ ...this.sheet, day: this.#near(day) });
  }

  #near(day: Day): Day {
    if (this.#earliest && day < this.#earliest) return this.#earliest;
    return this.#latest && day > this.#latest ? this.#latest : day;
  }

  #buttonKey(event: KeyboardEvent): void {
    if (event.key !== 'ArrowDown' || this.sheet.open) return;
    event.preventDefault();
    this.#toggle(event.currentTarget as HTMLElement);
  }

  #gridKey(event: KeyboardEvent): void {
    const grid = event.currentTarget as HTMLElement;
    const { day } = this.sheet;
    const forward = getComputedStyle(grid).direction === 'rtl' ? -1 : 1;
    const week = weeksOf(day, firstWeekday(this.scope.context.locale)).find((days) => days.includes(day))!;
    const target: Record<string, () => Day> = {
      ArrowLeft: () => addDays(day, -forward),
      ArrowRight: () => addDays(day, forward),
      ArrowUp: () => addDays(day, -7),
      ArrowDown: () => addDays(day, 7),
      Home: () => week[0]!,
      End: () => week[6]!,
      PageUp: () => addMonths(day, event.shiftKey ? -12 : -1),
      PageDown: () => addMonths(day, event.shiftKey ? 12 : 1),
    };
    const move = target[event.key];
    if (!move) return;
    event.preventDefault();
    this.#move(move());
    focusDay(grid.closest('[popover]')!);
  }
}

function focusDay(popup: Element): void {
  popup.querySelector<HTMLElement>('.w-day[tabindex="0"]')?.focus();
}
