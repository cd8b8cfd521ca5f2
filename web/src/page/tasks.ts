import { LitElement, type TemplateResult, css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { controlStyles } from '../element/control-styles.ts';
import { icon, iconStyles } from '../icons/icon.ts';
import type { Server, Task } from './server.ts';

const WEIGHT: Record<string, number> = { high: 0, medium: 1, low: 2 };

/** The to-do list as the assistant keeps it. */
export class TaskList extends LitElement {
  static override styles = [
    controlStyles,
    iconStyles,
    css`
      :host {
        display: block;
        overflow-y: auto;
        flex: 1;
        padding: 0 12px 16px;
        scrollbar-width: thin;
        scrollbar-color: var(--ck-border-strong) transparent;
      }
      ul {
        list-style: none;
        margin: 0;
        padding: 0;
      }
      label {
        display: flex;
        gap: 10px;
        padding: 9px 8px;
        border-radius: 10px;
        font-size: 0.92em;
        line-height: 1.4;
        cursor: pointer;
      }
      label:hover {
        background: color-mix(in oklab, var(--ck-text) 4%, transparent);
      }
      input {
        appearance: none;
        flex: none;
        display: grid;
        place-content: center;
        inline-size: 18px;
        block-size: 18px;
        margin: 1px 0 0;
        border: 1.5px solid var(--ck-border-strong);
        border-radius: 50%;
        cursor: pointer;
      }
      input:checked {
        background: var(--ck-accent);
        border-color: transparent;
      }
      input:checked::after {
        content: '';
        inline-size: 4px;
        block-size: 8px;
        margin-block-end: 2px;
        border: solid var(--ck-on-accent);
        border-width: 0 2px 2px 0;
        rotate: 45deg;
      }
      .text {
        min-inline-size: 0;
        overflow-wrap: anywhere;
      }
      .done .text {
        color: var(--ck-text-tertiary);
        text-decoration: line-through;
      }
      .facts {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 10px;
        margin-block-start: 2px;
        color: var(--ck-text-tertiary);
        font-size: 0.87em;
      }
      .fact {
        display: inline-flex;
        align-items: center;
        gap: 4px;
      }
      .late,
      .high {
        color: var(--ck-danger);
      }
      .state {
        margin: 0;
        padding: 36px 16px;
        text-align: center;
        text-wrap: balance;
        color: var(--ck-text-secondary);
        font-size: 0.9em;
        line-height: 1.5;
      }
      .state .icon {
        margin: 0 auto 10px;
        color: var(--ck-text-tertiary);
      }
      details {
        margin-block-start: 8px;
      }
      summary {
        display: flex;
        align-items: center;
        gap: 8px;
        list-style: none;
        padding: 8px;
        color: var(--ck-text-secondary);
        font-size: 0.87em;
        cursor: pointer;
        border-radius: 10px;
      }
      summary::-webkit-details-marker {
        display: none;
      }
      summary .icon {
        transition: rotate 0.15s;
      }
      details[open] summary .icon {
        rotate: 90deg;
      }
      @media (pointer: coarse) {
        label,
        summary {
          min-block-size: 44px;
        }
      }
    `,
  ];
  static override properties = { server: { attribute: false }, failed: { attribute: false }, tasks: { state: true } };

  declare server: Server;
  declare failed: (error: unknown) => void;
  declare private tasks: readonly Task[] | null;

  constructor() {
    super();
    this.tasks = null;
  }

  async reload(): Promise<void> {
    try {
      this.tasks = await this.server.tasks();
      this.dispatchEvent(new CustomEvent('counted', { detail: this.tasks.filter((task) => !task.completed).length }));
    } catch (error) {
      this.failed(error);
    }
  }

  override render(): TemplateResult | typeof nothing {
    if (!this.tasks) return nothing;
    const open = this.tasks.filter((task) => !task.completed).sort(byUrgency);
    const done = this.tasks.filter((task) => task.completed);
    if (this.tasks.length === 0) return html`<p class="state">${icon('list-todo', 28)} Nothing to do yet. Ask the assistant to add a task and it appears here.</p>`;
    return html`
      ${open.length === 0 ? html`<p class="state">${icon('check-circle', 28)} All done.</p>` : html`<ul aria-label="Open tasks">${repeat(open, (task) => task.id, (task) => this.row(task))}</ul>`}
      ${done.length > 0 ? html`<details><summary>${icon('chevron-right', 15)} Completed (${done.length})</summary><ul aria-label="Completed tasks">${repeat(done, (task) => task.id, (task) => this.row(task))}</ul></details>` : nothing}
    `;
  }

  private row(task: Task): TemplateResult {
    const due = task.due_date ? dueWords(task.due_date) : null;
    return html`<li class=${task.completed ? 'done' : ''}>
      <label>
        <input type="checkbox" .checked=${task.completed} @change=${() => void this.toggle(task)} />
        <span class="text"><span dir="auto">${task.title}</span>
          ${due || task.priority === 'high'
            ? html`<span class="facts">
                ${due ? html`<span class="fact ${due.isLate && !task.completed ? 'late' : ''}">${icon('calendar', 13)} ${due.text}</span>` : nothing}
                ${task.priority === 'high' ? html`<span class="fact high">${icon('flag', 13)} High</span>` : nothing}
              </span>`
            : nothing}
        </span>
      </label>
    </li>`;
  }

  private async toggle(task: Task): Promise<void> {
    const before = this.tasks;
    this.tasks = (before ?? []).map((each) => (each.id === task.id ? { ...each, completed: !task.completed } : each));
    try {
      await this.server.changeTask(task.id, { completed: !task.completed });
      await this.reload();
    } catch (error) {
      this.tasks = before;
      this.failed(error);
    }
  }
}

function byUrgency(one: Task, other: Task): number {
  const due = (one.due_date ?? '9999').localeCompare(other.due_date ?? '9999');
  return due || (WEIGHT[one.priority] ?? 1) - (WEIGHT[other.priority] ?? 1);
}

function dueWords(date: string): { text: string; isLate: boolean } {
  const due = new Date(`${date}T00:00:00`);
  const now = new Date();
  const days = Math.round((due.getTime() - new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime()) / 86_400_000);
  const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  const text = Math.abs(days) <= 1 ? relative.format(days, 'day') : new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short' }).format(due);
  return { text: text[0]?.toUpperCase() + text.slice(1), isLate: days < 0 };
}
