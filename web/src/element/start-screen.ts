import { type TemplateResult, html, nothing } from 'lit';
import { icon } from '../icons/icon.ts';
import type { ChatElement } from './chat-element.ts';
import type { Options } from './options.ts';

/** What stands where no conversation is yet. */
export function renderStartScreen({ words, sending }: ChatElement, { startScreen = {} }: Options): TemplateResult {
  return html`<div class="welcome">
    <h2 dir="auto">${startScreen.greeting ?? words.greeting}</h2>
    ${startScreen.prompts?.length
      ? html`<ul class="prompts">
          ${startScreen.prompts.map(
            ({ label, prompt, icon: name }) => html`<li><button @click=${() => void sending.prompt(prompt)}>${icon(name ?? 'sparkle', 20)}<span dir="auto">${label}</span></button></li>`,
          )}
        </ul>`
      : nothing}
  </div>`;
}
