/** What is offered after `@` and `/`: asked of the page, walked through with the arrow keys, taken with Enter or Tab. */
import { type TemplateResult, html, nothing } from 'lit';
import { icon } from '../icons/icon.ts';
import type { Editor, Trigger } from './editor.ts';
import { moved } from './menu.ts';
import type { Command, Entity, Options } from './options.ts';
import type { Words } from './words.ts';

/** What the offers need from the composer they stand in. */
export interface SuggestionHost {
  readonly editor: Editor | null;
  readonly options: Options;
  edited(): void;
  failed(error: unknown): void;
  changed(): void;
}

interface Suggestion {
  id: string;
  label: string;
  description?: string;
  icon?: string;
  group?: string;
  choose(): void;
}

const DELAY = 120;

export class Suggestions {
  private all: readonly Suggestion[] = [];
  private active = 0;
  private trigger: Trigger | null = null;
  private asked = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly host: SuggestionHost) {}

  get areOpen(): boolean {
    return this.all.length > 0;
  }

  get activeId(): string | null {
    return this.areOpen ? `suggestion-${this.active}` : null;
  }

  /** For what stands before the caret now. */
  search(): void {
    const trigger = this.host.editor?.trigger() ?? null;
    const find = trigger ? this.finder(trigger.kind) : undefined;
    clearTimeout(this.timer);
    if (!trigger || !find) {
      this.close();
      return;
    }
    this.trigger = trigger;
    const asked = ++this.asked;
    this.timer = setTimeout(() => {
      find(trigger.query)
        .then((found) => asked === this.asked && this.offer(found))
        .catch((error: unknown) => this.host.failed(error));
    }, DELAY);
  }

  close(): void {
    clearTimeout(this.timer);
    this.asked += 1;
    this.trigger = null;
    if (!this.areOpen) return;
    this.all = [];
    this.host.changed();
  }

  /** True when the key was meant for the offers. */
  takesKey(event: KeyboardEvent): boolean {
    if (!this.areOpen) return false;
    const next = moved(event.key, this.active, this.all.length);
    if (next !== null && event.key.startsWith('Arrow')) this.activate(next);
    else if (event.key === 'Enter' || event.key === 'Tab') this.all[this.active]?.choose();
    else if (event.key === 'Escape') this.close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  private finder(kind: Trigger['kind']): ((query: string) => Promise<(Entity | Command)[]>) | undefined {
    const { entities, commands } = this.host.options;
    if (kind === '@' && entities?.onTagSearch) return (query) => entities.onTagSearch!(query);
    return kind === '/' && commands?.enabled && commands.onSearch ? (query) => commands.onSearch!(query) : undefined;
  }

  private offer(found: readonly (Entity | Command)[]): void {
    this.all = found.map((each) => ('title' in each ? { ...each, label: each.title, choose: () => this.insert(each) } : { ...each, choose: () => void this.run(each) }));
    this.activate(0);
  }

  private activate(at: number): void {
    this.active = at;
    this.host.changed();
  }

  private insert(entity: Entity): void {
    const { trigger } = this;
    this.close();
    this.host.editor?.insertTag(
      { type: 'input_tag', id: entity.id, text: entity.title, data: entity.data ?? {}, group: entity.group ?? null, interactive: entity.interactive ?? false },
      trigger?.range ?? null,
    );
    this.host.edited();
  }

  private async run(command: Command): Promise<void> {
    try {
      const selection = await this.host.options.commands?.onSelect?.(command);
      if (selection?.type === 'menu') {
        this.offer(selection.commands);
        return;
      }
      const { trigger } = this;
      this.close();
      trigger?.range.deleteContents();
      if (selection?.type === 'entity') this.insert(selection.entity);
      this.host.edited();
    } catch (error) {
      this.host.failed(error);
    }
  }

  render(words: Words): TemplateResult | typeof nothing {
    if (!this.areOpen) return nothing;
    const groups = Map.groupBy(this.all.map((suggestion, at) => ({ suggestion, at })), ({ suggestion }) => suggestion.group ?? '');
    return html`<div class="menu suggestions" id="suggestions" role="listbox" aria-label=${words.suggestions}>
      ${[...groups].map(
        ([group, found]) => html`<div role="group" aria-label=${group || words.suggestions}>
          ${group ? html`<div class="group" aria-hidden="true">${group}</div>` : nothing}
          ${found.map(
            ({ suggestion, at }) => html`<div
              class="option"
              id="suggestion-${at}"
              role="option"
              aria-selected=${String(at === this.active)}
              @pointerdown=${(event: Event) => event.preventDefault()}
              @click=${suggestion.choose}
              @pointermove=${() => this.activate(at)}
            >
              ${suggestion.icon ? icon(suggestion.icon, 18) : nothing}
              <span class="two-lines"><span>${suggestion.label}</span>${suggestion.description ? html`<small>${suggestion.description}</small>` : nothing}</span>
            </div>`,
          )}
        </div>`,
      )}
    </div>`;
  }
}
