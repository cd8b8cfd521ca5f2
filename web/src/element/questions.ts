import { LitElement, type TemplateResult, css, html, nothing } from 'lit';
import type { StructuredAnswer, StructuredInput, StructuredInputItem, StructuredSubmission } from '../core/protocol.ts';
import { icon, iconStyles } from '../icons/icon.ts';
import { controlStyles } from './control-styles.ts';
import { define } from './tag.ts';
import { type Words, english } from './words.ts';

/** The questions of a structured input, one at a time, in the place of the composer. */
export class Questions extends LitElement {
  static override styles = [
    controlStyles,
    iconStyles,
    css`
      :host {
        display: block;
      }
      form {
        border: 1px solid var(--ck-border);
        border-radius: min(var(--ck-radius-large), 22px);
        background: var(--ck-surface-elevated);
        box-shadow: 0 4px 18px rgb(0 0 0 / 0.05);
        padding: calc(var(--ck-unit) * 4.5);
      }
      fieldset {
        border: 0;
        margin: 0;
        padding: 0;
        min-inline-size: 0;
        display: grid;
        gap: calc(var(--ck-unit) * 2);
      }
      legend {
        padding: 0;
        margin-block-end: calc(var(--ck-unit) * 2);
        font-weight: 600;
        overflow-wrap: anywhere;
      }
      .description {
        margin: 0;
        color: var(--ck-text-secondary);
        font-size: 0.9em;
      }
      label {
        display: flex;
        align-items: center;
        gap: calc(var(--ck-unit) * 2.5);
        padding: calc(var(--ck-unit) * 2.25) calc(var(--ck-unit) * 3);
        border: 1px solid var(--ck-border);
        border-radius: var(--ck-radius);
        cursor: pointer;
        overflow-wrap: anywhere;
      }
      label:hover,
      label:has(:checked) {
        border-color: var(--ck-accent-text);
        background: color-mix(in oklab, var(--ck-accent) 7%, transparent);
      }
      label:has(:focus-visible) {
        outline: 2px solid var(--ck-focus);
        outline-offset: 2px;
      }
      input[type='radio'],
      input[type='checkbox'] {
        accent-color: var(--ck-accent);
        inline-size: 16px;
        block-size: 16px;
        margin: 0;
      }
      .row {
        display: flex;
        align-items: center;
        gap: calc(var(--ck-unit) * 2);
        margin-block-start: calc(var(--ck-unit) * 4);
      }
      .count {
        margin-inline-end: auto;
        font-size: 0.85em;
        color: var(--ck-text-tertiary);
        font-variant-numeric: tabular-nums;
      }
      .field {
        font-size: max(16px, 1em);
      }
    `,
  ];
  static override properties = { item: { attribute: false }, words: { attribute: false }, isBusy: { type: Boolean }, submit: { attribute: false }, at: { state: true }, chosen: { state: true }, own: { state: true } };

  declare item: StructuredInputItem;
  declare words: Words;
  declare isBusy: boolean;
  declare submit: (submission: StructuredSubmission) => void;
  declare private at: number;
  declare private chosen: ReadonlySet<string>;
  declare private own: string;
  private answers: Record<string, StructuredAnswer> = {};
  private shownId = '';

  constructor() {
    super();
    this.words = english;
    this.isBusy = false;
    this.start();
  }

  private start(): void {
    this.at = 0;
    this.answers = {};
    this.clear();
  }

  private clear(): void {
    this.chosen = new Set();
    this.own = '';
  }

  override willUpdate(): void {
    if (this.item.id !== this.shownId) this.start();
    this.shownId = this.item.id;
  }

  override focus(): void {
    (this.renderRoot.querySelector('input, textarea') as HTMLElement | null)?.focus();
  }

  override render(): TemplateResult | typeof nothing {
    const input = this.item.inputs[this.at];
    if (!input) return nothing;
    const { inputs } = this.item;
    const isLast = this.at === inputs.length - 1;
    const isFilled = this.chosen.size > 0 || this.own.trim() !== '';
    return html`<form @submit=${(event: Event) => this.answered(event, input)} @keydown=${stopKeys} @keyup=${stopKeys} @keypress=${stopKeys}>
      <fieldset ?disabled=${this.isBusy}>
        <legend dir="auto">${input.question}</legend>
        ${input.description ? html`<p class="description" dir="auto">${input.description}</p>` : nothing}
        ${input.type === 'multiple_choice' ? this.choices(input) : this.freeform()}
      </fieldset>
      <div class="row">
        ${inputs.length > 1 ? html`<span class="count">${this.at + 1} / ${inputs.length}</span>` : html`<span class="count"></span>`}
        <button type="button" class="button" ?disabled=${this.isBusy} @click=${() => this.next(input, { values: [], skipped: true })}>${this.words.skip}</button>
        <button class="button primary" ?disabled=${this.isBusy || !isFilled}>${isLast ? this.words.submit : this.words.next} ${icon('arrow-right', 16)}</button>
      </div>
    </form>`;
  }

  private choices(input: StructuredInput): TemplateResult {
    const kind = input.multiple ? 'checkbox' : 'radio';
    return html`${(input.options ?? []).map(
        ({ value }) => html`<label><input type=${kind} name="choice" .checked=${this.chosen.has(value)} @change=${() => this.choose(value, input.multiple === true)} /><span dir="auto">${value}</span></label>`,
      )}
      <input class="field" aria-label=${this.words.otherAnswer} placeholder=${this.words.otherAnswer} .value=${this.own} @input=${(event: Event) => this.write(event, input.multiple === true)} />`;
  }

  private freeform(): TemplateResult {
    return html`<textarea class="field" rows="3" aria-label=${this.words.yourAnswer} placeholder=${this.words.yourAnswer} .value=${this.own} @input=${(event: Event) => this.write(event, true)}></textarea>`;
  }

  private choose(value: string, many: boolean): void {
    const chosen = new Set(many ? this.chosen : []);
    if (many && this.chosen.has(value)) chosen.delete(value);
    else chosen.add(value);
    this.chosen = chosen;
    if (!many) this.own = '';
  }

  private write(event: Event, keepsChoice: boolean): void {
    this.own = (event.target as HTMLInputElement).value;
    if (!keepsChoice && this.own !== '') this.chosen = new Set();
  }

  private answered(event: Event, input: StructuredInput): void {
    event.preventDefault();
    const own = this.own.trim();
    this.next(input, { values: [...this.chosen, ...(own ? [own] : [])], skipped: false });
  }

  private next(input: StructuredInput, answer: StructuredAnswer): void {
    this.answers[input.id] = answer;
    if (this.at < this.item.inputs.length - 1) {
      this.at += 1;
      this.clear();
      void this.updateComplete.then(() => this.focus());
      return;
    }
    const isSkipped = Object.values(this.answers).every((each) => each.skipped);
    this.submit({ status: isSkipped ? 'skipped' : 'answered', answers: this.answers });
    this.start();
  }
}

function stopKeys(event: Event): void {
  if ((event as KeyboardEvent).key !== 'Escape') event.stopPropagation();
}

define('chatkit-host-questions', Questions);
